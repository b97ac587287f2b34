"""What a goal means to a model: latents, any of which will do, and what of them counts."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from wmpc.planners.costs import Probe


class GoalLike(Protocol):
    """See `wmpc.agents.agent.Goal`, whose `weight`, `via` and `route` are heeded where there are
    any."""

    @property
    def observation(self) -> Mapping[str, np.ndarray]: ...


Meaning = tuple[Tensor, Tensor, Probe | None]
"""Latents (M, K, D), any of which will do, and their weight, broadcastable to (K, D); with a probe,
they are numbers that it reads off latents, (1, 1, S) and (1, S)."""
Complete = Callable[[GoalLike], Meaning]
"""What a goal, perhaps said in part, means: such as a `wmpc.agents.completion.Completion`."""


def meant(model: Any, goal: GoalLike) -> Meaning:
    """Encode a goal that is said as a whole.

    Args:
        model: a `wmpc.agents.mpc.WorldModel`.

    Returns:
        Its latent (1, K, D), the weight of what it says, broadcastable to (K, D), and None.

    Raises:
        WmpcError: latents cannot say what of the goal counts.
    """
    weight = getattr(goal, "weight", None)
    # In this order: what latents cannot say is said before anything is encoded.
    known = model.known(goal.observation, *(() if weight is None else (weight,)))
    batch = {name: np.asarray(x)[None, None] for name, x in goal.observation.items()}
    return model.encode(batch)[:, 0], known, None
