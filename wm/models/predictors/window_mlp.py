"""A residual MLP over the whole context at once: small, and fast on a CPU."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wmpc.wm.models.predictors.base import VectorPredictor, windows


class WindowMLP(VectorPredictor):
    """Residual MLP over the whole context at once: z_{t+1} = z_t + f(z, a, valid).

    Args:
        latent: D, numbers in a token.
        action: A.
        context: h, frames.
        width: of the hidden layers.
        depth: residual layers.
        tokens: K.
    """

    def __init__(
        self,
        latent: int,
        action: int,
        context: int,
        width: int = 512,
        depth: int = 2,
        tokens: int = 1,
    ) -> None:
        super().__init__()
        latent *= tokens
        self.context = context
        self.inlet = nn.Linear(context * (latent + action + 1), width)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.SiLU())
            for _ in range(depth)
        )
        self.outlet = nn.Linear(width, latent)
        nn.init.zeros_(self.outlet.weight)
        nn.init.zeros_(self.outlet.bias)

    def every(self, z: Tensor, a: Tensor, valid: Tensor) -> Tensor:
        """Predict the latent after every position, each from at most h frames up to it.

        Args:
            z: (B, T, X), latents.
            a: (B, T, A), the standardised block executed from each.
            valid: (B, T) bool, which of them are real frames; padding stands before these.

        Returns:
            (B, T, X).
        """
        B, T = valid.shape
        h = self.context
        flat = [windows(x, h).flatten(0, 1) for x in (z, a, valid)]
        return self.last(*flat).view(B, T, -1)

    def last(self, z: Tensor, a: Tensor, valid: Tensor) -> Tensor:
        """Predict the latent after the last position.

        Args:
            z: (B, T, X), latents, T <= h.
            a: (B, T, A), the standardised block executed from each.
            valid: (B, T) bool, which of them are real frames; padding stands before these.

        Returns:
            (B, X).
        """
        missing = self.context - z.shape[1]
        mask = valid.unsqueeze(-1).to(z.dtype)
        known = torch.cat([z * mask, a * mask, mask], -1)
        x = F.pad(known, (0, 0, missing, 0)).flatten(1)
        x = F.silu(self.inlet(x))
        for block in self.blocks:
            x = x + block(x)
        return z[:, -1] + self.outlet(x)
