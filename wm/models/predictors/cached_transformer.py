"""A transformer whose keys and values never change: computed when a frame appears, then kept.

LeWM's window slides under absolute positions, so that all that was computed of its frames is void
after every step. Here a frame's keys and values, of all layers, are a function of the frame and
its action alone, and where it stands enters as how long ago it was: a bias for each distance and
head (T5, arXiv 1910.10683). A prediction sees exactly the last h frames, as it would through a
hidden state of theirs it would not: what a frame had seen would come along, layer by layer.
"""

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wmpc.wm.models.predictors.adaln import AdaLN, evaluate, perceptron
from wmpc.wm.models.predictors.base import VectorPredictor, roll_last
from wmpc.wm.models.predictors.rolling import KeyValue, attend, linear, without_padding


class MemoryBlock(AdaLN):
    """A block that attends to given keys and values; `bias` (heads, h) is added to the score of a
    frame seen 0, 1, ... h - 1 steps ago."""

    def __init__(
        self, width: int, heads: int, head_width: int, mlp: int, dropout: float, context: int
    ) -> None:
        super().__init__(width, heads * head_width, mlp, dropout)
        self.heads = heads
        self.query = nn.Linear(width, heads * head_width, bias=False)
        self.bias = nn.Parameter(torch.zeros(heads, context))

    def forward(self, x: Tensor, s: Tensor, k: Tensor, v: Tensor, near: Tensor) -> Tensor:
        """Return the block's output for Q tokens that attend to T given keys and values.

        Args:
            x: (B, Q, width), the tokens.
            s: (B, Q, width), silu(c) of their embedded actions c.
            k: (B, heads, T, head_width), keys.
            v: (B, heads, T, head_width), values.
            near: (B, Q, T) int, how many steps ago each frame was, below h; -1 where it may not be
                seen.

        Returns:
            (B, Q, width).
        """
        m = self.modulations(s)
        q = self.query(self.before(x, m)).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        score = self.bias[:, near.clamp(min=0)].transpose(0, 1)
        score = score.masked_fill((near < 0).unsqueeze(1), -torch.inf)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=score.to(q))
        return self.after(x, m, y.transpose(1, 2).flatten(2))

    def step(self, x: Tensor, m: Sequence[Tensor], seen: Sequence[KeyValue]) -> Tensor:
        """Return what `forward` gives for one token a candidate.

        Args:
            x: (B, n, width), the token of each of n candidates.
            m: its six `modulations`, each (B, n, width).
            seen: key and value of the frames that it sees, the oldest first, itself the last; each
                (B, n, heads, head_width), or (B, 1, heads, head_width) where all candidates share
                it.

        Returns:
            (B, n, width).
        """
        if len(seen) == 1:  # a token that sees only itself needs no query
            return self.after(x, m, seen[0][1].flatten(-2))
        q = linear(self.before(x, m), self.query.weight).unflatten(-1, (self.heads, -1))
        return self.after(x, m, attend(q, seen, self.bias[:, : len(seen)].flip(1)))


class CachedTransformer(VectorPredictor):
    """Each prediction starts from the newest frame, is modulated by its action, and attends in
    every layer to the last h frames as they came in.

    Args:
        latent: D, numbers in a token.
        action: A.
        context: h, frames.
        width, depth, heads, head_width, mlp, dropout, action_mlp, head: as `CausalTransformer`, of
            the same size.
        tokens: K.
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
        tokens: int = 1,
    ) -> None:
        super().__init__()
        latent *= tokens
        self.context, self.heads = context, heads
        self.inlet = nn.Linear(latent, width)
        hidden = action_mlp or width
        self.action = nn.Sequential(nn.Linear(action, hidden), nn.SiLU(), nn.Linear(hidden, width))
        self.remember = nn.LayerNorm(width)
        self.memory = nn.Linear(width, depth * 2 * heads * head_width, bias=False)
        self.blocks = nn.ModuleList(
            MemoryBlock(width, heads, head_width, mlp, dropout, context) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(width)
        self.outlet = perceptron(width, head, latent)

    def every(self, z: Tensor, a: Tensor, valid: Tensor) -> Tensor:
        """Predict the latent after every position, each from at most h frames up to it.

        Args:
            z: (B, T, X), latents.
            a: (B, T, A), the standardised block executed from each.
            valid: (B, T) bool, which of them are real frames; padding stands before these.

        Returns:
            (B, T, X).
        """
        return self._predict(z, a, valid, z.shape[1])

    def last(self, z: Tensor, a: Tensor, valid: Tensor) -> Tensor:
        """Predict the latent after the last position.

        Args:
            z: (B, T, X), latents.
            a: (B, T, A), the standardised block executed from each.
            valid: (B, T) bool, which of them are real frames; padding stands before these.

        Returns:
            (B, X).
        """
        return self._predict(z, a, valid, 1)[:, 0]

    def _predict(self, z: Tensor, a: Tensor, valid: Tensor, Q: int) -> Tensor:
        """After the last Q positions, (B, Q, X)."""
        T, h = z.shape[1], self.context
        place = torch.arange(T, device=z.device)
        near = place[-Q:, None] - place
        own = near == 0  # padding attends to itself: no NaN
        near = near.where((near >= 0) & (near < h) & valid[:, None, :] | own, -1)
        x, c = self.inlet(z), self.action(a)
        memory = self._memories(x, c).permute(3, 2, 0, 4, 1, 5)  # (2, depth, B, heads, T, d)
        x, s = x[:, -Q:], F.silu(c[:, -Q:])
        for block, k, v in zip(self.blocks, *memory, strict=True):
            x = block(x, s, k, v, near)
        return self.outlet(self.norm(x))

    def _memories(self, x: Tensor, c: Tensor) -> Tensor:
        """Keys and values of frames, x, c (B, n, width) -> (B, n, depth, 2, heads, head_width)"""
        kv = linear(self.remember(x + c), self.memory.weight)
        return kv.unflatten(-1, (len(self.blocks), 2, self.heads, -1))

    def roll(self, z: Tensor, a: Tensor, valid: Tensor, actions: Tensor) -> Tensor:
        """Imagine N sequences from one context, each prediction joining the context of the next.

        In evaluation a frame's keys and values are kept for the steps after it. In training dropout
        is drawn anew for every window, so that nothing is kept and `roll_last` does it.

        Args:
            z: (B, c, X), the last c latents, c <= h.
            a: (B, c - 1, A), the standardised blocks between them.
            valid: (B, c) bool, which of them are real frames; padding stands before these.
            actions: (B, N, H, A), the standardised blocks to imagine.

        Returns:
            (B, N, H, X), the latent after each block.
        """
        if self.training:
            return roll_last(self, z, a, valid, actions)
        return without_padding(self._roll, z, a, valid, actions)

    def _roll(self, z: Tensor, a: Tensor, actions: Tensor) -> Tensor:
        """`roll` of a context without padding: every frame is processed once, those of the
        context but the newest once for all candidates."""
        past = self._memories(self.inlet(z[:, :-1]), self.action(a))
        seen = [self._by_layer(frame.unsqueeze(1)) for frame in past.unbind(1)]
        blocks = cast("list[MemoryBlock]", self.blocks)
        c = self.action(actions.movedim(2, 0))  # (H, B, N, width)
        s = F.silu(c)
        modulations = [
            [*zip(*(m.unbind(0) for m in block.modulations(s)), strict=True)] for block in blocks
        ]
        frame, imagined = z[:, -1:], []
        for t in range(actions.shape[2]):
            x = self.inlet(frame)
            seen = [*seen, self._by_layer(self._memories(x, c[t]))][-self.context :]
            x = x.expand_as(c[t])
            for layer, block in enumerate(blocks):
                x = block.step(x, modulations[layer][t], [frame[layer] for frame in seen])
            frame = evaluate(self.outlet, self.norm(x))
            imagined.append(frame)
        return torch.stack(imagined, 2)

    def _by_layer(self, memories: Tensor) -> list[KeyValue]:
        """(B, n, depth, 2, heads, head_width) -> the key and value of every layer"""
        return [(k, v) for k, v in (kv.unbind(2) for kv in memories.unbind(2))]
