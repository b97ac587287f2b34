"""Goal-conditioned policies on a frozen encoder, learned by hindsight: no model, no search.

Behaviour cloning (GCBC): context, goal -> the next block, where the goal is whatever frame came k
blocks later (Ghosh et al., Learning to Reach Goals via Iterated Supervised Learning, 2021).
Inverse dynamics (GC-IDM): the same, given k (Nguyen et al., Latent Geometry Beyond Search, 2026:
a network of three layers on the latents of now and goal and the steps left, MSE on the action).
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from wmpc.agents.encoded import Encoded
from wmpc.agents.meaning import Complete
from wmpc.agents.picture_goal import PictureAgent
from wmpc.agents.waypoints import Waypoints
from wmpc.errors import WmpcError
from wmpc.wm.data.hindsight import HindsightPairs, Pairs
from wmpc.wm.models.policy_network import policy_network
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.training.fit import fit
from wmpc.wm.training.recipe import Recipe


class GoalPolicy(nn.Module):
    """pi(context, goal) or, `timed`, pi(context, goal, k) -> the next block, normalised.

    Args:
        latent: K * D, numbers of a latent.
        goal: those of them that are a picture's.
        action: A, numbers in a block.
        context: h frames.
        within: the most blocks k to a goal.
        timed: whether the block depends on k.
        width: of the three hidden layers.
    """

    def __init__(
        self,
        latent: int,
        goal: int,
        action: int,
        context: int,
        within: int,
        timed: bool,
        width: int = 256,
    ) -> None:
        super().__init__()
        self.within, self.timed = within, timed
        seen = context * (latent + 1) + (context - 1) * action
        inputs = seen + goal + (within if timed else 0)
        self.network = policy_network(inputs, width, action)

    def forward(
        self,
        latents: Tensor,
        executed: Tensor,
        valid: Tensor,
        goal: Tensor,
        k: Tensor | None = None,
    ) -> Tensor:
        """Compute the next block; what is not valid does not count.

        Args:
            latents: (B, h, K, D), a context, see `History.padded`.
            executed: (B, h - 1, A), the standardised blocks between its frames.
            valid: (B, h) bool, which of the frames are real.
            goal: (B, k * D), the goal picture's tokens.
            k: (B,) int64, blocks to be there in, for a policy that is `timed`.

        Returns:
            (B, A), standardised.
        """
        z = latents.flatten(2) * valid[..., None]
        a = executed * valid[:, :-1, None]
        seen = [z.flatten(1), a.flatten(1), valid.to(z.dtype), goal]
        if self.timed:
            assert k is not None
            seen.append(one_hot(k - 1, self.within).to(z.dtype))
        return self.network(torch.cat(seen, 1))


def train_goal_policy(
    encoded: Encoded,
    context: int,
    *,
    timed: bool = False,
    within: int = 5,
    steps: int = 3000,
    batch: int = 256,
    lr: float = 1e-3,
    width: int = 256,
    seed: int = 0,
) -> GoalPolicy:
    """Fit a policy to recorded blocks: hindsight pairs of frame and goal, and before each frame its
    last 0 to `context` - 1, as an episode begins with one.

    Args:
        encoded: the training episodes through the frozen encoder.
        context: h, the most frames that the policy sees.
        timed: whether it is told how many blocks lead to the goal.
        within: the most of these; they are uniform in 1..`within`, as far as the episode goes.
        steps: of the optimiser.
        batch: pairs a step.
        lr: the learning rate at first; it falls to zero.
        width: of the three hidden layers.
        seed: of the weights and the pairs: the same seed gives the same bits.

    Returns:
        The policy, frozen and in evaluation mode.

    Raises:
        WmpcError: a setting is out of range, or no training episode has a block.
    """
    for name, value in {"within": within, "steps": steps, "batch": batch, "width": width}.items():
        if value < 1:
            raise WmpcError(f"{name} is {value}; it must be at least 1")
    if not lr > 0:
        raise WmpcError(f"lr is {lr}; it must be more than 0")
    encoded.starts()
    pairs = HindsightPairs(encoded.lengths, Pairs(within), stride=encoded.stride)
    device, picture = encoded.latents.device, encoded.picture
    back = torch.arange(context - 1, -1, -1, device=device)

    def draw(step: int) -> tuple[Tensor, ...]:
        """What the policy is given, and the block that was executed."""
        rng = np.random.default_rng((seed, step))
        drawn = pairs.draw(rng, batch)
        numbers = (drawn.now, drawn.goal, drawn.blocks, rng.integers(context, size=batch))
        row, goal, k, seen = (torch.as_tensor(x, device=device) for x in numbers)
        valid = back <= torch.minimum(seen, encoded.before[row])[:, None]
        rows = (row[:, None] - encoded.stride * back).clamp(min=0)
        context_of = encoded.latents[rows], encoded.blocks[rows[:, :-1]], valid
        return *context_of, picture[goal], k, encoded.blocks[row]

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        sizes = (encoded.layout.size, picture.shape[1], encoded.blocks.shape[-1])
        policy = GoalPolicy(*sizes, context, within, timed, width).to(device)
    recipe = Recipe(
        steps=steps, batch=batch, lr=lr, weight_decay=1e-4, warmup=0.0, schedule="linear",
        clip=None, seed=seed,
    )  # fmt: skip
    fit(policy, _imitation, draw, recipe)
    return policy.eval().requires_grad_(False)


def _imitation(policy: GoalPolicy, given: tuple[Tensor, ...], _: Any) -> dict[str, Tensor]:
    """The mean squared error of the block that the policy would execute."""
    *seen, block = given
    return {"loss": (policy(*seen) - block).square().mean()}


class GoalPolicyAgent(PictureAgent):
    """Follows a policy, a block at a time; an `wmpc.agents.agent.Agent`.

    Args:
        model: the frozen encoder that the policy was trained on.
        policy: see `train_goal_policy`.
        arrive: k that a timed policy is given at every decision. The paper's counts down from the
            steps to the goal, which nobody tells an agent here; it made no difference
            (docs/lab-notes.md).
        complete: see `PictureAgent`.
        waypoints: see there.
    """

    def __init__(
        self,
        model: LearnedModel,
        policy: GoalPolicy,
        arrive: int = 1,
        complete: Complete | None = None,
        waypoints: Waypoints | None = None,
    ) -> None:
        if not 1 <= arrive <= policy.within:
            raise WmpcError(f"arrive is {arrive}; it must be 1 to within = {policy.within}")
        super().__init__(model, complete, waypoints)
        self.policy = policy
        self.arrive = torch.tensor([arrive], device=model.device)

    @torch.no_grad()
    def act(self) -> np.ndarray:
        """Ask the policy.

        Returns:
            The next block, (n, a) in the environment's units and bounds.
        """
        goal, context = self.goal(), self.history.padded()
        return self.model.denormalise(self.policy(*context, goal[None], self.arrive))[0]
