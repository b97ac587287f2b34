"""A small valid recording in each format: what the fuzzer damages.

Each builder writes into an empty folder and returns the name inside it to open ("" is the folder).
Two episodes, pictures of 16 pixels, a few kilobytes.
"""

import io
import json
from fractions import Fraction

import av
import h5py
import lance
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from fuzz_lerobot import lerobot_v2, lerobot_v3
from PIL import Image

from wmpc.wm.data import EpisodeWriter

LENGTHS, SIZE, FPS = (4, 3), 16, 10
"""Frames of each episode."""
ROWS = sum(LENGTHS)


def arrays(rows=ROWS):
    rng = np.random.default_rng(rows)
    return {
        "pixels": rng.integers(0, 256, (rows, SIZE, SIZE, 3), dtype=np.uint8),
        "action": rng.uniform(-1, 1, (rows, 2)).astype(np.float32),
        "proprio": rng.normal(size=(rows, 3)).astype(np.float32),
        "count": rng.integers(0, 99, rows),
    }


def native(folder):
    meta = {"env": "e", "fps": FPS, "action_low": [-1, -1], "action_high": [1, 1]}
    with EpisodeWriter(folder, meta) as writer:
        for frames in LENGTHS:
            episode = arrays(frames)
            writer.append(episode | {"action": episode["action"][:-1, None]})
    return ""


def minari(folder):
    box = {"type": "Box", "dtype": "float32", "shape": [2], "low": [-1, -1], "high": [1, 1]}
    image = {"type": "Box", "dtype": "uint8", "shape": [SIZE, SIZE, 3]}
    image |= {"low": np.zeros(image["shape"]).tolist()}
    image |= {"high": np.full(image["shape"], 255).tolist()}
    spaces = {"pixels": image, "proprio": box | {"shape": [3], "low": [-9] * 3, "high": [9] * 3}}
    observation = {"type": "Dict", "subspaces": spaces}
    (folder / "data").mkdir()
    meta = {
        "data_format": "hdf5",
        "total_episodes": len(LENGTHS),
        "total_steps": ROWS - len(LENGTHS),
        "dataset_id": "fuzz/tiny-v0",
        "action_space": json.dumps(box),
        "observation_space": json.dumps(observation),
    }
    (folder / "data/metadata.json").write_text(json.dumps(meta))
    with h5py.File(folder / "data/main_data.hdf5", "w") as file:
        for index, frames in enumerate(LENGTHS):
            group, columns = file.create_group(f"episode_{index}"), arrays(frames)
            group.attrs.update({"id": index, "total_steps": frames - 1, "seed": "None"})
            for key in ("pixels", "proprio"):
                group[f"observations/{key}"] = columns[key]
            group["actions"] = columns["action"][:-1]
            group["rewards"] = columns["count"][:-1].astype(float)
            for key in ("terminations", "truncations"):
                group[key] = np.arange(frames - 1) == frames - 2
    return ""


def robomimic(folder):
    with h5py.File(folder / "demo.hdf5", "w") as file:
        data = file.create_group("data")
        data.attrs["env_args"] = json.dumps(
            {"env_name": "Lift", "env_kwargs": {"control_freq": 20}}
        )
        for index, frames in enumerate(LENGTHS):
            group, columns = data.create_group(f"demo_{index}"), arrays(frames)
            group.attrs["num_samples"] = frames
            group["actions"], group["rewards"] = columns["action"], columns["count"].astype(float)
            group["obs/agentview_image"] = columns["pixels"]
            group["obs/robot0_eef_pos"] = columns["proprio"]
        file["mask/train"] = np.array([b"demo_0"])
    return "demo.hdf5"


def _flat():
    columns, ends = arrays(), np.zeros(ROWS)
    ends[np.cumsum(LENGTHS) - 1] = 1
    flat = {"observations": columns["proprio"], "actions": columns["action"], "terminals": ends}
    return flat | {"qpos": columns["proprio"].astype(np.float64)}


def ogbench(folder):
    np.savez_compressed(folder / "cube-play-v0.npz", **_flat())
    return "cube-play-v0.npz"


def d4rl(folder):
    with h5py.File(folder / "d4rl.hdf5", "w") as file:
        for key, values in _flat().items():
            file.create_dataset(key, data=values, compression="gzip", chunks=True)
        file["timeouts"] = np.zeros(ROWS)
    return "d4rl.hdf5"


def swm_hdf5(folder):
    starts = np.cumsum(LENGTHS) - LENGTHS
    with h5py.File(folder / "swm.h5", "w", libver="latest") as file:
        columns = arrays() | {"ep_idx": np.repeat([0, 1], LENGTHS)}
        columns["action"][np.cumsum(LENGTHS) - 1] = np.nan
        for key, values in columns.items():
            row = values.shape[1:]
            file.create_dataset(key, data=values, chunks=(1, *row), maxshape=(None, *row))
        file["ep_len"], file["ep_offset"] = np.array(LENGTHS, np.int32), starts
    return "swm.h5"


def swm_lance(folder):
    columns = arrays()
    columns["action"][np.cumsum(LENGTHS) - 1] = np.nan
    table = {
        "episode_idx": pa.array(np.repeat([0, 1], LENGTHS), pa.int32()),
        "step_idx": pa.array(np.concatenate([np.arange(n) for n in LENGTHS]), pa.int32()),
        "pixels": pa.array([_jpeg(picture) for picture in columns["pixels"]], pa.binary()),
    }
    for key in ("action", "proprio"):
        values = pa.array(columns[key].ravel())
        table[key] = pa.FixedSizeListArray.from_arrays(values, columns[key].shape[1])
    lance.write_dataset(pa.table(table), str(folder / "swm.lance"))
    return "swm.lance"


def _jpeg(picture):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def video(path, pictures, fps=FPS):
    """An H.264 file with a key frame every three pictures."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps))
        stream.width = stream.height = SIZE
        stream.pix_fmt, stream.options = "yuv420p", {"g": "3", "bf": "0"}
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))


def video_folder(folder):
    for name, frames in zip("ab", LENGTHS, strict=True):
        columns = arrays(frames)
        video(folder / f"{name}.mp4", columns["pixels"])
        header = "timestamp,action_0,action_1,proprio_0,count"
        rows = [np.arange(frames) / FPS, *columns["action"].T, columns["proprio"][:, 0]]
        table = np.stack([*rows, columns["count"]], 1)
        np.savetxt(folder / f"{name}.csv", table, "%.9g", ",", header=header, comments="")
    (folder / "meta.json").write_text(json.dumps({"fps": FPS}))
    return ""


def videos_alone(folder):
    for name, frames in zip("ab", LENGTHS, strict=True):
        for camera in ("top", "side"):
            video(folder / f"{name}.{camera}.mp4", arrays(frames)["pixels"])
    return ""


def videos_with_logs(folder):
    """Tables with a clock of their own, as parquet."""
    for name, frames in zip("ab", LENGTHS, strict=True):
        video(folder / f"{name}.mp4", arrays(frames)["pixels"])
        rows = 4 * frames
        columns = {"time": np.arange(rows) / (4 * FPS), "word": ["x"] * rows}
        columns |= {
            "action": arrays(rows)["action"][:, 0],
            "proprio": arrays(rows)["proprio"][:, 0],
        }
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    return ""


def videos_with_one_log(folder):
    """One CSV of all episodes, with a clock of its own."""
    lines = ["episode,time,action_x,proprio_x,count"]
    for name, frames in zip("ab", LENGTHS, strict=True):
        video(folder / f"{name}.mp4", arrays(frames)["pixels"])
        lines += [f"{name},{k / (3 * FPS):.4f},{k % 3},{k / 7:.5f},{k}" for k in range(3 * frames)]
    (folder / "log.csv").write_text("\n".join(lines) + "\n")
    return ""


VARIANTS = {
    "video-folder+alone": videos_alone,
    "video-folder+logs": videos_with_logs,
    "video-folder+one-log": videos_with_one_log,
}
"""More recordings of a format, named before the +, in layouts of their own."""
SEEDS = {
    "native": native,
    "lerobot": lerobot_v3,
    "lerobot-v2": lerobot_v2,
    "minari": minari,
    "robomimic": robomimic,
    "ogbench": ogbench,
    "d4rl": d4rl,
    "swm-hdf5": swm_hdf5,
    "swm-lance": swm_lance,
    "video-folder": video_folder,
}
