"""A model bound to one context, as planners want it (`planners.problem.Dynamics`)."""

import torch
from torch import Tensor

from wm.predictors import Predictor


class LatentDynamics:
    """Rolls action sequences out in latent space.

    Args:
        predictor: see `wm.predictors`.
        latents: (B, c, K, D), the last c frames, the current one last.
        executed: (B, c - 1, A), the normalised blocks between them.
        valid: (B, c) bool, which of the frames are real; None: all.
    """

    def __init__(
        self, predictor: Predictor, latents: Tensor, executed: Tensor, valid: Tensor | None = None
    ) -> None:
        h = predictor.context
        self.predictor = predictor
        self.latents = latents[:, -h:]
        self.executed = executed[:, max(0, executed.shape[1] - h + 1) :]
        if valid is None:
            valid = torch.ones(latents.shape[:2], dtype=torch.bool, device=latents.device)
        self.valid = valid[:, -h:]

    @property
    def start(self) -> Tensor:
        """(B, K, D), the current latent."""
        return self.latents[:, -1]

    def rollout(self, actions: Tensor) -> Tensor:
        """(B, N, H, A) -> (B, N, H, K, D), each step fed with the one before."""
        return self._roll(actions, None)

    def predict(self, states: Tensor, actions: Tensor) -> Tensor:
        """states (B, N, H - 1, K, D) are s_1..s_{H-1} given, actions (B, N, H, A) ->
        F(s_t, a_t) for t = 0..H-1, (B, N, H, K, D)."""
        return self._roll(actions, states)

    def _roll(self, actions: Tensor, given: Tensor | None) -> Tensor:
        B, N, H, _ = actions.shape
        h = self.predictor.context
        K, D = self.latents.shape[2:]

        def candidates(x: Tensor) -> Tensor:
            return x.unsqueeze(1).expand(B, N, *x.shape[1:]).flatten(0, 1)

        z = candidates(self.latents.flatten(2))
        valid = candidates(self.valid)
        a = torch.cat([candidates(self.executed), actions.flatten(0, 1)], 1)
        c = z.shape[1]
        valid = torch.cat([valid, valid.new_ones(B * N, H)], 1)
        if given is not None:
            z = torch.cat([z, given.flatten(0, 1).flatten(2)], 1)
        imagined = []
        for t in range(c, c + H):
            lo = max(0, t - h)
            following = self.predictor.last(z[:, lo:t], a[:, lo:t], valid[:, lo:t])
            imagined.append(following)
            if given is None:
                z = torch.cat([z, following.unsqueeze(1)], 1)
        return torch.stack(imagined, 1).view(B, N, H, K, D)
