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
    from the goal. A search takes O(F * D) for F frames, then O(F * within): one distance a frame to
    now and one to the goal serve all pairs.

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
        stride, after = self.encoded.stride, self.encoded.after
        to_goal = _distances(self.encoded.picture, self.goal())
        now = self.present * self._to_now()
        best, found = torch.inf, (0, 0)
        for k in range(1, min(self.within, int(after.max())) + 1):
            reach = len(now) - k * stride
            pair = now[:reach] + to_goal[k * stride :]
            pair = pair.masked_fill(after[:reach] < k, torch.inf)
            row = int(pair.argmin())
            if pair[row] < best:
                best, found = pair[row], (row, k)
        return found

    def _to_now(self) -> Tensor:
        """(F,), mean squared distance of each frame and those before it from the last ones seen."""
        latents, _, valid = self.history.padded()
        seen = min(self.frames, int(valid.sum()))
        stride, total = self.encoded.stride, 0.0
        for back in range(seen):
            there = _distances(self.encoded.latents, latents[0, -1 - back])
            shifted = torch.full_like(there, torch.inf)
            shifted[back * stride :] = there[: len(there) - back * stride]
            total = total + shifted / seen
        assert isinstance(total, Tensor)
        return total.masked_fill(self.encoded.before < seen - 1, torch.inf)


def _distances(latents: Tensor, point: Tensor) -> Tensor:
    """(F, ...) and (...) -> (F,), squared Euclidean."""
    return (latents - point).flatten(1).square().sum(1)
