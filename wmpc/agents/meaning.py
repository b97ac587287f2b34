"""What a goal means to a model: latents, any of which will do, and what of them counts."""

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from wmpc.errors import WmpcError
from wmpc.planners.costs import Target
from wmpc.wm.models.world_model import WorldModel


class GoalLike(Protocol):
    """See `wmpc.agents.agent.Goal`, whose `weight`, `via` and `route` are heeded where there are
    any."""

    @property
    def observation(self) -> Mapping[str, np.ndarray]: ...


Complete = Callable[[GoalLike], Target]
"""What a goal, perhaps said in part, means: such as a `wmpc.agents.completion.Completion`."""


def meant(model: WorldModel, goal: GoalLike) -> Target:
    """Encode a goal that is said as a whole.

    Args:
        model: what the goal is for.
        goal: what to reach.

    Returns:
        Its one latent, and the weight of what it says.

    Raises:
        WmpcError: the goal leaves open what a latent says as a whole.
    """
    # In this order: what latents cannot say is said before anything is encoded.
    weight, left = model.known(goal.observation, getattr(goal, "weight", None))
    if left:
        raise WmpcError(
            f"a goal came that leaves {', '.join(left)} open, in part or as a whole, and no entry "
            "of this model's latents stands for such a part: give the agent recordings to complete "
            "it from, complete=wmpc.agents.completion.Completion.of(model, episodes), or whatever "
            "else says what the goal means"
        )
    batch = {name: np.asarray(x)[None, None] for name, x in goal.observation.items()}
    return Target(model.encode(batch)[:, 0], weight)
