"""A bound on how large an action is as a whole, as V-JEPA 2-AC plans within (arXiv 2506.09985)."""

from dataclasses import dataclass

from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.planners.problem import Box


@dataclass(frozen=True)
class L1Ball(Box):
    """Bounds of each number, and of the sum of the numbers' sizes for each action.

    What is planned may be several actions behind one another; each has a sum of its own.
    """

    centre: Tensor
    """(A,), within the bounds: the actions that do nothing."""
    unit: Tensor
    """(A,), above 0: what a number counts for each unit from the centre."""
    size: int
    """Numbers of one action; A is a multiple of it."""
    radius: float
    """The most that the sum of an action may be, above 0."""

    def __post_init__(self) -> None:
        if not self.radius > 0:
            raise WmpcError(f"the radius of an L1 ball is {self.radius}; it must be above 0")
        if (self.centre < self.low).any() or (self.centre > self.high).any():
            raise WmpcError(
                "an L1 ball bounds how far actions are from those that do nothing, and these are "
                f"outside the bounds {self.low.tolist()} to {self.high.tolist()}"
            )

    def clamp(self, actions: Tensor) -> Tensor:
        """Move actions within the bounds, then those outside the ball straight towards its centre,
        as far as its surface.

        Args:
            actions: (..., A).

        Returns:
            (..., A), in the ball and the bounds.
        """
        step = super().clamp(actions) - self.centre
        of_each = (self.unit * step).unflatten(-1, (-1, self.size)).abs().sum(-1, keepdim=True)
        tiny = self.radius * 1e-6  # no division by zero, nor by what rounds to it
        share = (self.radius / of_each.clamp(min=tiny)).clamp(max=1.0)
        return self.centre + (step.unflatten(-1, (-1, self.size)) * share).flatten(-2)
