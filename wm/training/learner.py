"""What a training changes and saves: a world model, and the objective that may have weights too."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from wmpc.wm.models.jepa import JEPA
from wmpc.wm.objectives.earlier import rename_weights
from wmpc.wm.objectives.objective import Objective

OWN = "objective."
"""How the names of an objective's weights begin, beside those of the model."""


class Learner(nn.Module):
    """A model and the objective it is trained with, as one module for an optimiser."""

    def __init__(self, model: JEPA, objective: Objective) -> None:
        super().__init__()
        self.model, self.objective = model, objective

    def loss(self, batch: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        """See `Objective.forward`."""
        return self.objective(self.model, batch, generator)

    def weights(self) -> dict[str, Tensor]:
        """All that is learned, by name: the model's as the model calls it."""
        own = {f"{OWN}{name}": value for name, value in self.objective.state_dict().items()}
        return self.model.state_dict() | own

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Take over what `weights` gave, of this version or an earlier one."""
        named = rename_weights(weights)
        own = {n.removeprefix(OWN): x for n, x in named.items() if n.startswith(OWN)}
        self.model.load_state_dict(of_model(named))
        self.objective.load_state_dict(own)


def of_model(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Of weights, or whatever is known of each by name, those of the model alone."""
    return {n: x for n, x in rename_weights(weights).items() if not n.startswith(OWN)}
