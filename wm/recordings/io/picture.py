"""Decode the picture files that are embedded in a recording, of the stated size."""

import io
from collections.abc import Collection
from typing import Any

import numpy as np
from PIL import Image

from wmpc.errors import WmpcError
from wmpc.wm.recordings.io.files import damage

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF")
"""What LeRobot and others embed. Others are not looked at: for some Pillow starts a program."""
MOST_PIXELS = 2**26
"""Of a picture; more is taken for damage. Decoding takes up to 8 bytes of each, 512 MiB in all."""
MODES = ("RGB", "RGBA", "P", "L")


def picture_size(data: Any, what: str) -> tuple[int, int, str]:
    """Read what the file of a picture states.

    Args:
        data: the bytes of the file.
        what: its name in errors.

    Returns:
        Height and width in pixels, and Pillow's mode.

    Raises:
        WmpcError: it is of no format of `FORMATS`, animated, too large or damaged.
    """
    with damage(what), Image.open(io.BytesIO(data), formats=FORMATS) as image:
        _check(image, what)
        return image.height, image.width, image.mode


def decode_picture(
    data: Any, size: tuple[int, ...], what: str, modes: Collection[str] = MODES
) -> np.ndarray:
    """Decode the file of a picture.

    Args:
        data: the bytes of the file.
        size: height and width in pixels that it should have; more entries are not looked at.
        what: its name in errors.
        modes: Pillow's modes that it may have.

    Returns:
        (H, W, 3) uint8, a grey picture with the same in all channels.

    Raises:
        WmpcError: it is of another size, mode or format, or damaged.
    """
    with damage(what), Image.open(io.BytesIO(data), formats=FORMATS) as image:
        _check(image, what)
        if (image.height, image.width) != tuple(size[:2]):
            raise WmpcError(
                f"{what} is a picture of {image.height} x {image.width}, "
                f"the recording says {size[0]} x {size[1]}"
            )
        if image.mode not in modes:
            raise WmpcError(f"{what} has mode {image.mode}; it should be {', '.join(modes)}")
        return np.array(image if image.mode == "RGB" else image.convert("RGB"))


def _check(image: Image.Image, what: str) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise WmpcError(f"{what} states {image.width} x {image.height} pixels: damaged")
    if getattr(image, "n_frames", 1) > 1:
        raise WmpcError(f"{what} is animated; it should be one picture")
