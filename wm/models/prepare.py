"""Frames as they come, made what a model takes."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.format import is_camera
from wmpc.wm.models.spec import DataSpec


def prepare_frame(
    frame: np.ndarray | Mapping[str, Any], columns: list[str], spec: DataSpec
) -> dict[str, np.ndarray]:
    """Make an observation of a frame, its pictures as large as those of the run's data.

    Args:
        frame: a picture (H, W, 3) uint8 of any size, where the model sees one camera; or columns
            by name, each of one frame: pictures such, and `proprio` (P,).
        columns: those of an observation that the model reads; others are left out.
        spec: what the data look like.

    Returns:
        Pictures (size, size, 3) uint8, made square as those of the data were (squashed, cropped or
        padded), and the other columns as they are.

    Raises:
        WmpcError: nothing there is what the model reads, or a picture is none.
    """
    from wmpc.wm.recordings.view import square  # needs Pillow, which planning does not

    if not isinstance(frame, Mapping):
        if len(spec.cameras) > 1:
            raise WmpcError(
                f"a single picture came; the model sees {', '.join(spec.cameras)}: give a mapping"
            )
        frame = {spec.cameras[0]: frame}
    seen = {name: np.asarray(frame[name]) for name in columns if name in frame}
    if not seen:
        raise WmpcError(f"the model sees {', '.join(columns)}; the frame has {sorted(frame)}")
    for name, picture in seen.items():
        if not is_camera(name):
            continue
        if picture.ndim != 3 or picture.shape[-1] != 3 or picture.dtype != np.uint8:
            raise WmpcError(
                f"{name} is {picture.shape} {picture.dtype}; a picture is (H, W, 3) uint8"
            )
        seen[name] = square(picture, spec.image_size, spec.fit)
    return seen
