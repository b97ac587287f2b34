"""Actions of Minari's spaces, whatever they are, as one vector of float32."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats.minari.columns import numbers
from wmpc.wm.recordings.formats.minari.spaces import Leaf, Path
from wmpc.wm.recordings.io.array import Array


@dataclass(frozen=True)
class Joined:
    """The leaves of an action space side by side.

    `low` and `high` (A,) are None unless all are finite; `names` is None for a plain vector.
    """

    leaves: Sequence[Leaf]
    low: list[float] | None
    high: list[float] | None
    names: list[str] | None
    notes: list[str]

    @property
    def size(self) -> int:
        """A."""
        return sum(leaf.size for leaf in self.leaves)

    @property
    def paths(self) -> list[Path]:
        return [("actions", *leaf.path) for leaf in self.leaves]

    def read(self, arrays: Mapping[Path, Array], steps: int) -> np.ndarray:
        """Read the actions of an episode.

        Args:
            arrays: those of the episode, by path.
            steps: T.

        Returns:
            (T, A) float32. Damage is a WmpcError.
        """
        parts = [
            numbers(arrays[path], leaf, np.dtype(np.float32), steps).reshape(steps, leaf.size)
            for leaf, path in zip(self.leaves, self.paths, strict=True)
        ]
        return np.concatenate(parts, axis=1)


def joined(leaves: Sequence[Leaf]) -> Joined:
    """Lay the leaves of an action space side by side.

    Args:
        leaves: of the space, in its own order.

    Returns:
        The action, its bounds, and what is to be said of it.

    Raises:
        WmpcError: an action holds something else than numbers, or nothing.
    """
    if not leaves or any(leaf.dtype is None or leaf.size == 0 for leaf in leaves):
        kinds = ", ".join(leaf.kind for leaf in leaves) or "nothing"
        raise WmpcError(f"its actions hold {kinds}; only numbers can be learned from")
    lows = [leaf.low for leaf in leaves if leaf.low is not None]
    highs = [leaf.high for leaf in leaves if leaf.high is not None]
    bounds = None
    if len(lows) == len(highs) == len(leaves):
        bounds = np.stack([np.concatenate(lows), np.concatenate(highs)])
    notes = [
        f"the actions {'/'.join(leaf.path)} are {leaf.kind}: kept as numbers, one column each"
        for leaf in leaves
        if leaf.kind not in ("Box", "array")
    ]
    if bounds is not None and not (np.isfinite(bounds).all() and np.all(bounds[0] < bounds[1])):
        bounds = None
        notes.append("the bounds of the actions are not finite: left out")
    names = None
    if len(leaves) > 1 or leaves[0].path:
        names = [
            "/".join((*leaf.path, str(index)) if leaf.shape else leaf.path)
            for leaf in leaves
            for index in range(leaf.size)
        ]
        notes.append(f"the actions are {', '.join(names[:20])}, side by side")
    low, high = (None, None) if bounds is None else bounds.tolist()
    return Joined(leaves, low, high, names, notes)
