"""LeRobotDatasets made from the documented layout with pyarrow and PyAV, not by lerobot itself.

lerobot needs Python 3.12; `scripts/lerobot_roundtrip.py` holds the readers against the library.
Every picture is of one grey that tells camera, episode and frame, so no test can pass on a
neighbour.
"""

import io
import json
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

FPS = 10
STEP = 4
"""Grey levels between neighbouring frames; compression moves them by less than one."""


def grey(camera: int, row: int) -> int:
    """The grey of a camera's picture of a row of the whole set."""
    return 20 + (STEP * row + 97 * camera) % 200


def write_video(path, greys, size=(48, 64), fps=FPS, options=None, codec="libx264", pts=None):
    """An mp4 of plain pictures; `pts` in frames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(fps), options=options or {"g": "2"})
        stream.height, stream.width, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.time_base = Fraction(1, fps)
        for i, value in enumerate(greys):
            frame = av.VideoFrame.from_ndarray(np.full((*size, 3), value, np.uint8), "rgb24")
            frame.pts, frame.time_base = i if pts is None else pts[i], Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def png(value, size):
    buffer = io.BytesIO()
    Image.fromarray(np.full((*size, 3), value, np.uint8)).save(buffer, "PNG")
    return {"bytes": buffer.getvalue(), "path": "frame.png"}


def rows_of(lengths, cameras, seed=0):
    """All rows of a set: numbers, and embedded pictures of `image` cameras."""
    rng, total = np.random.default_rng(seed), sum(lengths)
    frame = np.concatenate([np.arange(n) for n in lengths])
    table = {
        "observation.state": rng.normal(size=(total, 3)).astype(np.float32),
        "action": rng.normal(size=(total, 2)).astype(np.float32),
        "next.reward": rng.normal(size=total).astype(np.float32),
        "next.done": rng.random(total) < 0.5,
        "jacobian": rng.normal(size=(total, 2, 3)),
        "remark": [f"row {i}" for i in range(total)],
        "timestamp": (frame / FPS).astype(np.float32),
        "frame_index": frame,
        "episode_index": np.repeat(np.arange(len(lengths)), lengths),
        "index": np.arange(total),
        "task_index": np.repeat(np.arange(len(lengths)) % 2, lengths),
    }
    for number, (key, (kind, size)) in enumerate(cameras.items()):
        if kind == "image":
            table[key] = [png(grey(number, row), size) for row in range(total)]
    return table


def features_of(cameras):
    numbers = {
        "observation.state": ("float32", [3], ["x", "y", "z"]),
        "action": ("float32", [2], {"motors": ["u", "v"]}),
        "next.reward": ("float32", [1], None),
        "next.done": ("bool", [1], None),
        "jacobian": ("float64", [2, 3], None),
        "remark": ("string", [1], None),
        "timestamp": ("float32", [1], None),
    } | dict.fromkeys(("frame_index", "episode_index", "index", "task_index"), ("int64", [1], None))
    out = {k: {"dtype": d, "shape": s, "names": n} for k, (d, s, n) in numbers.items()}
    for key, (kind, size) in cameras.items():
        out[key] = {"dtype": kind, "shape": [*size, 3], "names": ["height", "width", "channels"]}
    return out


def arrow(table, start, stop):
    return pa.table({k: pa.array(list(v[start:stop]) if np.ndim(v) < 3 else v[start:stop].tolist())
                     for k, v in table.items()})  # fmt: skip


TOP = {"observation.images.top": ("video", (48, 64))}
V3 = {
    "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
    "video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
}


def make_v3(root, lengths=(5, 7, 4), cameras=TOP, data=(0, 0, 1), videos=None, group=None, **info):
    """A v3.0 set; `data` and `videos[camera]` give the number of the file of each episode.

    Returns what went in: the rows, and the first row of each episode.
    """
    root, cameras = Path(root), dict(cameras)
    table = rows_of(lengths, cameras)
    first = np.concatenate([[0], np.cumsum(lengths)])
    info = {
        "codebase_version": "v3.0", "robot_type": "so100", "fps": FPS, **V3,
        "total_episodes": len(lengths), "total_frames": int(first[-1]), "total_tasks": 2,
        "chunks_size": 1000, "splits": {"train": f"0:{len(lengths)}"},
        "features": features_of(cameras), **info,
    }  # fmt: skip
    (root / "meta/episodes/chunk-000").mkdir(parents=True)
    (root / "meta/info.json").write_text(json.dumps(info))
    words = pa.table({"task_index": [1, 0], "__index_level_0__": ["lift", "push"]})
    pq.write_table(words, root / "meta/tasks.parquet")
    episodes = [
        {"episode_index": i, "tasks": ["push"], "length": n, "data/chunk_index": 0,
         "data/file_index": data[i], "dataset_from_index": int(first[i]),
         "dataset_to_index": int(first[i + 1]), "stats/action/min": [0.0, 0.0]}
        for i, n in enumerate(lengths)
    ]  # fmt: skip
    for file in sorted(set(data)):
        of = [i for i in range(len(lengths)) if data[i] == file]
        path = root / info["data_path"].format(chunk_index=0, file_index=file)
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = arrow(table, int(first[of[0]]), int(first[of[-1] + 1]))
        pq.write_table(rows, path, row_group_size=group or len(rows))
    for number, (key, (kind, size)) in enumerate(cameras.items()):
        if kind != "video":
            continue
        files = (videos or {}).get(key, data)
        for file in sorted(set(files)):
            greys = []
            for i, n in enumerate(lengths):
                if files[i] == file:
                    at = {"chunk_index": 0, "file_index": file, "from_timestamp": len(greys) / FPS}
                    greys += [grey(number, int(first[i]) + j) for j in range(n)]
                    at["to_timestamp"] = len(greys) / FPS
                    episodes[i] |= {f"videos/{key}/{part}": value for part, value in at.items()}
            values = {"video_key": key, "chunk_index": 0, "file_index": file}
            write_video(root / info["video_path"].format(**values), greys, size)
    pq.write_table(
        pa.Table.from_pylist(episodes), root / "meta/episodes/chunk-000/file-000.parquet"
    )
    return SimpleNamespace(table=table, first=first, episodes=episodes)


def make_v2(root, lengths=(5, 7), cameras=TOP, version="v2.1", chunks_size=1, **info):
    """A v2.x set, one chunk an episode."""
    root, cameras = Path(root), dict(cameras)
    table = rows_of(lengths, cameras)
    first = np.concatenate([[0], np.cumsum(lengths)])
    info = {
        "codebase_version": version, "robot_type": "koch", "fps": FPS, "chunks_size": chunks_size,
        "total_episodes": len(lengths), "splits": {"train": f"0:{len(lengths)}"},
        "data_path": "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
        "video_path":
            "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4",
        "features": features_of(cameras), **info,
    }  # fmt: skip
    (root / "meta").mkdir(parents=True)
    (root / "meta/info.json").write_text(json.dumps(info))
    lines = [{"episode_index": i, "tasks": ["push"], "length": n} for i, n in enumerate(lengths)]
    (root / "meta/episodes.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    tasks = [{"task_index": i, "task": task} for i, task in enumerate(("push", "lift"))]
    (root / "meta/tasks.jsonl").write_text("".join(json.dumps(x) + "\n" for x in tasks))
    for i, n in enumerate(lengths):
        values = {"episode_chunk": i // chunks_size, "episode_index": i}
        path = root / info["data_path"].format(**values)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(arrow(table, int(first[i]), int(first[i + 1])), path)
        for number, (key, (kind, size)) in enumerate(cameras.items()):
            if kind == "video":
                greys = [grey(number, int(first[i]) + j) for j in range(n)]
                path = root / info["video_path"].format(video_key=key, **values)
                write_video(path, greys, size)
    return SimpleNamespace(table=table, first=first)


def check_pictures(frames, camera, rows):
    """Every picture is the one of its row."""
    for picture, row in zip(frames[:], rows, strict=True):
        assert np.abs(picture.astype(int) - grey(camera, int(row))).max() <= 1


@pytest.fixture(scope="session")
def lerobot_sets():
    """The functions above."""
    return SimpleNamespace(
        v3=make_v3, v2=make_v2, video=write_video, grey=grey, check=check_pictures, fps=FPS
    )


@pytest.fixture
def in_memory():
    """Copies a folder to a `memory://` URL, which it returns."""
    system = fsspec.filesystem("memory")

    def copy(folder):
        for file in Path(folder).rglob("*"):
            if file.is_file():
                system.pipe(f"/lerobot/{file.relative_to(folder)}", file.read_bytes())
        return "memory://lerobot"

    yield copy
    if system.exists("/lerobot"):
        system.rm("/lerobot", recursive=True)
