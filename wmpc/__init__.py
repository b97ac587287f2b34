"""World-model predictive control: learn a world model from pixels, plan with it.

model = wmpc.load("runs/reacher")
agent = wmpc.MPCAgent(model, wmpc.planners.ICEM())
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
    from wmpc.wm.data import EpisodeWriter, open_episodes
    from wmpc.wm.training.checkpoint import load_model as load

__all__ = [
    "Agent",
    "AsyncMPCAgent",
    "EpisodeWriter",
    "Goal",
    "MPCAgent",
    "WmpcError",
    "envs",
    "load",
    "open_episodes",
    "planners",
]

WHERE = {
    "Agent": "wmpc.agents.agent",
    "AsyncMPCAgent": "wmpc.agents.asynchronous",
    "EpisodeWriter": "wmpc.wm.data",
    "Goal": "wmpc.agents.agent",
    "MPCAgent": "wmpc.agents.mpc",
    "load": "wmpc.wm.training.checkpoint:load_model",
    "open_episodes": "wmpc.wm.data",
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
