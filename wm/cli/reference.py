"""What a rate must be read beside: chance, no action, the recording, and planning in the truth.

Measured once a manifest, in NAME.reference.json beside it.
"""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hydra.utils import instantiate

from envs.evaluate import evaluate
from envs.manifest import Manifest
from envs.statistics import summary
from wm.cli import agents
from wm.cli.agents import Entrant, Setting
from wm.data.format import replace_file

SIMULATOR = {"horizon": 5, "execute": 1, "steps": "sum"}
SEARCH = {"_target_": "planners.CEM", "samples": 64, "elites": 8, "iterations": 4}
COST = "squared distance to the goal in tolerances, summed over the horizon"
EXPLAINED = {
    "random": "the correlated noise that data are collected with",
    "zero": "no action at all",
    "replay": "the recorded actions from start to goal",
    "simulator": "the same kind of planner in the true simulator, with the state given",
}


def reference(drawn: Manifest, path: Path, task: Any, cases: int) -> dict[str, Any]:
    """For each of `EXPLAINED` that applies: its `settings` and `summary`, measured or remembered.

    `cases` is how many the simulator's planner does, which is slow; the others do all.
    """
    cache = path.with_suffix(".reference.json")
    known = _read(cache, drawn)
    setting = Setting(task, drawn.action_block, planner=instantiate(SEARCH))
    mujoco = {"mujoco": version("mujoco"), "start": "warm"}
    every = {"cases": len(drawn.cases), **mujoco}
    asked: dict[str, dict[str, Any]] = {"random": every, "zero": every}
    if all(case.replay is not None for case in drawn.cases):
        asked["replay"] = every
    if cases > 0:
        few = {"cases": min(cases, len(drawn.cases)), **mujoco}
        asked["simulator"] = {**few, "planner": SEARCH, "agent": SIMULATOR, "cost": COST}
    found = {}
    for name, settings in asked.items():
        if known.get(name, {}).get("settings") != settings:
            entrant: Entrant = getattr(agents, name)(setting, **settings.get("agent", {}))
            rows = evaluate(
                entrant.make,
                drawn,
                task,
                cases=range(settings["cases"]),
                privileged=entrant.privileged,
                stop_at_success=entrant.privileged,
            )
            total = summary([row.as_dict() for row in rows])
            known[name] = {"settings": settings, "summary": total}
            content = {"manifest": drawn.hash, **known}
            replace_file(cache, json.dumps(content, indent=1).encode())
        found[name] = known[name]
    return found


def _read(cache: Path, drawn: Manifest) -> dict[str, Any]:
    """What was measured before on the same manifest."""
    try:
        content: Mapping[str, Any] = json.loads(cache.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return {
        k: v for k, v in content.items() if k in EXPLAINED and content["manifest"] == drawn.hash
    }
