"""What an encoder is: from pictures to tokens."""

from typing import Protocol

import torch
from torch import Tensor


class Encoder(Protocol):
    """A module that sees pictures as they were recorded, and prepares them itself.

    It is built with `image_size`, the height and width of a picture in pixels, and `in_channels`,
    three for each camera.
    """

    tokens: int
    """K, tokens that it gives of a picture: 1 where that is one vector."""
    features: int
    """F, numbers in a token."""
    # An encoder of patches also has `grid`, the rows and columns of its tokens, row by row.

    def __call__(self, pixels: Tensor) -> Tensor:
        """Encode pictures.

        Args:
            pixels: (N, C, H, W) uint8, the cameras' channels one after another.

        Returns:
            (N, K, F), in the type of the encoder's weights.
        """
        ...


def scale_pixels(pixels: Tensor, dtype: torch.dtype) -> Tensor:
    """Map 0..255 to about unit variance around 0, -1.99 to 1.99.

    Args:
        pixels: (N, C, H, W), values of uint8; they stay as they are.
        dtype: of the result.

    Returns:
        (N, C, H, W), on the same device, in the same memory layout.
    """
    x = pixels.to(dtype, copy=True)
    return x.sub_(127.5).div_(64)  # in place: it is the largest tensor of a training
