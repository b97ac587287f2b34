"""Goal-conditioned policies on a frozen encoder, learned by hindsight: no model, no search.

Behaviour cloning (GCBC): context, goal -> the next block, where the goal is whatever frame came k
blocks later (Ghosh et al., Learning to Reach Goals via Iterated Supervised Learning, 2021).
Inverse dynamics (GC-IDM): the same, given k (Nguyen et al., Latent Geometry Beyond Search, 2026:
a network of three layers on the latents of now and goal and the steps left, MSE on the action).
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from wm.encoded import Encoded
from wm.errors import WmError
from wm.history import History
from wm.model import JEPA


class GoalLike(Protocol):
    """See `envs.agent.Goal`."""

    @property
    def observation(self) -> Mapping[str, np.ndarray]: ...


class GoalPolicy(nn.Module):
    """pi(context, goal) or, `timed`, pi(context, goal, k) -> the next block, normalised.

    Args:
        latent: (K, D).
        action: A, numbers in a block.
        context: h frames.
        within: the most blocks to a goal; k is 1 to `within`.
        timed: whether the block depends on k. The network also learns to tell k, see `arrival`.
        width: of the three hidden layers.
    """

    def __init__(
        self,
        latent: tuple[int, int],
        action: int,
        context: int,
        within: int,
        timed: bool,
        width: int = 256,
    ) -> None:
        super().__init__()
        self.within, self.timed = within, timed
        seen = context * (latent[0] * latent[1] + 1) + (context - 1) * action + latent[1]
        self.policy = _network(seen + (within if timed else 0), action, width)
        self.clock = _network(seen, within, width) if timed else None

    def features(self, latents: Tensor, executed: Tensor, valid: Tensor, goal: Tensor) -> Tensor:
        """(B, h, K, D), (B, h - 1, A), (B, h) bool and (B, D) -> (B, features); what is not valid
        does not count."""
        z = latents.flatten(2) * valid[..., None]
        a = executed * valid[:, :-1, None]
        return torch.cat([z.flatten(1), a.flatten(1), valid.to(z.dtype), goal], 1)

    def forward(self, features: Tensor, k: Tensor | None = None) -> Tensor:
        """(B, features), k (B,) int64 -> (B, A)"""
        if self.timed:
            assert k is not None
            features = torch.cat([features, one_hot(k - 1, self.within).to(features.dtype)], 1)
        return self.policy(features)

    def arrival(self, features: Tensor) -> Tensor:
        """(B, features) -> (B, within), logits of k = 1, 2, ... blocks to the goal."""
        assert self.clock is not None
        return self.clock(features)


def _network(inputs: int, outputs: int, width: int) -> nn.Module:
    sizes, layers = [inputs, width, width, width], []
    for size, following in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Linear(size, following), nn.SiLU()]
    return nn.Sequential(*layers, nn.Linear(width, outputs))


def train_goal_policy(
    model: JEPA,
    encoded: Encoded,
    *,
    timed: bool = False,
    within: int = 10,
    steps: int = 3000,
    batch: int = 256,
    rate: float = 1e-3,
    width: int = 256,
    seed: int = 0,
) -> GoalPolicy:
    """Fit a policy to recorded blocks: any frame, a goal k blocks later, k uniform in 1..`within`
    (as far as the episode goes), and a context of 1 to h of the frames before.

    Same seed, same bits. WmError where a setting is out of range.
    """
    for name, value in {"within": within, "steps": steps, "batch": batch, "width": width}.items():
        if value < 1:
            raise WmError(f"{name} is {value}; it must be at least 1")
    starts, h = encoded.starts(), model.context
    within = min(within, int(encoded.after.max()))
    generator = torch.Generator().manual_seed(seed)
    back = encoded.stride * torch.arange(h - 1, -1, -1)
    with torch.random.fork_rng(), torch.enable_grad():
        torch.manual_seed(seed)
        shape = (encoded.latents.shape[1], encoded.latents.shape[2])
        policy = GoalPolicy(shape, encoded.blocks.shape[-1], h, within, timed, width)
        policy.to(encoded.latents.device)
        optimizer = torch.optim.AdamW(policy.parameters(), rate, weight_decay=1e-4)
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
            row = starts[torch.randint(len(starts), (batch,), generator=generator)]
            most = encoded.after[row].clamp(max=within)
            k = 1 + (torch.rand(batch, generator=generator).to(most.device) * most).long()
            seen = torch.randint(h, (batch,), generator=generator).to(most.device)
            seen = torch.minimum(seen, encoded.before[row])
            valid = back <= encoded.stride * seen[:, None]
            rows = (row[:, None] - back).clamp(min=0)
            goal = encoded.picture[row + k * encoded.stride]
            x = policy.features(encoded.latents[rows], encoded.blocks[rows[:, :-1]], valid, goal)
            loss = (policy(x, k) - encoded.blocks[row]).square().mean()
            if timed:
                loss = loss + cross_entropy(policy.arrival(x), k - 1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return policy.eval().requires_grad_(False)


class GoalPolicyAgent:
    """Follows a policy, a block at a time; an `envs.agent.Agent`.

    Args:
        model: the frozen encoder the policy was trained on.
        policy: see `train_goal_policy`.
        blocks: "told": a timed policy acts for the expected k of its own clock.
    """

    def __init__(self, model: JEPA, policy: GoalPolicy, clock="expected") -> None:
        self.model, self.policy, self.history = model, policy, History(model)
        self.clock = clock

    def reset(self, goal: GoalLike) -> None:
        """Forget the past; from now on pursue `goal`."""
        self.history.reset(goal.observation)
        self.t = 0

    def observe(
        self, observation: Mapping[str, np.ndarray], executed: np.ndarray | None = None
    ) -> None:
        """Take in a frame and the actions (n, a) of the block that led to it."""
        self.history.observe(observation, executed)

    @torch.no_grad()
    def act(self) -> np.ndarray:
        """The next block (n, a), in the environment's units and bounds."""
        goal = self.history.goal
        context = self.history.context()
        assert goal is not None
        x = self.policy.features(*context, goal[None])
        k = None
        if self.policy.timed:
            p = self.policy.arrival(x).softmax(-1)
            ks = torch.arange(1, self.policy.within + 1)
            if self.clock == "expected":
                k = (p * ks).sum(-1).round().long()
            elif self.clock == "mode":
                k = p.argmax(-1) + 1
            elif self.clock == "mix":
                out = sum(p[0, i] * self.policy(x, ks[i : i + 1]) for i in range(len(ks)))
                return self.model.denormalise(out)[0]
            elif self.clock.startswith("quantile"):
                q = float(self.clock.split(":")[1])
                k = (p.cumsum(-1) < q).sum(-1).clamp(max=self.policy.within - 1) + 1
            elif self.clock.startswith("count"):
                k = torch.tensor([max(1, int(self.clock.split(":")[1]) - self.t)])
            elif self.clock.startswith("fixed"):
                k = torch.tensor([int(self.clock.split(":")[1])])
        self.t += 1
        return self.model.denormalise(self.policy(x, k))[0]
