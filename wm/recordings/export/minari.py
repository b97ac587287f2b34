"""Native episodes as a Minari dataset, written without Minari.

    NAME-v0/data/metadata.json
    NAME-v0/data/main_data.hdf5            or NAME-v0/data/<episode>/part-0.arrow

Observations are a Dict of the columns that have a row a frame (`pixels/top` is `top` in the Dict
`pixels`); the m actions between two frames are one vector (m * A,). What Minari has no place for
is in `metadata.json` under the key `wmpc`, which Minari ignores, so that
`wmpc.wm.recordings.formats.minari` gives back what was exported: to the bit, unless pictures are
JPEG.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec

from wmpc.errors import WmpcError
from wmpc.wm.data.format import Column, is_camera
from wmpc.wm.data.reader import Episodes
from wmpc.wm.recordings.export.folder import new_folder
from wmpc.wm.recordings.export.minari_files import ArrowWriter, HDF5Writer, Writer

MINARI_VERSION = "0.5.4"
"""The version of Minari whose form this is: the first that can be told not to expect JPEG."""
VERSION = 1
"""Of what is under the key `wmpc`."""
ID = re.compile(r"(?:[-\w][-\w/]*/)?[-\w]+-v\d+")
WRITERS: Mapping[str, type[Writer]] = {"hdf5": HDF5Writer, "arrow": ArrowWriter}


def export_minari(
    episodes: Episodes,
    path: str | Path,
    *,
    jpeg: bool = False,
    data_format: str = "hdf5",
    dataset_id: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write a dataset as the Minari dataset `path`, whose folder is named as `NAME-v0`.

    With MINARI_DATASETS_PATH set to the folder it lies in, `minari.load_dataset("NAME-v0")` reads
    it. The environment can be recovered from it where gymnasium knows its id in this process.

    Args:
        episodes: of the dataset.
        path: the folder.
        jpeg: pictures of at least 32 x 32 as JPEG: smaller, and not what they were.
        data_format: "hdf5" or "arrow".
        dataset_id: with namespaces, `group/NAME-v0`, of which `path` is the end.
        progress: is told the number of episodes written, after each.

    Raises:
        WmpcError: `path` is not empty or is not named so, or a column cannot be kept.
    """
    path = Path(path)
    dataset_id = _checked(path, dataset_id)
    if data_format not in WRITERS:
        raise WmpcError(f"data_format is {data_format!r}; wmpc writes {', '.join(WRITERS)}")
    paths = {name: _place(column) for name, column in episodes.columns.items()}
    images = {
        paths[name] for name, column in episodes.columns.items() if jpeg and _is_image(column)
    }
    metadata = {
        "dataset_id": dataset_id,
        "data_format": data_format,
        "jpeg_encoding": jpeg,
        **_metadata(episodes, paths),
    }
    with new_folder(path) as folder:
        data = folder / "data"
        data.mkdir()
        with WRITERS[data_format](data, images) as writer:
            for index in range(len(episodes)):
                arrays, stated = _episode(episodes.episode(index), paths)
                writer.write(index, arrays, stated)
                if progress is not None:
                    progress(index + 1)
        megabytes = sum(file.stat().st_size for file in data.rglob("*")) / 1e6
        metadata["dataset_size"] = round(megabytes, 1)
        (data / "metadata.json").write_text(json.dumps(metadata))


def _checked(path: Path, dataset_id: str | None) -> str:
    name = path.name if dataset_id is None else dataset_id
    if not ID.fullmatch(name) or name.split("/") != list(path.parts[-name.count("/") - 1 :]):
        raise WmpcError(
            f"a Minari dataset is named as NAME-v0, and its folder like it; {name!r} in {path} is "
            f"not: try {path.parent / 'NAME-v0'}"
        )
    return name


def _place(column: Column) -> tuple[str, ...]:
    """Where a column lies in an episode of Minari; () for what is stated of the episode."""
    keys = tuple(column.name.split("/"))
    if column.rows == "episode":
        return ()
    if column.rows == "frames":
        return ("observations", *keys)
    plain = {"reward": ("rewards", "f"), "terminated": ("terminations", "b")}
    plain |= {"truncated": ("truncations", "b"), "action": ("actions", "f")}
    name, kind = plain.get(column.name, ("", ""))
    if name and column.dtype.kind == kind and (not column.shape or name == "actions"):
        return (name,)
    return ("infos", *keys)


def _is_image(column: Column) -> bool:
    """Whether Minari takes a column for pictures, which it expects as JPEG if any are."""
    shape, pixels = column.shape, is_camera(column.name)
    found = column.dtype == np.uint8 and len(shape) in (2, 3) and min(shape[:2]) >= 32
    if found and not pixels and column.rows == "frames":
        raise WmpcError(
            f"Minari would take {column.name!r} for pictures to be JPEG: use jpeg=False"
        )
    return found and pixels


def _episode(
    episode: Mapping[str, np.ndarray], paths: Mapping[str, tuple[str, ...]]
) -> tuple[dict[tuple[str, ...], np.ndarray], dict[str, Any]]:
    """Arrays by where they lie, and what is stated of the episode."""
    action = episode["action"]
    steps = len(action)
    arrays = {paths[name]: array for name, array in episode.items() if paths[name]}
    arrays["actions",] = action.reshape(steps, -1)
    arrays.setdefault(("rewards",), np.zeros(steps))
    arrays.setdefault(("terminations",), np.zeros(steps, bool))
    arrays.setdefault(("truncations",), np.arange(steps) == steps - 1)
    stated = {name: array for name, array in episode.items() if not paths[name]}
    return arrays, {"total_steps": steps, **stated}


def _metadata(episodes: Episodes, paths: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    meta = episodes.meta
    low, high = (np.tile(meta[key], meta["m"]).tolist() for key in ("action_low", "action_high"))
    action = {"type": "Box", "dtype": "float32", "shape": [len(low)], "low": low, "high": high}
    observation: dict[str, Any] = {}
    for name, column in episodes.columns.items():
        if paths[name][:1] == ("observations",):
            *outer, last = paths[name][1:]
            inside: Any = observation
            for key in outer:
                inside = inside.setdefault(key, {}) if isinstance(inside, dict) else None
            if not isinstance(inside, dict) or last in inside:
                raise WmpcError(f"column {name!r} and one inside or around it cannot both be kept")
            inside[last] = column
    keys = ("m", "fps", "env", "kwargs", "render", "action_low", "action_high")
    columns = {
        name: {**column.describe(), "path": list(paths[name])}
        for name, column in episodes.columns.items()
    }
    return {
        "minari_version": MINARI_VERSION,
        "total_episodes": len(episodes),
        "total_steps": int(episodes.lengths.sum()),
        "observation_space": json.dumps(_space(observation)),
        "action_space": json.dumps(action),
        **_env_spec(meta["env"], meta["kwargs"]),
        "wmpc": {"version": VERSION, **{key: meta[key] for key in keys}, "columns": columns},
    }


def _space(column: Any) -> dict[str, Any]:
    """The space of a row of a column, or the Dict of such spaces; bounds as wide as can be."""
    if isinstance(column, dict):
        return {"type": "Dict", "subspaces": {key: _space(inner) for key, inner in column.items()}}
    low: Any = -np.inf
    high: Any = np.inf
    if column.dtype.kind in "iu":
        low, high = np.iinfo(column.dtype).min, np.iinfo(column.dtype).max
    elif column.dtype.kind == "b":
        low, high = False, True
    name = str(column.dtype.newbyteorder("="))
    bounds = [np.full(column.shape, bound, column.dtype).tolist() for bound in (low, high)]
    return {
        "type": "Box",
        "dtype": name,
        "shape": list(column.shape),
        "low": bounds[0],
        "high": bounds[1],
    }


def _env_spec(env: str, kwargs: Mapping[str, Any]) -> dict[str, str]:
    """How gymnasium makes the environment, with no way to if it is not known in this process."""
    try:
        try:
            known = gymnasium.spec(env)
        except gymnasium.error.Error:
            known = EnvSpec(env)
        spec = json.loads(known.to_json())
    except (gymnasium.error.Error, TypeError, ValueError):
        return {}
    return {"env_spec": json.dumps({**spec, "kwargs": {**spec["kwargs"], **kwargs}})}
