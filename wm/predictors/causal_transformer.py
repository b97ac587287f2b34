"""LeWM's predictor: a causal transformer over the context, modulated by the actions."""

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wm.predictors.adaln import AdaLN, evaluate, perceptron
from wm.predictors.base import roll_last, windows
from wm.predictors.rolling import KeyValue, attend, linear, without_padding


class AdaLNBlock(AdaLN):
    """A block that attends to the hidden states up to each position."""

    def __init__(
        self,
        width: int,
        heads: int,
        head_width: int,
        mlp: int,
        dropout: float,
        renormalise: bool = False,
    ) -> None:
        super().__init__(width, heads * head_width, mlp, dropout, renormalise)
        self.heads, self.dropout = heads, dropout
        self.qkv = nn.Linear(width, 3 * heads * head_width, bias=False)

    def forward(self, x: Tensor, s: Tensor, mask: Tensor) -> Tensor:
        """x, s = silu(c) (B, T, width), mask (B, 1, T, T) True where attention is allowed ->
        (B, T, width)"""
        m = self.modulations(s)
        B, T, _ = x.shape
        q, k, v = self.qkv(self.before(x, m)).view(B, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        dropout = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout)
        return self.after(x, m, y.transpose(1, 2).flatten(2))

    def key_value(self, x: Tensor, m: Sequence[Tensor]) -> KeyValue:
        """What later positions see of a token x (B, n, width) with modulations m."""
        weight = self.qkv.weight[self.out.in_features :]
        k, v = linear(self.before(x, m), weight).unflatten(-1, (2, self.heads, -1)).unbind(-3)
        return k, v

    def step(self, x: Tensor, m: Sequence[Tensor], seen: list[KeyValue]) -> Tensor:
        """`forward` for one token x (B, n, width) after the positions in `seen`, which its own
        key and value join -> (B, n, width)"""
        if seen:
            qkv = linear(self.before(x, m), self.qkv.weight)
            q, k, v = qkv.unflatten(-1, (3, self.heads, -1)).unbind(-3)
            seen.append((k, v))
            attended = attend(q, seen)
        else:  # a token that sees only itself needs no query
            seen.append(self.key_value(x, m))
            attended = seen[0][1].flatten(-2)
        return self.after(x, m, attended)


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
        renormalise: see `AdaLN`.
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
        self.outlet = perceptron(width, head, latent)

    def forward(self, z: Tensor, a: Tensor, valid: Tensor) -> Tensor:
        """(B, T, X), (B, T, A), (B, T) -> (B, T, X)"""
        B, T = valid.shape
        if self.context < T:
            flat = [windows(x, self.context).flatten(0, 1) for x in (z, a, valid)]
            return self.last(*flat).view(B, T, -1)
        place = (valid.cumsum(1) - 1).clamp(min=0)
        x = self.inlet(z) + self.position[place]
        s = F.silu(self.action(a))
        causal = torch.ones(T, T, dtype=torch.bool, device=z.device).tril()
        own = torch.eye(T, dtype=torch.bool, device=z.device)  # padding attends to itself: no NaN
        mask = (causal & valid[:, None, :] | own)[:, None]
        for block in self.blocks:
            x = block(x, s, mask)
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
        blocks = cast("list[AdaLNBlock]", self.blocks)
        first, seen = 0, [[] for _ in blocks]
        for t in range(c, c + actions.shape[2]):  # frame t - 1 is the newest, t the wanted one
            if t - first > h:
                first, seen = t - h, [[] for _ in blocks]
            new = range(first + len(seen[0]), t)
            x = [self.inlet(frames[i]) + self.position[i - first] for i in new]
            for block, m, past in zip(blocks[:-1], modulations, seen, strict=False):
                x = [block.step(y, m[i], past) for i, y in zip(new, x, strict=True)]
            block, m, past = blocks[-1], modulations[-1], seen[-1]
            past += [block.key_value(y, m[i]) for i, y in zip(new[:-1], x[:-1], strict=True)]
            x = block.step(x[-1], m[t - 1], past)
            frames.append(evaluate(self.outlet, self.norm(x)))
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
            for block in cast("list[AdaLNBlock]", self.blocks)
        ]
