"""Probes: read the state off latents, to see what a model knows and to state costs in metres."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from wmpc.errors import WmpcError
from wmpc.wm.data import Episodes, Windows
from wmpc.wm.models.world_model import LearnedModel, trained_on
from wmpc.wm.regression import ridge
from wmpc.wm.training.fit import fit
from wmpc.wm.training.recipe import Recipe


class Probe(nn.Module):
    """Latents (..., K, D) -> state variables (..., V): a linear map and a small network beside it.

    Args:
        linear: (K * D + 1, V), see `ridge`; of variables in units of `scale`.
        scale: (V,).
        width: of the network's two hidden layers.
    """

    scale: Tensor
    error: Tensor
    """(V,), the root mean squared error on held-out frames, in units of the variables."""

    def __init__(self, linear: np.ndarray, scale: np.ndarray, width: int = 128) -> None:
        super().__init__()
        X, V = linear.shape[0] - 1, linear.shape[1]
        self.linear, last = nn.Linear(X, V), nn.Linear(width, V)
        self.network = nn.Sequential(
            nn.Linear(X, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), last
        )
        with torch.no_grad():
            self.linear.weight.copy_(torch.as_tensor(linear[:-1].T))
            self.linear.bias.copy_(torch.as_tensor(linear[-1]))
            last.weight.zero_()  # so that it begins as the linear map alone
            last.bias.zero_()
        self.register_buffer("scale", torch.as_tensor(scale, dtype=torch.float32))
        self.register_buffer("error", torch.full((V,), torch.nan))

    def forward(self, latents: Tensor) -> Tensor:
        """Read the variables off latents.

        Args:
            latents: (..., K, D).

        Returns:
            (..., V), in the variables' units.
        """
        z = latents.flatten(-2)
        return (self.linear(z) + self.network(z)) * self.scale


def fit_probe(
    model: LearnedModel,
    episodes: Episodes,
    describe: Callable[[np.ndarray], np.ndarray],
    *,
    frames: int = 20_000,
    steps: int = 2000,
    batch: int = 512,
    lr: float = 3e-3,
    seed: int = 0,
) -> Probe:
    """Fit a probe from the latents of single frames to `describe`'s variables.

    Each variable counts by its own spread.

    Args:
        model: encodes the frames.
        episodes: with a column "state".
        describe: state column (n, S) -> the variables wanted (n, V), such as `Task.describe`.
        frames: of the training episodes, at most; a tenth as many held-out ones make
            `Probe.error`.
        steps: of the optimiser on the ridge regression and the network beside it; 0: the
            regression alone.
        batch: frames a step.
        lr: learning rate, falling to 0.
        seed: of the network's weights and the batches.

    Returns:
        The probe, without gradients; its `error` is NaN where there are no held-out episodes.

    Raises:
        WmpcError: the dataset has no column "state".
    """
    if "state" not in episodes.columns:
        raise WmpcError(f"{episodes.path} has no column 'state', which a probe is fitted to")
    z, y = _pairs(model, episodes, trained_on(model, episodes), describe, frames)
    probe = fit_latents(z, y, steps=steps, batch=batch, lr=lr, seed=seed)
    if len(episodes.held_out_ids):
        z, y = _pairs(model, episodes, episodes.held_out_ids, describe, max(1, frames // 10))
        error = probe(z) - torch.as_tensor(y, dtype=z.dtype, device=z.device)
        probe.error.copy_(error.square().mean(0).sqrt())
    return probe


def fit_latents(
    z: Tensor,
    y: np.ndarray,
    *,
    steps: int = 2000,
    batch: int = 512,
    lr: float = 3e-3,
    seed: int = 0,
) -> Probe:
    """Fit a probe from latents to variables.

    Args:
        z: (n, K, D), latents.
        y: (n, V), variables.
        steps: of the optimiser; 0: the ridge regression alone.
        batch: rows a step.
        lr: learning rate, falling to 0.
        seed: of the network's weights and the batches.

    Returns:
        The probe, on the device of `z`, without gradients; its `error` is not yet measured.
    """
    scale = y.std(0).clip(min=1e-6)
    z = z.detach().float()
    target = torch.as_tensor(y / scale, dtype=z.dtype, device=z.device)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        linear = ridge(z.flatten(1).cpu().numpy(), y / scale)
        probe = Probe(linear, scale).to(z.device)
        rows = torch.randint(len(z), (steps, batch))

    def error(probe: Probe, chosen: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        return {"loss": (probe(z[chosen]) / probe.scale - target[chosen]).square().mean()}

    recipe = Recipe(
        steps=steps, batch=batch, lr=lr, weight_decay=0.0, warmup=0.0, schedule="linear", clip=None
    )
    fit(probe, error, lambda step: rows[step].to(z.device), recipe)
    return probe.requires_grad_(False).eval()


@torch.no_grad()
def _pairs(
    model: LearnedModel,
    episodes: Episodes,
    ids: np.ndarray,
    describe: Callable[[np.ndarray], np.ndarray],
    frames: int,
) -> tuple[Tensor, np.ndarray]:
    """Latents (n, K, D) and variables (n, V) of at most `frames` frames spread over `ids`."""
    single = Windows(episodes, ids, 1, columns=[*model.columns, "state"])
    latents, variables = [], []
    for window in single.all(256, frames):
        latents.append(model.encode(window)[:, 0])
        variables.append(describe(window["state"][:, 0]))
    return torch.cat(latents), np.concatenate(variables).astype(np.float64)
