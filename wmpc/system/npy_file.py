"""Read a `.npy` file that anybody may have written: numbers only, and no more than there are."""

import io
from math import prod
from pathlib import Path

import numpy as np

from wmpc.errors import WmpcError
from wmpc.system.json_file import read_bytes

NPY_BYTES = 2**30
"""The largest file that is read whole (1 GiB)."""


def read_npy(path: str | Path, limit: int = NPY_BYTES) -> np.ndarray:
    """Read the array in a `.npy` file.

    Args:
        path: a regular file.
        limit: bytes that it may have.

    Returns:
        The array, in this machine's byte order.

    Raises:
        WmpcError: it holds none, see `parse_npy`.
        OSError: as `open`.
    """
    return parse_npy(read_bytes(path, limit), str(path))


def parse_npy(data: bytes, name: str) -> np.ndarray:
    """Parse the bytes of a `.npy` file.

    Args:
        data: all of them.
        name: what messages begin with.

    Returns:
        The array, in this machine's byte order.

    Raises:
        WmpcError: they hold no array, anything but plain numbers, or fewer or more than the header
            states.
    """
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran, dtype = header(stream)
    except Exception:  # numpy parses the header as Python: damage may raise anything
        raise WmpcError(f"{name} is damaged: it is no .npy file that is read") from None
    kept = len(data) - stream.tell()
    if dtype.kind not in "biuf" or min(shape, default=0) < 0:
        raise WmpcError(f"{name} holds {dtype} {shape}; it should hold plain numbers")
    if kept != prod(shape) * dtype.itemsize:
        raise WmpcError(f"{name} is damaged: it states {dtype} {shape} and has {kept} bytes")
    values = np.frombuffer(data, dtype, offset=stream.tell())
    return values.reshape(shape, order="F" if fortran else "C").astype(dtype.newbyteorder("="))
