"""The table beside a video, and its part of a log of all episodes: columns by their roles."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats.video_folder.cells import EPISODE, Cells, read_cells
from wmpc.wm.recordings.io.files import Place
from wmpc.wm.recordings.naming import clean_name
from wmpc.wm.recordings.roles import Roles

ENDINGS = (".csv", ".parquet", ".npz", ".npy")
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


def read_table(place: Place, file: str, roles: Roles) -> Table:
    """Read the table of an episode, whole.

    Args:
        place: the folder of the recording.
        file: its name there.
        roles: what a person says of its columns.

    Returns:
        Its columns, put together by their roles.

    Raises:
        WmpcError: it is damaged, too large, or its columns are of different lengths.
    """
    return with_roles(read_cells(place, file), roles)


def with_roles(cells: Cells, roles: Roles) -> Table:
    """Put the columns of a table together by their roles.

    Args:
        cells: the table as it stands.
        roles: what a person says of its columns: what is named there keeps its name, and no other
            column is taken for what some are named for.

    Returns:
        Its columns.

    Raises:
        WmpcError: they are of different lengths, no numbers where numbers are needed, or two would
            be called alike.
    """
    what, columns = cells.what, cells.numbers
    left = {clean_name(n): why for n, why in cells.left_out.items()}
    left |= {clean_name(name): "holds words" for name in cells.words}
    for name, why in cells.words.items():
        if _role(name, roles) in ROLES or _is_named(name, (*roles.actions, *roles.proprio)):
            raise WmpcError(f"{what}: {name} holds what is no number ({why.reason})")
    rows = len(next(iter(columns.values()), ()))
    if not rows:
        raise WmpcError(f"{what} has no rows")
    parts: dict[str, list[str]] = {}
    for name, values in columns.items():
        if len(values) != rows:
            raise WmpcError(f"{what}: {name} has {len(values)} rows, others have {rows}")
        role = _role(name, roles)
        if role in ("action", "proprio") and values.ndim > 2:
            raise WmpcError(f"{what}: {name} has shape {values.shape}; it should be (rows, n)")
        parts.setdefault(role, []).append(name)
    if roles.time is not None and "timestamp" not in parts:
        have = ", ".join(map(clean_name, columns))
        raise WmpcError(f"time={roles.time} came; {what} has {have}")
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


def _role(name: str, roles: Roles) -> str:
    """Under which name a column is kept; `timestamp` of that of the time stamps."""
    clean = clean_name(name.replace("/", "_"))
    if roles.time is not None and _is_named(name, (roles.time,)):
        return "timestamp"
    if _is_named(name, (*roles.actions, *roles.proprio)):
        return clean
    said = {"action": roles.actions, "proprio": roles.proprio, "timestamp": roles.time}
    return next((r for r, kind in ROLES.items() if kind.fullmatch(name) and not said[r]), clean)


def _is_named(name: str, names: tuple[str, ...]) -> bool:
    return name in names or clean_name(name.replace("/", "_")) in names


def read_log(place: Place, files: Sequence[str], names: list[str]) -> Mapping[str, Cells] | None:
    """Read the one table that holds the rows of all episodes.

    Args:
        place: the folder of the recording.
        files: tables there that are not called as an episode is.
        names: of the episodes, in order.

    Returns:
        The rows of each episode; None where no table has a column that says which.

    Raises:
        WmpcError: a table is damaged, or two have such a column.
    """
    found = [(cells, episode_column(cells)) for cells in (read_cells(place, f) for f in files)]
    logs = [(cells, column) for cells, column in found if column is not None]
    if len(logs) > 1:
        both = " and ".join(cells.what for cells, _ in logs[:2])
        raise WmpcError(f"both {both} have a column of episodes: which is meant?")
    return split_by_episode(*logs[0], names, place.path) if logs else None


def split_by_episode(cells: Cells, column: str, names: list[str], what: str) -> dict[str, Cells]:
    """Part a table that holds all episodes, by its column that says which.

    Args:
        cells: the table.
        column: of the episodes.
        names: of the episodes, in order.
        what: the folder, for errors.

    Returns:
        By episode the rows of it, without that column; an episode may have none.

    Raises:
        WmpcError: the column says what is no episode.
    """
    if column in cells.words:
        said = list(cells.words[column].cells)
    else:
        said = [float(value) for value in np.ravel(cells.numbers[column])]
    meant = _meant(dict.fromkeys(said), names)
    if unknown := [value for value in meant if meant[value] is None]:
        shown = f"{unknown[0]:g}" if isinstance(unknown[0], float) else repr(unknown[0])
        raise WmpcError(
            f"{cells.what} says {column} {shown[:60]}, {what} has the videos of "
            f"{', '.join(names[:3])}{', ...' * (len(names) > 3)}: an episode is called as its "
            "videos are, by the number in its name, or counted from 0 in the order of the names"
        )
    rows: dict[str, list[int]] = {}
    for row, value in enumerate(said):
        rows.setdefault(str(meant[value]), []).append(row)
    rest = {name: values for name, values in cells.numbers.items() if name != column}
    words = {name: held for name, held in cells.words.items() if name != column}
    return {
        name: replace(
            cells,
            what=f"{cells.what}, {column} {name}",
            numbers={key: values[picked] for key, values in rest.items()},
            words=words,
        )
        for name, picked in rows.items()
    }


def episode_column(cells: Cells) -> str | None:
    """Find the column that says to which episode a row belongs.

    Args:
        cells: the table.

    Returns:
        Its name; None where there is none, or more than one.
    """
    found = [name for name in (*cells.words, *cells.numbers) if EPISODE.fullmatch(name)]
    found = [n for n in found if n in cells.words or cells.numbers[n].size == cells.rows]
    return found[0] if len(found) == 1 else None


def _meant(said: Mapping[str | float, None], names: list[str]) -> dict[str | float, str | None]:
    """Which episode each value means; None where it means none."""
    if any(isinstance(value, str) for value in said):
        return {value: str(value) if value in names else None for value in said}
    numbers = [re.findall(r"\d+", name) for name in names]
    counted = {float(found[-1]): name for found, name in zip(numbers, names, strict=True) if found}
    if len(counted) < len(names) or not all(value in counted for value in said):
        counted = {float(place): name for place, name in enumerate(names)}
    return {value: counted.get(float(value)) for value in said}
