"""What transformer blocks modulated by the action share: AdaLN-zero (DiT, arXiv 2212.09748)."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from wmpc.wm.models.predictors.rolling import linear


class AdaLN(nn.Module):
    """Pre-norm block that begins as the identity; what attends, and to what, is the subclass's.

    Args:
        width: of the residual stream. inner: of the attention. mlp: of the hidden layer.
        renormalise: normalise once more after modulating, as LeWM's code does.
    """

    def __init__(
        self, width: int, inner: int, mlp: int, dropout: float, renormalise: bool = False
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6, elementwise_affine=False)
        self.norm2 = nn.LayerNorm(width, eps=1e-6, elementwise_affine=False)
        self.renorm1 = nn.LayerNorm(width) if renormalise else nn.Identity()
        self.renorm2 = nn.LayerNorm(width) if renormalise else nn.Identity()
        self.out = nn.Linear(inner, width)
        self.mlp = perceptron(width, mlp, width, dropout)
        modulation = nn.Linear(width, 6 * width)
        nn.init.zeros_(modulation.weight)
        nn.init.zeros_(modulation.bias)
        self.modulation = nn.Sequential(nn.SiLU(), modulation)

    def modulations(self, s: Tensor) -> tuple[Tensor, ...]:
        """Return the shifts, scales and gates of a block, given the action.

        Args:
            s: (..., width), silu(c) of the embedded action c.

        Returns:
            Six tensors (..., width): shift and 1 + scale before the attention, gate after it, and
            the same three around the MLP.
        """
        layer = cast("nn.Linear", self.modulation[1])
        one = torch.zeros_like(layer.bias).view(6, -1)
        one[[1, 4]] = 1
        return linear(s, layer.weight, layer.bias + one.flatten()).chunk(6, -1)

    def before(self, x: Tensor, m: Sequence[Tensor]) -> Tensor:
        """Return what the attention reads: x, normalised and modulated.

        Args:
            x: (..., width), the residual stream.
            m: the six `modulations`, of shapes that broadcast with x.

        Returns:
            (..., width).
        """
        return self.renorm1(torch.addcmul(m[0], self.norm1(x), m[1]))

    def after(self, x: Tensor, m: Sequence[Tensor], attended: Tensor) -> Tensor:
        """Return the block's output: x with the gated attention and then the gated MLP added.

        Args:
            x: (..., width), the residual stream as it came into the block.
            m: the six `modulations`, of shapes that broadcast with x.
            attended: (..., inner), what was attended to.

        Returns:
            (..., width).
        """
        x = torch.addcmul(x, m[2], linear(attended, self.out.weight, self.out.bias))
        y = self.renorm2(torch.addcmul(m[3], self.norm2(x), m[4]))
        return torch.addcmul(x, m[5], self.mlp(y) if self.training else evaluate(self.mlp, y))


def perceptron(inputs: int, hidden: int, outputs: int, dropout: float = 0.0) -> nn.Sequential:
    """Make the layers linear, GELU, linear; just one linear layer where `hidden` is 0.

    Args:
        inputs: numbers that come in.
        hidden: size of the hidden layer; 0: there is none.
        outputs: numbers that come out.
        dropout: probability from 0 to 1 of zeroing a number, after the GELU and at the end; of no
            effect where `hidden` is 0.

    Returns:
        The layers, (..., inputs) -> (..., outputs).
    """
    if not hidden:
        return nn.Sequential(nn.Linear(inputs, outputs))
    up, down = nn.Linear(inputs, hidden), nn.Linear(hidden, outputs)
    return nn.Sequential(up, nn.GELU(), nn.Dropout(dropout), down, nn.Dropout(dropout))


def evaluate(layers: nn.Sequential, x: Tensor) -> Tensor:
    """Return what a `perceptron` gives without its dropout.

    Args:
        layers: that `perceptron` made.
        x: (..., inputs).

    Returns:
        (..., outputs).
    """
    *up, down = (layer for layer in layers if isinstance(layer, nn.Linear))
    for layer in up:
        x = linear(x, layer.weight, layer.bias, gelu=True)
    return linear(x, down.weight, down.bias)
