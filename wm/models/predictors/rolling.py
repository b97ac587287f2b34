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
    """F.linear, followed by an exact GELU if asked for.

    Where nothing is differentiated on a CPU it is oneDNN's: at a few hundred rows a fifth faster
    than the BLAS behind F.linear, and the GELU is applied before the result leaves the cache.
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
    """softmax(q k^T / sqrt(d) + bias) v over the few positions seen.

    q (B, n, heads, d), bias (heads, len(seen)) -> (B, n, heads * d). Position by position: a
    batched product of 1 x d by d x 3 matrices spends its time on calls.
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
    """Call `roll(z, a, actions)` on the real frames only; arguments as `VectorPredictor.roll`.

    Padding stands before the real frames and no real frame sees it, so cutting it off changes
    nothing. Problems with contexts of different lengths are rolled out one length after another.
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
