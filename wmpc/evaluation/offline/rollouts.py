"""How far imagined rollouts stray from what was recorded, by how far ahead."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from wmpc.evaluation.offline.readout import LinearProbe
from wmpc.evaluation.offline.seen import Seen, others
from wmpc.evaluation.statistics.episodes import Estimate, Resampled

WINDOWS = 512
BATCH = 64
Curves = dict[str, list[Estimate]]
"""By who guessed, an estimate a block ahead."""


@dataclass(frozen=True)
class Rollouts:
    """Errors 1 to H blocks ahead of the model under the executed actions, of the same model under
    the actions of another window, and of two floors: `repeat`, that nothing changes, and `mean`,
    the mean of the training frames."""

    latent: Curves
    """Mean squared error as a share of the variance of training latents."""
    probe: Curves | None
    """Root mean squared error of what a linear probe reads off, in standard deviations of each
    variable; `probe` is the error of reading the true latents. None where nothing can be read."""
    column: str | None
    variables: dict[str, dict[str, float]]
    """H blocks ahead, by variable: its `spread` and the errors, in its own units."""


@torch.no_grad()
def score_rollouts(
    held: Seen, train: Seen, probe: LinearProbe | None, horizon: int = 8, seed: int = 0
) -> Rollouts | None:
    """Imagine what follows held-out frames under recorded actions, and compare.

    Args:
        held: held-out episodes with actions.
        train: training episodes, for mean and spread of their latents.
        probe: fitted to training frames, if there is one.
        horizon: H, blocks ahead; fewer where half of the episodes are shorter.
        seed: of which window's actions stand for each, and of the bootstrap.

    Returns:
        The errors; None where no episode is long enough.
    """
    h, encoded = held.model.context, held.encoded
    room = int(np.median(encoded.lengths // encoded.stride)) - h + 1
    horizon = min(horizon, max(1, room))
    at = held.starts(h - 1, horizon, WINDOWS)
    if len(at) < 2:
        return None
    middle = train.latents.mean(0)
    scale = float((train.latents - middle).double().square().sum((1, 2)).mean())
    swapped = at[others(held.episode[at], np.random.default_rng(seed))]
    truth = None if probe is None else probe.truth(held)
    found: dict[str, list[np.ndarray]] = {}
    read: dict[str, list[np.ndarray]] = {}
    for first in range(0, len(at), BATCH):
        some, other = at[first : first + BATCH], swapped[first : first + BATCH]
        ahead = held.steps(some, 1, horizon)
        guesses = _guesses(held, some, other, horizon, middle)
        for who, guess in guesses.items():
            error = (guess - held.latents[ahead]).double().square().sum((2, 3))
            found.setdefault(who, []).append(error.cpu().numpy() / max(scale, 1e-12))
        if probe is not None and truth is not None:
            for who, guess in {**guesses, "probe": held.latents[ahead]}.items():
                read.setdefault(who, []).append((probe.read(guess) - truth[ahead]) ** 2)
    drawn = Resampled(held.episode[at], seed=seed)
    latent = {who: _curve(drawn, np.concatenate(x)) for who, x in found.items()}
    if probe is None:
        return Rollouts(latent, None, None, {})
    squares = {who: np.concatenate(x) for who, x in read.items()}  # (n, H, V)
    curves = {who: _curve(drawn, x.mean(-1), np.sqrt) for who, x in squares.items()}
    ends = {who: np.sqrt(x[:, -1].mean(0)) * probe.scale for who, x in squares.items()}
    variables = {
        name: {"spread": float(probe.scale[i])} | {who: float(x[i]) for who, x in ends.items()}
        for i, name in enumerate(probe.names)
    }
    return Rollouts(latent, curves, probe.column, variables)


def imagine(held: Seen, at: np.ndarray, horizon: int, acting: np.ndarray | None = None) -> Tensor:
    """Roll the model out from frames, fed by actions only.

    Args:
        held: the episodes.
        at: (n,), frames with a whole context before them.
        horizon: H, blocks ahead.
        acting: (n,), frames whose actions are taken instead; None: their own.

    Returns:
        (n, H, K, D).
    """
    actions = held.encoded.blocks[held.steps(at if acting is None else acting, 0, horizon)]
    return held.model.dynamics(*held.context(at)).rollout(actions[:, None])[:, 0]


def _guesses(
    held: Seen, at: np.ndarray, swapped: np.ndarray, horizon: int, middle: Tensor
) -> dict[str, Tensor]:
    """Latents (n, H, K, D) by who guesses them."""
    imagined = imagine(held, at, horizon)
    still = held.latents[at][:, None].expand_as(imagined)
    return {
        "model": imagined,
        "shuffled": imagine(held, at, horizon, swapped),
        "repeat": still,
        "mean": middle.expand_as(imagined),
    }


def _curve(drawn: Resampled, errors: np.ndarray, transform=None) -> list[Estimate]:
    """An estimate a column of errors (n, H)."""
    means = drawn.means(errors)
    return [drawn.estimate(means[:, j], transform) for j in range(means.shape[1])]
