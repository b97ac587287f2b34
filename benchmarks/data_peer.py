"""The peer's half of `benchmarks/data.py`: stable-worldmodel 0.1.1, run by its own python.

    data_peer.py write SET          SET/peer.h5 and SET/peer.lance from a dataset folder of ours
    data_peer.py hdf5|lance SET '{"workers": ..., "batch": ..., "seconds": ..., ...}'

Both by its own writers and readers; the second answers one JSON line. Imports nothing of wmpc.
"""

import json
import multiprocessing
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
from data_memory import memory

try:
    import torchvision  # noqa: F401
except RuntimeError:  # beside a CPU build of torch it wants ops that are missing there
    for name in [name for name in sys.modules if name.startswith("torchvision")]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "DEF")
    for op in ("nms", "qnms"):
        library.define(f"{op}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

from stable_worldmodel.data.format import get_format


def write(folder: Path) -> dict:
    """Its flat layout: N rows an episode, the action that leads out of each, NaN at the end."""
    ends = np.load(folder / "episode_ends.npy")
    pixels, action = (np.load(folder / f"{n}.npy", mmap_mode="r") for n in ("pixels", "action"))

    def episodes():
        for index, (first, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
            steps = action[first - index : end - index - 1].reshape(end - first - 1, -1)
            last = np.full((1, steps.shape[1]), np.nan, np.float32)
            yield {"pixels": list(pixels[first:end]), "action": list(np.concatenate([steps, last]))}

    took = {}
    for name, file in (("hdf5", "peer.h5"), ("lance", "peer.lance")):
        began = time.perf_counter()
        with get_format(name).open_writer(folder / file, mode="overwrite") as writer:
            writer.write_episodes(episodes())
        took[name] = time.perf_counter() - began
    return took


def read(kind: str, folder: Path, workers: int, batch: int, seconds: float, length: int, skip: int):
    """Samples a second of a shuffled DataLoader, with what its reader's documentation advises."""
    advised = {"keys_to_cache": ["action"]} if kind == "hdf5" else {}
    file = folder / ("peer.h5" if kind == "hdf5" else "peer.lance")
    dataset = get_format(kind).open_reader(
        file, num_steps=length, frameskip=skip, keys_to_load=["pixels", "action"], **advised
    )
    pool = {"persistent_workers": True, "prefetch_factor": 3} if workers else {}
    loader = torch.utils.data.DataLoader(
        dataset, batch, shuffle=True, drop_last=True, num_workers=workers, **pool
    )
    count, began, before = 0, None, time.perf_counter()
    while began is None or time.perf_counter() - began < seconds:
        for index, data in enumerate(loader):
            assert data["pixels"].shape[:2] == (batch, length)
            if began is not None:
                count += batch
                if time.perf_counter() - began > seconds:
                    break
            elif index >= 2 * workers and time.perf_counter() - before > seconds / 4:
                began = time.perf_counter()
    rate = count / (time.perf_counter() - began)
    pids = ["self", *(child.pid for child in multiprocessing.active_children())]
    peak, steady = (sum(memory(pid, key) for pid in pids) for key in ("VmHWM", "VmRSS"))
    return {"rate": rate, "peak": peak, "steady": steady}


if __name__ == "__main__":
    do, path, *options = sys.argv[1:]
    with os.fdopen(os.dup(1), "w") as answers:  # what the library prints goes to stderr
        sys.stdout = sys.stderr
        done = write(Path(path)) if do == "write" else read(do, Path(path), **json.loads(*options))
        answers.write(json.dumps(done) + "\n")
