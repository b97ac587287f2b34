"""A term of a run's objective that was trained with its model, such as an actor."""

from pathlib import Path

import torch

from wmpc.errors import WmpcError
from wmpc.wm import objectives
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.objectives.earlier import rename_weights
from wmpc.wm.objectives.objective import Objective
from wmpc.wm.objectives.term import Term
from wmpc.wm.training.checkpoint import read_config, read_weights
from wmpc.wm.training.learner import OWN


def load_term(run: str | Path, name: str, model: LearnedModel) -> Term:
    """Load a trained term of a run's objective, such as an actor.

    Args:
        run: as `load_model` takes it.
        name: of the term, which is the package's own.
        model: of the run.

    Returns:
        The term, frozen, in evaluation mode, where the model is.

    Raises:
        WmpcError: the objective has no such term, or its weights are missing, damaged or another's.
    """
    objective, (_, weights) = read_config(run)["objective"] or {}, read_weights(run)
    entry, own = objective.get(name), f"{OWN}by_name.{name}."
    named = rename_weights(weights)
    found = {key.removeprefix(own): x for key, x in named.items() if key.startswith(own)}
    if entry is None or not found:
        raise WmpcError(
            f"the objective of {run} has no {name}, but {', '.join(objective) or 'nothing'}: train "
            "one with it, such as `wmpc train objective=acting`"
        )
    if not str(entry["_target_"]).startswith(f"{objectives.__name__}."):
        raise WmpcError(f"{name} of {run} is none of the package's own terms: nothing is built")
    with torch.device("meta"):  # takes no memory, whatever sizes a foreign config asks for
        sketch = Objective({name: entry}, model).terms[name]
    asked = {key: tuple(x.shape) for key, x in sketch.state_dict().items()}
    if differing := sorted(set(asked.items()) ^ {(k, tuple(x.shape)) for k, x in found.items()}):
        raise WmpcError(
            f"{run} does not hold the weights of {name}: {differing[0][0]} is another's"
        )
    term = sketch.to_empty(device=model.device)
    term.load_state_dict(found)
    return term.eval().requires_grad_(False)
