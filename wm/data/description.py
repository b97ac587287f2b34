"""Read a dataset's `meta.json`, which anybody may have written: all that it states is checked.

Only plain numbers of fixed size are columns. A type such as Python objects would let the bytes of a
file become addresses in memory.
"""

import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.system.disk import unfinished
from wmpc.system.json_file import read_json
from wmpc.system.links import refuse_outside
from wmpc.wm.data.format import FORMAT, IDENTITY, META, ROWS, VERSION, Column

DTYPE = re.compile(r"[<>|]?(b1|[iu][1248]|f2|f4|f8|f16)")
"""What a column's dtype may be: bools, integers and floats of a stated size."""
NAME = re.compile(r"(?!\.+(/|$))[\w.-]+(/(?!\.+(/|$))[\w.-]+)*")
"""What a column's name may be: letters, digits, . _ - and / between parts, none all dots."""
LONGEST_NAME = 200
"""Characters of a name, which is also that of a file."""
ROW_BYTES = 2**31
"""The largest row of a column (2 GiB): more is taken for damage."""
MOST_AXES = 16


def read_meta(path: Path) -> dict[str, Any]:
    """Read `meta.json` of a dataset, and check all that it states.

    Args:
        path: the dataset's folder.

    Returns:
        The settings, columns and sources as the file states them.

    Raises:
        WmpcError: when `path` is missing, a file or an empty folder; when its `meta.json` is
            missing, cannot be read, lies outside the folder through a link, is of another format
            or version, lacks a key, or states a setting or a column that makes no sense.
    """
    if not path.exists():
        raise WmpcError(
            f"there is no dataset at {path}: `wmpc collect` or `EpisodeWriter` makes one"
        )
    if not path.is_dir():
        raise WmpcError(
            f"{path} is a file; a dataset is a folder with {META} and a .npy per column"
        )
    if all(map(unfinished, os.listdir(path))):
        raise WmpcError(f"the folder {path} is empty: no episode was recorded there")
    try:
        meta = read_json(refuse_outside(path / META, path), "wmpc dataset's description")
    except FileNotFoundError:
        raise WmpcError(
            f"{path} is not a wmpc dataset: it has no {META}; `wmpc data import` makes one of a "
            "recording in another format"
        ) from None
    if meta.get("format") != FORMAT:
        raise WmpcError(f"{path} is not a wmpc dataset: its {META} does not say format {FORMAT!r}")
    if meta.get("version") != VERSION:
        raise WmpcError(
            f"{path} has format version {meta.get('version')!r}; this wmpc reads version {VERSION}"
        )
    if lacking := [key for key in (*IDENTITY, "columns", "sources") if key not in meta]:
        raise WmpcError(f"{path / META} is damaged: it lacks {', '.join(lacking)}")
    try:
        _check_settings(meta)
        _check_columns_fit(read_columns(meta), meta)
    except WmpcError as error:
        raise WmpcError(f"{path / META} is damaged: {error}") from None
    return meta


def read_columns(meta: Mapping[str, Any]) -> dict[str, Column]:
    """Return the columns that a `meta.json` declares.

    Args:
        meta: its content, whose `columns` describes each column by name.

    Returns:
        Each column by name.

    Raises:
        WmpcError: when an entry describes no column, see `check_column`.
    """
    return {name: check_column(name, stated) for name, stated in meta["columns"].items()}


def _check_settings(meta: Mapping[str, Any]) -> None:
    """Raise WmpcError, with the key, where a setting of `meta` has no value that makes sense."""

    def refuse(key: str, should: str) -> None:
        raise WmpcError(f"its {key} is {str(meta[key])[:60]!r}; it should be {should}")

    if not isinstance(meta["env"], str):
        refuse("env", "a name")
    for key in ("kwargs", "render"):
        if not isinstance(meta[key], dict | None):
            refuse(key, "settings by name")
    if not _is_number(meta["fps"]) or not 0 < meta["fps"] < math.inf:
        refuse("fps", "a number above 0")
    if type(meta["m"]) is not int or not 1 <= meta["m"] <= 10**6:
        refuse("m", "a whole number of actions a frame")
    low, high = meta["action_low"], meta["action_high"]
    for key, values in (("action_low", low), ("action_high", high)):
        if not isinstance(values, list) or not all(map(_is_number, values)):
            refuse(key, "a list of numbers")
    if len(low) != len(high) or not all(a < b for a, b in zip(low, high, strict=False)):
        refuse("action_low", "as long as action_high, and below it")
    if not isinstance(meta["sources"], list) or not all(map(_is_source, meta["sources"])):
        refuse("sources", "a list of what was recorded from which first_episode on")
    if not isinstance(meta["columns"], dict):
        refuse("columns", "columns by name")


def check_column(name: str, stated: Any) -> Column:
    """Return the column that an entry of `meta["columns"]` describes.

    Args:
        name: the column's name, the key of the entry.
        stated: the entry: a dict with `dtype`, `shape` (of a row) and `rows`, of any type until
            checked here.

    Returns:
        The column.

    Raises:
        WmpcError: when the name is none that a column can have, the entry is no dict, the dtype is
            not plain numbers (see `DTYPE`), the shape is not at most `MOST_AXES` whole numbers, a
            row is larger than `ROW_BYTES`, or `rows` is not frames, steps or episode.
    """
    if not is_name(name):
        raise WmpcError(f"{name[:60]!r} is no name that a column can have")
    if not isinstance(stated, dict):
        raise WmpcError(f"column {name!r} is not described")
    dtype, shape, rows = (stated.get(key) for key in ("dtype", "shape", "rows"))
    if not isinstance(dtype, str) or not DTYPE.fullmatch(dtype):
        raise WmpcError(
            f"column {name!r} has dtype {str(dtype)[:60]!r}; it should be plain numbers"
        )
    if (
        not isinstance(shape, list)
        or not all(type(n) is int and n >= 0 for n in shape)
        or len(shape) > MOST_AXES
    ):
        raise WmpcError(f"column {name!r} has rows of shape {str(shape)[:60]}; give whole numbers")
    kind = np.dtype(dtype)
    if math.prod(max(n, 1) for n in shape) * kind.itemsize > ROW_BYTES:
        raise WmpcError(
            f"column {name!r} has rows of shape {str(shape)[:60]}: too large to be read"
        )
    if not isinstance(rows, str) or rows not in ROWS:
        raise WmpcError(
            f"column {name!r} has rows {str(rows)[:60]!r}; they are frames, steps or episode"
        )
    return Column(name, kind, tuple(shape), rows)


def _check_columns_fit(columns: Mapping[str, Column], meta: Mapping[str, Any]) -> None:
    """Raise WmpcError unless actions are as many a frame and as large as `meta` says; where it says
    no bounds, there may be none."""
    wanted = (meta["m"], len(meta["action_low"]))
    action = columns.get("action")
    video = action is None and not wanted[1]
    if not video and (action is None or action.rows != "steps" or action.shape != wanted):
        raise WmpcError(f"its column 'action' should have a row of shape {wanted} a step")
    files = [column.file.casefold() for column in columns.values()]
    if len(set(files)) < len(files):
        raise WmpcError("two of its columns would lie in one file")


def is_name(name: str) -> bool:
    """Tell whether a column can have this name.

    Args:
        name: to check.

    Returns:
        True where it has at most `LONGEST_NAME` characters and matches `NAME`.
    """
    return len(name) <= LONGEST_NAME and NAME.fullmatch(name) is not None


def _is_number(value: Any) -> bool:
    """Whether it is a number that float64 holds, infinities included."""
    if type(value) is int:
        return abs(value) < 2**1000
    return type(value) is float and not math.isnan(value)


def _is_source(value: Any) -> bool:
    return isinstance(value, dict) and type(value.get("first_episode")) is int
