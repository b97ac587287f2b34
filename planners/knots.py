"""Plan few actions a block and hold each: a smaller search, and candidates that go somewhere.

Independent noise on every action of a block averages out; held over the block it carries far, so
that a sampling planner finds goals it would otherwise never come near.
"""

from torch import Tensor

from wmpc.planners.problem import Dynamics, candidate_bytes


def hold(actions: Tensor, times: int, size: int) -> Tensor:
    """Knots (..., k * size) -> blocks (..., k * times * size): each action `times` times."""
    knots = actions.unflatten(-1, (-1, 1, size))
    return knots.expand(*knots.shape[:-2], times, size).flatten(-3)


class HeldDynamics:
    """A dynamics over blocks, seen as one over knots; see `wmpc.planners.problem.Dynamics`."""

    def __init__(self, dynamics: Dynamics, times: int, size: int) -> None:
        self.dynamics, self.times, self.size = dynamics, times, size

    @property
    def start(self) -> Tensor:
        return self.dynamics.start

    def rollout(self, actions: Tensor) -> Tensor:
        return self.dynamics.rollout(hold(actions, self.times, self.size))

    def predict(self, states: Tensor, actions: Tensor) -> Tensor:
        return self.dynamics.predict(states, hold(actions, self.times, self.size))

    def candidate_bytes(self, horizon: int) -> int:
        return candidate_bytes(self.dynamics, horizon, self.times * self.size)
