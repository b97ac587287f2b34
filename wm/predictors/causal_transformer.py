"""LeWM's predictor: a causal transformer over the context, modulated by the actions."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wm.predictors.base import roll_last, windows
from wm.predictors.rolling import KeyValue, attend, linear, without_padding


class AdaLNBlock(nn.Module):
    """Pre-norm transformer block, modulated by the action; AdaLN-zero (DiT, arXiv 2212.09748):
    it begins as the identity. `renormalise`: LeWM's code normalises once more after modulating."""

    def __init__(
        self,
        width: int,
        heads: int,
        head_width: int,
        mlp: int,
        dropout: float,
        renormalise: bool = False,
    ) -> None:
        super().__init__()
        inner = heads * head_width
        self.heads, self.dropout = heads, dropout
        self.norm1 = nn.LayerNorm(width, eps=1e-6, elementwise_affine=False)
        self.norm2 = nn.LayerNorm(width, eps=1e-6, elementwise_affine=False)
        self.renorm1 = nn.LayerNorm(width) if renormalise else nn.Identity()
        self.renorm2 = nn.LayerNorm(width) if renormalise else nn.Identity()
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
        y = self.renorm1(self.norm1(x) * (1 + scale1) + shift1)
        B, T, _ = y.shape
        q, k, v = self.qkv(y).view(B, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        dropout = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout)
        x = x + gate1 * self.out(y.transpose(1, 2).flatten(2))
        y = self.renorm2(self.norm2(x) * (1 + scale2) + shift2)
        return x + gate2 * self.mlp(y)

    def key_value(self, x: Tensor, modulation: Sequence[Tensor]) -> KeyValue:
        """What later positions see of a token x (B, n, width); see `modulations`."""
        k, v = self._project(x, modulation, 1).unflatten(-1, (2, self.heads, -1)).unbind(-3)
        return k, v

    def step(self, x: Tensor, modulation: Sequence[Tensor], seen: list[KeyValue]) -> Tensor:
        """`forward` for one token x (B, n, width) without dropout, after the positions in `seen`,
        which its own key and value join -> (B, n, width)"""
        _, _, gate1, shift2, scale2, gate2 = modulation
        if not seen:  # a token that sees itself only needs no query
            q = x
            seen.append(self.key_value(x, modulation))
        else:
            qkv = self._project(x, modulation, 0).unflatten(-1, (3, self.heads, -1))
            q, k, v = qkv.unbind(-3)
            seen.append((k, v))
        x = torch.addcmul(x, gate1, linear(attend(q, seen), self.out.weight, self.out.bias))
        y = self.renorm2(torch.addcmul(shift2, self.norm2(x), scale2))
        up, down = self.mlp[0], self.mlp[3]
        y = linear(linear(y, up.weight, up.bias, gelu=True), down.weight, down.bias)
        return torch.addcmul(x, gate2, y)

    def _project(self, x: Tensor, modulation: Sequence[Tensor], first: int) -> Tensor:
        """Queries, keys and values (first = 0), or keys and values only (first = 1)."""
        y = self.renorm1(torch.addcmul(modulation[0], self.norm1(x), modulation[1]))
        return linear(y, self.qkv.weight[first * self.out.in_features :])

    def modulations(self, c: Tensor) -> tuple[Tensor, ...]:
        """silu(c) (T, B, n, width) -> shift1, 1 + scale1, gate1, shift2, 1 + scale2, gate2"""
        layer = self.modulation[1]
        one = torch.zeros_like(layer.bias).view(6, -1)
        one[[1, 4]] = 1
        return linear(c, layer.weight, layer.bias + one.flatten()).chunk(6, -1)


class CausalTransformer(nn.Module):
    """Causal transformer over the context, actions by AdaLN-zero, as in LeWM (arXiv 2603.19312).

    A position counts the real frames before it, so that a short context looks like the beginning
    of a long one. Windows longer than the context are cut into windows of its length.

    Args:
        latent, action: sizes of a latent and of an action.
        context: h, frames.
        width, depth, heads, head_width, mlp, dropout: of the transformer.
        action_mlp: hidden size of the action's embedding; None: width.
        head: hidden size of an MLP after the last norm; 0: a linear layer.
        renormalise: see `AdaLNBlock`.
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
        action_mlp: int | None = None,
        head: int = 0,
        renormalise: bool = False,
    ) -> None:
        super().__init__()
        self.context = context
        self.inlet = nn.Linear(latent, width) if latent != width else nn.Identity()
        hidden = action_mlp or width
        self.action = nn.Sequential(nn.Linear(action, hidden), nn.SiLU(), nn.Linear(hidden, width))
        self.position = nn.Parameter(torch.randn(context, width) * 0.02)
        self.blocks = nn.ModuleList(
            AdaLNBlock(width, heads, head_width, mlp, dropout, renormalise) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)
        self.outlet = (
            nn.Sequential(nn.Linear(width, head), nn.GELU(), nn.Linear(head, latent))
            if head
            else nn.Linear(width, latent)
        )

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
        """See `Predictor`. Dropout is drawn anew for every window, so training rolls plainly."""
        if self.training:
            return roll_last(self, z, a, valid, actions)
        return without_padding(self._roll, z, a, valid, actions)

    def _roll(self, z: Tensor, a: Tensor, actions: Tensor) -> Tensor:
        """`rollout` of a context without padding, with the least work.

        The window begins at frame `first`. While it grows, a new frame is all there is to compute:
        keys and values of the others are kept. Once it slides, every frame's position changes,
        and the window is computed anew. The last layer answers for the newest frame only.
        """
        h, c = self.context, z.shape[1]
        frames = list(z.unsqueeze(2).unbind(1))  # each (B, n, X)
        modulations = self._modulations(a, actions)  # by layer, then by frame
        first, seen = 0, [[] for _ in self.blocks]
        for t in range(c, c + actions.shape[2]):  # frame t - 1 is the newest, t the wanted one
            if t - first > h:
                first, seen = t - h, [[] for _ in self.blocks]
            new = range(first + len(seen[0]), t)
            x = [self.inlet(frames[i]) + self.position[i - first] for i in new]
            for block, m, past in zip(self.blocks[:-1], modulations, seen, strict=False):
                x = [block.step(y, m[i], past) for i, y in zip(new, x, strict=True)]
            block, m, past = self.blocks[-1], modulations[-1], seen[-1]
            past += [block.key_value(y, m[i]) for i, y in zip(new[:-1], x[:-1], strict=True)]
            x = block.step(x[-1], m[t - 1], past)
            frames.append(self._outlet(x))
        return torch.stack(frames[c:], 2)

    def _modulations(self, a: Tensor, actions: Tensor) -> list[list[tuple[Tensor, ...]]]:
        """Of every block, of every action executed (B, 1, width) or planned (B, N, width)."""
        executed = F.silu(self.action(a.movedim(1, 0).unsqueeze(2)))
        planned = F.silu(self.action(actions.movedim(2, 0)))
        return [
            [
                *zip(*(m.unbind(0) for m in block.modulations(executed)), strict=True),
                *zip(*(m.unbind(0) for m in block.modulations(planned)), strict=True),
            ]
            for block in self.blocks
        ]

    def _outlet(self, x: Tensor) -> Tensor:
        x = self.norm(x)
        if isinstance(self.outlet, nn.Linear):
            return linear(x, self.outlet.weight, self.outlet.bias)
        up, down = self.outlet[0], self.outlet[2]
        return linear(linear(x, up.weight, up.bias, gelu=True), down.weight, down.bias)
