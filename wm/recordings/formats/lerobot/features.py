"""Features of a LeRobotDataset as columns of an episode: names, shapes, and what is left out.

LeRobot's conventions: `observation.state` is proprioception, `observation.images.X` and
`observation.image` are cameras, `action` the action, `next.*` what a step led to.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.description import is_name
from wmpc.wm.data.format import ROWS, Column
from wmpc.wm.data.validate import DTYPES
from wmpc.wm.recordings.formats.lerobot.info import INFO, Info
from wmpc.wm.recordings.io.files import LARGEST
from wmpc.wm.recordings.naming import clean_name

STATES = ("observation.state", "state")
NOTHING: Mapping[str, str] = {}
PLACES = {"index", "episode_index"}
NUMBERS = re.compile(r"bool|float(16|32|64)|u?int(8|16|32|64)")


@dataclass(frozen=True)
class Recorded:
    """A column, and the feature that it is read from; `kind` is numbers, video or image."""

    column: Column
    key: str
    kind: str


@dataclass
class Layout:
    """All columns of a recording, and what About says of them."""

    columns: list[Recorded]
    names: dict[str, list[str]]
    notes: list[str]
    left_out: dict[str, str]


def layout(info: Info, path: str, odd: Mapping[str, str] = NOTHING) -> Layout:
    """Lay out the columns of a recording.

    Args:
        info: what its `info.json` states.
        path: of the recording, for errors.
        odd: cameras, by key, that cannot be shown, and why.

    Returns:
        The columns, and what is to be said of them.

    Raises:
        WmpcError: it has no action, or a feature makes no sense.
    """
    if info.wmpc is not None and not odd:
        return _restored(info, info.wmpc, path)
    out = Layout([], {}, [], dict(odd))
    features = info.features
    action = next((key for key in ("action", "actions") if key in features), None)
    if action is None or not NUMBERS.fullmatch(features[action]["dtype"]):
        raise WmpcError(f"{path} has no feature 'action' of numbers; it has {', '.join(features)}")
    size = math.prod(features[action]["shape"])
    if size < 1 or size > 2**16:
        raise WmpcError(f"{path} has actions of {size} numbers: {INFO} is damaged")
    out.columns.append(
        Recorded(_column("action", "float32", (1, size), "steps"), action, "numbers")
    )
    out.names["action"] = _names(features[action])
    if features[action]["dtype"] != "float32":
        out.notes.append(f"actions are recorded as {features[action]['dtype']}, given as float32")
    out.notes.append("the last action of each episode leads to no frame and is dropped")
    proprio = next((k for k in STATES if k in features and _numbers(features[k])), None)
    cameras = _cameras(features, out.left_out)
    for key, feature in features.items():
        if key == action or key in out.left_out:
            continue
        if key in cameras:
            height, width = picture_size(feature) or (0, 0)
            column = _column(cameras[key], "uint8", (height, width, 3), "frames")
            out.columns.append(Recorded(column, key, feature["dtype"]))
            if 1 in (feature["shape"][0], feature["shape"][2]):
                out.notes.append(f"the pictures {key} are grey: the same in all three channels")
        elif key in PLACES:
            out.left_out[key] = "it says where a row lies in the recording"
        elif not _numbers(feature):
            out.left_out[key] = f"{feature['dtype']} of shape {feature['shape']} is no column"
        elif key == proprio:
            if feature["dtype"] != "float32":
                out.notes.append(f"{key} is recorded as {feature['dtype']}, proprio is float32")
            column = _column("proprio", "float32", (math.prod(feature["shape"]),), "frames")
            out.columns.append(Recorded(column, key, "numbers"))
            out.names["proprio"] = _names(feature)
        else:
            name = _free(key, (c.column.name for c in out.columns))
            shape = () if feature["shape"] == (1,) else feature["shape"]
            rows = "steps" if key.startswith("next.") else "frames"
            column = _column(name, feature["dtype"], shape, rows)
            out.columns.append(Recorded(column, key, "numbers"))
            out.names[name] = _names(feature)
    out.names = {name: names for name, names in out.names.items() if names}
    return out


def picture_size(feature: Mapping[str, Any]) -> tuple[int, int] | None:
    """Tell the size of a feature's pictures.

    Args:
        feature: an entry of `features`.

    Returns:
        Height and width in pixels; None where they are neither colours nor grey.
    """
    shape, names = feature["shape"], feature.get("names")
    if len(shape) != 3:
        return None
    first = isinstance(names, list | tuple) and str((*names, "")[0]).startswith("channel")
    channels, size = (shape[0], shape[1:]) if first else (shape[2], shape[:2])
    if not first and channels not in (1, 3) and shape[0] in (1, 3):
        channels, size = shape[0], shape[1:]
    good = channels in (1, 3) and 0 < size[0] * size[1] <= LARGEST // 16
    return (size[0], size[1]) if good else None


def _cameras(features: Mapping[str, Any], left_out: dict[str, str]) -> dict[str, str]:
    """Column by key of each camera; those that cannot be one are left out."""
    keys = []
    for key, feature in features.items():
        if feature["dtype"] not in ("video", "image") or key in left_out:
            continue
        info = {**(feature.get("video_info") or {}), **(feature.get("info") or {})}
        if info.get("is_depth_map") or info.get("video.is_depth_map"):
            left_out[key] = "a depth map is no colour picture"
        elif picture_size(feature) is None:
            left_out[key] = f"pictures of shape {feature['shape']} are not H x W x 3, nor grey"
        else:
            keys.append(key)
    if len(keys) == 1:
        return {keys[0]: "pixels"}
    names: dict[str, str] = {}
    for key in keys:
        short = re.sub(r"^observation\.(images?\.)?", "", key)
        names[key] = _free(f"pixels/{short.replace('/', '_')}", names.values())
    return names


def _restored(info: Info, wmpc: Mapping[str, Any], path: str) -> Layout:
    """The columns that our own export states; WmpcError where they and the features disagree."""
    out = Layout([], {}, [], {})
    try:
        for name, stated in wmpc["columns"].items():
            key, shape = stated["feature"], tuple(map(int, stated["shape"]))
            column = _column(name, stated["dtype"], shape, stated["rows"])
            if not is_name(name) or column.rows not in ROWS or min(shape, default=1) < 0:
                raise ValueError(name)
            kind = "numbers" if key is None else info.features[key]["dtype"]
            if kind in ("video", "image"):
                good = shape[2:] == (3,) and picture_size(info.features[str(key)]) == shape[:2]
            elif key is None:
                good = column.row_bytes == 0
            else:
                kind, feature = "numbers", info.features[key]
                good = _numbers(feature) and math.prod(shape) == math.prod(feature["shape"])
            if not good or (name == "action" and (len(shape) != 2 or column.rows != "steps")):
                raise ValueError(name)
            out.columns.append(Recorded(column, key or "", kind))
        if "action" not in (c.column.name for c in out.columns):
            raise KeyError("action")
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise WmpcError(f"'wmpc' in {path}/{INFO} is damaged: {error} makes no sense") from None
    return out


def _column(name: str, dtype: str, shape: tuple[int, ...], rows: str) -> Column:
    return Column(name, np.dtype(dtype), shape, rows)


def _numbers(feature: Mapping[str, Any]) -> bool:
    """Whether a feature is an array of plain numbers that a column can hold."""
    if not NUMBERS.fullmatch(feature["dtype"]):
        return False
    return len(feature["shape"]) < 8 and 0 < math.prod(feature["shape"]) <= 2**24


def _names(feature: Mapping[str, Any]) -> list[str]:
    """Names of a vector's numbers: a list, or `{"motors": [...]}` in older sets."""
    names = feature.get("names")
    if isinstance(names, dict) and len(names) == 1:
        names = next(iter(names.values()))
    if not isinstance(names, list | tuple) or len(names) != math.prod(feature["shape"]):
        return []
    return [str(name) for name in names]


def _free(name: str, taken: Iterable[str]) -> str:
    """The name as a column may have it, beside those `taken` and those with a meaning of ours."""
    name = clean_name(name)
    taken = {*taken, *DTYPES, "pixels"}
    if name in taken or (name.split("/")[0] in taken and not name.startswith("pixels/")):
        name = f"recorded.{name}"
    while name in taken:
        name += "_"
    return name
