"""Names that artefacts of earlier versions hold, as they are called now."""

import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from wmpc.errors import WmpcError

P = ParamSpec("P")
T = TypeVar("T")

MOVED = {
    "wm.model": "wmpc.wm.models.jepa",
    "wm.encoders": "wmpc.wm.models.encoders",
    "wm.predictors": "wmpc.wm.models.predictors",
    "wm.cli.agents": "wmpc.agents.entrants",
    "planners": "wmpc.planners",
}
"""Modules, by their names up to version 0.1."""

RENAMED = {
    "wmpc.wm.objectives.smoothness.Smoothness": (
        "wmpc.wm.objectives.temporal_straightening.TemporalStraightening"
    ),
}
"""Parts, by their whole names up to version 0.1."""

KEYS = {
    "patience": "timeout_s",
    "env": "task",
    "manifest": "cases",
    "manifest.cases": "cases.count",
    "train.rate": "train.lr",
    "agent.rate": "agent.lr",
}
"""Keys and groups of verbs, by their names up to version 0.1."""

SETTINGS = {"agent.steps": "cost.steps", "agent.gamma": "cost.gamma"}
"""Settings of agents that plan, by their keys up to version 0.1."""
PLANNING = ("wmpc.agents.entrants.mpc", "wmpc.agents.entrants.simulator")


def move_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Put the settings of an evaluation of an earlier version where they are today.

    Args:
        config: what results hold, targets renamed; it is not changed.

    Returns:
        The same; where an agent that plans held the steps that count and their discount, they are
        those of a cost.
    """
    agent = config.get("agent")
    if "cost" in config or not isinstance(agent, Mapping) or agent.get("_target_") not in PLANNING:
        return dict(config)
    cost = {"_target_": "wmpc.planners.costs.LatentDistance", "steps": "sum", "gamma": 0.9}
    cost |= {key: agent[key] for key in ("steps", "gamma") if key in agent}
    kept = {key: value for key, value in agent.items() if key not in cost or key == "_target_"}
    return {**config, "agent": kept, "cost": cost}


def refuse_moved(config: dict[str, Any]) -> dict[str, Any]:
    """Refuse settings of an agent that plans which are its cost's today.

    Args:
        config: the keys of a verb; `agent` may be a name, its settings, or an object.

    Returns:
        The same.

    Raises:
        WmpcError: the agent is given such a setting.
    """
    agent = config.get("agent")
    if isinstance(agent, Mapping) and agent.get("_target_", PLANNING[0]) in PLANNING:
        for key in agent:
            if (now := SETTINGS.get(f"agent.{key}")) is not None:
                raise moved(f"agent.{key}", now)
    return config


def moved(key: str, now: str) -> WmpcError:
    """Make the error for a setting by its key of an earlier version.

    Args:
        key: the earlier one.
        now: today's.

    Returns:
        One sentence.
    """
    return WmpcError(f"there is no {key}: it is a setting of the cost now, {now}=...")


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


def rename_word(word: str) -> str:
    """Replace the old key of a word of a command line by the name of today.

    Args:
        word: `KEY=VALUE` or a dotted key alone; signs before it stay, as do words of today.

    Returns:
        The word with its key renamed.
    """

    def now(key: re.Match[str]) -> str:
        group, dot, inner = key[0].partition(".")
        return KEYS.get(key[0]) or f"{KEYS.get(group, group)}{dot}{inner}"

    return re.sub(r"[\w.]+", now, word, count=1)


def rename_keys(config: Any, above: str = "") -> Any:
    """Replace every old key in a recorded configuration of a verb by the name of today.

    Args:
        config: plain values as JSON holds them; it is not changed.
        above: the old keys that lead there, each with a dot behind it.

    Returns:
        The same values under the names of today.
    """
    if not isinstance(config, Mapping):
        return config
    return {
        rename_word(f"{above}{key}").rpartition(".")[2]: rename_keys(value, f"{above}{key}.")
        for key, value in config.items()
    }


def refuse_old_words(function: Callable[P, T]) -> Callable[P, T]:
    """Wrap a function so that an argument of an earlier version is refused by its new name.

    Args:
        function: whose arguments by name are looked at.

    Returns:
        The function, otherwise the same.

    Raises:
        WmpcError: when the function is called with an old name.
    """

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        for old in KEYS.keys() & kwargs.keys():
            raise WmpcError(f"{function.__name__}: {old}=... came; it is called {KEYS[old]!r} now")
        return function(*args, **kwargs)

    return checked


def _renamed(target: Any) -> Any:
    if isinstance(target, str) and target in RENAMED:
        return RENAMED[target]
    module, _, name = target.rpartition(".") if isinstance(target, str) else ("", "", "")
    return f"{MOVED[module]}.{name}" if module in MOVED else target
