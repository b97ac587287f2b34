"""A model that learns, while an agent acts, from what its actions just led to."""

import copy
from typing import Any, cast

import torch
from torch import Tensor, nn

from wmpc.agents.history import History
from wmpc.errors import WmpcError
from wmpc.wm.models.world_model import WorldModel

REMEMBERED = 0.8
"""What an error counts beside that of the block after it, where two predictors are compared."""


class Adaptation:
    """Fits a copy of a model's predictor to the blocks of the present episode (after AdaJEPA, arXiv
    2606.32026), and predicts by the original wherever that errs less.

    After each block theta makes one step on L, the mean squared error of the latents that followed
    the last blocks, of Polyak's length: theta <- theta - rate L / |g|^2 g, with g the gradient.

    Args:
        model: with a predictor, which stays as it is.
        rate: above 0; at 1 the step would bring L, were it linear in theta, to 0.
        keep: how many of the last blocks are learned from.
    """

    def __init__(self, model: WorldModel, rate: float, keep: int = 30) -> None:
        if not rate > 0 or keep < 1:
            raise WmpcError(
                f"adapt is {rate}, of {keep} blocks; a rate is above 0, and blocks at least 1"
            )
        if not isinstance(getattr(model, "predictor", None), nn.Module):
            raise WmpcError("this model has no predictor that could adapt: give adapt=0")
        self.rate, self.keep = rate, keep
        self.model: Any = copy.deepcopy(model)
        """The copy to plan with."""
        self.original: nn.Module = cast(Any, model).predictor
        self.adapted: nn.Module = self.model.predictor.requires_grad_(True)
        self.reset()

    def reset(self) -> None:
        """Forget what was learned."""
        self.adapted.load_state_dict(self.original.state_dict())
        self._seen: list[tuple[Tensor, ...]] = []
        self._errors = torch.zeros(2)  # of the original, and of what was adapted
        self.model.predictor = self.original

    def learn(self, before: History, block: Tensor, latent: Tensor) -> None:
        """Take in what a block led to.

        Args:
            before: the history until then.
            block: (1, A), the standardised actions.
            latent: (1, K, D), the next frame's.
        """
        z, executed, valid = before.padded()
        new = z, torch.cat([executed, block.unsqueeze(1)], 1), valid, latent
        with torch.no_grad():
            errors = [_error(p, new).cpu() for p in (self.original, self.adapted)]
        self._errors = REMEMBERED * self._errors + torch.stack(errors)
        self.model.predictor = self.adapted if self._errors[1] < self._errors[0] else self.original
        self._seen = [*self._seen, new][-self.keep :]
        together = tuple(torch.cat(x) for x in zip(*self._seen, strict=True))
        theta = [*self.adapted.parameters()]
        with torch.enable_grad():
            L = _error(self.adapted, together)
            g = torch.autograd.grad(L, theta)
        steepness = torch.stack([x.square().sum() for x in g]).sum()
        length = self.rate * L.detach() / steepness.clamp(min=1e-12)
        with torch.no_grad():
            for parameter, slope in zip(theta, g, strict=True):
                parameter.sub_(length * slope)


def _error(predictor: Any, transitions: tuple[Tensor, ...]) -> Tensor:
    """The mean squared error of the latents (B, K, D) that are predicted from contexts (B, h, K, D)
    and blocks (B, h, A)."""
    z, a, valid, following = transitions
    return (predictor(z, a, valid)[:, -1] - following).square().mean()
