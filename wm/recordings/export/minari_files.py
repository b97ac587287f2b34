"""The files of a Minari dataset, written: HDF5, or Arrow with a folder an episode."""

import io
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from wmpc.wm.data.format import plain
from wmpc.wm.recordings.export.hdf5_file import HDF5File
from wmpc.wm.recordings.io.files import extra

QUALITY = 95
"""Of JPEG, with colours at full resolution: Minari reads any."""

Arrays = Mapping[tuple[str, ...], np.ndarray]


class Writer(AbstractContextManager["Writer"], ABC):
    """Writes episodes into the folder `data`; the arrays of `images` as JPEG."""

    def __init__(self, data: Path, images: set[tuple[str, ...]]) -> None:
        self.data, self.images = data, images

    @abstractmethod
    def write(self, index: int, arrays: Arrays, stated: Mapping[str, Any]) -> None:
        """Write an episode.

        Args:
            index: of the episode.
            arrays: by path, T+1 or T rows each.
            stated: what is said of the episode by name, `total_steps` among it.
        """

    def __exit__(self, *_: object) -> None:
        """Let go of open files."""


class HDF5Writer(Writer):
    """`main_data.hdf5`, a group an episode."""

    def __init__(self, data: Path, images: set[tuple[str, ...]]) -> None:
        super().__init__(data, images)
        self._h5py = extra("h5py", "writing HDF5")
        self.raw = HDF5File(data / "main_data.hdf5")
        self.file = self._h5py.File(self.raw, "w", track_order=True)

    def write(self, index: int, arrays: Arrays, stated: Mapping[str, Any]) -> None:
        """Write an episode as a group.

        Args:
            index: of the episode.
            arrays: by path, T+1 or T rows each.
            stated: the group's attributes.
        """
        group = self.file.create_group(f"episode_{index}")
        group.attrs.update({"id": index, **stated})
        for path, array in arrays.items():
            if path in self.images:
                kind = self._h5py.vlen_dtype(np.uint8)
                dataset = group.create_dataset("/".join(path), (len(array),), kind)
                for row, data in enumerate(_jpegs(array)):
                    dataset[row] = np.frombuffer(data, np.uint8)
            else:
                group.create_dataset("/".join(path), data=array)
        self.raw.check()

    def __exit__(self, *_: object) -> None:
        with self.raw:
            self.file.close()
            self.raw.check()


class ArrowWriter(Writer):
    """`<episode>/part-0.arrow`; all has T+1 rows there, what has T is padded with zeros."""

    def write(self, index: int, arrays: Arrays, stated: Mapping[str, Any]) -> None:
        """Write an episode as a folder.

        Args:
            index: of the episode.
            arrays: by path, T+1 or T rows each.
            stated: its metadata.
        """
        pa = extra("pyarrow", "writing Arrow")
        tree: dict[str, Any] = {}
        frames = stated["total_steps"] + 1
        for path, array in arrays.items():
            inside = tree
            for key in path[:-1]:
                inside = inside.setdefault(key, {})
            inside[path[-1]] = self._column(pa, path, array, frames)
        batch = pa.RecordBatch.from_pydict({key: _struct(pa, inner) for key, inner in tree.items()})
        folder = self.data / str(index)
        folder.mkdir()
        with pa.ipc.new_file(str(folder / "part-0.arrow"), batch.schema) as file:
            file.write_batch(batch)
        (folder / "metadata.json").write_text(json.dumps(plain({"id": index, **stated})))

    def _column(self, pa: Any, path: tuple[str, ...], array: np.ndarray, frames: int) -> Any:
        if path in self.images:
            return pa.array(list(_jpegs(array)), pa.binary())
        padding = [(0, frames - len(array)), *[(0, 0)] * (array.ndim - 1)]
        array = np.pad(array, padding) if len(array) < frames else np.ascontiguousarray(array)
        if array.ndim == 1 and path[0] != "observations":
            return pa.array(array)
        flat = pa.array(array.reshape(-1))
        return pa.FixedSizeListArray.from_arrays(flat, int(np.prod(array.shape[1:])))


def _struct(pa: Any, tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    return pa.StructArray.from_arrays([_struct(pa, inner) for inner in tree.values()], list(tree))


def _jpegs(pictures: np.ndarray) -> Iterator[bytes]:
    for picture in pictures:
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "JPEG", quality=QUALITY, subsampling=0)
        yield buffer.getvalue()
