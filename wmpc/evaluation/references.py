"""What a rate must be read beside: chance, no action, the recording, and planning in the truth.

Measured once a manifest and version of what computes it, in NAME.reference.json beside it, or in
`MANIFESTS` if that is read-only.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from wmpc.agents import entrants as agents
from wmpc.agents.entrant import Entrant, Setting
from wmpc.envs.goal_env import Walkable
from wmpc.errors import WmpcError
from wmpc.evaluation.find_manifest import MANIFESTS
from wmpc.evaluation.manifest import Manifest
from wmpc.evaluation.provenance import code_digest
from wmpc.evaluation.rows_file import Rows
from wmpc.evaluation.run_cases import TIMEOUT_S, Start, run_cases
from wmpc.evaluation.statistics.success import summary
from wmpc.planners import CEM, LatentDistance
from wmpc.system.disk import replace_file, writable
from wmpc.system.json_file import read_json

COST = "squared distance between states, in tolerances"
ON_FOOT = "squared distance between states by the way that there is, in tolerances"
NAMES = ("random", "zero", "replay", "simulator")
LIBRARIES = ("wmpc", "mujoco", "numpy", "gymnasium")
SOURCES = ("wmpc.envs", "wmpc.planners", "wmpc.agents", "wmpc.evaluation")
"""The packages that a floor is computed by."""


def measure_references(
    drawn: Manifest,
    path: Path,
    task: Any,
    simulator: Mapping[str, Any],
    start: Start = "warm",
    *,
    timeout_s: float | None = TIMEOUT_S,
    rows: Rows | None = None,
) -> dict[str, Any]:
    """Measure what a rate is read beside, or remember it.

    Args:
        drawn: the cases.
        path: the manifest's file, beside which the references are kept.
        task: where to run.
        simulator: how the planner in the simulator searches (arguments of `CEM`, `MPCAgent` and
            `LatentDistance`) and on how many `cases`; the others do all.
        start: warm or cold.
        timeout_s: seconds that a call may take before its case fails; None: any.
        rows: those in it are not measured again, and each new one is added there at once.

    Returns:
        For each of `NAMES` that applies: its `settings` and `summary`, plain JSON values.
    """
    rows = Rows() if rows is None else rows
    kept = path.with_suffix(".reference.json")
    cache = kept if writable(kept.parent) else MANIFESTS / kept.name
    known = _read(kept, drawn) | _read(cache, drawn)
    setting = Setting(task, drawn.action_block)
    always = {"computed_by": computed_by(), "start": start}
    every = {"cases": len(drawn.cases), **always}
    asked: dict[str, dict[str, Any]] = {"random": every, "zero": every}
    if all(case.replay is not None for case in drawn.cases):
        asked["replay"] = every
    simulated = not task.wires and task.moves_by_controls  # what acts on wires is in no simulator
    if simulator["cases"] > 0 and simulated:
        few = min(simulator["cases"], len(drawn.cases))
        cost = ON_FOOT if isinstance(task, Walkable) else COST
        asked["simulator"] = {**always, **simulator, "cases": few, "cost": cost}
    found = {}
    for name, settings in asked.items():
        if known.get(name, {}).get("settings") != settings:
            entrant = _entrant(name, setting, simulator)
            part, cases = f"reference {name}", range(settings["cases"])
            privileged = entrant.privileged
            for row in run_cases(
                entrant.make, drawn, task, start=start, cases=rows.missing(part, cases),
                privileged=privileged, stop_at_success=privileged, timeout_s=timeout_s,
            ):  # fmt: skip
                rows.add(part, row)
            total = summary([row.as_dict() for row in rows.of(part, cases)])
            known[name] = {"settings": settings, "summary": total}
            content = {"manifest": drawn.hash, **known}
            cache.parent.mkdir(parents=True, exist_ok=True)
            replace_file(cache, json.dumps(content, indent=1).encode())
        found[name] = known[name]
    return found


def computed_by() -> dict[str, str]:
    """Say what a reference depends on beside its settings.

    Returns:
        Versions of libraries by name, and a digest of our `code`.
    """
    return {name: version(name) for name in LIBRARIES} | {"code": code_digest(SOURCES)}


def _entrant(name: str, setting: Setting, simulator: Mapping[str, Any]) -> Entrant:
    if name != "simulator":
        return getattr(agents, name)(setting)
    search = {key: simulator[key] for key in ("samples", "elites", "iterations")}
    acting = {key: simulator[key] for key in ("horizon", "execute")}
    cost = LatentDistance(simulator["steps"], simulator["gamma"])
    return agents.simulator(replace(setting, planner=CEM(**search), cost=cost), **acting)


def _read(cache: Path, drawn: Manifest) -> dict[str, Any]:
    """What was measured before on the same manifest, as far as it looks like that."""
    try:
        content = read_json(cache)
    except (OSError, WmpcError):
        return {}
    if content.get("manifest") != drawn.hash:
        return {}
    return {name: content[name] for name in NAMES if _is_measured(content.get(name))}


def _is_measured(entry: Any) -> bool:
    """Whether it has what reports and headlines show of a floor."""
    if not isinstance(entry, dict) or not all(
        isinstance(entry.get(key), dict) for key in ("settings", "summary")
    ):
        return False
    return _is_like(entry["summary"], summary([]))


def _is_like(given: Any, like: Any) -> bool:
    """Whether `given` has the keys of `like`, and numbers where that has numbers or nothing."""
    if isinstance(like, dict):
        return isinstance(given, dict) and all(
            key in given and _is_like(given[key], value) for key, value in like.items()
        )
    if isinstance(like, list):
        return isinstance(given, list) and len(given) == len(like) and all(map(_is_number, given))
    return given is None or _is_number(given)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) < 1e300
