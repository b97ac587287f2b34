"""What stable-worldmodel writes, read by us, and the other way round, bit for bit.

    python scripts/swm_roundtrip.py PYTHON

PYTHON has stable-worldmodel 0.1.1 in an environment of its own (see benchmarks/planning.py). Its
writers write HDF5 and Lance from known arrays, and its
HDF5 reader reads what `wmpc.wm.recordings.export.swm` wrote; exits with 1 where a bit differs that
should not. JPEG pictures of Lance are compared with what its reader decodes.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

LENGTHS = [6, 4, 5]


def columns() -> dict[str, np.ndarray]:
    rng, rows = np.random.default_rng(0), sum(LENGTHS)
    action = rng.normal(size=(rows, 2)).astype(np.float32)
    action[np.cumsum(LENGTHS) - 1] = np.nan
    coarse = rng.integers(0, 256, (rows, 4, 4, 3), dtype=np.uint8)
    return {
        "pixels": coarse.repeat(8, 1).repeat(8, 2),
        "action": action,
        "proprio": rng.normal(size=(rows, 3)).astype(np.float32),
        "touch": rng.normal(size=(rows, 5)).astype(np.float32),
    }


def theirs(folder: Path) -> None:
    """Run by the peer's python."""
    from stable_worldmodel.data.format import get_format

    data, bounds = columns(), np.cumsum([0, *LENGTHS])
    episodes = [
        {name: list(values[a:b]) for name, values in data.items()}
        for a, b in zip(bounds[:-1], bounds[1:], strict=True)
    ]
    for name, file in (("hdf5", "a.h5"), ("lance", "a.lance")):
        with get_format(name).open_writer(folder / file) as writer:
            writer.write_episodes(episodes)
    table = get_format("lance").open_reader(folder / "a.lance")
    decoded = [table.load_episode(index)["pixels"].numpy() for index in range(len(LENGTHS))]
    np.save(folder / "decoded.npy", np.concatenate(decoded).transpose(0, 2, 3, 1))
    read = get_format("hdf5").open_reader(folder / "ours.h5", num_steps=3, frameskip=2)
    windows = [read[index] for index in range(len(read))]
    np.savez(
        folder / "windows.npz",
        clips=np.array(read.clip_indices),
        pixels=np.stack([w["pixels"].numpy() for w in windows]),
        action=np.stack([w["action"].numpy() for w in windows]),
    )
    answer = {"columns": sorted(read.column_names), "lengths": read.lengths.tolist()}
    (folder / "answer.json").write_text(json.dumps(answer))


def same(what: str, left: np.ndarray, right: np.ndarray) -> None:
    left, right = np.asarray(left), np.asarray(right)
    equal = left.dtype == right.dtype and left.shape == right.shape
    equal = equal and left.tobytes() == right.tobytes()
    print(f"  {what}: {'the same bits' if equal else 'DIFFERENT'}, {left.dtype} {left.shape}")
    if not equal:
        raise SystemExit(1)


def main(python: str) -> None:
    from wmpc.wm.data import EpisodeWriter, open_episodes
    from wmpc.wm.recordings.export.swm import export_swm
    from wmpc.wm.recordings.formats.swm.hdf5 import SwmHDF5
    from wmpc.wm.recordings.formats.swm.lance import SwmLance

    data, bounds = columns(), np.cumsum([0, *LENGTHS])
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        meta = {"env": "made-up", "fps": 10, "action_low": [-9, -9], "action_high": [9, 9]}
        with EpisodeWriter(folder / "native", meta) as writer:
            for a, b in zip(bounds[:-1], bounds[1:], strict=True):
                episode = {name: values[a:b] for name, values in data.items()}
                writer.append(episode | {"action": episode["action"][:-1, None]})
        export_swm(open_episodes(folder / "native"), folder / "ours.h5")
        subprocess.run([python, __file__, "--theirs", temporary], check=True)
        for source in (SwmHDF5(str(folder / "a.h5")), SwmLance(str(folder / "a.lance"))):
            print(f"{source.format}, written by stable-worldmodel, read by wmpc")
            with source:
                for index, (a, b) in enumerate(zip(bounds[:-1], bounds[1:], strict=True)):
                    episode = source.episode(index)
                    for name in ("proprio", "touch"):
                        same(f"episode {index} {name}", episode[name], data[name][a:b])
                    action = data["action"][a : b - 1, None]
                    same(f"episode {index} action", episode["action"], action)
                    if source.format == "swm-hdf5":
                        same(f"episode {index} pixels", episode["pixels"], data["pixels"][a:b])
                    else:
                        decoded = np.load(folder / "decoded.npy")[a:b].astype(int)
                        off = np.abs(np.asarray(episode["pixels"]) - decoded)
                        print(f"  episode {index} pixels: off its reader's by {off.max()} at most")
                        if off.mean() > 1:
                            raise SystemExit(1)
        print("HDF5, written by wmpc, read by stable-worldmodel")
        print(" ", (folder / "answer.json").read_text())
        seen = np.load(folder / "windows.npz")
        for name in ("pixels", "action"):
            expected = []
            for episode, start in seen["clips"].tolist():
                first = bounds[episode] + start
                rows = data[name][first : first + 6]
                rows = rows[::2].transpose(0, 3, 1, 2) if name == "pixels" else rows.reshape(3, -1)
                expected.append(rows)
            same(f"windows of {name}", seen[name], np.stack(expected))


if __name__ == "__main__":
    if sys.argv[1] == "--theirs":
        theirs(Path(sys.argv[2]))
    else:
        main(sys.argv[1])
