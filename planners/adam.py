"""Adam (Kingma and Ba 2015, arXiv 1412.6980, algorithm 1) on the actions."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from wmpc.planners.descent import Descent


@dataclass
class Adam(Descent):
    """x <- x - rate left m_hat / (sqrt(v_hat) + epsilon), with the paper's beta_1 = 0.9,
    beta_2 = 0.999 and epsilon = 1e-8. Any scale of the cost will do.

    Args:
        restarts: sequences descended side by side; the warm start is the first.
        iterations: descent steps.
        rate: share of the half range that an action moves in a step; it falls to 0.
        spread: standard deviation of the random starts, as a share of the half range.
    """

    def step(self, x: Tensor, cost: Tensor, g: Tensor, left: float, memory: Any) -> Any:
        """Step along the mean of the gradients over the root of their mean square.

        Args:
            x: (B, N, H, A), the candidates, in half ranges.
            cost: not used.
            g: (B, N, H, A), the gradient of the cost in x.
            left: share of the iterations left.
            memory: steps so far, and the moments m and v, (B, N, H, A) each; None at first.

        Returns:
            The next x, and the memory.
        """
        t, m, v = (0, 0.0, 0.0) if memory is None else memory
        t, m, v = t + 1, 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g.square()
        m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
        return x - self.rate * left * m_hat / (v_hat.sqrt() + 1e-8), (t, m, v)
