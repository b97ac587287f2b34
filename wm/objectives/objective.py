"""An objective: a mapping of terms by name, whose weighted sum training minimises."""

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from wmpc.errors import WmpcError
from wmpc.system.construct import find
from wmpc.wm import objectives, processes
from wmpc.wm.data import Batch, Masks, Pairs
from wmpc.wm.models.build import ROOMS, build
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.objectives.earlier import rename_terms
from wmpc.wm.objectives.encoding import encode_batch
from wmpc.wm.objectives.term import Seen, SeenPairs, Term


class Objective(nn.Module):
    """The weighted sum of terms.

    Args:
        config: by name, a term's `_target_` and arguments; of the package's own terms just the
            weight will do. A `_target_` may be anybody's `Term`: this config is a person's, never
            one that came with a file.
        model: what is trained.
    """

    def __init__(self, config: Mapping[str, Any], model: LearnedModel) -> None:
        super().__init__()
        if not config:
            raise WmpcError(f"the objective is empty; it may weigh {', '.join(terms())}")
        full = write_out(config)
        self.by_name = nn.ModuleDict({name: _make(name, x, model) for name, x in full.items()})
        hiding = [name for name, term in self.terms.items() if term.masks is not None]
        if hiding and model.layout.grid is None:
            raise WmpcError(
                f"{', '.join(hiding)} of the objective hides patches, and the encoder has no grid "
                "of them: choose another, such as model/encoder=vit model.encoder.tokens=patches"
            )

    @property
    def terms(self) -> dict[str, Term]:
        """The terms by name, in the order of the config."""
        return cast("dict[str, Term]", dict(self.by_name.items()))

    @property
    def columns(self) -> list[str]:
        """Columns of the data that some term needs beside the model's."""
        return sorted({name for term in self.terms.values() for name in term.columns})

    @property
    def pairs(self) -> list[Pairs]:
        """Laws of the hindsight pairs that some term needs, each once, in the terms' order."""
        laws = (term.pairs for term in self.terms.values())
        return list(dict.fromkeys(law for law in laws if law is not None))

    def window(self, model: LearnedModel) -> int:
        """Count the frames of a training window: a full context, then the longest that a term looks
        ahead; more where a term asks for more.

        Args:
            model: what is trained; its `context` counts.

        Returns:
            L, the frames.
        """
        return max(max(model.context + term.steps, term.frames) for term in self.terms.values())

    def forward(
        self, model: LearnedModel, batch: Batch, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Compute the terms of a batch and their weighted sum.

        Args:
            model: what is trained; it encodes the batch once for all terms.
            batch: columns (B, L, ...) and action (B, L - 1, n, a) in the units of the data, and
                pairs of every law in `pairs`.
            generator: on the CPU, for whatever a term draws.

        Returns:
            Scalars by name: first "loss", the weighted sum; then every term, not weighted, in the
            order of the config.

        Raises:
            WmpcError: when the batch has no actions, or no such pairs, and a term needs them.
        """
        z, latents = encode_batch(model, batch)
        actions = self._actions(model, batch.columns, z)
        before = batch.unchanged
        unchanged = None if before is None else before.windows()
        seen = Seen(model, z, actions, batch.windows(), generator, unchanged=unchanged)
        pairs: dict[Pairs | None, SeenPairs] = {}
        for law, columns in batch.pairs.items():
            block = self._actions(model, columns, latents[law])[:, 0]
            unchanged = None if before is None else before.pairs[law]
            pairs[law] = SeenPairs(latents[law], block, columns["blocks"], columns, unchanged)
        if missing := set(self.pairs) - set(pairs):
            raise WmpcError(
                f"the batch has no pairs of {missing}, which the objective needs: draw it with a "
                "wmpc.wm.training.sampler.BatchSampler of this objective"
            )
        masks = self._draw_masks(seen)
        found = {
            name: term(replace(seen, pairs=pairs.get(term.pairs), masks=masks.get(term.masks)))
            for name, term in self.terms.items()
        }
        weighted = [term.weight * found[name] for name, term in self.terms.items()]
        return {"loss": torch.stack(weighted).sum(), **found}

    def _actions(self, model: LearnedModel, batch: Mapping[str, Tensor], z: Tensor) -> Tensor:
        """The standardised blocks, of width 0 where there are none and no term needs any."""
        if "action" in batch:
            return model.normalise(batch["action"])
        if needing := [name for name, term in self.terms.items() if "action" in term.columns]:
            raise WmpcError(
                f"the episodes have no actions, which {', '.join(needing)} of the objective needs: "
                "record them, or choose terms that need none"
            )
        return z.new_zeros(z.shape[0], z.shape[1] - 1, 0)

    def _draw_masks(self, seen: Seen) -> dict[Masks | None, Tensor]:
        """By law, masks of the windows of this process: those that one process would draw for the
        windows of all."""
        (B, L), masks = seen.latents.shape[:2], {}
        for law in dict.fromkeys(term.masks for term in self.terms.values()):
            if law is not None:
                number = torch.randint(2**62, (), generator=seen.generator)
                whole, grid = B * processes.count(), seen.model.layout.grid
                drawn = law.draw(np.random.default_rng(int(number)), whole, (L, *cast(tuple, grid)))
                mine = torch.from_numpy(drawn[processes.part(whole)])
                masks[law] = mine.to(seen.latents.device)
        return masks

    def after_step(self, model: LearnedModel) -> None:
        """Tell every term that the optimiser has made a step.

        Args:
            model: what is trained, as it is after the step.
        """
        for term in self.terms.values():
            term.after_step(model)


def terms() -> dict[str, type[Term]]:
    """Find the package's own terms: of each module here, the class that it defines.

    Returns:
        The classes by the name of their module in `wmpc.wm.objectives`, such as `sigreg`, in the
        order of the names.
    """
    found = {}
    for module in iter_modules(objectives.__path__, f"{objectives.__name__}."):
        for value in vars(import_module(module.name)).values():
            own = isinstance(value, type) and value.__module__ == module.name
            if own and issubclass(value, Term) and value is not Term:
                found[module.name.rpartition(".")[2]] = value
    return found


def write_out(config: Mapping[str, Any]) -> dict[str, Any]:
    """Write out the config of an objective in full.

    Args:
        config: by name, a term's `_target_` and arguments, or a mere weight. `_target_` may be
            missing where the name is that of one of the package's own terms. It is not changed.

    Returns:
        By name, each term's `_target_` and arguments, `weight` in place of a mere weight.

    Raises:
        WmpcError: when a term has no `_target_` and is none of the package's.
    """
    full, own = {}, terms()
    for name, entry in rename_terms(config).items():
        full[name] = dict(entry) if isinstance(entry, Mapping) else {"weight": entry}
        if "_target_" in full[name]:
            continue
        if name not in own:
            raise WmpcError(
                f"unknown loss {name!r}; the objective may weigh {', '.join(own)}, or what "
                f"objective.{name}._target_ names"
            )
        full[name]["_target_"] = f"{own[name].__module__}.{own[name].__name__}"
    return full


def _make(name: str, config: Mapping[str, Any], model: LearnedModel) -> Term:
    """The term that an entry of the config describes."""
    if not name.isidentifier() or hasattr(nn.ModuleDict, name):
        raise WmpcError(f"{name!r} cannot be the name of a term: give it another")
    target = str(config["_target_"])
    if target.startswith(f"{ROOMS[-1]}."):
        return build(config, model=model)
    kind: Any = find(target)
    if not isinstance(kind, type) or not issubclass(kind, Term):
        raise WmpcError(
            f"objective.{name}._target_ is {target!r}, which is no wmpc.wm.objectives.term.Term"
        )
    try:
        return kind(model, **{k: x for k, x in config.items() if k != "_target_"})
    except TypeError as error:
        raise WmpcError(f"{target} does not take these arguments: {error}") from error
