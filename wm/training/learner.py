"""What a training changes and saves: a module, and the objective that may have weights too."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from wmpc.wm.objectives.earlier import rename_weights

Loss = Callable[[Any, Any, torch.Generator], Mapping[str, Tensor]]
"""Maps (module, batch, generator on the CPU) to terms by name, first "loss", what is minimised."""
OWN = "objective."
"""How the names of an objective's weights begin, beside those of the model."""


class Learner(nn.Module):
    """A module and the objective it is trained with, as one module for an optimiser.

    Args:
        model: what is trained, such as a `wmpc.wm.models.world_model.TrainableModel`.
        objective: such as an `wmpc.wm.objectives.objective.Objective`, or any function that is a
            `Loss`; what is to be saved is one of the former.
    """

    def __init__(self, model: Any, objective: Any) -> None:
        super().__init__()
        self.model, self.objective = model, objective

    def loss(self, batch: Any, generator: torch.Generator) -> Mapping[str, Tensor]:
        """Compute the objective of a batch.

        Args:
            batch: as the objective takes it.
            generator: on the CPU, for whatever is drawn.

        Returns:
            The terms by name, first "loss", what is minimised.
        """
        return self.objective(self.model, batch, generator)

    def weights(self) -> dict[str, Tensor]:
        """Collect all that is learned.

        Returns:
            Weights and buffers by name: the model's as the model calls them, then the objective's
            with `OWN` before the name.
        """
        own = {f"{OWN}{name}": value for name, value in self.objective.state_dict().items()}
        return self.model.state_dict() | own

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Take over weights, into the model and the objective.

        Args:
            weights: what `Learner.weights` gave, in this version or an earlier one.
        """
        named = rename_weights(weights)
        own = {n.removeprefix(OWN): x for n, x in named.items() if n.startswith(OWN)}
        self.model.load_state_dict(of_model(named))
        self.objective.load_state_dict(own)


def of_model(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Select the model's weights among those of model and objective.

    Args:
        weights: tensors, or whatever is known of each, by name of this version or an earlier one.

    Returns:
        Those of the model alone, by name of today.
    """
    return {n: x for n, x in rename_weights(weights).items() if not n.startswith(OWN)}
