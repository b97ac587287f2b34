"""What the readers of HDF5 files share: opening, chunk filters, guards against damage, pictures.

h5py and hdf5plugin are of the extra `data` and imported only when a file is opened. Files are not
trusted: a dataset that lies in another file (external storage, external links, virtual datasets),
of a type that is no plain number, or larger than its column may be is a WmpcError before it is
read.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any, Protocol, TypeAlias

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.fitting import rows_misfit
from wmpc.wm.recordings.io.files import LARGEST, Place, damage, extra
from wmpc.wm.recordings.io.hdf5_reasons import NO_LOCKS, error_number, why_closed
from wmpc.wm.recordings.io.pictures import Layout, picture_layout
from wmpc.wm.recordings.source import Frames

File: TypeAlias = Any
Group: TypeAlias = Any
Dataset: TypeAlias = Any
"""h5py's classes, which are not imported here."""


class Closable(Protocol):
    def close(self) -> None: ...


SIGNATURE = b"\x89HDF\r\n\x1a\n"
BLOCK = 2**25
"""Bytes of pictures that are read at once, where a chunk is not larger."""
LARGEST_CHUNK = 2**28
"""Bytes of a chunk, which the HDF5 library holds whole while it decompresses it."""
DEEPEST, MOST = 8, 10_000
"""Groups inside groups, and datasets in all, that one episode may have."""


def probe(path: str, test: Callable[[File], bool]) -> bool:
    """Whether `path` is an HDF5 file for which `test` holds; for `Source.recognises`, never raises.

    Where h5py is not installed any HDF5 file will do, so that opening it says what to install.
    """
    try:
        place = Place(path)
        if not place.exists() or place.is_folder():
            return False
        if not is_hdf5(place):
            return False
        try:
            extra("h5py", "reading HDF5")
        except WmpcError:
            return True
        with open_hdf5(place) as file:
            return test(file)
    except Exception:
        return False


def open_hdf5(place: Place, inside: str = "", cache_bytes: int = 2**20) -> File:
    """Open a file for reading, on any filesystem; WmpcError where it is missing or damaged.

    `cache_bytes` is what HDF5 keeps of each dataset's decompressed chunks.
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
    """Whether a file has HDF5's signature: at its start, or after a block of the user's (MATLAB's)
    of 512 bytes or a power of two more."""
    with place.open() as stream:
        for offset in (0, *(2**power for power in range(9, 21))):
            stream.seek(offset)
            if (found := stream.read(len(SIGNATURE))) == SIGNATURE:
                return True
            if len(found) < len(SIGNATURE):
                break
    return False


@contextmanager
def closed_on_error(reader: Closable) -> Iterator[None]:
    """Close a reader whose opening fails: HDF5 would give the next one what it remembers of it."""
    try:
        yield
    except BaseException:
        reader.close()
        raise


def member(group: Group, name: str, what: str) -> Any:
    """The group or dataset `name` inside `group`; WmpcError where there is none or it lies
    elsewhere.

    `what` is what errors call `group`.
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


def datasets(group: Group, what: str) -> dict[str, Dataset]:
    """All datasets inside `group` by their paths, groups followed; WmpcError as `member`."""
    h5py = extra("h5py", f"reading {what}")
    found: dict[str, Dataset] = {}

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
                found[prefix + name] = inner

    with damage(what):
        walk(group, "", 1)
    return found


def attribute(thing: Group | Dataset, name: str, what: str) -> Any:
    """An attribute as plain Python (numbers, str, lists of them), None where there is none."""
    with damage(f"attribute {name!r} of {what}"):
        if name not in thing.attrs:
            return None
        value = thing.attrs[name]
        value = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
        return value.decode() if isinstance(value, bytes) else value


def is_number(dataset: Dataset) -> bool:
    """Whether its rows are plain numbers or bools, and it is no scalar."""
    with damage(str(dataset.name)):
        return dataset.dtype.kind in "biuf" and dataset.dtype.itemsize <= 8 and dataset.ndim > 0


def misfit(dataset: Dataset, rows: int, of: str) -> str | None:
    """Why a dataset is no column of numbers with `rows` rows (of which there are `rows` `of`)."""
    if dataset.dtype.kind not in "biuf" or dataset.dtype.itemsize > 8:
        return "holds no rows of numbers"
    return rows_misfit(len(dataset) if dataset.shape else None, rows, of)


def plain_dtype(dataset: Dataset) -> np.dtype:
    """The dtype of its rows in this machine's byte order, without HDF5's remarks."""
    return np.dtype(dataset.dtype.str).newbyteorder("=")


def check(dataset: Dataset, what: str, rows: int | None = None) -> None:
    """Raise WmpcError unless `dataset` can be read: what it is made of, and `rows` rows if given.

    This is where hdf5plugin is brought in, for chunks that HDF5 alone cannot decompress.
    """
    h5py = extra("h5py", f"reading {what}")
    with damage(what):
        if not isinstance(dataset, h5py.Dataset):
            raise WmpcError(f"{what} should be a dataset, not a group")
        if dataset.is_virtual or dataset.external:
            raise WmpcError(f"{what} lies in other files: copy the data into one")
        shape, chunks, size = dataset.shape, dataset.chunks, dataset.id.get_type().get_size()
        if not shape or (rows is not None and shape[0] != rows):
            should = "rows" if rows is None else f"{rows} rows"
            raise WmpcError(f"{what} has shape {shape}; it should have {should}")
        if prod(shape[1:]) * size > LARGEST:
            raise WmpcError(f"{what} has rows of shape {shape[1:]}: too large, or damaged")
        # HDF5 would give zeros for what was never written.
        if chunks is None:
            if (written := dataset.id.get_storage_size()) != prod(shape) * size:
                raise WmpcError(f"{what} is incomplete: {written} of {prod(shape) * size} bytes")
            return
        if prod(chunks) * size > LARGEST_CHUNK:
            raise WmpcError(f"{what} has chunks of shape {chunks}: too large, or damaged")
        wanted = prod(-(-rows // chunk) for rows, chunk in zip(shape, chunks, strict=True))
        if (written := dataset.id.get_num_chunks()) != wanted:
            raise WmpcError(f"{what} is incomplete: {written} of its {wanted} chunks were written")
        properties = dataset.id.get_create_plist()
        for index in range(properties.get_nfilters()):
            code, *_, name = properties.get_filter(index)
            if not h5py.h5z.filter_avail(code):
                label = f"filter {code} ({name.decode(errors='replace') or 'no name'})"
                extra("hdf5plugin", f"{what}, whose chunks use HDF5 {label},")
                if not h5py.h5z.filter_avail(code):
                    raise WmpcError(f"{what} uses HDF5 {label}, which hdf5plugin does not know")


def check_open(dataset: Dataset, what: str) -> None:
    """Raise WmpcError where the reader of `dataset` was closed."""
    if not dataset:
        raise WmpcError(f"{what} cannot be read: its reader was closed")


def read(dataset: Dataset, what: str, first: int = 0, stop: int | None = None) -> np.ndarray:
    """Rows `first` to `stop` (default: all) of a checked dataset of numbers; WmpcError on
    damage."""
    check_open(dataset, what)
    stop = len(dataset) if stop is None else stop
    if not 0 <= first <= stop <= len(dataset):
        raise WmpcError(f"{what} has {len(dataset)} rows; rows {first} to {stop} were to be read")
    if (stop - first) * _row_bytes(dataset) > LARGEST:
        raise WmpcError(
            f"{what} would take more than {LARGEST} bytes an episode: too large to read"
        )
    with damage(what):
        rows = dataset[first:stop]
        return np.ascontiguousarray(rows, plain_dtype(dataset))


class DatasetFrames(Frames):
    """Pictures that are rows of a checked uint8 dataset.

    Args:
        dataset: the pictures, of this episode and others.
        what: its name in errors.
        first, stop: rows of this episode.
        layout: how a row is a picture; None: as its shape tells.
    """

    def __init__(
        self, dataset: Dataset, what: str, first: int, stop: int, layout: Layout | None = None
    ) -> None:
        layout = layout or picture_layout(tuple(dataset.shape[1:]), dataset.dtype)
        if layout is None:
            raise WmpcError(f"{what} is {dataset.dtype} {dataset.shape}: no pictures of uint8")
        super().__init__((stop - first, *layout.shape))
        self.dataset, self.what, self.first, self.layout = dataset, what, first, layout

    def decode(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        check_open(self.dataset, self.what)
        chunk = self.dataset.chunks[0] if self.dataset.chunks else 1
        rows = rows + self.first
        for first, stop in spans(rows, chunk, BLOCK // _row_bytes(self.dataset)):
            with damage(self.what):
                pictures = self.dataset[first:stop]
            for row in rows[np.searchsorted(rows, first) : np.searchsorted(rows, stop)]:
                yield self.layout.rgb(pictures[row - first])


def spans(rows: np.ndarray, chunk: int, longest: int) -> list[tuple[int, int]]:
    """Ranges (first, stop) that cover ascending `rows`: no chunk twice, no needless row beside.

    A range is at most `longest` rows, or a chunk where that is longer.
    """
    out: list[tuple[int, int]] = []
    for row in map(int, rows):
        if out:
            first, stop = out[-1]
            near = row == stop or row // chunk == (stop - 1) // chunk
            if near and row - first < max(chunk, longest):
                out[-1] = (first, row + 1)
                continue
        out.append((row, row + 1))
    return out


def _row_bytes(dataset: Dataset) -> int:
    """Bytes of a row, 1 at least."""
    return max(1, prod(dataset.shape[1:]) * dataset.dtype.itemsize)
