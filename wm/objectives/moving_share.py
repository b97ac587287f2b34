"""The share of the variance that lies within windows: of latents, and of places in pictures."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor


@torch.no_grad()
def moving_share(x: Tensor, counts: Tensor | None = None) -> Tensor:
    """Compute the share of the variance that lies within windows, of what moves.

    Every number is counted by how much it varies within windows, so that what never changes there,
    however different from window to window, counts nothing.

    Args:
        x: (B, L, V), numbers of B windows of L frames.
        counts: (B, L, V), what each counts beside that, its mean over all frames; None: all alike.

    Returns:
        sum_v c_v w_v (w_v / t_v) / sum_v c_v w_v, with w the variances within windows, t those of
        all frames and c the counts: a scalar, 0 to 1.
    """
    within = x.var(1, correction=0).mean(0)
    whole = x.flatten(0, 1).var(0, correction=0)
    counted = within if counts is None else counts.mean((0, 1)) * within
    weighed = counted * within / whole.clamp(min=1e-12)
    return (weighed.sum() / counted.sum().clamp(min=1e-12)).clamp(max=1.0)


def find_places(columns: Mapping[str, Any], cameras: Sequence[str]) -> Tensor:
    """Find where the colours of the pictures of all cameras are, see `colour_places`.

    Args:
        columns: of windows, by name.
        cameras: the names of those with pictures; other numbers stand for places themselves.

    Returns:
        (B, L, V, 2), numbers and what each counts, as `moving_share` takes them.
    """
    found = []
    for name in cameras:
        x = torch.as_tensor(columns[name])
        if x.ndim != 5:
            x = x.flatten(2).float()
            found.append(torch.stack([x, torch.ones_like(x)], -1))
        else:
            found.append(colour_places(x))
    return torch.cat(found, 2)


def colour_places(pictures: Tensor) -> Tensor:
    """Find the mean place of each colour of a picture, with every channel either dark or bright: on
    which side of the middle between its least and largest value in this picture.

    A thing moves the mean place of its colours however far it goes, as coordinates do. The
    brightness of a spot, by contrast, changes as much whether a thing went one step or many.

    Args:
        pictures: (B, L, H, W, C) uint8, C channels; every other row and column is looked at.

    Returns:
        (B, L, 2 * 2 ** C, 2): row and column of each colour, from -1 to 1, 0 of one that is not
        there; and what share of the picture it covers.
    """
    x = pictures[:, :, ::2, ::2].to(torch.int16)
    B, L, H, W, C = x.shape
    bright = 2 * x > x.amax((2, 3), keepdim=True) + x.amin((2, 3), keepdim=True)
    which = (bright * 2 ** torch.arange(C, device=x.device)).sum(-1).view(B * L, -1)
    frame = torch.arange(B * L, device=x.device)[:, None]
    which = (which + 2**C * frame).flatten()  # a bin for each colour of each frame
    axes = (torch.linspace(-1, 1, side, device=x.device) for side in (H, W))
    rows_and_columns = torch.stack(torch.meshgrid(*axes, indexing="ij")).flatten(1)
    bins = 2**C * B * L
    pixels = torch.bincount(which, minlength=bins).unsqueeze(-1)
    sums = [torch.bincount(which, at.repeat(B * L), bins) for at in rows_and_columns]
    place = torch.stack(sums, -1) / pixels.clamp(min=1)
    covered = (pixels / (H * W)).expand_as(place)
    return torch.stack([place, covered], -1).view(B, L, -1, 2).float()
