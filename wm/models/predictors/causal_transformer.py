"""LeWM's predictor: a causal transformer over the context, modulated by the actions."""

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wmpc.wm.models.predictors.adaln import AdaLN, evaluate, perceptron
from wmpc.wm.models.predictors.base import VectorPredictor, roll_last, windows
from wmpc.wm.models.predictors.rolling import KeyValue, attend, linear, without_padding


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
        """Return the block's output for T tokens that attend to each other.

        Args:
            x: (B, T, width), the tokens.
            s: (B, T, width), silu(c) of their embedded actions c.
            mask: (B, 1, T, T) bool, True where a token (third axis) may attend to one (fourth
                axis).

        Returns:
            (B, T, width).
        """
        m = self.modulations(s)
        B, T, _ = x.shape
        q, k, v = self.qkv(self.before(x, m)).view(B, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        dropout = self.dropout if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout)
        return self.after(x, m, y.transpose(1, 2).flatten(2))

    def extend(self, x: Tensor, m: Sequence[Tensor], seen: list[KeyValue], answers: int) -> Tensor:
        """Return what `forward` gives in evaluation for tokens that follow others.

        No dropout is drawn for the attention.

        Args:
            x: (T, B, n, width), the tokens of n candidates, or n = 1 where all candidates share
                them.
            m: their six `modulations`, each (T, B, n, width).
            seen: key and value of the positions before them, which those of the new tokens join in
                place; each (B, n or 1, heads, head_width).
            answers: of how many of the last tokens the output is wanted, from 0 to T.

        Returns:
            (answers, B, n, width), of the last `answers` tokens.
        """
        inner, T = self.out.in_features, len(x)
        y = self.before(x, m)
        kv = linear(y, self.qkv.weight[inner:]).unflatten(-1, (2, self.heads, -1))
        before, asked = len(seen), T - answers
        seen += [(k, v) for k, v in (token.unbind(-3) for token in kv)]
        if not answers:
            return x[T:]
        alone = 1 if not before and not asked else 0  # who sees only itself needs no query
        q = linear(y[asked + alone :], self.qkv.weight[:inner]).unflatten(-1, (self.heads, -1))
        attended = [seen[0][1].flatten(-2)] if alone else []
        for t, token in enumerate(q, before + asked + alone):
            attended.append(attend(token, seen[: t + 1]))
        return self.after(x[asked:], [part[asked:] for part in m], torch.stack(attended))


class CausalTransformer(VectorPredictor):
    """Causal transformer over the context, actions by AdaLN-zero, as in LeWM (arXiv 2603.19312).

    A position counts the real frames before it, so that a short context looks like the beginning
    of a long one. Windows longer than the context are cut into windows of its length.

    Args:
        latent: D, numbers in a token.
        action: A.
        context: h, frames.
        width, depth, heads, head_width, mlp, dropout: of the transformer.
        action_mlp: hidden size of the action's embedding; None: width.
        head: hidden size of an MLP after the last norm; 0: a linear layer.
        renormalise: see `AdaLN`.
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
        renormalise: bool = False,
        tokens: int = 1,
    ) -> None:
        super().__init__()
        latent *= tokens
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

    def every(self, z: Tensor, a: Tensor, valid: Tensor) -> Tensor:
        """Predict the latent after every position, each from at most h frames up to it.

        Where T is above h, the frames are cut into a window of length h for every position.

        Args:
            z: (B, T, X), latents.
            a: (B, T, A), the standardised block executed from each.
            valid: (B, T) bool, which of them are real frames; padding stands before these.

        Returns:
            (B, T, X).
        """
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
        """Predict the latent after the last position.

        Args:
            z: (B, T, X), latents, T <= h.
            a: (B, T, A), the standardised block executed from each.
            valid: (B, T) bool, which of them are real frames; padding stands before these.

        Returns:
            (B, X).
        """
        return self.every(z, a, valid)[:, -1]

    def roll(self, z: Tensor, a: Tensor, valid: Tensor, actions: Tensor) -> Tensor:
        """Imagine N sequences from one context, each prediction joining the context of the next.

        In evaluation a frame's keys and values are kept until the window slides. In training
        dropout is drawn anew for every window, so that nothing is kept and `roll_last` does it.

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
        """`roll` of a context without padding, with the least work.

        The window begins at frame `first`. While it grows, a new frame is all there is to compute:
        keys and values of the others are kept. Once it slides, every frame's position changes,
        and the window is computed anew. Frames whose action is executed are the same for all
        candidates. The last layer answers for the newest frame only.
        """
        (B, N, H, _), h, c = actions.shape, self.context, z.shape[1]
        blocks = cast("list[AdaLNBlock]", self.blocks)
        given = a.movedim(1, 0).unsqueeze(2), actions.movedim(2, 0)
        given = (F.silu(self.action(x)) for x in given)
        executed, planned = ([block.modulations(s) for block in blocks] for s in given)
        shared = z[:, :-1].movedim(1, 0).unsqueeze(2)  # (c - 1, B, 1, X)
        frames = [z[:, -1:].expand(B, N, -1)]
        first, seen = 0, [[] for _ in blocks]
        for t in range(c, c + H):  # frame t is wanted, frames[0] is c - 1
            if t - first > h:
                first, seen = t - h, [[] for _ in blocks]
            new = first + len(seen[0])
            if new < c - 1:
                m = [[part[new:] for part in six] for six in executed]
                self._extend(shared[new:], new - first, m, seen, answers=0)
                new = c - 1
            m = [[part[new - c + 1 : t - c + 1] for part in six] for six in planned]
            x = torch.stack(frames[new - c + 1 :])
            (x,) = self._extend(x, new - first, m, seen, answers=1)
            frames.append(evaluate(self.outlet, self.norm(x)))
        return torch.stack(frames[1:], 2)

    def _extend(
        self,
        z: Tensor,
        place: int,
        modulations: list[list[Tensor]],
        seen: list[list[KeyValue]],
        answers: int,
    ) -> Tensor:
        """Frames z (T, B, n, X) from position `place` on, through all layers; the hidden states of
        the last `answers` come out."""
        x = self.inlet(z) + self.position[place : place + len(z), None, None]
        blocks = cast("list[AdaLNBlock]", self.blocks)
        for block, m, past in zip(blocks, modulations, seen, strict=True):
            x = block.extend(x, m, past, answers if block is blocks[-1] else len(x))
        return x
