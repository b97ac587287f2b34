"""LeRobotDatasets as their documentation lays them out: one video an episode in v2, one in v3."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def _columns(episode, frames, start, fps):
    from fuzz_seeds import arrays

    columns = arrays(frames)
    lists = {
        "action": columns["action"],
        "observation.state": columns["proprio"],
    }
    table = {key: pa.FixedSizeListArray.from_arrays(pa.array(x.ravel()), x.shape[1])
             for key, x in lists.items()}  # fmt: skip
    table |= {
        "timestamp": pa.array((np.arange(frames) / fps).astype(np.float32)),
        "frame_index": pa.array(np.arange(frames)),
        "episode_index": pa.array(np.full(frames, episode)),
        "index": pa.array(np.arange(frames) + start),
        "task_index": pa.array(np.zeros(frames, np.int64)),
    }
    return columns["pixels"], pa.table(table)


def _info(version, data_path, video_path):
    from fuzz_seeds import FPS, LENGTHS, ROWS, SIZE

    numbers = {"timestamp": "float32"} | dict.fromkeys(
        ("frame_index", "episode_index", "index", "task_index"), "int64"
    )
    features = {
        "observation.images.top": {
            "dtype": "video",
            "shape": [SIZE, SIZE, 3],
            "names": ["height", "width", "channels"],
        },
        "action": {"dtype": "float32", "shape": [2], "names": ["x", "y"]},
        "observation.state": {"dtype": "float32", "shape": [3], "names": None},
    }
    features |= {
        key: {"dtype": dtype, "shape": [1], "names": None} for key, dtype in numbers.items()
    }
    return {
        "codebase_version": version,
        "fps": FPS,
        "total_episodes": len(LENGTHS),
        "total_frames": ROWS,
        "chunks_size": 1000,
        "splits": {"train": f"0:{len(LENGTHS)}"},
        "data_path": data_path,
        "video_path": video_path,
        "features": features,
    }


def _put(path, table):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)


def lerobot_v2(folder):
    from fuzz_seeds import FPS, LENGTHS, video

    data = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet"
    videos = "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4"
    start, lines = 0, []
    (folder / "meta").mkdir()
    (folder / "videos/chunk-000/observation.images.top").mkdir(parents=True)
    for episode, frames in enumerate(LENGTHS):
        pixels, table = _columns(episode, frames, start, FPS)
        start += frames
        values = {"episode_chunk": 0, "episode_index": episode}
        _put(folder / data.format(**values), table)
        video(folder / videos.format(**values, video_key="observation.images.top"), pixels)
        lines.append({"episode_index": episode, "tasks": ["push"], "length": frames})
    (folder / "meta/info.json").write_text(json.dumps(_info("v2.1", data, videos)))
    (folder / "meta/episodes.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    (folder / "meta/tasks.jsonl").write_text(json.dumps({"task_index": 0, "task": "push"}) + "\n")
    return ""


def lerobot_v3(folder):
    from fuzz_seeds import FPS, LENGTHS, video

    data = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
    videos = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
    start, rows, pictures, tables = 0, [], [], []
    key = "observation.images.top"
    for episode, frames in enumerate(LENGTHS):
        pixels, table = _columns(episode, frames, start, FPS)
        pictures.append(pixels)
        tables.append(table)
        rows.append(
            {
                "episode_index": episode,
                "tasks": ["push"],
                "length": frames,
                "data/chunk_index": 0,
                "data/file_index": 0,
                "dataset_from_index": start,
                "dataset_to_index": start + frames,
                f"videos/{key}/chunk_index": 0,
                f"videos/{key}/file_index": 0,
                f"videos/{key}/from_timestamp": start / FPS,
                f"videos/{key}/to_timestamp": (start + frames) / FPS,
            }
        )
        start += frames
    _put(folder / data.format(chunk_index=0, file_index=0), pa.concat_tables(tables))
    _put(folder / "meta/episodes/chunk-000/file-000.parquet", pa.Table.from_pylist(rows))
    tasks = pa.table({"task_index": [0], "__index_level_0__": ["push"]})
    _put(folder / "meta/tasks.parquet", tasks)
    path = folder / videos.format(video_key=key, chunk_index=0, file_index=0)
    path.parent.mkdir(parents=True)
    video(path, np.concatenate(pictures))
    (folder / "meta/info.json").write_text(json.dumps(_info("v3.0", data, videos)))
    return ""
