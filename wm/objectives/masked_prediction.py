"""Patches that the encoder does not see, predicted as another encoder sees them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wmpc.errors import WmpcError
from wmpc.wm.data import Masks
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.objectives.target_prediction import follow
from wmpc.wm.objectives.term import Seen, Term

GREY = 127
"""Of hidden pixels."""


class MaskedPrediction(Term):
    """Smooth L1 error of hidden patches' latents (I-JEPA, arXiv 2301.08243).

    Blocks of patches are painted grey in all frames of a window. From what the encoder makes of
    the rest, a small transformer infers, frame by frame, the latents that a second encoder, which
    follows the first and gets no gradient, has of the whole pictures. Unlike in the paper the
    encoder's attention includes the grey patches.

    Args:
        width: of the transformer's tokens, a multiple of `heads`.
        depth: its layers.
        heads: of its attention.
        momentum: of the second encoder, see `wmpc.wm.objectives.target_prediction`.
    """

    masks = Masks(blocks=4, scale=0.175)

    def __init__(
        self,
        model: LearnedModel,
        weight: float = 1.0,
        width: int = 96,
        depth: int = 2,
        heads: int = 3,
        momentum: float = 0.996,
    ) -> None:
        super().__init__(model, weight)
        if min(width, depth, heads) < 1 or width % heads or not 0 < momentum < 1:
            raise WmpcError(
                f"masked_prediction has width={width}, depth={depth}, heads={heads} and "
                f"momentum={momentum}; the width is a multiple of the heads, and a momentum lies "
                "between 0 and 1"
            )
        D, place = model.layout.width, model.layout.place("pixels")
        self.momentum, K = momentum, place.stop - place.start
        target: Any = deepcopy(model)
        self.target = target.requires_grad_(False)
        self.hidden = nn.Parameter(torch.zeros(width))
        self.position = nn.Parameter(0.02 * torch.randn(K, width))
        self.read, self.tell = nn.Linear(D, width), nn.Linear(width, D)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True
            )
            for _ in range(depth)
        )

    def forward(self, seen: Seen) -> Tensor:
        """Compute the smooth L1 error of the hidden patches' latents.

        Args:
            seen: the batch; of it, the pictures of the windows and the masks (B, L, H, W) are used.

        Returns:
            The mean over windows of the mean over their hidden patches and dimensions, a scalar,
            not weighted.
        """
        assert seen.masks is not None
        hidden, layout = seen.masks.flatten(2), seen.model.layout  # (B, L, K)
        visible = hide(seen.columns, seen.model.spec.cameras, seen.masks)
        with unremembered(seen.model):
            given = layout.of(seen.model.encode(visible), "pixels")
        truth = layout.of(self.target.encode(seen.columns), "pixels")
        error = F.smooth_l1_loss(self.infer(given, hidden), truth, reduction="none").mean(-1)
        # Of windows, of which all processes have as many, and not of hidden patches.
        return ((error * hidden).sum((1, 2)) / hidden.sum((1, 2))).mean()

    def infer(self, given: Tensor, hidden: Tensor) -> Tensor:
        """Infer latents from those of pictures with holes.

        Args:
            given: (B, L, K, D), of the pictures with holes.
            hidden: (B, L, K) bool, where the holes are.

        Returns:
            (B, L, K, D).
        """
        x = torch.where(hidden[..., None], self.hidden, self.read(given)) + self.position
        y = x.flatten(0, 1)
        for block in self.blocks:
            y = block(y)
        return self.tell(y).view_as(given)

    def after_step(self, model: Any) -> None:
        """Have the second encoder follow, see `wmpc.wm.objectives.target_prediction.follow`.

        Args:
            model: what is trained, as it is after the step.
        """
        follow(self.target, model, self.momentum)


@contextmanager
def unremembered(model: Any) -> Iterator[None]:
    """Keep what is encoded meanwhile out of the running statistics of every BatchNorm: evaluation
    sees pictures without holes.

    Args:
        model: a module in training.

    Yields:
        Nothing.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm1d)]
    momenta = [layer.momentum for layer in layers]
    try:
        for layer in layers:
            layer.momentum = 0.0
        yield
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum


def hide(
    columns: Mapping[str, Any], cameras: Sequence[str], masks: Tensor
) -> dict[str, Tensor | Any]:
    """Paint patches of pictures grey.

    Args:
        columns: of windows, by name; they are not changed.
        cameras: the names of pictures (B, L, H, W, 3), of sides that the masks' divide.
        masks: (B, L, h, w) bool, where True is hidden.

    Returns:
        The columns, with other pictures.
    """
    painted = dict(columns)
    for name in cameras:
        x = torch.as_tensor(columns[name])
        rows, wide = x.shape[2] // masks.shape[2], x.shape[3] // masks.shape[3]
        pixels = masks.repeat_interleave(rows, 2).repeat_interleave(wide, 3)
        painted[name] = torch.where(pixels[..., None], GREY, x)
    return painted
