"""Goal-conditioned policies on a frozen encoder, learned by hindsight: no model, no search.

Behaviour cloning (GCBC): context, goal -> the next block, where the goal is whatever frame came k
blocks later (Ghosh et al., Learning to Reach Goals via Iterated Supervised Learning, 2021).
Inverse dynamics (GC-IDM): the same, given k (Nguyen et al., Latent Geometry Beyond Search, 2026:
a network of three layers on the latents of now and goal and the steps left, MSE on the action).
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from wmpc.agents.encoded import Encoded
from wmpc.agents.history import History, Rememberer
from wmpc.agents.meaning import Complete
from wmpc.errors import WmpcError
from wmpc.wm.models.jepa import JEPA


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
        inputs, layers = seen + goal + (within if timed else 0), []
        for size in (inputs, width, width):
            layers += [nn.Linear(size, width), nn.LayerNorm(width), nn.SiLU()]
        self.network = nn.Sequential(*layers, nn.Linear(width, action))

    def forward(
        self,
        latents: Tensor,
        executed: Tensor,
        valid: Tensor,
        goal: Tensor,
        k: Tensor | None = None,
    ) -> Tensor:
        """A context (B, h, K, D), (B, h - 1, A) and (B, h) bool, see `History.context`; the goal's
        picture (B, k * D); k (B,) int64 if `timed` -> (B, A). What is not valid does not count."""
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
    rate: float = 1e-3,
    width: int = 256,
    seed: int = 0,
) -> GoalPolicy:
    """Fit a policy to recorded blocks: any frame, a goal k blocks later, k uniform in 1..`within`
    (as far as the episode goes), and the last 1 to `context` frames, as an episode begins with one.

    Same seed, same bits. WmpcError where a setting is out of range.
    """
    for name, value in {"within": within, "steps": steps, "batch": batch, "width": width}.items():
        if value < 1:
            raise WmpcError(f"{name} is {value}; it must be at least 1")
    if not rate > 0:
        raise WmpcError(f"rate is {rate}; it must be more than 0")
    starts, stride = encoded.starts(), encoded.stride
    device, picture = starts.device, encoded.picture
    generator = torch.Generator().manual_seed(seed)
    back = torch.arange(context - 1, -1, -1, device=device)
    with torch.random.fork_rng(), torch.enable_grad():
        torch.manual_seed(seed)
        sizes = (encoded.layout.size, picture.shape[1], encoded.blocks.shape[-1])
        policy = GoalPolicy(*sizes, context, within, timed, width)
        policy.to(device)
        optimizer = torch.optim.AdamW(policy.parameters(), rate, weight_decay=1e-4)
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
            row = starts[torch.randint(len(starts), (batch,), generator=generator).to(device)]
            most = encoded.after[row].clamp(max=within)
            k = 1 + (torch.rand(batch, generator=generator).to(device) * most).long()
            seen = torch.randint(context, (batch,), generator=generator).to(device)
            valid = back <= torch.minimum(seen, encoded.before[row])[:, None]
            rows = (row[:, None] - stride * back).clamp(min=0)
            goal = picture[row + stride * k]
            acted = policy(encoded.latents[rows], encoded.blocks[rows[:, :-1]], valid, goal, k)
            loss = (acted - encoded.blocks[row]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return policy.eval().requires_grad_(False)


class GoalPolicyAgent(Rememberer):
    """Follows a policy, a block at a time; an `wmpc.agents.agent.Agent`.

    Args:
        model: the frozen encoder that the policy was trained on.
        policy: see `train_goal_policy`.
        arrive: k that a timed policy is given at every decision. The paper's counts down from the
            steps to the goal, which nobody tells an agent here; it made no difference
            (docs/lab-notes.md).
        complete: see `History`.
    """

    def __init__(
        self, model: JEPA, policy: GoalPolicy, arrive: int = 1, complete: Complete | None = None
    ) -> None:
        if not 1 <= arrive <= policy.within:
            raise WmpcError(f"arrive is {arrive}; it must be 1 to within = {policy.within}")
        self.model, self.policy, self.history = model, policy, History(model, complete)
        self.arrive = torch.tensor([arrive], device=model.device)

    @torch.no_grad()
    def act(self) -> np.ndarray:
        """The next block (n, a), in the environment's units and bounds."""
        context, goal = self.history.context(), self.history.goal()
        return self.model.denormalise(self.policy(*context, goal[None], self.arrive))[0]
