"""Minari's spaces, as its `metadata.json` states them, and the columns that they become.

Source: minari/serialization.py of Minari 0.5 (Box, Discrete, MultiDiscrete, MultiBinary, Text, and
Dict and Tuple of them; other spaces cannot be serialised).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.io.files import LARGEST, damage
from wmpc.wm.recordings.io.hdf5 import DEEPEST
from wmpc.wm.recordings.io.pictures import Layout, picture_layout

Path = tuple[str, ...]
"""Keys of Dicts and indices of Tuples that lead to a space that is neither."""


@dataclass(frozen=True)
class Leaf:
    """A space without others inside it: `shape` of a value, bounds (size,) where they are stated.

    `kind` is Minari's name of the space, "array" where no space is stated.
    """

    path: Path
    kind: str
    dtype: np.dtype | None
    shape: tuple[int, ...]
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    told: Layout | None = None
    """How it is a picture, where its values tell something else than its shape."""

    @property
    def size(self) -> int:
        """Numbers in a value."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def picture(self) -> Layout | None:
        """How it is a picture, None where it is none."""
        if self.dtype != np.uint8 or self.kind not in ("Box", "array"):
            return None
        return self.told or picture_layout(self.shape, self.dtype)


def parse(stated: Any, what: str) -> list[Leaf]:
    """Read a serialised space.

    Args:
        stated: a JSON string, or what is in it.
        what: its name in errors.

    Returns:
        Its leaves, in its own order.

    Raises:
        WmpcError: it is no space that Minari knows, too large, or names one twice.
    """
    with damage(what):
        stated = json.loads(stated) if isinstance(stated, str) else stated
        leaves = list(_leaves(stated, (), what))
    if len({leaf.path for leaf in leaves}) != len(leaves):
        raise WmpcError(f"{what} names a space twice")
    return leaves


def _leaves(stated: Mapping[str, Any], path: Path, what: str) -> Iterator[Leaf]:
    if len(path) > DEEPEST:
        raise WmpcError(f"{what} has more than {DEEPEST} spaces inside each other")
    kind = str(stated["type"])
    if kind == "Dict":
        for key, inner in stated["subspaces"].items():
            yield from _leaves(inner, (*path, key), what)
    elif kind == "Tuple":
        for index, inner in enumerate(stated["subspaces"]):
            yield from _leaves(inner, (*path, str(index)), what)
    elif kind == "Text":
        yield Leaf(path, kind, None, ())
    else:
        yield _numbers(kind, stated, path, what)


def _numbers(kind: str, stated: Mapping[str, Any], path: Path, what: str) -> Leaf:
    if kind == "Box":
        shape = tuple(int(size) for size in stated["shape"])
        dtype = np.dtype(str(stated["dtype"]))
        low, high = (np.asarray(stated[key], float) for key in ("low", "high"))
    elif kind == "Discrete":
        shape, dtype, low = (), np.dtype(np.int64), np.asarray(float(stated.get("start", 0)))
        high = low + int(stated["n"]) - 1
    elif kind == "MultiDiscrete":
        dtype, choices = np.dtype(str(stated["dtype"])), np.asarray(stated["nvec"], float)
        low = np.broadcast_to(np.asarray(stated.get("start", 0), float), choices.shape)
        shape, high = choices.shape, low + choices - 1
    elif kind == "MultiBinary":
        n = stated["n"]
        shape = tuple(map(int, n)) if isinstance(n, list) else (int(n),)
        dtype, low, high = np.dtype(np.int8), np.zeros(shape), np.ones(shape)
    else:
        raise WmpcError(f"{what} holds the space {kind!r}, which Minari has no form for")
    if min(shape, default=1) < 0 or np.prod(shape, dtype=float) * dtype.itemsize > LARGEST:
        raise WmpcError(f"{what} holds a value of shape {shape}: too large, or damaged")
    if low.shape != shape or high.shape != shape or dtype.kind not in "biuf":
        raise WmpcError(f"{what} holds a {kind} {shape} of {dtype} with bounds of another shape")
    return Leaf(path, kind, dtype, shape, low.reshape(-1), high.reshape(-1))
