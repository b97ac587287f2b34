"""Arrays of an `.npz` file, read row by row: none is ever whole in memory, nothing is unpickled.

An `.npz` is a zip of `.npy` files. One that is stored plainly is read where it lies, once it was
compared with its checksum. One that is deflated cannot be entered in the middle: it is unpacked,
when it is first read, into a temporary file without a name, which is gone when the reader is closed
or its process ends.
"""

import shutil
import tempfile
import zipfile
from contextlib import ExitStack
from math import prod
from threading import Lock
from typing import BinaryIO

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.io.array import Array
from wmpc.wm.recordings.io.files import Place, damage

BLOCK = 2**24
"""Bytes that are unpacked or read at once."""
DENSEST = 1032
"""Deflate cannot make a file smaller than by this."""
UNPACKED_BYTES, USUAL = 2**31, 100
"""A deflated array of more than 2 GiB is unpacked only where that is at most so many times its
size: recordings are not denser, and a small file must not fill a disk."""
MOST_MEMBERS = 10_000
"""Arrays of one file."""


class Npz:
    """The arrays of a file by name; WmpcError where it is no whole `.npz`."""

    def __init__(self, place: Place, inside: str = "") -> None:
        self.what, self.lock = place.name(inside), Lock()
        self.stream = place.open(inside)
        self.arrays: dict[str, NpzArray] = {}
        self.left_out: dict[str, str] = {}
        with damage(self.what):
            size = place.size(inside)
            self.zip = zipfile.ZipFile(self.stream)
            if len(self.zip.infolist()) > MOST_MEMBERS:
                raise WmpcError(f"{self.what} has more than {MOST_MEMBERS} members: too many")
            for info in self.zip.infolist():
                if info.filename.endswith(".npy"):
                    self._add(info, size)

    def _add(self, info: zipfile.ZipInfo, size: int) -> None:
        name = info.filename.removesuffix(".npy")
        what = f"{name} of {self.what}"
        if info.compress_size > size or info.file_size > DENSEST * info.compress_size + 2**10:
            raise WmpcError(f"{what} states more bytes than the file can hold: it is damaged")
        with self.zip.open(info) as member:
            version = np.lib.format.read_magic(member)
            header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }.get(version)
            if header is None:
                raise WmpcError(f"{what} is of .npy version {version}, which is not read")
            shape, fortran, dtype = header(member)
            skipped = member.tell()
        if dtype.kind not in "biuf" or dtype.itemsize > 8 or not shape or fortran:
            pickled = "Python objects, which are not unpickled" if dtype.hasobject else None
            self.left_out[name] = f"holds {pickled or f'{dtype} {shape}, no rows of numbers'}"
            return
        if info.file_size != skipped + prod(shape) * dtype.itemsize or name in self.arrays:
            raise WmpcError(f"{what} states {dtype} {shape}, but has {info.file_size} bytes")
        self.arrays[name] = NpzArray(self, info, skipped, shape, dtype, what)

    def close(self) -> None:
        for array in self.arrays.values():
            array.close()
        self.zip.close()
        self.stream.close()


class NpzArray(Array):
    """One array; see the module for how it is read."""

    def __init__(
        self,
        npz: Npz,
        info: zipfile.ZipInfo,
        skipped: int,
        shape: tuple[int, ...],
        dtype: np.dtype,
        what: str,
    ) -> None:
        self.npz, self.info, self.skipped = npz, info, skipped
        self.shape, self.stored, self.what = shape, dtype, what
        self.dtype = dtype.newbyteorder("=")
        self._plain: tuple[BinaryIO, int] | None = None

    def _rows(self, first: int, stop: int) -> np.ndarray:
        row = prod(self.shape[1:]) * self.stored.itemsize
        with self.npz.lock:  # a file has one position, readers have threads
            stream, start = self._unpacked()
            stream.seek(start + first * row)
            data = stream.read((stop - first) * row)
        rows = np.frombuffer(data, self.stored).reshape(stop - first, *self.shape[1:])
        return rows.astype(self.numbers)

    def _unpacked(self) -> tuple[BinaryIO, int]:
        """A file that holds the rows, and where in it they start."""
        if self._plain is None:
            stored = self.info.compress_type == zipfile.ZIP_STORED
            self._plain = self._inside() if stored else self._unpack()
        return self._plain

    def _inside(self) -> tuple[BinaryIO, int]:
        with self.npz.zip.open(self.info) as member:
            while member.read(BLOCK):  # its checksum is compared at the end
                pass
        stream = self.npz.stream
        stream.seek(self.info.header_offset)
        local = stream.read(30)
        if len(local) < 30 or local[:4] != b"PK\x03\x04":
            raise WmpcError(f"{self.what} is damaged: it has no zip header")
        lengths = [int.from_bytes(local[at : at + 2], "little") for at in (26, 28)]
        return stream, self.info.header_offset + 30 + sum(lengths) + self.skipped

    def _unpack(self) -> tuple[BinaryIO, int]:
        size, packed = self.info.file_size, self.info.compress_size
        if size > UNPACKED_BYTES and size > USUAL * packed:
            raise WmpcError(
                f"{self.what} would grow from {packed} to {size} bytes: too dense to be a "
                "recording; if it is one, save it with np.savez, not np.savez_compressed"
            )
        folder = tempfile.gettempdir()
        if shutil.disk_usage(folder).free < self.info.file_size:
            raise WmpcError(
                f"{self.what} is deflated: reading it needs {self.info.file_size} bytes in "
                f"{folder}, which has not so many free; set TMPDIR to a folder that has"
            )
        with ExitStack() as stack:
            file = stack.enter_context(tempfile.TemporaryFile())
            with self.npz.zip.open(self.info) as member:  # its checksum is compared at the end
                shutil.copyfileobj(member, file, BLOCK)
            stack.pop_all()  # it stays open until `close`
        return file, self.skipped

    def close(self) -> None:
        if self._plain is not None and self._plain[0] is not self.npz.stream:
            self._plain[0].close()
        self._plain = None
