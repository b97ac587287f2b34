"""The table beside a video: CSV with a header, `.npz` by names, or `.npy` of actions."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from wmpc.errors import WmpcError
from wmpc.system.npy_file import parse_npy
from wmpc.wm.recordings.io.files import LARGEST, Place, damage
from wmpc.wm.recordings.io.npz import Npz
from wmpc.wm.recordings.naming import clean_name

ENDINGS = (".csv", ".npz", ".npy")
LARGEST_TABLE = 2**25
"""Bytes of a CSV, whose text takes some times as many while it is read."""
ROLES = {
    "action": re.compile(r"actions?([_.\[ -].*|\d.*)?", re.IGNORECASE),
    "proprio": re.compile(r"(proprio|state)([_.\[ -].*|\d.*)?", re.IGNORECASE),
    "timestamp": re.compile(r"timestamp|time", re.IGNORECASE),
}


@dataclass(frozen=True)
class Table:
    """Columns (rows, ...) by name; `action` and `proprio` are (rows, n)."""

    what: str
    rows: int
    columns: Mapping[str, np.ndarray]
    times: np.ndarray | None
    """(rows,) seconds on the clock of the videos."""
    labels: Mapping[str, list[str]]
    """What the dimensions of `action` and `proprio` are called."""
    left_out: Mapping[str, str]


def read_table(place: Place, file: str) -> Table:
    """Read a table, whole.

    Args:
        place: the folder of the recording.
        file: its name there.

    Returns:
        Its columns, put together by their roles.

    Raises:
        WmpcError: it is damaged, too large, or its columns are of different lengths.
    """
    what = place.name(file)
    left: dict[str, str] = {}
    if file.lower().endswith(".csv"):
        columns = _csv(place.read(file, LARGEST_TABLE), what, left)
    elif file.lower().endswith(".npz"):
        npz = Npz(place, file)
        try:
            stated = sum(
                prod(array.shape) * array.numbers.itemsize for array in npz.arrays.values()
            )
            if stated > LARGEST:
                raise WmpcError(f"{what} states {stated} bytes; a table has at most {LARGEST}")
            columns = {n: array.read(0, array.shape[0]) for n, array in npz.arrays.items()}
        finally:
            npz.close()
        left |= npz.left_out
    else:
        values = parse_npy(place.read(file), what)
        if not values.ndim:
            raise WmpcError(f"{what} has no rows")
        columns = {"action": values}
    return _sorted(what, columns, left)


def _sorted(what: str, columns: Mapping[str, np.ndarray], left: dict[str, str]) -> Table:
    """Put columns together by their roles."""
    rows = len(next(iter(columns.values()), ()))
    if not rows:
        raise WmpcError(f"{what} has no rows")
    parts: dict[str, list[str]] = {}
    for name, values in columns.items():
        if len(values) != rows:
            raise WmpcError(f"{what}: {name} has {len(values)} rows, others have {rows}")
        role = next((role for role, names in ROLES.items() if names.fullmatch(name)), name)
        if role in ("action", "proprio") and values.ndim > 2:
            raise WmpcError(f"{what}: {name} has shape {values.shape}; it should be (rows, n)")
        role = clean_name(role.replace("/", "_"))
        parts.setdefault(role, []).append(name)
    out, labels, times = {}, {}, None
    for role, names in parts.items():
        if role in ("action", "proprio"):
            flat = [np.asarray(columns[name]).reshape(rows, -1) for name in names]
            out[role] = np.concatenate(flat, 1).astype(np.float32)
            if not out[role].shape[1]:
                raise WmpcError(f"{what}: {role} has no dimensions")
            if len(names) > 1:
                labels[role] = names
        elif len(names) > 1:
            raise WmpcError(f"{what} has columns {names}, which would both be called {role}")
        elif role == "timestamp":
            times = np.asarray(columns[names[0]], np.float64).reshape(rows, -1)[:, 0]
            if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
                raise WmpcError(f"{what}: its time stamps do not ascend")
        elif role == "pixels" or role.startswith("pixels"):
            left[role] = "is called as pictures are, which are in the videos"
        else:
            out[role] = columns[names[0]]
    return Table(what, rows, out, times, labels, left)


def _csv(data: bytes, what: str, left: dict[str, str]) -> dict[str, np.ndarray]:
    """Columns of numbers, float64; an empty cell is NaN."""
    with damage(what):
        lines: Iterable[list[str]] = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        table = [line for line in lines if line]
    if not table:
        raise WmpcError(f"{what} is empty")
    header = [name.strip() for name in table[0]]
    if len(set(header)) != len(header) or not all(header):
        raise WmpcError(f"{what} has two columns of one name, or one without a name: {header[:20]}")
    for number, line in enumerate(table[1:], 2):
        if len(line) != len(header):
            raise WmpcError(
                f"{what}: line {number} has {len(line)} cells, the header {len(header)}"
            )
    columns = {}
    for name, cells in zip(header, zip(*table[1:], strict=True), strict=False):
        try:
            columns[name] = np.array([float(cell) if cell.strip() else np.nan for cell in cells])
        except ValueError as error:
            if any(names.fullmatch(name) for names in ROLES.values()):
                raise WmpcError(f"{what}: {name} holds what is no number ({error})") from None
            left[clean_name(name)] = "holds words"
    return columns
