"""Minari's `main_data.hdf5`: arrays of an episode by path.

Of an episode these are `("observations", key, ...)`, `("actions", ...)`, `("rewards",)`,
`("terminations",)`, `("truncations",)` and `("infos", ...)`. JPEG pictures are told by how they lie
there, because the key `jpeg_encoding` came later (0.5.4) than the pictures (0.5.3).
"""

from collections.abc import Mapping
from typing import Any

from wmpc.wm.recordings.formats.minari.spaces import Path
from wmpc.wm.recordings.io import hdf5
from wmpc.wm.recordings.io.array import Array
from wmpc.wm.recordings.io.files import Place, closed_on_error, damage


class HDF5Files:
    """A group an episode, `_index_0`, `_index_1`, ... for the parts of tuples.

    Args:
        place: the dataset.
        inside: the file in it.
    """

    padded = False
    """Whether actions, rewards and the like have the T+1 rows of the observations."""

    def __init__(self, place: Place, inside: str) -> None:
        self.what = place.name(inside)
        self.file = hdf5.open_hdf5(place, inside)
        with closed_on_error(self), damage(self.what):
            names = [name for name in self.file if name.startswith("episode_")]
            self.ids = sorted(int(name.removeprefix("episode_")) for name in names)
            """Numbers of the episodes, ascending."""

    def _group(self, episode: int) -> hdf5.Group:
        return hdf5.member(self.file, f"episode_{episode}", self.what)

    def arrays(self, episode: int) -> dict[Path, Array]:
        """Find the arrays of an episode.

        Args:
            episode: its number.

        Returns:
            Them by path, none of them read.
        """
        found = hdf5.arrays(self._group(episode), f"episode {episode} of {self.what}")
        return {
            tuple(part.removeprefix("_index_") for part in name.split("/")): array
            for name, array in found.items()
            if array.shape
        }

    def stated(self, episode: int) -> Mapping[str, Any]:
        """Read what is stated of an episode.

        Args:
            episode: its number.

        Returns:
            `total_steps` and `variation`, each None where it is not stated.
        """
        group = self._group(episode)
        what = f"episode {episode} of {self.what}"
        return {key: hdf5.attribute(group, key, what) for key in ("total_steps", "variation")}

    def root(self) -> dict[str, Any]:
        """Read what Minari before 0.5 kept here, and later in `metadata.json`.

        Returns:
            The attributes of the file by name.
        """
        return {name: hdf5.attribute(self.file, name, self.what) for name in self.file.attrs}

    def close(self) -> None:
        """Close the file."""
        self.file.close()
