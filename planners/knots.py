"""Plan few actions a block and hold each: a smaller search, and candidates that go somewhere.

Independent noise on every action of a block averages out; held over the block it carries far, so
that a sampling planner finds goals it would otherwise never come near.
"""

from torch import Tensor

from wmpc.planners.problem import Dynamics, candidate_bytes


def hold(actions: Tensor, times: int, size: int) -> Tensor:
    """Hold each action of a block.

    Args:
        actions: (..., k * size), the k knots of each block.
        times: how many simulator actions each is held for.
        size: numbers of one simulator action.

    Returns:
        Blocks (..., k * times * size).
    """
    knots = actions.unflatten(-1, (-1, 1, size))
    return knots.expand(*knots.shape[:-2], times, size).flatten(-3)


class HeldDynamics:
    """A dynamics over blocks, seen as one over knots; see `wmpc.planners.problem.Dynamics`.

    Args:
        dynamics: over blocks.
        times: how many simulator actions each knot is held for.
        size: numbers of one simulator action.
    """

    def __init__(self, dynamics: Dynamics, times: int, size: int) -> None:
        self.dynamics, self.times, self.size = dynamics, times, size

    @property
    def start(self) -> Tensor:
        """(B, K, D), the current latent."""
        return self.dynamics.start

    def rollout(self, actions: Tensor) -> Tensor:
        """Imagine what held knots lead to.

        Args:
            actions: (B, N, H, k * size), knots.

        Returns:
            Latents (B, N, H, K, D) after each block.
        """
        return self.dynamics.rollout(hold(actions, self.times, self.size))

    def predict(self, states: Tensor, actions: Tensor) -> Tensor:
        """Predict one step from each given state.

        Args:
            states: (B, N, H-1, K, D), s_1 to s_{H-1}; s_0 is `start`.
            actions: (B, N, H, k * size), knots.

        Returns:
            (B, N, H, K, D), the latent after each.
        """
        return self.dynamics.predict(states, hold(actions, self.times, self.size))

    def candidate_bytes(self, horizon: int) -> int:
        """Say how much memory one candidate takes.

        Args:
            horizon: blocks.

        Returns:
            Bytes.
        """
        return candidate_bytes(self.dynamics, horizon, self.times * self.size)
