"""Decode pictures that anybody may have made: PNG and JPEG alone, of a bounded size.

Other formats are not looked at: for some, such as EPS, Pillow would start another program.
"""

import io
from pathlib import Path

from PIL import Image, ImageOps

from wmpc.errors import WmpcError
from wmpc.system.json_file import read_bytes

PICTURE_BYTES = 2**27
"""The largest file that is read (128 MiB)."""
MOST_PIXELS = 2**25
"""The most pixels that a file may state. Decoding takes up to 8 bytes of each, 256 MiB in all."""
MODES = {"RGB", "RGBA", "L", "LA", "P", "1"}
"""Pillow's names of what has 8 bits a channel at most, and a place in RGB."""
GIVE = "give a PNG or JPEG"


def read_picture(path: str | Path) -> tuple[Image.Image, str]:
    """Read a PNG or JPEG file, turned as the picture was held.

    Args:
        path: a regular file.

    Returns:
        The picture in RGB, and its size and mode as they were, in words.

    Raises:
        WmpcError: there is no such file, or no picture that is read, see `decode_picture`.
    """
    if not Path(path).is_file():
        raise WmpcError(f"There is no file {path}.")
    return decode_picture(read_bytes(path, PICTURE_BYTES), str(path))


def decode_picture(data: bytes, name: str) -> tuple[Image.Image, str]:
    """Decode a PNG or JPEG file, turned as the picture was held.

    How see-through a pixel is does not count.

    Args:
        data: the bytes of the file.
        name: what messages call it.

    Returns:
        The picture in RGB, and its size and mode as they were, in words.

    Raises:
        WmpcError: it is no PNG or JPEG, states more than `MOST_PIXELS`, is truncated, animated, or
            of more than 8 bits a channel.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
            given = f"{image.width} x {image.height}, mode {image.mode}"
            if image.width * image.height > MOST_PIXELS:
                raise WmpcError(
                    f"{name} is {given}, more than {MOST_PIXELS} pixels: make it small."
                )
            if image.mode not in MODES:
                raise WmpcError(f"{name} is {given}: {GIVE} of 8 bits a channel.")
            if (count := getattr(image, "n_frames", 1)) > 1:
                raise WmpcError(f"{name} has {count} pictures, animated: {GIVE} of one.")
            image.load()
            turned = ImageOps.exif_transpose(image)  # a phone's photo lies as it was held
            return turned.convert("RGB"), given
    except WmpcError:
        raise
    except Exception:  # Pillow raises anything over damaged bytes
        raise WmpcError(f"{name} is not a picture that can be read: {GIVE}.") from None
