"""Agents that others wrote, by name: `module:function`.

The function makes an agent. It is called once a case, so that no case depends on another, with
those of these keyword arguments that it names:

    action_space   gymnasium Box: shape (A,), bounds low and high
    action_block   n, simulator actions between two looks
    seed           of the case, for whatever is drawn at random

It returns an `wmpc.agents.agent.Agent` (reset, observe, act; the function may be its class), or a
policy: any callable `(observation, goal) -> action`. A function with an argument `observation` is
itself the policy. Both see the goal as an observation: `goal["pixels"]`.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np

from wmpc.agents.agent import Agent, Goal, Observation
from wmpc.errors import WmpcError

Policy = Callable[[Observation, Observation], np.ndarray]
"""Observation, goal -> one action (A,) or several (m, A), in the environment's units."""


class PolicyAgent:
    """Asks a policy at every look."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def reset(self, goal: Goal) -> None:
        """Take a goal.

        Args:
            goal: pursued from now on.
        """
        self._goal = goal.observation

    def observe(self, observation: Observation, executed: np.ndarray | None) -> None:
        """Keep what is seen.

        Args:
            observation: what is seen now.
            executed: not looked at.
        """
        self._observation = observation

    def act(self) -> np.ndarray:
        """Ask the policy.

        Returns:
            (m, A); one action alone is (1, A).
        """
        actions = np.asarray(self._policy(self._observation, self._goal))
        return actions[None] if actions.ndim == 1 else actions


def make_agent(function: Callable[..., Any], name: str, **offered: Any) -> Agent:
    """Make an agent with somebody else's function; what that raises is its own.

    Args:
        function: see `wmpc.agents.external`.
        name: what it is called in errors.
        **offered: what the function may ask for, by name.

    Returns:
        The agent that it makes of those of `offered` that it names.

    Raises:
        WmpcError: it asks for more, or makes no agent.
    """
    try:
        asked: Mapping[str, inspect.Parameter] = inspect.signature(function).parameters
    except (TypeError, ValueError):  # written in C
        asked = {}
    if "observation" in asked:
        return PolicyAgent(function)
    if any(p.kind is p.VAR_KEYWORD for p in asked.values()):
        given = offered
    else:
        given = {key: value for key, value in offered.items() if key in asked}
    needed = {key for key, p in asked.items() if p.default is p.empty and p.kind not in VARIABLE}
    if lacking := sorted(needed - set(given)):
        raise WmpcError(f"{name} asks for {lacking}; it may ask for {sorted(offered)}.")
    made = function(**given)
    if isinstance(made, Agent) and not isinstance(made, type):
        return made
    methods = [method for method in ("reset", "observe", "act") if hasattr(made, method)]
    if callable(made) and not methods:
        return PolicyAgent(cast(Policy, made))
    raise WmpcError(
        f"{name} made a {type(made).__name__} with {methods or 'none'} of the methods reset, "
        "observe and act; an agent has all three, or is a function of observation and goal."
    )


VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
