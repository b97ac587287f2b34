"""Whether the agent's cost prefers what was really done to what was done elsewhere."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from wmpc.agents.mpc import MPCAgent
from wmpc.errors import WmpcError
from wmpc.evaluation.offline.actions import MakeAgent, decisions, show
from wmpc.evaluation.offline.seen import Seen
from wmpc.evaluation.statistics.episodes import Estimate, Resampled
from wmpc.planners.costs import Target

CANDIDATES = 256
DECISIONS = 100


@dataclass(frozen=True)
class Ranks:
    """The share of other candidates whose predicted cost is higher than that of the recorded
    actions, ties counted half: 1 where they always come first, 0.5 by chance."""

    blocks: int
    """To the goal, and of each candidate."""
    percentile: Estimate
    candidates: int
    """With the recorded actions."""


@torch.no_grad()
def score_ranks(
    held: Seen,
    train: Seen,
    make: MakeAgent,
    blocks: int,
    *,
    count: int = DECISIONS,
    candidates: int = CANDIDATES,
    seed: int = 0,
) -> Ranks | None:
    """Rank the recorded actions among those recorded elsewhere, by where the model says they end.

    The cost is the agent's own, of the last imagined latent: a recording need not be on its way
    any sooner.

    Args:
        held: held-out episodes with actions.
        train: training episodes, whose actions are the other candidates.
        make: makes the agent of each decision, which plans.
        blocks: k, from now to the goal.
        count: decisions, at most.
        candidates: of each, the recorded actions among them.
        seed: of agents, candidates and the bootstrap.

    Returns:
        The mean rank; None where no episode is long enough.

    Raises:
        WmpcError: the agent pursues numbers and no latent.
    """
    at, spare = decisions(held, blocks, count), train.starts(0, blocks, len(train.rows))
    if not len(at) or not len(spare):
        return None
    rng, shares = np.random.default_rng(seed), []
    for i, row in enumerate(at):
        agent = make(seed + i)
        if not isinstance(agent, MPCAgent):
            raise WmpcError(
                f"a {type(agent).__name__} came; only an agent that plans, such as agent=mpc, ranks"
            )
        show(held, agent, int(row), blocks)
        elsewhere = train.steps(rng.choice(spare, candidates - 1), 0, blocks)
        own = held.encoded.blocks[held.steps(row[None], 0, blocks)]
        costs = _costs(agent, torch.cat([own, train.encoded.blocks[elsewhere]]))
        higher, same = costs[1:] > costs[0], costs[1:] == costs[0]
        shares.append((higher.double() + same.double() / 2).mean().item())
    drawn = Resampled(held.episode[at], seed=seed)
    return Ranks(blocks, drawn.estimate(drawn.means(np.array(shares))), candidates)


def _costs(agent: MPCAgent, sequences: Tensor) -> Tensor:
    """The agent's cost (N,) of where sequences (N, k, A) of blocks end."""
    target: Target = agent.route.aim(agent.history.now, 0)
    latents = agent.history.dynamics().rollout(sequences[None])
    held = sequences.unflatten(-1, (-1, agent.times, agent.size)).mean(-2).flatten(-2)
    return agent.cost(target, 1)(latents[:, :, -1:], held[None, :, -1:])[0]
