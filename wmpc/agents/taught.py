"""What agents of an evaluation are taught by: its recordings, through its trained encoder."""

from collections.abc import Callable

import torch

from wmpc.agents.completion import when_needed
from wmpc.agents.encoded import Encoded, check_dataset, encode_training_episodes
from wmpc.agents.entrant import Setting
from wmpc.agents.meaning import Complete
from wmpc.errors import WmpcError
from wmpc.planners import GoalCost
from wmpc.wm.data import Episodes, Windows
from wmpc.wm.models.world_model import LearnedModel, seen_columns, trained_on

PAIRS = 2000
"""Recorded frames, and as many one block later, that a cost is fitted to."""


def encode_recordings(setting: Setting) -> tuple[LearnedModel, Encoded]:
    """Encode the training episodes of an evaluation.

    Args:
        setting: with a model and its episodes.

    Returns:
        The trained encoder, and the episodes through it.

    Raises:
        WmpcError: there is no model, or there are no episodes.
    """
    if setting.model is None or setting.episodes is None:
        raise WmpcError("this agent learns from recorded episodes: it needs a run and its dataset")
    return setting.model, encode_training_episodes(setting.model, setting.episodes())


def find_completion(setting: Setting, pictures: bool = False) -> Complete | None:
    """Find what completes goals said in part.

    Args:
        setting: with a model and its episodes, or without.
        pictures: whether they are completed to pictures.

    Returns:
        It; None where there are no recordings to do it from.
    """
    if setting.model is None or setting.episodes is None:
        return None
    return when_needed(setting.model, setting.episodes, pictures)


@torch.no_grad()
def fit_cost(
    cost: GoalCost | None, model: LearnedModel, episodes: Callable[[], Episodes] | None
) -> GoalCost | None:
    """Fit a cost to recordings, where it asks for that.

    Args:
        cost: that plans are ranked by; None: the default.
        model: that plans with it.
        episodes: opens the recordings; None: there are none. Not called unless they are needed.

    Returns:
        What its `fitted` returns, see `wmpc.planners.costs.GoalCost`; the cost itself where it has
        no such method.

    Raises:
        WmpcError: it asks for recordings and there are none, or they do not fit the model.
    """
    fit = getattr(cost, "fitted", None)
    if fit is None:
        return cost
    if episodes is None:
        raise WmpcError("this cost is fitted to recorded episodes: it needs a run and its dataset")
    opened = episodes()
    check_dataset(model, opened)
    ids, seen = trained_on(model, opened), seen_columns(model)
    pairs = Windows(opened, ids, 2, model.spec.stride, seen).all(256, PAIRS, overlapping=True)
    return fit(torch.cat([model.encode(pair) for pair in pairs]))
