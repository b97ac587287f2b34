"""What a cost that is chosen is given: a goal as a model means it."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from torch import Tensor

from wmpc.planners.problem import Cost

Probe = Callable[[Tensor], Tensor]
"""latents (..., K, D) -> numbers (..., S)."""


class Target(NamedTuple):
    """A goal in latents."""

    latents: Tensor
    """(M, K, D), any of which will do; one of them, (1, K, D), where a cost is made. With a probe,
    the numbers that it should read: (1, 1, S)."""
    weight: Tensor | None = None
    """How much each entry counts, 0 to 1, broadcastable to (K, D), with a probe (1, S); None: all
    of them once."""
    read: Probe | None = None
    """Reads off latents what is compared; None: the latents themselves are."""


class GoalCost(Protocol):
    """Makes the cost of one decision: what `cost=` chooses, and `MPCAgent` asks.

    Where it has a method `counted(horizon, executed) -> slice`, a diagnosis looks at those imagined
    steps for how near a plan comes; otherwise at all of them. Where it has a method
    `fitted(latents) -> GoalCost`, evaluations with a trained model show it recorded latents first,
    (N, 2, K, D) of frames and of those one block later, and plan with what it returns.
    """

    def __call__(self, target: Target, executed: int) -> Cost:
        """Make the cost that plans are ranked by.

        Args:
            target: the goal, of one latent.
            executed: blocks that will be acted out before planning anew.

        Returns:
            latents (B, N, H, K, D), actions (B, N, H, A) -> (B, N), differentiable where planners
            that follow gradients should be able to use it.
        """
        ...
