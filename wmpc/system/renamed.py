"""Names that artefacts of earlier versions hold, as they are called now."""

from collections.abc import Mapping
from typing import Any

MOVED = {
    "wm.model": "wmpc.wm.models.jepa",
    "wm.encoders": "wmpc.wm.models.encoders",
    "wm.predictors": "wmpc.wm.models.predictors",
    "wm.cli.agents": "wmpc.agents.entrants",
    "planners": "wmpc.planners",
}
"""Modules, by their names up to version 0.1."""

KEYS = {"patience": "timeout_s"}
"""Keys of verbs, by their names up to version 0.1."""


def rename_targets(value: Any) -> Any:
    """Replace every old `_target_` in a configuration, at any depth, by the name of today.

    Args:
        value: plain values as JSON or YAML holds them; it is not changed.

    Returns:
        The same values, with `module.Name` under `_target_` renamed where `module` has moved.
    """
    if isinstance(value, Mapping):
        return {k: _renamed(v) if k == "_target_" else rename_targets(v) for k, v in value.items()}
    return [rename_targets(v) for v in value] if isinstance(value, list) else value


def _renamed(target: Any) -> Any:
    module, _, name = target.rpartition(".") if isinstance(target, str) else ("", "", "")
    return f"{MOVED[module]}.{name}" if module in MOVED else target
