"""`meta/info.json` of a LeRobotDataset: what it states, checked, and the paths that it spells.

Documentation: https://huggingface.co/docs/lerobot/lerobot-dataset-v3
"""

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from wmpc.errors import WmpcError
from wmpc.wm.recordings.io.files import Place

INFO = "meta/info.json"
SPEC = re.compile(r"(0?[1-9]?\d?d)?")
"""What a template may ask of a number: `03d` and the like."""


@dataclass(frozen=True)
class Info:
    """What the readers use of `meta/info.json`."""

    fps: float
    features: Mapping[str, Mapping[str, Any]]
    """Each with `dtype`, `shape` (a tuple) and perhaps `names` and `info`."""
    data_path: str
    video_path: str | None
    chunks_size: int
    total_episodes: int
    splits: Mapping[str, Any]
    robot_type: str | None
    wmpc: Mapping[str, Any] | None
    """What `wmpc.wm.recordings.export.lerobot` added; None where others wrote the set."""


def is_version(place: Place, major: str) -> bool:
    """Say whether a LeRobotDataset is of a version.

    Args:
        place: its folder, which may hold something else.
        major: how the version begins, such as `v3`.

    Returns:
        Whether `codebase_version` begins so.
    """
    return str(place.json(INFO).get("codebase_version", "")).startswith(major)


def read_info(place: Place, major: str) -> Info:
    """Read and check `meta/info.json`.

    Args:
        place: the folder of the recording.
        major: how its version must begin, such as `v3`.

    Returns:
        What it states.

    Raises:
        WmpcError: there is none, it is of another version, or makes no sense.
    """
    name = place.name(INFO)
    if not place.exists(INFO):
        raise WmpcError(f"{place.path} is no LeRobotDataset: it has no {INFO}")
    raw = place.json(INFO)
    version = raw.get("codebase_version")
    if not isinstance(version, str) or not re.match(rf"{major}(\.|$)", version):
        raise WmpcError(
            f"{place.path} is a LeRobotDataset of version {version!r}; this reader takes {major}.x "
            "and wmpc v2.0, v2.1 and v3.0: convert it with lerobot's own scripts"
        )
    for key in ("fps", "features", "data_path", "total_episodes"):
        if key not in raw:
            raise WmpcError(f"{name} is damaged: it lacks {key!r}")
    fps, chunks = raw["fps"], raw.get("chunks_size", 1000)
    checks = {
        "fps": isinstance(fps, int | float) and 0 < fps < 1e6,
        "features": isinstance(raw["features"], dict),
        "data_path": isinstance(raw["data_path"], str),
        "video_path": isinstance(raw.get("video_path"), str | None),
        "chunks_size": isinstance(chunks, int) and chunks > 0,
        "total_episodes": isinstance(raw["total_episodes"], int) and raw["total_episodes"] >= 0,
        "splits": isinstance(raw.get("splits") or {}, dict),
        "wmpc": isinstance(raw.get("wmpc"), dict | None),
    }
    if wrong := [key for key, good in checks.items() if not good]:
        raise WmpcError(f"{name} is damaged: its {wrong[0]!r} is {str(raw.get(wrong[0]))[:80]!r}")
    features = {str(key): _feature(name, key, value) for key, value in raw["features"].items()}
    robot = raw.get("robot_type")
    return Info(
        fps=float(fps),
        features=features,
        data_path=raw["data_path"],
        video_path=raw.get("video_path"),
        chunks_size=chunks,
        total_episodes=raw["total_episodes"],
        splits=raw.get("splits") or {},
        robot_type=robot if isinstance(robot, str) else None,
        wmpc=raw.get("wmpc"),
    )


def fill(template: str, values: Mapping[str, int | str], what: str) -> str:
    """Fill in the fields of a path that `info.json` spells.

    Args:
        template: the path, with plain fields such as `{episode_index:06d}`; never an attribute, an
            index or a long padding.
        values: by name.
        what: its name in errors.

    Returns:
        The path, always inside the recording's folder.

    Raises:
        WmpcError: the template asks for anything else, or the path leads out.
    """
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise WmpcError(f"{what} is {template!r}, which is no template: {error}") from None
    path = ""
    for literal, field, spec, conversion in parts:
        path += literal
        if field is None:
            continue
        value = values.get(field)
        number = isinstance(value, int) and SPEC.fullmatch(spec or "")
        if value is None or conversion or not (number or (isinstance(value, str) and not spec)):
            raise WmpcError(
                f"{what} is {template!r}; its fields may be {', '.join(values)}, "
                "written as {name} or {name:03d}"
            )
        path += format(value, spec or "")
    pure = PurePosixPath(path)
    if not path or pure.is_absolute() or ".." in pure.parts or "\\" in path or "\0" in path:
        raise WmpcError(
            f"{what} is {template!r}, which leads out of the recording's folder: {path}"
        )
    return str(pure)


def _feature(name: str, key: str, raw: Any) -> dict[str, Any]:
    """One entry of `features`; WmpcError where it states no dtype and shape."""
    shape = raw.get("shape") if isinstance(raw, dict) else None
    if (
        not isinstance(raw, dict)
        or not isinstance(raw.get("dtype"), str)
        or not isinstance(shape, list | tuple)
        or not all(isinstance(size, int) and 0 <= size < 2**31 for size in shape)
    ):
        raise WmpcError(
            f"{name} is damaged: feature {key!r} has no dtype and shape that make sense"
        )
    return {**raw, "shape": tuple(shape)}
