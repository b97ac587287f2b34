"""Predictors: from a context of latents and actions to the next latent.

A predictor is a module with two methods. `forward(z, a, valid)` gives the next latent after every
position of a window, each from at most `context` frames up to it; `last(z, a, valid)` only after
the last one, which is what a rollout needs. z (B, T, X) with slots flattened into X = K * D,
a (B, T, A), a[:, t] leads from z[:, t] to z[:, t + 1]; valid (B, T) bool tells real frames from
padding, which always stands before them.
"""

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Predictor(Protocol):
    """See the module's docstring."""

    context: int

    def __call__(self, z: Tensor, a: Tensor, valid: Tensor) -> Tensor: ...

    def last(self, z: Tensor, a: Tensor, valid: Tensor) -> Tensor: ...


def windows(x: Tensor, h: int) -> Tensor:
    """(B, T, ...) -> (B, T, h, ...): the h entries up to each position, zeros before the first."""
    x = torch.cat([x.new_zeros(x.shape[0], h - 1, *x.shape[2:]), x], 1)
    return x.unfold(1, h, 1).movedim(-1, 2)


class WindowMLP(nn.Module):
    """Residual MLP over the whole context at once: z_{t+1} = z_t + f(z, a, valid)."""

    def __init__(
        self, latent: int, action: int, context: int, width: int = 512, depth: int = 2
    ) -> None:
        super().__init__()
        self.context = context
        self.inlet = nn.Linear(context * (latent + action + 1), width)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.SiLU())
            for _ in range(depth)
        )
        self.outlet = nn.Linear(width, latent)
        nn.init.zeros_(self.outlet.weight)
        nn.init.zeros_(self.outlet.bias)

    def forward(self, z: Tensor, a: Tensor, valid: Tensor) -> Tensor:
        """(B, T, X), (B, T, A), (B, T) -> (B, T, X)"""
        B, T = valid.shape
        h = self.context
        flat = [windows(x, h).flatten(0, 1) for x in (z, a, valid)]
        return self.last(*flat).view(B, T, -1)

    def last(self, z: Tensor, a: Tensor, valid: Tensor) -> Tensor:
        """(B, T, X), (B, T, A), (B, T) -> (B, X), the latent after the last position"""
        missing = self.context - z.shape[1]
        mask = valid.unsqueeze(-1).to(z.dtype)
        known = torch.cat([z * mask, a * mask, mask], -1)
        x = F.pad(known, (0, 0, missing, 0)).flatten(1)
        x = F.silu(self.inlet(x))
        for block in self.blocks:
            x = x + block(x)
        return z[:, -1] + self.outlet(x)


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
