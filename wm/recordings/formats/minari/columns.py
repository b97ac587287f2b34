"""Which columns the arrays of a Minari dataset become, and how they are read.

- A picture (uint8; RGB, or grey in all three channels) is a camera: `pixels` if it is the only
  one, else `pixels/<its keys>`.
- A vector of numbers is `proprio` if it is the whole observation, or has the key `proprio`, else
  `state` (as gymnasium's AddRenderObservation calls the observation), else `observation`.
- In an environment of this project `state` is the full state and stays `state`, and `variation`,
  which does not change during an episode, is one row of it.
- Everything else is `observation/<its keys>`, or `observation` where there are no keys.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.format import is_camera
from wmpc.wm.recordings.fitting import rows_misfit
from wmpc.wm.recordings.formats.minari.files import Stored
from wmpc.wm.recordings.formats.minari.spaces import Leaf, Path
from wmpc.wm.recordings.io.files import damage
from wmpc.wm.recordings.io.picture import decode_picture, picture_size
from wmpc.wm.recordings.io.pictures import stacked
from wmpc.wm.recordings.source import Frames

PROPRIO = ((), ("proprio",), ("state",), ("observation",))
"""Keys of what is proprioception, the first that there is."""


@dataclass(frozen=True)
class Planned:
    """A column: the array it comes from, and what its rows are; `leaf` says what they hold."""

    name: str
    path: Path
    rows: str
    leaf: Leaf

    @property
    def dtype(self) -> np.dtype:
        if self.name == "proprio":
            return np.dtype(np.float32)
        assert self.leaf.dtype is not None
        return self.leaf.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a row."""
        if is_camera(self.name):
            return picture_shape(self.leaf)
        return (self.leaf.size,) if self.name == "proprio" else self.leaf.shape


def clean(path: Sequence[str]) -> str:
    """Keys as a column's name."""
    return "/".join(re.sub(r"[^\w.-]", "_", key) or "_" for part in path for key in part.split("/"))


def observations(leaves: Sequence[Leaf], ours: bool) -> tuple[list[Planned], list[str]]:
    """The columns of an observation whose spaces are `leaves`, and notes on them.

    `ours` says that it is of an environment of this project.
    """
    planned, notes = [], []
    cameras = [leaf for leaf in leaves if leaf.picture]
    vectors = {leaf.path: leaf for leaf in leaves if _is_vector(leaf)}
    if ours:
        vectors = {path: leaf for path, leaf in vectors.items() if path == ("proprio",)}
    proprio = next((vectors[path] for path in PROPRIO if path in vectors), None)
    for leaf in leaves:
        keys = clean(leaf.path)
        rows = "frames"
        if leaf in cameras:
            inner = keys.removeprefix("pixels/")
            name = "pixels" if len(cameras) == 1 else f"pixels/{inner or 'observation'}"
            note = leaf.picture.note(keys or "observation") if leaf.picture else None
            notes += [note] if note else []
        elif leaf is proprio:
            name = "proprio"
            if keys != "proprio" or leaf.dtype != np.float32:
                notes.append(f"proprio is the {leaf.dtype} {keys or 'observation'}, as float32")
        elif ours and leaf.path in (("state",), ("variation",)) and leaf.dtype == np.float64:
            name, rows = keys, "frames" if keys == "state" else "episode"
        else:
            name = f"observation/{keys}" if keys else "observation"
        while name in {other.name for other in planned}:
            name += "_"
        if leaf.dtype is not None:
            planned.append(Planned(name, ("observations", *leaf.path), rows, leaf))
    return planned, notes


def _is_vector(leaf: Leaf) -> bool:
    number = leaf.dtype is not None and leaf.dtype.kind in "fiu"
    return number and leaf.kind in ("Box", "array") and len(leaf.shape) <= 1


def picture_shape(leaf: Leaf) -> tuple[int, int, int]:
    """(H, W, 3) of a camera."""
    if not leaf.picture:
        raise WmpcError(f"{'/'.join(leaf.path)} holds {leaf.dtype} {leaf.shape}: no pictures")
    return leaf.picture.shape


class Pictures(Frames):
    """Pictures of a stored array, JPEG files or plain."""

    def __init__(self, stored: Stored, leaf: Leaf) -> None:
        super().__init__((stored.rows, *picture_shape(leaf)))
        self.stored, self.leaf = stored, leaf

    def decode(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        for row, value in zip(rows, self.stored.picked(rows), strict=True):
            what = f"picture {row} of {self.stored.what}"
            if self.stored.encoded:
                yield jpeg(value, self.shape[1:], what)
                continue
            with damage(what):
                picture = value.reshape(self.leaf.shape)
            assert self.leaf.picture is not None
            yield self.leaf.picture.rgb(picture)


def jpeg(data: Any, shape: tuple[int, ...], what: str) -> np.ndarray:
    """A JPEG file as (H, W, 3) uint8, grey in all channels; WmpcError unless it has that
    `shape`."""
    return decode_picture(data, shape, what, ("RGB", "L"))


def jpeg_shape(data: Any, what: str) -> tuple[int, ...]:
    """The shape that a JPEG file states, (H, W, 3) or (H, W)."""
    height, width, mode = picture_size(data, what)
    return (height, width, 3)[: 3 if mode == "RGB" else 2]


def numbers(stored: Stored, leaf: Leaf, dtype: np.dtype, steps: int | None = None) -> np.ndarray:
    """The first `steps` (default: all) rows of an array, (rows, *leaf.shape), as `dtype`.

    WmpcError where it holds something else, or `dtype` cannot hold it.
    """
    if stored.dtype is None or int(np.prod(stored.shape, dtype=float)) != leaf.size:
        kind = stored.dtype or "no numbers"
        raise WmpcError(f"{stored.what} holds {kind} {stored.shape}, not {leaf.dtype} {leaf.shape}")
    if dtype != np.float32 and not np.can_cast(stored.dtype, dtype, "safe"):
        raise WmpcError(f"{stored.what} is {stored.dtype}, in another episode it is {dtype}")
    rows = stored.read()[:steps]
    return rows.reshape(len(rows), *leaf.shape).astype(dtype, copy=False)


def leaf_of(stored: Stored) -> Leaf:
    """What an array holds, where no space says it."""
    shape, dtype = stored.shape, stored.dtype
    if stored.encoded and dtype is None:
        first = next(iter(stored.picked(np.zeros(1, np.int64))))
        shape, dtype = jpeg_shape(first, stored.what), np.dtype(np.uint8)
    return Leaf((), "array", dtype, shape)


def misfit(leaf: Leaf, stored: Stored, rows: int) -> str | None:
    """Why an array does not hold `rows` values of a space."""
    if why := rows_misfit(stored.rows, rows, "rows that its episode has"):
        return why
    if not (stored.encoded and leaf.picture):
        if int(np.prod(stored.shape, dtype=float)) != leaf.size or stored.dtype is None:
            return f"has rows of {stored.shape}, they should be {leaf.shape}"
        if leaf.picture and stored.dtype != np.uint8:
            return f"is {stored.dtype}; pictures should be uint8"
    return None


def told(leaf: Leaf, first: Mapping[Path, Stored]) -> Leaf:
    """The leaf of an observation, with what its first rows tell of its pictures."""
    stored = first.get(("observations", *leaf.path))
    if leaf.picture is None or stored is None or stored.encoded or stored.rows < 2:
        return leaf
    rows = list(stored.picked(np.arange(min(3, stored.rows))))
    layout = stacked(leaf.picture, np.stack([row.reshape(leaf.shape) for row in rows]))
    return replace(leaf, told=layout)
