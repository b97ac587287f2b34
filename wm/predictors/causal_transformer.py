"""LeWM's predictor: a causal transformer over the context, modulated by the actions."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wm.predictors.base import roll_last, windows


class AdaLNBlock(nn.Module):
    """Pre-norm transformer block, modulated by the action; AdaLN-zero (DiT, arXiv 2212.09748):
    it begins as the identity."""

    def __init__(self, width: int, heads: int, head_width: int, mlp: int, dropout: float) -> None:
        super().__init__()
        inner = heads * head_width
        self.heads, self.dropout = heads, dropout
        self.norm1 = nn.LayerNorm(width, elementwise_affine=False)
        self.norm2 = nn.LayerNorm(width, elementwise_affine=False)
        self.qkv = nn.Linear(width, 3 * inner, bias=False)
        self.out = nn.Linear(inner, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, mlp),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(mlp, width),
            nn.Dropout(dropout),
        )
        modulation = nn.Linear(width, 6 * width)
        nn.init.zeros_(modulation.weight)
        nn.init.zeros_(modulation.bias)
        self.modulation = nn.Sequential(nn.SiLU(), modulation)

    def forward(self, x: Tensor, c: Tensor, mask: Tensor) -> Tensor:
        """x, c (B, T, width), mask (B, 1, T, T) True where attention is allowed -> (B, T, width)"""
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulation(c).chunk(6, -1)
        y = self.norm1(x) * (1 + scale1) + shift1
        B, T, _ = y.shape
        q, k, v = self.qkv(y).view(B, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        dropout = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout)
        x = x + gate1 * self.out(y.transpose(1, 2).flatten(2))
        y = self.norm2(x) * (1 + scale2) + shift2
        return x + gate2 * self.mlp(y)


class CausalTransformer(nn.Module):
    """Causal transformer over the context, actions by AdaLN-zero, as in LeWM (arXiv 2603.19312).

    A position counts the real frames before it, so that a short context looks like the beginning
    of a long one. Windows longer than the context are cut into windows of its length.
    """

    def __init__(
        self,
        latent: int,
        action: int,
        context: int,
        width: int = 192,
        depth: int = 6,
        heads: int = 16,
        head_width: int = 64,
        mlp: int = 2048,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.context = context
        self.inlet = nn.Linear(latent, width) if latent != width else nn.Identity()
        self.action = nn.Sequential(nn.Linear(action, width), nn.SiLU(), nn.Linear(width, width))
        self.position = nn.Parameter(torch.randn(context, width) * 0.02)
        self.blocks = nn.ModuleList(
            AdaLNBlock(width, heads, head_width, mlp, dropout) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)
        self.outlet = nn.Linear(width, latent)

    def forward(self, z: Tensor, a: Tensor, valid: Tensor) -> Tensor:
        """(B, T, X), (B, T, A), (B, T) -> (B, T, X)"""
        B, T = valid.shape
        if self.context < T:
            flat = [windows(x, self.context).flatten(0, 1) for x in (z, a, valid)]
            return self.last(*flat).view(B, T, -1)
        place = (valid.cumsum(1) - 1).clamp(min=0)
        x = self.inlet(z) + self.position[place]
        c = self.action(a)
        causal = torch.ones(T, T, dtype=torch.bool, device=z.device).tril()
        own = torch.eye(T, dtype=torch.bool, device=z.device)  # padding attends to itself: no NaN
        mask = (causal & valid[:, None, :] | own)[:, None]
        for block in self.blocks:
            x = block(x, c, mask)
        return self.outlet(self.norm(x))

    def last(self, z: Tensor, a: Tensor, valid: Tensor) -> Tensor:
        """(B, T, X), (B, T, A), (B, T) -> (B, X), the latent after the last position"""
        return self(z, a, valid)[:, -1]

    def rollout(self, z: Tensor, a: Tensor, valid: Tensor, actions: Tensor) -> Tensor:
        """See `Predictor`."""
        return roll_last(self, z, a, valid, actions)
