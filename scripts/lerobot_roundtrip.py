"""Our LeRobot reader and writer against the real library, which needs Python 3.12.

    python scripts/lerobot_roundtrip.py /path/to/python-with-lerobot

The interpreter given must have `lerobot` (0.4 or newer, with its `dataset` extra). Two checks, both
printed, exit code 1 where one fails:
  a. lerobot loads what `export_lerobot` wrote: same numbers, and pictures as our reader gives them;
  b. our reader reads what lerobot itself recorded (two cameras as video, one as images in the
     table, state, action, a bool, a matrix, strings; several episodes a file): numbers bit for
     bit, pictures as lerobot decodes them.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from wmpc.wm.data import EpisodeWriter, open_episodes
from wmpc.wm.recordings.export.lerobot import export_lerobot
from wmpc.wm.recordings.formats import open_source

RECORD = """
import sys, numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset
root = sys.argv[1]
camera = {"dtype": "video", "shape": (96, 128, 3), "names": ["height", "width", "channels"]}
features = {
    "observation.images.top": dict(camera),
    "observation.images.wrist": {**camera, "shape": (64, 64, 3)},
    "observation.images.still": {**camera, "dtype": "image", "shape": (32, 48, 3)},
    "observation.state": {"dtype": "float32", "shape": (3,), "names": ["x", "y", "z"]},
    "action": {"dtype": "float32", "shape": (2,), "names": ["u", "v"]},
    "next.reward": {"dtype": "float32", "shape": (1,), "names": None},
    "next.done": {"dtype": "bool", "shape": (1,), "names": None},
    "jacobian": {"dtype": "float64", "shape": (2, 3), "names": None},
    "remark": {"dtype": "string", "shape": (1,), "names": None},
}
data = LeRobotDataset.create("local/x", fps=10, features=features, root=root, robot_type="test")
rng, raw = np.random.default_rng(0), []
for episode, length in enumerate((7, 12, 5)):
    for i in range(length):
        def picture(h, w):
            y, x = np.mgrid[:h, :w]
            return np.stack([x * 2 % 256, y * 2 % 256, (x + y + 9 * i + 40 * episode) % 256], -1)
        raw.append({
            "observation.images.top": picture(96, 128).astype(np.uint8),
            "observation.images.wrist": picture(64, 64).astype(np.uint8),
            "observation.images.still": rng.integers(0, 256, (32, 48, 3)).astype(np.uint8),
            "observation.state": rng.normal(size=3).astype(np.float32),
            "action": rng.normal(size=2).astype(np.float32),
            "next.reward": np.float32([rng.normal()]),
            "next.done": np.array([i == length - 1]),
            "jacobian": rng.normal(size=(2, 3)),
            "remark": f"row {i}",
            "task": ["push", "lift"][episode % 2],
        })
        data.add_frame(dict(raw[-1]))
    data.save_episode()
data.finalize()
kept = ("observation.state", "action", "next.reward", "next.done", "jacobian", "task")
np.savez(sys.argv[2], **{key: np.stack([row[key] for row in raw]) for key in kept})
"""
LOAD = """
import sys, numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset
import lerobot
data = LeRobotDataset("local/x", root=sys.argv[1], video_backend="pyav", return_uint8=True)
rows = [data[i] for i in range(len(data))]
def array(values):
    return np.stack([np.asarray(v) for v in values])
out = {k: array([r[k] for r in rows]) for k in rows[0] if not isinstance(rows[0][k], str)}
out["tasks"] = np.array([r["task"] for r in rows])
out["version"] = np.array(lerobot.__version__)
np.savez(sys.argv[2], **out)
"""


def main(python: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        good = exported(python, Path(folder)) and recorded(python, Path(folder))
    print("all agree" if good else "they differ")
    return 0 if good else 1


def exported(python: str, folder: Path) -> bool:
    """Check a: an export of ours in lerobot."""
    rng, low = np.random.default_rng(1), [-4.0, -4.0]
    meta = {"env": "x", "fps": 10, "action_low": low, "action_high": [4.0, 4.0], "m": 3}
    with EpisodeWriter(folder / "native", meta) as writer:
        for steps in (6, 11, 9):
            shape = (steps + 1, 64, 64, 3)
            ramp = (
                np.arange(64)[None, :, None, None] * 3 + np.arange(steps + 1)[:, None, None, None]
            )
            writer.append(
                {
                    "pixels/front": np.broadcast_to(ramp, shape).astype(np.uint8),
                    "pixels/side": np.broadcast_to(255 - ramp, shape).astype(np.uint8),
                    "proprio": rng.normal(size=(steps + 1, 5)).astype(np.float32),
                    "state": rng.normal(size=(steps + 1, 8)),
                    "reward": rng.normal(size=steps).astype(np.float32),
                    "variation": rng.normal(size=4),
                    "action": rng.uniform(-1, 1, (steps, 3, 2)).astype(np.float32),
                }
            )
    native = open_episodes(folder / "native")
    export_lerobot(native, folder / "export", task="reach the goal")
    theirs = load(python, folder / "export", folder / "a.npz")
    print(f"a. lerobot {theirs['version']} loads our export: {len(theirs['tasks'])} frames")
    good = bool((theirs["tasks"] == "reach the goal").all())
    start = 0
    with open_source(str(folder / "export"), "lerobot") as source:
        for index in range(len(native)):
            original, ours = native.episode(index), source.episode(index)
            frames, steps = len(original["proprio"]), len(original["action"])
            rows = slice(start, start + frames)
            for name, key in (("proprio", "observation.state"), ("state", "wmpc.state")):
                wanted = original[name].astype(np.float32)  # all that lerobot gives of a float64
                good &= same(f"episode {index} {name}", theirs[key][rows], wanted)
            action = theirs["action"][rows][:steps].reshape(steps, 3, 2)
            good &= same(f"episode {index} action", action, original["action"])
            for name in native.columns:
                if not name.startswith("pixels"):
                    good &= same(f"episode {index} {name} of ours", ours[name], original[name])
            for name in ("front", "side"):
                pictures = theirs[f"observation.images.{name}"][rows].transpose(0, 2, 3, 1)
                good &= close(f"episode {index} {name}", ours[f"pixels/{name}"][:], pictures)
            start += frames
    return good


def recorded(python: str, folder: Path) -> bool:
    """Check b: a recording of lerobot's in our reader."""
    root, raw = str(folder / "theirs"), str(folder / "raw.npz")
    subprocess.run([python, "-c", RECORD, root, raw], check=True, capture_output=True)
    theirs = load(python, folder / "theirs", folder / "b.npz")
    with np.load(raw) as arrays:
        given = dict(arrays)
    info = json.loads((folder / "theirs/meta/info.json").read_text())
    print(f"b. we read lerobot {theirs['version']}'s recording, {info['codebase_version']}")
    good, start = True, 0
    with open_source(root) as source:
        print(f"   {source.about}")
        for index in range(len(source)):
            ours = source.episode(index)
            frames = int(source.lengths[index]) + 1
            rows, steps = slice(start, start + frames), slice(start, start + frames - 1)
            good &= same("proprio", ours["proprio"], given["observation.state"][rows])
            good &= same("action", ours["action"][:, 0], given["action"][steps])
            good &= same("jacobian", ours["jacobian"], given["jacobian"][rows])
            for key in ("next.reward", "next.done"):
                good &= same(key, ours[key], given[key][steps].reshape(-1))
            for key in ("timestamp", "frame_index", "task_index"):
                good &= same(key, ours[key], theirs[key][rows])
            words = [source.about.labels["task_index"][i] for i in ours["task_index"]]
            good &= words == given["task"][rows].tolist()
            for name in ("top", "wrist", "still"):
                pictures = theirs[f"observation.images.{name}"][rows].transpose(0, 2, 3, 1)
                if pictures.dtype != np.uint8:
                    pictures = (pictures * 255).round().astype(np.uint8)
                good &= close(f"episode {index} {name}", ours[f"pixels/{name}"][:], pictures)
            start += frames
    return good


def load(python: str, root: Path, out: Path) -> dict[str, np.ndarray]:
    """All rows as lerobot gives them."""
    done = subprocess.run([python, "-c", LOAD, str(root), str(out)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"lerobot could not load {root}:\n{done.stderr}")
    with np.load(out) as arrays:
        return dict(arrays)


def same(what: str, ours: np.ndarray, theirs: np.ndarray) -> bool:
    good = ours.dtype == theirs.dtype and np.array_equal(ours, theirs)
    if not good:
        print(f"   {what} differs: {ours.dtype} {ours.shape}, {theirs.dtype} {theirs.shape}")
    return good


def close(what: str, ours: np.ndarray, theirs: np.ndarray) -> bool:
    worst = int(np.abs(ours.astype(int) - theirs).max())
    print(f"   {what}: pictures differ by at most {worst}")
    return worst <= 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
