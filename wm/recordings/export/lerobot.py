"""Episodes as a LeRobotDataset v3.0, for whatever trains on those.

    export_lerobot(open_episodes("data/mine"), "exported", task="push the block")

A LeRobot row is a frame and the action that answered it, so an episode of T steps becomes T+1 rows
and its last row repeats the last action, which led nowhere. With m actions a frame, a row's action
is all m of them, end to end. What LeRobot has no place for stands in `info.json` under `wmpc`,
which its loader passes over; with it, our reader gives every number back exactly.

Documentation: https://huggingface.co/docs/lerobot/lerobot-dataset-v3
"""

import io
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from wmpc.errors import WmpcError
from wmpc.wm.data.format import Column, is_camera
from wmpc.wm.data.reader import Episodes
from wmpc.wm.recordings.export.folder import new_folder
from wmpc.wm.recordings.export.lerobot_stats import joined, picture_statistics, statistics
from wmpc.wm.recordings.export.lerobot_tables import TableFiles, write_tasks
from wmpc.wm.recordings.export.lerobot_video import CRF, ENCODERS, PATH, VideoFiles
from wmpc.wm.recordings.export.rows import every_frame
from wmpc.wm.recordings.io.files import damage, extra

KEYS = {"action": "action", "proprio": "observation.state", "reward": "next.reward"}
DATA = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
EPISODES = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
NOTE = (
    "Columns by step have one row more here than in wmpc: the last row of an episode repeats the "
    "one before. An action holds the m actions from its frame to the next, end to end."
)
EVERY_ROW = {"timestamp": "float32"} | dict.fromkeys(
    ("frame_index", "episode_index", "index", "task_index"), "int64"
)


def export_lerobot(
    episodes: Episodes,
    path: str | Path,
    *,
    codec: str = "h264",
    crf: int | None = None,
    pixel_format: str | None = None,
    task: str | None = None,
    data_files_size_in_mb: float = 100,
    video_files_size_in_mb: float = 200,
    chunks_size: int = 1000,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write a dataset to a new folder, whole or not at all.

    Args:
        episodes: of the dataset.
        path: the folder.
        codec: "h264" or "av1" in videos, which lose a little, or "png" in the tables, which loses
            nothing.
        crf: quality of the video, lower is better; None: one that keeps simulator pictures well.
        pixel_format: "yuv420p", which everything plays, or "yuv444p" (h264), which keeps the colour
            of every pixel; None: the latter where a side is under 128 pixels.
        task: what is done, in words; None: the environment's name.
        data_files_size_in_mb: LeRobot's limit of a table's file.
        video_files_size_in_mb: of a video's file.
        chunks_size: of files in a folder.
        progress: called with the number of episodes written.

    Raises:
        WmpcError: the folder exists, or pictures do not suit the codec.
    """
    if codec not in (*ENCODERS, "png"):
        raise WmpcError(f"there is no codec {codec!r}; choose {', '.join(ENCODERS)} or png")
    crf = CRF.get(codec, 0) if crf is None else crf
    fps = episodes.meta["fps"]
    keys = {name: key_of(name, episodes.columns) for name in episodes.columns}
    cameras = {n: k for n, k in keys.items() if is_camera(n)}
    stored = [c for n, c in episodes.columns.items() if n not in cameras and c.row_bytes]
    limits = (data_files_size_in_mb * 2**20, video_files_size_in_mb * 2**20)
    tasks = [task or str(episodes.meta["env"])]
    with new_folder(path) as folder, damage(f"the export to {path}"):
        (folder / "meta").mkdir()
        data = TableFiles(folder, DATA, limits[0], chunks_size)
        places = TableFiles(folder, EPISODES, limits[0], chunks_size)
        videos = {
            name: VideoFiles(
                folder,
                key,
                fps,
                episodes.columns[name].shape[:2],
                codec,
                crf,
                pixel_format,
                limits[1],
                chunks_size,
            )
            for name, key in cameras.items()
            if codec != "png"
        }
        stats, first = [], 0
        for index in range(len(episodes)):
            episode = episodes.episode(index)
            frames = len(episode["action"]) + 1
            values = {
                keys[c.name]: every_frame(episode[c.name], c, frames).reshape(frames, -1)
                for c in stored
            }
            values |= _every_row(index, first, frames, fps)
            found = {key: statistics(rows) for key, rows in values.items()}
            found |= {key: picture_statistics(episode[name]) for name, key in cameras.items()}
            arrays = {key: _arrow(rows) for key, rows in values.items()}
            if codec == "png":
                arrays |= {key: _embedded(episode[name]) for name, key in cameras.items()}
            table = extra("pyarrow", "writing parquet").table(arrays)
            chunk, file = data.place(table.nbytes)
            data.append(table)
            row: dict[str, Any] = {"episode_index": index, "tasks": tasks, "length": frames}
            row |= {"data/chunk_index": chunk, "data/file_index": file}
            row |= {"dataset_from_index": first, "dataset_to_index": first + frames}
            for name, video in videos.items():
                row |= video.append(episode[name], frames)
            _append_place(places, row, found)
            stats.append(found)
            first += frames
            if progress:
                progress(index + 1)
        for writer in (data, places, *videos.values()):
            writer.close()
        write_tasks(folder / "meta/tasks.parquet", tasks)
        together = {key: joined([found[key] for found in stats]) for key in stats[0]}
        _write_json(folder / "meta/stats.json", together)
        formats = {name: str(video.pixel_format) for name, video in videos.items()}
        info = _info(episodes, keys, codec, formats, first)
        info |= {"data_files_size_in_mb": data_files_size_in_mb, "chunks_size": chunks_size}
        info |= {"video_files_size_in_mb": video_files_size_in_mb}
        _write_json(folder / "meta/info.json", info)


def key_of(name: str, columns: Mapping[str, Column]) -> str:
    """Name a column as LeRobot does; what means nothing to it keeps out of its policies' way.

    Args:
        name: of the column.
        columns: of the dataset.

    Returns:
        The key of the feature.
    """
    if name == "pixels":
        return "observation.image"
    if name.startswith("pixels/"):
        key = f"observation.images.{name.removeprefix('pixels/')}"
    else:
        key = KEYS.get(name, f"wmpc.{name}")
    plain = key.replace("/", ".")
    return plain if plain == key or plain.removeprefix("wmpc.") not in columns else plain + "_"


def _info(
    episodes: Episodes, keys: dict[str, str], codec: str, formats: dict[str, str], frames: int
) -> dict[str, Any]:
    """`meta/info.json`, without the limits of its files."""
    meta, columns, features = episodes.meta, {}, {}
    fps = int(meta["fps"]) if float(meta["fps"]).is_integer() else meta["fps"]
    for name, column in episodes.columns.items():
        feature = {"dtype": column.dtype.name, "shape": [math.prod(column.shape)], "names": None}
        if name == "action":
            m, size = column.shape
            feature["names"] = [f"t{k}.a{a}" if m > 1 else f"a{a}" for k in range(m)
                                for a in range(size)]  # fmt: skip
        elif is_camera(name):
            feature |= {"shape": list(column.shape), "names": ["height", "width", "channels"]}
            feature["dtype"] = "image" if codec == "png" else "video"
            if codec != "png":
                feature["info"] = {
                    "video.height": column.shape[0], "video.width": column.shape[1],
                    "video.channels": 3, "video.codec": codec, "video.pix_fmt": formats[name],
                    "video.fps": fps, "is_depth_map": False, "has_audio": False,
                }  # fmt: skip
        if column.row_bytes:
            features[keys[name]] = feature
        columns[name] = {"feature": keys[name] if column.row_bytes else None, **column.describe()}
    plain = {"shape": [1], "names": None}
    features |= {key: {"dtype": dtype, **plain} for key, dtype in EVERY_ROW.items()}
    kept = ("env", "kwargs", "render", "m", "fps", "action_low", "action_high", "sources")
    return {
        "codebase_version": "v3.0",
        "robot_type": None,
        "total_episodes": len(episodes),
        "total_frames": frames,
        "total_tasks": 1,
        "fps": fps,
        "splits": {"train": f"0:{len(episodes)}"},
        "data_path": DATA,
        "video_path": None if codec == "png" else PATH,
        "features": features,
        "wmpc": {"note": NOTE, "columns": columns, **{key: meta[key] for key in kept}},
    }


def _every_row(index: int, first: int, frames: int, fps: float) -> dict[str, np.ndarray]:
    rows = np.arange(frames)
    columns = (rows / fps, rows, np.full(frames, index), first + rows, np.zeros(frames))
    both = zip(EVERY_ROW.items(), columns, strict=True)
    return {key: values.astype(dtype)[:, None] for (key, dtype), values in both}


def _arrow(rows: np.ndarray) -> Any:
    """(N, 1) as numbers, (N, K) as lists of K, which is how LeRobot stores a vector."""
    pa = extra("pyarrow", "writing parquet")
    flat = pa.array(rows.reshape(-1))
    return flat if rows.shape[1] == 1 else pa.FixedSizeListArray.from_arrays(flat, rows.shape[1])


def _embedded(pictures: np.ndarray) -> Any:
    """Pictures as PNG files inside the table."""
    pa, cells = extra("pyarrow", "writing parquet"), []
    for i, picture in enumerate(pictures):
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "PNG")
        cells.append({"bytes": buffer.getvalue(), "path": f"frame-{i:06d}.png"})
    return pa.array(cells, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))


def _append_place(places: TableFiles, row: dict[str, Any], stats: dict[str, Any]) -> None:
    """A row of meta/episodes: where an episode lies, and its statistics."""
    pa = extra("pyarrow", "writing parquet")
    row = row | {
        f"stats/{key}/{name}": value.tolist()
        for key, found in stats.items()
        for name, value in found.items()
    }
    size = 16 * len(row)
    row["meta/episodes/chunk_index"], row["meta/episodes/file_index"] = places.place(size)
    places.append(pa.table({key: pa.array([value]) for key, value in row.items()}))


def _write_json(path: Path, value: Any) -> None:
    def plain(array: np.ndarray) -> Any:
        return array.tolist()

    path.write_text(json.dumps(value, indent=4, default=plain) + "\n")
