"""Nearest-neighbour replay: do what was done when the world looked as it does, and led to the goal.

No learning beside the encoder's: among the recorded pairs of frames (t, t + k) of one training
episode, find the one whose latents are nearest to (now, goal), and repeat what was executed from t.
"""

import numpy as np
import torch
from torch import Tensor

from wmpc.agents.encoded import Encoded
from wmpc.agents.meaning import Complete
from wmpc.agents.picture_goal import PictureAgent
from wmpc.errors import WmpcError
from wmpc.wm.models.world_model import LearnedModel


class NearestAgent(PictureAgent):
    """Replays the recorded blocks nearest to what is asked; an `wmpc.agents.agent.Agent`.

    The distance of a pair is the squared distance of its frames t, t - 1, ... from the `frames`
    last ones seen (their mean: a single picture shows no velocity), plus that of its frame t + k
    from the goal. Of F frames, a goal takes O(F * (D + within)) once, each search O(F * D).

    Args:
        model: the frozen encoder.
        encoded: the training episodes, seen through it.
        within: the most blocks k between the frames of a pair.
        execute: blocks replayed before looking again, at most k.
        frames: of the past that count, 1 to the model's context.
        present: weight of the distance to now, beside the goal's.
        complete: see `PictureAgent`.
    """

    def __init__(
        self,
        model: LearnedModel,
        encoded: Encoded,
        *,
        within: int = 5,
        execute: int = 1,
        frames: int = 2,
        present: float = 1.0,
        complete: Complete | None = None,
    ) -> None:
        for name, value in {"within": within, "execute": execute, "frames": frames}.items():
            if value < 1:
                raise WmpcError(f"{name} is {value}; it must be at least 1")
        if frames > model.context:
            raise WmpcError(f"frames is {frames}; the model's context is {model.context} frames")
        if not present >= 0:
            raise WmpcError(f"present is {present}; a weight is not negative")
        encoded.starts()
        super().__init__(model, complete)
        self.encoded = encoded
        self.within, self.execute, self.frames = within, execute, frames
        self.present = present
        self._aimed: tuple[Tensor, Tensor, Tensor] | None = None  # a goal, and of it `_to_goal`

    @torch.no_grad()
    def act(self) -> np.ndarray:
        """Replay what was done from the nearest pair.

        Returns:
            Its first `execute` blocks, (m, a) in the environment's units.
        """
        blocks = self.model.denormalise(self.propose()[: self.execute])
        return blocks.reshape(-1, blocks.shape[-1])

    @torch.no_grad()
    def propose(self) -> Tensor:
        """Give the blocks between the frames of the nearest pair.

        Returns:
            (k, A), standardised.
        """
        row, k = self.search()
        return self.encoded.blocks[row + self.encoded.stride * torch.arange(k)]

    def search(self) -> tuple[int, int]:
        """Find the nearest pair of recorded frames.

        Returns:
            Its row t, and k.
        """
        to_goal, k = self._to_goal()
        row = int((self._to_now() + to_goal).argmin())
        return row, int(k[row])

    def _to_goal(self) -> tuple[Tensor, Tensor]:
        """(F,) and (F,): of each frame, the least squared distance to the goal of those 1 to
        `within` blocks later, and how many later it is; infinite at an episode's end."""
        goal = self.goal()
        if self._aimed is None or not torch.equal(goal, self._aimed[0]):
            there, after = _distances(self.encoded.picture, goal), self.encoded.after
            most = min(self.within, int(after.max()))
            later = torch.full((most, len(there)), torch.inf, device=there.device)
            for k, of_k in enumerate(later, 1):
                gap = k * self.encoded.stride
                of_k[:-gap] = there[gap:].masked_fill(after[:-gap] < k, torch.inf)
            least, which = later.min(0)
            self._aimed = goal, least, which + 1
        return self._aimed[1:]

    def _to_now(self) -> Tensor:
        """(F,), `present` times the mean squared distance of each frame and those before it from
        the last ones seen; infinite where fewer were recorded before it."""
        latents, _, valid = self.history.padded()
        seen = min(self.frames, int(valid.sum()))
        stride, total = self.encoded.stride, 0.0
        for back in range(seen):
            there = _distances(self.encoded.latents, latents[0, -1 - back])
            shifted = torch.full_like(there, torch.inf)
            shifted[back * stride :] = there[: len(there) - back * stride]
            total = total + shifted / seen
        assert isinstance(total, Tensor)
        return (self.present * total).masked_fill(self.encoded.before < seen - 1, torch.inf)


def _distances(latents: Tensor, point: Tensor) -> Tensor:
    """(F, ...) and (...) -> (F,), squared Euclidean."""
    return torch.linalg.vector_norm((latents - point).flatten(1), dim=1).square()
