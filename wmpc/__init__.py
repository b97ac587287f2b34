"""World-model predictive control: learn a world model from pixels, plan with it.

model = wmpc.load("runs/reacher")
agent = wmpc.MPCAgent(model, wmpc.planners.ICEM())

`collect`, `train`, `evaluate`, `plan`, `report`, `compare`, `curve`, `diagnose`, `check`, `submit`
and `verify` do in Python what the verbs of the command line do: see docs/python.md.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from wmpc.errors import WmpcError
from wmpc.waiting import wait_briefly

if TYPE_CHECKING:
    from wmpc import envs, planners
    from wmpc.agents.agent import Agent, Goal
    from wmpc.agents.asynchronous import AsyncMPCAgent
    from wmpc.agents.mpc import MPCAgent
    from wmpc.api.check import check
    from wmpc.api.collect import collect
    from wmpc.api.compare import compare
    from wmpc.api.curve import curve
    from wmpc.api.diagnose import diagnose
    from wmpc.api.evaluate import evaluate
    from wmpc.api.plan import plan
    from wmpc.api.report import report
    from wmpc.api.submit import submit, verify
    from wmpc.api.train import train
    from wmpc.wm.data import EpisodeWriter, open_episodes
    from wmpc.wm.training.checkpoint import load_model as load

__all__ = [
    "Agent",
    "AsyncMPCAgent",
    "EpisodeWriter",
    "Goal",
    "MPCAgent",
    "WmpcError",
    "check",
    "collect",
    "compare",
    "curve",
    "diagnose",
    "envs",
    "evaluate",
    "load",
    "open_episodes",
    "plan",
    "planners",
    "report",
    "submit",
    "train",
    "verify",
]

WHERE = {
    "Agent": "wmpc.agents.agent",
    "AsyncMPCAgent": "wmpc.agents.asynchronous",
    "EpisodeWriter": "wmpc.wm.data",
    "Goal": "wmpc.agents.agent",
    "MPCAgent": "wmpc.agents.mpc",
    "check": "wmpc.api.check",
    "collect": "wmpc.api.collect",
    "compare": "wmpc.api.compare",
    "curve": "wmpc.api.curve",
    "diagnose": "wmpc.api.diagnose",
    "evaluate": "wmpc.api.evaluate",
    "load": "wmpc.wm.training.checkpoint:load_model",
    "open_episodes": "wmpc.wm.data",
    "plan": "wmpc.api.plan",
    "report": "wmpc.api.report",
    "submit": "wmpc.api.submit",
    "train": "wmpc.api.train",
    "verify": "wmpc.api.submit",
}
"""The module of each name, and after a colon what it is called there."""

wait_briefly()  # before anything imports torch


def __getattr__(name: str) -> Any:
    """Import a public name when it is used, so that `import wmpc` takes no time."""
    if name in ("envs", "planners"):
        return import_module(f"wmpc.{name}")
    if name not in WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, there = WHERE[name].partition(":")
    return getattr(import_module(module), there or name)
