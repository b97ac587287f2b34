"""Rows of a dataset's columns by number: from the map, from the file, or from memory.

Pages of a map that were touched count as resident memory. Small columns are mapped; a large one is
read by position, which leaves nothing behind and is as fast as dropping mapped pages now and then
(`benchmarks/data.py`). What is kept in memory is copied once, when it fits.
"""

import os
import weakref
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.format import HEADER_BYTES, Column, is_camera
from wmpc.wm.data.reader import Episodes

if TYPE_CHECKING:
    import torch

Take = Callable[[np.ndarray], Any]
"""Row numbers (...,) int64 -> rows (..., *shape), an array or a tensor."""
MAPPED = 2**28
"""Bytes of columns that one set of windows maps; larger columns are read by position."""
SHARE = 0.5
"""Share of the free memory that columns kept in it may take."""
RESIDENT = ("auto", "no", "ram", "device")


class Stored:
    """Rows of a column's file, read by position."""

    def __init__(self, path: Path, column: Column) -> None:
        self.path, self.column = path / column.file, column
        self._file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._file)

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Rows (..., *shape); neighbours are read at once. WmpcError where the file has shrunk."""
        flat, size = rows.ravel(), self.column.row_bytes
        out = np.empty((*rows.shape, *self.column.shape), self.column.dtype)
        view = out.reshape(-1).view(np.uint8).data
        cuts = [0, *(np.flatnonzero(np.diff(flat) != 1) + 1).tolist(), len(flat)]
        starts = (HEADER_BYTES + size * flat[cuts[:-1]]).tolist() if len(flat) else []
        for run, offset in enumerate(starts):
            self._read(view[cuts[run] * size : cuts[run + 1] * size], offset)
        return out

    def _read(self, into: memoryview, offset: int) -> None:
        while done := os.preadv(self._file, [into], offset):
            if done == len(into):
                return
            into, offset = into[done:], offset + done
        raise WmpcError(f"{self.path} was truncated while it was read: check the dataset")


def takers(episodes: Episodes, columns: Iterable[str]) -> dict[str, Take]:
    """Choose for each column how its rows are taken: from a map or by position.

    The smallest columns are mapped, up to `MAPPED` bytes in all. Larger ones are read from their
    files by position, unless the episodes are not on disk or the rows have no bytes.

    Args:
        episodes: of the dataset.
        columns: names of columns that it has.

    Returns:
        By name, what takes rows of the column.
    """
    room, takes = MAPPED, {}
    for name in sorted(columns, key=lambda name: _bytes(episodes, name)):
        room -= _bytes(episodes, name)
        column = episodes.columns[name]
        by_position = room < 0 and column.row_bytes and episodes.on_disk
        takes[name] = Stored(episodes.path, column) if by_position else _of(episodes.frames(name))
    return takes


def kept(
    episodes: Episodes, takes: Mapping[str, Take], resident: str, device: "torch.device"
) -> dict[str, Take]:
    """Copy columns into memory, and take their rows from there.

    Args:
        episodes: of the dataset.
        takes: how rows of each column are taken so far, as `takers` gives it.
        resident: "ram": all columns, as arrays; "device": the pictures, as tensors on `device`;
            "auto": as "device" if that is not the CPU and they fit, else "no"; "no": none.
        device: to train on.

    Returns:
        `takes`, with those of the copied columns replaced; the rows are the same bits.

    Raises:
        WmpcError: when `resident` is none of these, or, with "ram" or "device", the columns need
            more than `SHARE` of the free memory.
    """
    if resident not in RESIDENT:
        raise WmpcError(f"train.resident is {resident!r}; it may be {', '.join(RESIDENT)}")
    pictures = [name for name in takes if is_camera(name)]
    chosen = list(takes) if resident == "ram" else pictures
    needed, free = sum(_bytes(episodes, name) for name in chosen), _free(resident, device)
    if resident == "no" or (resident == "auto" and (device.type == "cpu" or needed > free)):
        return dict(takes)
    if needed > free:
        raise WmpcError(
            f"train.resident={resident} needs {needed >> 20} MB of memory, of which {free >> 20} "
            f"MB ({SHARE:.0%} of what is free) may be used: choose resident=no"
        )
    out = dict(takes)
    for name in chosen:
        rows = _whole(episodes, name)
        out[name] = _of(rows) if resident == "ram" else _on(device, rows)
    return out


def _of(array: np.ndarray) -> Take:
    return lambda rows: np.take(array, rows, axis=0)


def _on(device: "torch.device", rows: np.ndarray) -> Take:
    import torch  # as everything here does without, unless pictures go to a device

    tensor = torch.from_numpy(rows).to(device)
    return lambda index: tensor[torch.from_numpy(index).to(device)]


def _whole(episodes: Episodes, name: str) -> np.ndarray:
    """A column in memory, read without mapping it."""
    column = episodes.columns[name]
    if not episodes.on_disk:
        return episodes.frames(name)[:]
    count = column.span(episodes.ends, len(episodes) - 1)[1]
    return Stored(episodes.path, column)(np.arange(count))


def _bytes(episodes: Episodes, name: str) -> int:
    column = episodes.columns[name]
    return column.span(episodes.ends, len(episodes) - 1)[1] * column.row_bytes


def _free(resident: str, device: "torch.device") -> int:
    """Bytes that may be used where columns would be kept."""
    if device.type == "cuda" and resident != "ram":
        import torch

        return int(SHARE * torch.cuda.mem_get_info(device)[0])
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return int(SHARE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return int(SHARE * free * 1024)
