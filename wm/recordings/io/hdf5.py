"""What the readers of HDF5 files share: opening them, and finding what is in them.

h5py and hdf5plugin are of the extra `data` and imported only when a file is opened. Files are not
trusted: a link to another file is a WmpcError, and a dataset is checked before it is read
(`hdf5_array.py`).
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.io.files import Place, damage, extra
from wmpc.wm.recordings.io.hdf5_array import HDF5Array
from wmpc.wm.recordings.io.hdf5_reasons import NO_LOCKS, error_number, why_closed

File: TypeAlias = Any
Group: TypeAlias = Any
"""h5py's classes, which are not imported here."""

SIGNATURE = b"\x89HDF\r\n\x1a\n"
DEEPEST, MOST = 8, 10_000
"""Groups inside groups, and datasets in all, that one episode may have."""


def probe(place: Place, test: Callable[[File], bool]) -> bool:
    """Say whether a place is an HDF5 file for which a test holds.

    Where h5py is not installed any HDF5 file will do, so that opening it says what to install.

    Args:
        place: the file. It need not exist.
        test: takes the file, opened.

    Returns:
        Whether it is. Raises whatever goes wrong.
    """
    if not place.exists() or place.is_folder() or not is_hdf5(place):
        return False
    try:
        extra("h5py", "reading HDF5")
    except WmpcError:
        return True
    with open_hdf5(place) as file:
        return test(file)


def open_hdf5(place: Place, inside: str = "", cache_bytes: int = 2**20) -> File:
    """Open an HDF5 file for reading, on any filesystem.

    Args:
        place: the file, or a folder it lies in.
        inside: its name in that folder.
        cache_bytes: what HDF5 keeps of each dataset's decompressed chunks.

    Returns:
        h5py's file, to be closed by the caller.

    Raises:
        WmpcError: it is missing or damaged, another program writes to it, or h5py is not
            installed.
    """
    h5py = extra("h5py", f"reading {place.path}")
    place.check(inside)
    if not place.exists(inside):
        raise WmpcError(f"{place.name(inside)} does not exist")
    name = place.name(inside)
    if not place.is_local:
        with damage(name):
            return h5py.File(place.open(inside), "r", rdcc_nbytes=cache_bytes)
    try:
        return h5py.File(name, "r", rdcc_nbytes=cache_bytes, locking="best-effort")
    except Exception as error:
        with damage(name):
            if error_number(error) not in NO_LOCKS:
                raise WmpcError(f"{name} cannot be opened: {why_closed(error)}") from error
            # Many network filesystems cannot lock, and reading needs no lock.
            return h5py.File(name, "r", rdcc_nbytes=cache_bytes, locking=False)


def is_hdf5(place: Place) -> bool:
    """Say whether a file has HDF5's signature.

    It stands at the start, or after a block of the user's (MATLAB's) of 512 bytes or a power of
    two more.

    Args:
        place: the file.

    Returns:
        Whether it has.
    """
    with place.open() as stream:
        for offset in (0, *(2**power for power in range(9, 21))):
            stream.seek(offset)
            if (found := stream.read(len(SIGNATURE))) == SIGNATURE:
                return True
            if len(found) < len(SIGNATURE):
                break
    return False


def member(group: Group, name: str, what: str) -> Any:
    """Find a group or dataset inside a group.

    Args:
        group: a group or file of h5py's.
        name: its path inside the group.
        what: what errors call the group.

    Returns:
        The group or dataset.

    Raises:
        WmpcError: there is none, it is a link to elsewhere, or the file is damaged.
    """
    h5py = extra("h5py", f"reading {what}")
    with damage(what):
        parts = name.split("/")
        for depth, part in enumerate(parts):
            inner = "/".join(parts[: depth + 1])
            link = group.get(part, getlink=True) if isinstance(group, h5py.Group) else None
            if link is None:
                raise WmpcError(f"{what} lacks {inner!r}")
            if not isinstance(link, h5py.HardLink):
                raise WmpcError(f"{what}: {inner!r} is a link to elsewhere; copy the data into it")
            group = group[part]
    return group


def arrays(group: Group, what: str) -> dict[str, HDF5Array]:
    """Find all datasets inside a group, groups inside it followed.

    Args:
        group: the group or file.
        what: its name in errors.

    Returns:
        Them by their paths, none of them read.

    Raises:
        WmpcError: the group is damaged, holds a link to elsewhere, or too many groups or datasets.
    """
    h5py = extra("h5py", f"reading {what}")
    found: dict[str, HDF5Array] = {}

    def walk(group: Group, prefix: str, depth: int) -> None:
        if depth > DEEPEST or len(found) > MOST:
            raise WmpcError(f"{what} has more groups or datasets inside each other than are read")
        links = group.id.links
        for name in group:
            if links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD:
                raise WmpcError(f"{what}: {name!r} is a link to elsewhere; copy the data into it")
            inner = group[name]
            if isinstance(inner, h5py.Group):
                walk(inner, f"{prefix}{name}/", depth + 1)
            elif isinstance(inner, h5py.Dataset):
                found[prefix + name] = HDF5Array(inner, f"{prefix}{name} of {what}")

    with damage(what):
        walk(group, "", 1)
    return found


def attribute(thing: Any, name: str, what: str) -> Any:
    """Read an attribute as plain Python.

    Args:
        thing: a file, group or dataset of h5py's.
        name: the attribute.
        what: what errors call the thing.

    Returns:
        Numbers, str or lists of them; None where there is no such attribute.
    """
    with damage(f"attribute {name!r} of {what}"):
        if name not in thing.attrs:
            return None
        value = thing.attrs[name]
        value = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
        return value.decode() if isinstance(value, bytes) else value
