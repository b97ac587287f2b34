"""What cached rollouts share: few tokens a candidate, a context that all candidates share.

Tokens are (B, n, width), n = N candidates, or n = 1 for a frame whose action is already executed:
such a frame is the same for every candidate, is computed once and broadcast.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

KeyValue = tuple[Tensor, Tensor]
"""Key and value of one position, each (B, n, heads, head_width)."""


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None, gelu: bool = False) -> Tensor:
    """Return x weight^T + bias as F.linear does, followed by an exact GELU if asked for.

    Where nothing is differentiated, in float32 on a CPU, it is oneDNN's: at a few hundred rows a
    fifth faster than the BLAS behind F.linear, and the GELU is applied before the result leaves the
    cache. Where torch compiles, it is not: the compiler has its own.

    Args:
        x: (..., inputs).
        weight: (outputs, inputs).
        bias: (outputs,); None: none is added.
        gelu: apply the GELU.

    Returns:
        (..., outputs).
    """
    fused = x.device.type == "cpu" and x.dtype == torch.float32 and torch.backends.mkldnn.enabled
    fused = fused and not torch.compiler.is_compiling()  # it has its own
    needed = torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad)
    if fused and not needed and hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        kind = ("gelu", [], "none") if gelu else ("none", [], "")
        return torch.ops.mkldnn._linear_pointwise(x, weight, bias, *kind)
    y = F.linear(x, weight, bias)
    return F.gelu(y) if gelu else y


def attend(q: Tensor, seen: Sequence[KeyValue], bias: Tensor | None = None) -> Tensor:
    """Return softmax(q k^T / sqrt(d) + bias) v over the few positions seen.

    It is computed position by position: a batched product of 1 x d by d x 3 matrices spends its
    time on calls.

    Args:
        q: (B, n, heads, d), the query of one token a candidate.
        seen: key and value of each position, at least one; (B, n, heads, d), or (B, 1, heads, d)
            where all candidates share them.
        bias: (heads, len(seen)), added to the scores; None: nothing is.

    Returns:
        (B, n, heads * d).
    """
    q = q * q.shape[-1] ** -0.5
    score = torch.stack([(q * k).sum(-1) for k, _ in seen], -1)
    p = (score if bias is None else score + bias).softmax(-1).unsqueeze(-1).unbind(-2)
    out = p[0] * seen[0][1]
    for weight, (_, v) in zip(p[1:], seen[1:], strict=True):
        out = torch.addcmul(out, weight, v)
    return out.flatten(-2)


def without_padding(
    roll: Callable[[Tensor, Tensor, Tensor], Tensor],
    z: Tensor,
    a: Tensor,
    valid: Tensor,
    actions: Tensor,
) -> Tensor:
    """Return what `roll(z, a, actions)` gives, called on the real frames only.

    Padding stands before the real frames and no real frame sees it, so cutting it off changes
    nothing. Problems with contexts of different lengths are rolled out one length after another.

    Args:
        roll: takes `z`, `a` and `actions` of problems whose frames are all real, and returns their
            (B, N, H, X).
        z: (B, c, X), the last c latents.
        a: (B, c - 1, A), the standardised blocks between them.
        valid: (B, c) bool, which of them are real frames; where none is, the last counts as real.
        actions: (B, N, H, A), the standardised blocks to imagine.

    Returns:
        (B, N, H, X), the problems in their order.
    """
    length = valid.sum(1).clamp(min=1)
    lengths = length.unique().tolist()
    if len(lengths) == 1:
        (n,) = lengths
        return roll(z[:, -n:], a[:, a.shape[1] - n + 1 :], actions)
    parts, rows = [], []
    for n in lengths:
        row = (length == n).nonzero().squeeze(1)
        parts.append(roll(z[row, -n:], a[row, a.shape[1] - n + 1 :], actions[row]))
        rows.append(row)
    return torch.cat(parts)[torch.cat(rows).argsort()]
