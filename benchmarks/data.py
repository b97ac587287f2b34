"""Window sampling beside stable-worldmodel 0.1.1, and import of video beside the bare decoder.

    python benchmarks/data.py [--peer-python PATH] [--sizes 64,224] [--megabytes 600]
        [--seconds 3] [--rounds 1] [--batch 64] [--frameskip 5] [--no-import]

The peer lives in an environment of its own (see benchmarks/planning.py); without one, only ours is
timed. The same synthetic episodes (smooth random pictures) are written by our writer and by the
peer's HDF5 and Lance writers. Every contender samples windows of 4 frames, `--frameskip` actions
apart, with the actions between them, in a process of its own: shuffled, in batches, for `--seconds`
after a warm-up. The peer's DataLoader has 0 and 2 workers, as its documentation advises; their
memory is added up. "peak" and "steady" are resident megabytes, mapped pages, Python and torch
included. The pages are in the system's cache for all of them.

Import: LeRobot v3 video made native (decoded, resized, written), against loops of PyAV that decode
the same files, to RGB or not at all, and do nothing else.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import torch
from data_memory import memory

from wmpc.wm.data import EpisodeWriter, Windows, open_episodes, prefetch
from wmpc.wm.recordings.formats import open_source
from wmpc.wm.recordings.importing import import_episodes
from wmpc.wm.recordings.io.files import extra
from wmpc.wm.recordings.view import View

FRAMES, LENGTH = 100, 4
HERE = Path(__file__).parent


def smooth(rng: np.random.Generator, frames: int, size: int) -> np.ndarray:
    """(frames, size, size, 3) uint8: a random picture that drifts, enlarged from 1/8."""
    small = -(-size // 8)
    fields = torch.from_numpy(rng.random((4, 3, small, small), dtype=np.float32))
    grid = torch.linspace(0, 2 * np.pi, frames)[:, None] + torch.arange(4) * np.pi / 2
    mixed = torch.einsum("fk,kchw->fchw", grid.sin() / 4, fields - 0.5) + 0.5
    large = torch.nn.functional.interpolate(mixed, (size, size), mode="bilinear")
    return (255 * large).permute(0, 2, 3, 1).contiguous().to(torch.uint8).numpy()


def write(folder: Path, size: int, megabytes: float, m: int = 1) -> None:
    """A dataset of about so many megabytes of pictures."""
    rng = np.random.default_rng(size)
    meta = {"env": "benchmark", "fps": 10, "action_low": [-1, -1], "action_high": [1, 1]}
    with EpisodeWriter(folder, meta) as writer:
        for _ in range(max(2, round(megabytes * 1e6 / (FRAMES * size * size * 3)))):
            action = rng.uniform(-1, 1, (FRAMES - 1, m, 2)).astype(np.float32)
            writer.append({"pixels": smooth(rng, FRAMES, size), "action": action})


def ours(folder: Path, threads: int, batch: int, seconds: float, skip: int) -> dict:
    """Samples a second of `Windows`, in this process; with `threads`, through `prefetch`."""
    episodes = open_episodes(folder)
    windows = Windows(episodes, np.arange(len(episodes)), LENGTH, skip)

    def make(step: int) -> dict:
        return windows.sample((0, step), batch)

    steps = range(10**9)
    batches = prefetch(make, steps) if threads else map(make, steps)
    count, began, before = 0, None, time.perf_counter()
    for data in batches:
        assert data["pixels"].shape[:2] == (batch, LENGTH)
        now = time.perf_counter()
        if began is None:
            began = now if now - before > seconds / 4 else None
            continue
        count += batch
        if now - began > seconds:
            break
    assert began is not None
    rate = count / (time.perf_counter() - began)
    return {"rate": rate, "peak": memory("self", "VmHWM"), "steady": memory("self", "VmRSS")}


def asked(command: list[str]) -> dict:
    """The JSON line that a process answers."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def sampling(folder: Path, size: int, args: argparse.Namespace) -> None:
    """Print the table of one picture size."""
    write(folder, size, args.megabytes)
    settings = {"batch": args.batch, "seconds": args.seconds, "skip": args.frameskip}
    runs: dict[str, list[str]] = {}
    for threads in (0, 1):
        options = json.dumps(settings | {"threads": threads})
        name = "ours, prefetched" if threads else "ours"
        runs[name] = [sys.executable, str(HERE / "data.py"), "--ours", str(folder), options]
    if args.peer_python:
        peer = [args.peer_python, str(HERE / "data_peer.py")]
        asked([*peer, "write", str(folder)])
        for kind in ("hdf5", "lance"):
            for workers in (0, 2):
                options = json.dumps(settings | {"workers": workers, "length": LENGTH})
                runs[f"{kind}, {workers} workers"] = [*peer, kind, str(folder), options]
    found: dict[str, list[dict]] = {name: [] for name in runs}
    for _ in range(args.rounds):
        for name, command in runs.items():
            found[name].append(asked(command))
    print(f"{size} px, {args.megabytes:.0f} MB of pictures, 4 frames {args.frameskip} apart")
    print(f"  {'':<18}{'samples/s':>11}{'ours is':>9}{'peak MB':>9}{'steady MB':>11}")
    best = median(each["rate"] for each in found["ours"])
    for name, each in found.items():
        rate, peak, steady = (median(e[key] for e in each) for key in ("rate", "peak", "steady"))
        print(f"  {name:<18}{rate:>11.0f}{best / rate:>8.1f}x{peak:>9.0f}{steady:>11.0f}")


DECODE = "PyAV, decoded only"


def importing(folder: Path, size: int, to: int, seconds: float) -> None:
    """Print pictures a second of importing LeRobot video, beside decoding alone."""
    from wmpc.wm.recordings.export.lerobot import export_lerobot

    av = extra("av", "the benchmark of video")
    write(folder / "native", size, 30 if size < 128 else 120)
    export_lerobot(open_episodes(folder / "native"), folder / "lerobot")
    files = sorted((folder / "lerobot").glob("videos/**/*.mp4"))

    def bare(convert: bool) -> int:
        count = 0
        for file in files:
            with av.open(str(file)) as container:
                container.streams.video[0].thread_type = "AUTO"
                for frame in container.decode(video=0):
                    if convert:
                        frame.to_ndarray(format="rgb24")
                    count += 1
        return count

    def imported(workers: int) -> int:
        def opened() -> View:
            return View(open_source(str(folder / "lerobot")), size=to)

        shutil.rmtree(folder / "imported", ignore_errors=True)
        with opened() as view:
            ids = range(len(view))
            meta = {"env": "none", "fps": 10.0, "action_low": view.source.about.action_low}
            meta["action_high"] = view.source.about.action_high
            path = folder / "imported"
            import_episodes(view, path, meta, ids, opened=opened, workers=workers)
            return int((view.lengths + 1).sum())

    contenders = {
        DECODE: lambda: bare(False),
        "PyAV, decoded to RGB": lambda: bare(True),
        f"imported at {to} px, 1 thread": lambda: imported(1),
        f"imported at {to} px, 2 threads": lambda: imported(2),
    }
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    ends = time.perf_counter() + max(seconds, 1) * len(contenders)
    while time.perf_counter() < ends or not rates[DECODE]:
        for name, work in contenders.items():
            began = time.perf_counter()
            rates[name].append(work() / (time.perf_counter() - began))
    print(f"LeRobot v3 video, {size} px")
    print(f"  {'':<30}{'pictures/s':>11}{'of bare':>9}")
    bare_rate = median(rates[DECODE])
    for name, each in rates.items():
        print(f"  {name:<30}{median(each):>11.0f}{median(each) / bare_rate:>9.0%}")


def main() -> None:
    if sys.argv[1:2] == ["--ours"]:
        print(json.dumps(ours(Path(sys.argv[2]), **json.loads(sys.argv[3]))))
        return
    parser = argparse.ArgumentParser(usage=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("--peer-python")
    parser.add_argument("--sizes", default="64,224")
    parser.add_argument("--megabytes", type=float, default=600)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--frameskip", type=int, default=5)
    parser.add_argument("--no-import", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        for size in map(int, args.sizes.split(",")):
            sampling(Path(temporary) / str(size), size, args)
            if not args.no_import:
                importing(Path(temporary) / f"video-{size}", size, min(size, 64), args.seconds)


if __name__ == "__main__":
    main()
