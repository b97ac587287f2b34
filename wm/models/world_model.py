"""The world model, as training, planning and diagnosis know it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from wmpc.wm.data.reader import Episodes
from wmpc.wm.data.subset import draw_subset
from wmpc.wm.models.latent import Layout
from wmpc.wm.models.spec import DataSpec


@runtime_checkable
class WorldModel(Protocol):
    """Encodes observations into latents (K, D) and imagines what follows blocks of actions.

    This is all that planning needs, and all that most of a diagnosis does: a simulator is one
    (`wmpc.planners.NumpyModel`), and so is an ensemble or the model of somebody else.
    """

    @property
    def context(self) -> int:
        """h, the most frames that `dynamics` takes."""
        ...

    @property
    def columns(self) -> Sequence[str]:
        """The columns of a dataset that the model reads, `action` among them where it knows any."""
        ...

    @property
    def action_block(self) -> int:
        """n, simulator actions of a block."""
        ...

    @property
    def action_size(self) -> int:
        """A = n * a, numbers in a standardised block."""
        ...

    def encode(self, observation: Mapping[str, Any]) -> Tensor:
        """Encode columns of observations.

        Args:
            observation: each (B, T, ...), in the units of the data.

        Returns:
            Latents (B, T, K, D).
        """
        ...

    def known(
        self, observation: Mapping[str, Any], weight: Mapping[str, np.ndarray] | None = None
    ) -> tuple[Tensor, list[str]]:
        """Find what a goal determines of a latent.

        Args:
            observation: the columns that the goal says, see `wmpc.agents.agent.Goal`.
            weight: by column, how much each part of it counts, 0 to 1; None: all of it.

        Returns:
            The weight of each entry in a goal's cost, broadcastable to (K, D): 0 where the goal
            says nothing. And the columns that it leaves open, as a whole or in part, although no
            entry of a latent stands for such a part; where there are any, the weight says nothing.
        """
        ...

    def dynamics(self, latents: Tensor, executed: Tensor) -> Any:
        """Bind the model to a context.

        Args:
            latents: (B, c, K, D) of the last c <= h frames, the present one last.
            executed: (B, c - 1, A), the standardised blocks between them.

        Returns:
            A `wmpc.planners.problem.Dynamics`.
        """
        ...

    def normalise(self, actions: Any) -> Tensor:
        """Standardise blocks.

        Args:
            actions: (..., n, a), in the environment's units.

        Returns:
            (..., A).
        """
        ...

    def denormalise(self, actions: Tensor) -> np.ndarray:
        """Undo `normalise`.

        Args:
            actions: (..., A).

        Returns:
            (..., n, a), in the environment's units and bounds.
        """
        ...

    def action_bounds(self) -> tuple[Tensor, Tensor]:
        """Return the bounds of a block.

        Returns:
            The lowest and the highest standardised block, each (A,).
        """
        ...


@runtime_checkable
class LearnedModel(WorldModel, Protocol):
    """A world model learned from recordings, which it can be compared with frame by frame."""

    @property
    def spec(self) -> DataSpec:
        """What the recordings look like."""
        ...

    @property
    def layout(self) -> Layout:
        """Which tokens of a latent are of what."""
        ...

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        ...

    def dynamics(self, latents: Tensor, executed: Tensor, valid: Tensor | None = None) -> Any:
        """Bind the model to a context, see `WorldModel.dynamics`.

        Args:
            latents: (B, c, K, D).
            executed: (B, c - 1, A).
            valid: (B, c) bool, which of the frames are real; None: all.

        Returns:
            A `wmpc.planners.problem.Dynamics`.
        """
        ...

    def predict(self, latents: Tensor, actions: Tensor, valid: Tensor) -> Tensor:
        """Predict the latent after every position of a window from the true ones before.

        Args:
            latents: (B, T, K, D).
            actions: (B, T, A), the standardised block executed from each.
            valid: (B, T) bool, which of the frames are real.

        Returns:
            (B, T, K, D); position t saw at most the last h valid frames up to t.
        """
        ...


class TrainableModel(LearnedModel, Protocol):
    """A learned model whose weights can be changed: a torch module."""

    training: bool

    def train(self, mode: bool = True) -> Any:
        """Switch to training, or to evaluation.

        Args:
            mode: whether to training.

        Returns:
            The model.
        """
        ...

    def eval(self) -> Any:
        """Switch to evaluation.

        Returns:
            The model.
        """
        ...

    def state_dict(self) -> dict[str, Any]:
        """Collect what is saved.

        Returns:
            All weights and buffers, by name.
        """
        ...

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Any:
        """Take over weights.

        Args:
            state_dict: what `state_dict` gave.

        Returns:
            What torch says of it.
        """
        ...


def seen_columns(model: WorldModel) -> list[str]:
    """Return the columns of an observation that a model reads.

    Args:
        model: any world model.

    Returns:
        Its columns but for the actions.
    """
    return [name for name in model.columns if name != "action"]


def trained_on(model: WorldModel, episodes: Episodes) -> np.ndarray:
    """Find the episodes that a model was trained on: whatever is learned beside it sees no others.

    Args:
        model: any world model.
        episodes: of the dataset that it was trained on, or of one like it.

    Returns:
        (n,) int64, of the training episodes those that its `spec` says, in order; all of them where
        it says none, or the model has no spec.
    """
    spec = getattr(model, "spec", None)
    ids = episodes.train_ids
    return ids if spec is None else draw_subset(ids, spec.subset, spec.subset_seed)
