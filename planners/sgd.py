"""Gradient descent with momentum (Polyak 1964) on the actions."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from wmpc.planners.checks import check_settings
from wmpc.planners.descent import Descent


@dataclass
class SGD(Descent):
    """v <- momentum v + g, x <- x - rate left v, the rate falling to 0.

    The step grows with the cost: scale the rate by it, or use Adam or ProjectedGradient.

    Args:
        restarts: sequences descended side by side; the warm start is the first.
        iterations: descent steps.
        rate: step on a gradient of 1, in shares of the half range.
        spread: standard deviation of the random starts, as a share of the half range.
        momentum: share of the last step that is taken again.
    """

    momentum: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_settings(self, "0 <= momentum < 1")

    def step(self, x: Tensor, cost: Tensor, g: Tensor, left: float, memory: Any) -> Any:
        """Step along the velocity v, which is the memory.

        Args:
            x: (B, N, H, A), the candidates, in half ranges.
            cost: not used.
            g: (B, N, H, A), the gradient of the cost in x.
            left: share of the iterations left.
            memory: v, (B, N, H, A); None at first.

        Returns:
            The next x, and v.
        """
        v = g if memory is None else self.momentum * memory + g
        return x - self.rate * left * v, v
