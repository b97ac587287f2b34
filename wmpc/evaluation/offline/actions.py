"""How near an agent's first block comes to the recorded one, towards a frame recorded later.

This is how JEPA-WMs (arXiv 2512.24497) score planners on DROID, whose robot cannot be asked.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from wmpc.agents.agent import Agent, Goal
from wmpc.agents.goal_policy import GoalPolicy
from wmpc.errors import WmpcError
from wmpc.evaluation.offline.seen import Seen
from wmpc.evaluation.statistics.episodes import Estimate, Resampled
from wmpc.wm.data import column_statistics
from wmpc.wm.models.world_model import seen_columns

DECISIONS = 100
MakeAgent = Callable[[int], Agent]
"""seed -> the agent of a decision."""


@dataclass(frozen=True)
class ActionScore:
    """Root mean squared difference from the recorded actions, each dimension in units of its
    standard deviation over training episodes; 0 is what was recorded."""

    blocks: int
    """To the goal."""
    agent: Estimate
    floors: dict[str, Estimate]
    """`random`, another recorded block; `mean`, the mean action; `previous`, the block before;
    `cloning`, a policy learned on the same latents, where one was."""
    ahead_of: dict[str, Estimate]
    """By how much each floor is worse than the agent, on the same decisions."""


def score_actions(
    held: Seen,
    train: Seen,
    make: MakeAgent,
    blocks: int,
    *,
    policy: GoalPolicy | None = None,
    count: int = DECISIONS,
    seed: int = 0,
) -> ActionScore | None:
    """Ask an agent for its first block, from held-out frames towards later ones.

    Args:
        held: held-out episodes with actions.
        train: training episodes.
        make: makes the agent of each decision.
        blocks: k, from now to the goal.
        policy: cloned on the training episodes.
        count: decisions, at most.
        seed: of agents, floors and the bootstrap.

    Returns:
        The error beside its floors; None where no held-out episode is long enough.

    Raises:
        WmpcError: the agent gives no finite actions.
    """
    at = decisions(held, blocks, count)
    spare = train.starts(0, 1, len(train.rows))
    if not len(at) or not len(spare):
        return None
    middle, spread = column_statistics(held.episodes, "action", train.ids)
    counts = spread > 1e-6
    truth = np.stack([held.executed(row) for row in at])  # (d, n, a)
    rng = np.random.default_rng(seed)
    guesses = {
        "agent": np.stack([_asked(held, make(seed + i), row, blocks) for i, row in enumerate(at)]),
        "random": np.stack([train.executed(row) for row in rng.choice(spare, len(at))]),
        "mean": np.broadcast_to(middle, truth.shape),
        "previous": np.stack([held.executed(row - held.encoded.stride) for row in at]),
    }
    if policy is not None:
        guesses["cloning"] = _cloned(held, policy, at, blocks)
    drawn = Resampled(held.episode[at], seed=seed)
    errors = {
        who: np.sqrt(drawn.means(_squares((guess - truth)[..., counts] / spread[counts])))
        for who, guess in guesses.items()
    }
    agent = errors.pop("agent")
    return ActionScore(
        blocks,
        drawn.estimate(agent),
        {who: drawn.estimate(error) for who, error in errors.items()},
        {who: drawn.estimate(error - agent) for who, error in errors.items()},
    )


def decisions(held: Seen, blocks: int, count: int) -> np.ndarray:
    """Choose the frames from which decisions are made.

    Args:
        held: held-out episodes.
        blocks: to the goal, in the same episode.
        count: at most so many.

    Returns:
        (d,) frames, with a whole context and a block before them.
    """
    return held.starts(max(1, held.model.context - 1), blocks, count)


def show(held: Seen, agent: Agent, row: int, blocks: int) -> None:
    """Give an agent its goal, a picture alone, and the context of a decision.

    Args:
        held: the episodes.
        agent: is reset.
        row: the frame of the decision.
        blocks: from there to the goal.
    """
    agent.reset(Goal(held.observation(row + blocks * held.encoded.stride, held.model.spec.cameras)))
    h, names = held.model.context, seen_columns(held.model)
    past = held.steps(np.array([row]), 1 - h, h)[0]
    for frame in past:
        block = None if frame == past[0] else held.executed(frame - held.encoded.stride)
        agent.observe(held.observation(frame, names), block)


def _asked(held: Seen, agent: Agent, row: int, blocks: int) -> np.ndarray:
    """(n, a), what the agent does first."""
    show(held, agent, row, blocks)
    chunk = np.asarray(agent.act(), np.float64)
    n, a = held.model.action_block, len(held.model.spec.action_low)
    if chunk.ndim != 2 or chunk.shape[1] != a or len(chunk) < n or not np.isfinite(chunk).all():
        raise WmpcError(
            f"the agent gave actions of shape {chunk.shape}, or not finite ones; to be scored on "
            f"recordings it gives at least a block, ({n}, {a})"
        )
    return chunk[:n]


@torch.no_grad()
def _cloned(held: Seen, policy: GoalPolicy, at: np.ndarray, blocks: int) -> np.ndarray:
    """(d, n, a), what a policy does."""
    latents, executed = held.context(at)
    valid = torch.ones(latents.shape[:2], dtype=torch.bool, device=latents.device)
    goal = held.encoded.picture[at + blocks * held.encoded.stride]
    return held.model.denormalise(policy(latents, executed, valid, goal)).astype(np.float64)


def _squares(errors: np.ndarray) -> np.ndarray:
    """Mean square (d,) of errors (d, n, a)."""
    return (errors**2).mean((1, 2))
