"""What an episode must be before a byte of it is written: errors name column, episode and row."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.description import is_name
from wmpc.wm.data.format import DIGESTS, ENDS, FORMAT, IDENTITY, VERSION, Column, is_camera, plain

DTYPES = {"action": "float32", "proprio": "float32", "state": "float64", "variation": "float64"}
"""Columns of the conventions and their dtypes; pictures are uint8, any other column is free."""
BOUNDS = ("action_low", "action_high")
"""The keys of `meta.json` that bound the actions, each (A,)."""


def complete(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a dataset as `meta.json` states them, defaults included.

    Args:
        meta: `env`, `fps`, and `action_low` and `action_high` (A,) unless the dataset has no
            actions; it may have `m`, `kwargs`, `render` and `source`.

    Returns:
        These as plain JSON values, with `format` and `version`. `kwargs`, `render` and `source`
        are {} by default; without bounds these are [] and `m` is 1.

    Raises:
        WmpcError: when a key is unknown, `env`, `fps` or one of the two bounds is missing, a value
            cannot be written as JSON, or the bounds are not (A,) with low < high.
    """
    allowed = {*IDENTITY, "source"} - {"version"}
    if unknown := sorted(set(meta) - allowed):
        raise WmpcError(
            f"unknown meta key {unknown[0]!r}; allowed are {', '.join(sorted(allowed))}"
        )
    bounded = any(key in meta for key in BOUNDS)
    for key in ("env", "fps", *(BOUNDS if bounded else ())):
        if key not in meta:
            raise WmpcError(f"meta lacks {key!r}: a dataset states env, fps and the action bounds")
    known = {"format": FORMAT, "version": VERSION, "kwargs": {}, "render": {}, "source": {}}
    if not bounded:
        known |= {"m": 1, "action_low": [], "action_high": []}
    known |= plain(meta)
    low, high = np.asarray(known["action_low"]), np.asarray(known["action_high"])
    if low.ndim != 1 or low.shape != high.shape or not np.all(low < high):
        raise WmpcError(
            "action_low and action_high should be (A,) with low < high, "
            f"but are {known['action_low']} and {known['action_high']}"
        )
    return known


def stored(column: Column) -> Column:
    """Return a column with the dtype that it is stored in.

    Args:
        column: of any dtype.

    Returns:
        The column with the dtype that `DTYPES` has for its name, else with its own.
    """
    return replace(column, dtype=np.dtype(DTYPES.get(column.name, column.dtype)))


def bounds(meta: Mapping[str, Any], dtype: Any = np.float32) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest actions of a dataset.

    Args:
        meta: of the dataset, as `complete` gives it.
        dtype: of the arrays returned.

    Returns:
        Low and high, each (A,); (0,) where the dataset has no actions.
    """
    low, high = (np.asarray(meta[key], dtype) for key in BOUNDS)
    return low, high


def check_settings(path: Path, recorded: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Refuse settings that are not those that a dataset was recorded with.

    Args:
        path: of the dataset, for the message.
        recorded: its `meta`.
        given: settings to compare; of the keys in `IDENTITY`, those missing here are not compared.

    Raises:
        WmpcError: when one differs; the message names its key and both values.
    """
    for key in IDENTITY:
        if key not in given:
            continue
        old, new = recorded.get(key), given[key]
        if isinstance(old, dict) and isinstance(new, dict):
            for inner in sorted(old.keys() | new.keys()):
                if old.get(inner) != new.get(inner):
                    key, old, new = f"{key}.{inner}", old.get(inner), new.get(inner)
                    break
        if old != new:
            raise WmpcError(
                f"{path} was recorded with {key}={old}, now {key}={new} came; "
                "use the same settings or another folder"
            )


def has_actions(meta: Mapping[str, Any]) -> bool:
    """Tell whether the episodes of a dataset have actions.

    Args:
        meta: of the dataset, as `complete` gives it.

    Returns:
        False where it states no bounds of actions, as for videos.
    """
    return bool(meta["action_low"])


def count_steps(episode: Mapping[str, np.ndarray], index: int, acted: bool = True) -> int:
    """Count the steps of an episode: its actions or, where there are none, its pictures but one.

    Args:
        episode: its columns.
        index: of the episode, for the message.
        acted: whether it should have actions, see `has_actions`.

    Returns:
        T, at least 1.

    Raises:
        WmpcError: it lacks the actions, has some that it should not have, or no pictures either;
            or `action` is not (T, m, A) with T >= 1.
    """
    action = episode.get("action")
    if action is None and acted:
        raise WmpcError(
            f"episode {index} has no column 'action'; it has {sorted(episode)}. Videos without "
            "actions go to a dataset whose meta states no action_low and action_high"
        )
    if action is None:
        frames = next((len(x) for name, x in sorted(episode.items()) if is_camera(name)), 0)
        if frames < 2:
            raise WmpcError(
                f"episode {index} has neither actions nor two pictures; it has {sorted(episode)}"
            )
        return frames - 1
    if not acted:
        raise WmpcError(
            f"episode {index} has actions, the dataset has none: state action_low and action_high"
        )
    if action.ndim != 3 or 0 in action.shape:
        raise WmpcError(
            f"action of episode {index} has shape {action.shape}; it should be (T, m, A), "
            "m actions between two frames, with T, m and A at least 1"
        )
    return len(action)


def infer_columns(
    episode: Mapping[str, np.ndarray], index: int, acted: bool = True
) -> dict[str, Column]:
    """Tell the columns of an episode by name and number of rows: T+1 frames or T steps.

    Args:
        episode: its columns.
        index: of the episode, for the message.
        acted: whether it should have actions, see `has_actions`.

    Returns:
        What each column is, by name.

    Raises:
        WmpcError: as `count_steps`, or a column has a wrong number of rows, dtype or name.
    """
    steps, columns = count_steps(episode, index, acted), {}
    for name, array in episode.items():
        what = f"column {name!r} of episode {index}"
        if not is_name(name) or name in (DIGESTS, ENDS.removesuffix(".npy")):
            raise WmpcError(f"{what}: this name cannot be stored; letters, digits, . _ - and / can")
        pixels = is_camera(name)
        dtype = "uint8" if pixels else DTYPES.get(name, str(array.dtype))
        if array.dtype != dtype or array.dtype.kind not in "biuf":
            wanted = dtype if array.dtype.kind in "biuf" else "a plain number"
            raise WmpcError(f"{what} is {array.dtype}; it should be {wanted}: convert it")
        if pixels and (array.ndim != 4 or array.shape[-1] != 3):
            raise WmpcError(f"{what} has shape {array.shape}; pictures should be (T+1, H, W, 3)")
        if name == "variation":
            columns[name] = Column(name, array.dtype, array.shape, "episode")
        elif array.ndim and len(array) in (steps, steps + 1):
            rows = "steps" if len(array) == steps else "frames"
            columns[name] = Column(name, array.dtype, array.shape[1:], rows)
        else:
            raise WmpcError(
                f"{what} has shape {array.shape}; with {steps} {'actions' if acted else 'steps'} "
                f"it should have {steps + 1} rows (one a frame) or {steps} (one a step)"
            )
    return columns


def check_columns(
    path: Path, known: Mapping[str, Column], given: Mapping[str, Column], index: int
) -> None:
    """Refuse an episode whose columns are not those of the dataset.

    Args:
        path: of the dataset, for the message.
        known: the dataset's columns by name.
        given: the episode's columns by name.
        index: of the episode, for the message.

    Raises:
        WmpcError: when a column is missing or additional, or its dtype, shape or kind of rows
            differs.
    """
    for name in sorted(known.keys() | given.keys()):
        if name not in given or name not in known:
            side = "lacks" if name not in given else "has an additional"
            raise WmpcError(f"episode {index} {side} column {name!r}; {path} has {sorted(known)}")
        if known[name] != given[name]:
            old, new = known[name].describe(), given[name].describe()
            key = next(k for k in old if old[k] != new[k])
            raise WmpcError(
                f"column {name!r} of {path} has {key} {old[key]}, that of episode {index} "
                f"has {new[key]}"
            )


def check_episode(
    episode: Mapping[str, np.ndarray],
    columns: Mapping[str, Column],
    index: int,
    meta: Mapping[str, Any],
) -> None:
    """Refuse an episode with a number that is not finite or an action out of the recorded bounds.

    Args:
        episode: its arrays by name; `action` (T, m, A) among them if the dataset has actions.
        columns: what each of them is, by name.
        index: of the episode, for the message.
        meta: of the dataset, as `complete` gives it.

    Raises:
        WmpcError: when a number is not finite, `action` has another m than `meta` states or
            another A than the bounds, or an action is out of them.
    """
    for name, array in episode.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            row = np.argwhere(~np.isfinite(array))[0]
            value = array[tuple(row)]
            at = "" if columns[name].rows == "episode" else f" at step {row[0]}"
            raise WmpcError(f"column {name!r} of episode {index} holds {value}{at}: not stored")
    if not has_actions(meta):
        return
    action = episode["action"]
    _, m, size = action.shape
    if m != meta.get("m", m):
        raise WmpcError(f"episode {index} has {m} actions a frame, the dataset has m={meta['m']}")
    low, high = bounds(meta, action.dtype)
    if low.shape != (size,):
        raise WmpcError(f"episode {index} has actions of size {size}, the bounds have {len(low)}")
    outside = (action < low) | (action > high)
    if outside.any():
        step, k, a = np.argwhere(outside)[0]
        raise WmpcError(
            f"action {action[step, k, a]} (dimension {a}) of episode {index} at step {step} is "
            f"outside its bounds [{low[a]}, {high[a]}]: not stored"
        )
