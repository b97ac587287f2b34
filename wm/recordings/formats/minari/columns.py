"""Which columns the arrays of a Minari dataset become, and how they are read.

- A picture (uint8; RGB, or grey in all three channels) is a camera: `pixels` if it is the only
  one, else `pixels/<its keys>`.
- A vector of numbers is `proprio` if it is the whole observation, or has the key `proprio`, else
  `state` (as gymnasium's AddRenderObservation calls the observation), else `observation`.
- In an environment of this project `state` is the full state and stays `state`, and `variation`,
  which does not change during an episode, is one row of it.
- Everything else is `observation/<its keys>`, or `observation` where there are no keys.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.format import is_camera
from wmpc.wm.recordings.fitting import rows_misfit
from wmpc.wm.recordings.formats.minari.spaces import Leaf, Path
from wmpc.wm.recordings.io.array import Array, Pictures
from wmpc.wm.recordings.io.picture import picture_size
from wmpc.wm.recordings.io.pictures import stacked
from wmpc.wm.recordings.naming import clean_name

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
            assert self.leaf.picture is not None
            return self.leaf.picture.shape
        return (self.leaf.size,) if self.name == "proprio" else self.leaf.shape


def observations(leaves: Sequence[Leaf], ours: bool) -> tuple[list[Planned], list[str]]:
    """Lay out the columns of an observation.

    Args:
        leaves: its spaces.
        ours: whether it is of an environment of this project.

    Returns:
        The columns, and notes on them.
    """
    planned, notes = [], []
    cameras = [leaf for leaf in leaves if leaf.picture]
    vectors = {leaf.path: leaf for leaf in leaves if _is_vector(leaf)}
    if ours:
        vectors = {path: leaf for path, leaf in vectors.items() if path == ("proprio",)}
    proprio = next((vectors[path] for path in PROPRIO if path in vectors), None)
    for leaf in leaves:
        keys = clean_name("/".join(leaf.path)) if leaf.path else ""
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


def numbers(array: Array, leaf: Leaf, dtype: np.dtype, steps: int | None = None) -> np.ndarray:
    """Read rows of an array as the values of a space.

    Args:
        array: of an episode.
        leaf: what a row holds.
        dtype: what is wanted.
        steps: how many rows; None: all.

    Returns:
        (steps, *leaf.shape) of `dtype`.

    Raises:
        WmpcError: it holds something else, or `dtype` cannot hold it.
    """
    if array.dtype is None or prod(array.shape[1:]) != leaf.size:
        kind, row = array.dtype or "no numbers", array.shape[1:]
        raise WmpcError(f"{array.what} holds {kind} {row}, not {leaf.dtype} {leaf.shape}")
    if dtype != np.float32 and not np.can_cast(array.dtype, dtype, "safe"):
        raise WmpcError(f"{array.what} is {array.dtype}, in another episode it is {dtype}")
    rows = array.read()[:steps]
    return rows.reshape(len(rows), *leaf.shape).astype(dtype, copy=False)


def pictures(array: Array, leaf: Leaf) -> Pictures:
    """Show the rows of an array as pictures, JPEG files or plain.

    Args:
        array: of an episode.
        leaf: what a row holds.

    Returns:
        The pictures, read when they are asked for.
    """

    def picked(rows: np.ndarray) -> Iterator[Any]:
        for value in array.picked(rows):
            yield value if array.encoded else value.reshape(leaf.shape)

    assert leaf.picture is not None
    return Pictures(picked, range(len(array)), leaf.picture, array.what, ("RGB", "L"))


def leaf_of(array: Array) -> Leaf:
    """Tell what an array holds, where no space says it.

    Args:
        array: of an episode.

    Returns:
        A leaf without a path.
    """
    shape, dtype = array.shape[1:], array.dtype
    if array.encoded and dtype is None:
        first = next(array.picked(np.zeros(1, np.int64)))
        height, width, mode = picture_size(first, array.what)
        shape, dtype = (height, width, 3)[: 3 if mode == "RGB" else 2], np.dtype(np.uint8)
    return Leaf((), "array", dtype, shape)


def misfit(leaf: Leaf, array: Array, rows: int) -> str | None:
    """Say why an array does not hold values of a space.

    Args:
        leaf: the space.
        array: of an episode.
        rows: how many values it should hold.

    Returns:
        The end of a sentence that begins with its name; None where it holds them.
    """
    if why := rows_misfit(len(array), rows, "rows that its episode has"):
        return why
    if not (array.encoded and leaf.picture):
        if prod(array.shape[1:]) != leaf.size or array.dtype is None:
            return f"has rows of {array.shape[1:]}, they should be {leaf.shape}"
        if leaf.picture and array.dtype != np.uint8:
            return f"is {array.dtype}; pictures should be uint8"
    return None


def told(leaf: Leaf, first: Mapping[Path, Array]) -> Leaf:
    """Tell by the first rows of an observation how they are pictures.

    Args:
        leaf: its space.
        first: the arrays of an episode by path.

    Returns:
        The leaf, with what its rows tell.
    """
    array = first.get(("observations", *leaf.path))
    if leaf.picture is None or array is None or array.encoded or len(array) < 2:
        return leaf
    rows = list(array.picked(np.arange(min(3, len(array)))))
    layout = stacked(leaf.picture, np.stack([row.reshape(leaf.shape) for row in rows]))
    return replace(leaf, told=layout)
