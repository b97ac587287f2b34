"""Take the steps of an optimiser: what every training is made of.

A step is a function of (seed, step), the module before it and the batch, so that a training that
was killed and resumed ends in the same weights, bit for bit on a CPU.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wmpc.errors import WmpcError
from wmpc.wm import processes
from wmpc.wm.objectives.objective import Objective
from wmpc.wm.training.learner import Learner, Loss
from wmpc.wm.training.recipe import Recipe
from wmpc.wm.training.schedule import Totals, learning_rate

Sampler = Callable[[int], Any]
"""step -> the batch of that step, as the objective takes it, on the module's device."""


class Diverged(WmpcError):
    """A loss or a gradient is not finite; the message says which, and at which step."""


class Plain:
    """What a `lightning_fabric.Fabric` does in a step, on one device and in full precision."""

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of a loss to those of the parameters.

        Args:
            loss: a scalar.
        """
        loss.backward()

    def clip_gradients(self, module: nn.Module, optimizer: Any, max_norm: float) -> None:
        """Scale all gradients of a module down so that their joint norm is at most `max_norm`.

        Args:
            module: what is trained.
            optimizer: of the module; only fabrics that scale losses need it.
            max_norm: the largest norm, above 0.
        """
        nn.utils.clip_grad_norm_(module.parameters(), max_norm, error_if_nonfinite=True)


def fit(module: nn.Module, objective: Loss, sampler: Sampler, recipe: Recipe) -> None:
    """Train a module in place, on the device where it lies.

    The state of torch's random numbers is what it was before.

    Args:
        module: what is trained.
        objective: maps (module, batch, generator) to its terms by name, first "loss", a scalar. An
            `wmpc.wm.objectives.objective.Objective` is one; where it is a module, its parameters
            are trained too.
        sampler: gives the batch of a step.
        recipe: its `steps`, `lr`, `weight_decay`, `warmup`, `schedule`, `clip` and `seed` count.

    Raises:
        Diverged: a loss or a gradient is not finite.
    """
    assert recipe.steps is not None
    learner = Learner(module, objective)
    optimizer = optimizer_of(learner, recipe)
    with torch.random.fork_rng(), torch.enable_grad():
        for step in range(recipe.steps):
            take_step(learner, optimizer, sampler(step), recipe, step, [(0, recipe.steps)])


def take_step(
    learner: Learner,
    optimizer: Any,
    batch: Any,
    recipe: Recipe,
    step: int,
    totals: Totals,
    fabric: Any = None,
) -> dict[str, float]:
    """Update what is trained once.

    Processes that train together each have a part of the batch, and do the same update.

    Args:
        learner: a module and its objective.
        optimizer: of the learner.
        batch: as the objective takes it.
        recipe: its `lr`, `warmup`, `schedule`, `clip` and `seed` count.
        step: from 0.
        totals: how many steps there shall be, for the learning rate.
        fabric: what the learner and the optimiser were set up with; None: `Plain`.

    Returns:
        The loss, under "loss", and its terms by name: means over all processes.

    Raises:
        Diverged: a term or the gradient is not finite.
    """
    fabric = fabric or Plain()
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(step, totals, recipe)
    generator = torch.Generator().manual_seed(_seed(recipe.seed, step))
    _seed_dropout(learner, _seed(recipe.seed, (processes.place() << 24) + step))
    terms = learner.loss(batch, generator)
    optimizer.zero_grad()
    found = processes.mean(torch.stack([term.detach() for term in terms.values()]).cpu())
    values = dict(zip(terms, found.tolist(), strict=True))
    if broken := [name for name, value in values.items() if not np.isfinite(value)]:
        raise _diverged(", ".join(broken), step)
    fabric.backward(terms["loss"])
    processes.average_gradients(learner)
    if recipe.clip is not None:
        try:
            fabric.clip_gradients(learner, optimizer, max_norm=recipe.clip)
        except RuntimeError as error:
            if "non-finite" not in str(error):
                raise
            raise _diverged("the gradient", step) from error
    optimizer.step()
    if isinstance(learner.objective, Objective):
        learner.objective.after_step(learner.model)
    return values


def optimizer_of(module: nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    """Make the optimiser of a module: AdamW (arXiv 1711.05101).

    What has two dimensions or more decays: weights, and with them class tokens, positional
    embeddings and biases by distance. Vectors do not: biases, the gains of norms. The order of both
    groups is that of the optimiser's saved state: keep it, old runs resume.

    Args:
        module: what is trained.
        recipe: its `lr` and `weight_decay`.

    Returns:
        The optimiser of all parameters, in two groups.
    """
    matrices = [p for p in module.parameters() if p.dim() > 1]
    others = [p for p in module.parameters() if p.dim() <= 1]
    groups = [{"params": matrices}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=recipe.lr, weight_decay=recipe.weight_decay)


def _seed(seed: int, step: int) -> int:
    """A torch seed of 64 bits for a step.

    Its lower half alone differs between seeds, too: a CPU's generator takes no more of it. Of the
    seed 0 it is the step.
    """
    return (seed * 0x9E3779B97F4A7C15 + step) % 2**64  # the odd number nearest to 2**64 / 1.618


def _seed_dropout(module: nn.Module, seed: int) -> None:
    """Seed what is drawn without a generator. For a module on the CPU, `torch.manual_seed` would
    write down the stack for each kind of GPU that is not there: 0.4 ms of a step that may take one.
    """
    on_cpu = next(module.parameters()).device.type == "cpu"
    (torch.default_generator if on_cpu else torch).manual_seed(seed)


def _diverged(what: str, step: int) -> Diverged:
    return Diverged(f"training stopped at step {step}: {what} is NaN or infinite")
