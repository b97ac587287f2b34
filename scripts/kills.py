"""Kill collect, train, import, export and eval at random and at chosen moments, and fill the disk.

    python scripts/kills.py                        200 kills and 50 full disks
    python scripts/kills.py --only train --kills 40 --full 0 --seed 3
    python scripts/kills.py --only eval --trial 7  one that failed, once more

A trial is a new folder: its command is killed (SIGKILL to its whole process group) one to three
times, or runs out of disk once, and is then run to its end. What must hold: what was saved before
is still there, the command ends with exit code 0, what it leaves equals what it leaves undisturbed
(weights bit for bit), and nothing unfinished lies about. Half of the kills fall at a random time,
half at a chosen change of the folder: a file opened to write, replaced, or removed; of a training
mostly around its last save. Every process is forked from this one, which has imported all that is
slow. The exit code is 1 where something did not hold.
"""

import argparse
import os

os.environ |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "MPLBACKEND": "agg"}

import collections
import contextlib
import importlib
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kills_checks as checks
import torch
from kills_processes import start, wait

from wmpc.cli import compose
from wmpc.cli.main import VERBS
from wmpc.system.disk import TEMPORARY

LONGEST_S = 120
"""A command that takes longer is stuck."""
SMALL = ["planner.samples=8", "planner.elites=4", "planner.iterations=1"]
COLLECT = ["collect", "task.kwargs.image_size=32", "steps=12", "workers=0"]
TRAIN = ["train", "data={base}/set", "model=tiny", "train.batch=4", "train.accelerator=cpu"]
EVAL = ["eval", "run={base}/run", "data={base}/set", "folder=.", "name=out", "cases.blocks=1"]
EVAL += ["cases.count=2", "cold=0", "reference.cases=0", "videos=1", *SMALL]


@dataclass(frozen=True)
class Case:
    """A command, what it has saved so far, and what it leaves; both from its folder."""

    words: list[str]
    saved: Callable[[Path], int]
    left: Callable[[Path], Any]


def cases() -> dict[str, Case]:
    """One a verb, and one an export format. `out` in the working directory is what they write."""
    export = ["data", "export", "{base}/set"]
    return {
        "collect": Case([*COLLECT, "data=out", "episodes=8"], checks.episodes, checks.dataset),
        "train": Case(
            [*TRAIN, "run=out", "train.steps=12", "++train.save_every=3"],
            checks.step,
            checks.weights,
        ),
        "import": Case(
            ["data", "import", "{base}/recording.h5", "data=out", "size=16", "recorded_fps=10"],
            checks.episodes, checks.dataset,
        ),
        "lerobot": Case([*export, "to=lerobot", "out=out"], checks.whole, checks.tree),
        "minari": Case([*export, "to=minari", "out=out-v0"], checks.whole, checks.tree),
        "swm": Case([*export, "to=swm", "out=out.h5"], checks.whole, checks.tree),
        "eval": Case(EVAL, checks.rows, checks.results),
    }  # fmt: skip


def warm() -> None:
    """Import, and do once, what is slow to begin with, so that forked processes need not."""
    slow = "wmpc.cli.data.importing wmpc.cli.data.export wmpc.wm.training.run"
    slow += " wmpc.wm.recordings.export.lerobot wmpc.wm.recordings.export.minari"
    slow += " wmpc.wm.recordings.export.swm wmpc.wm.recordings.formats.swm.hdf5"
    slow += " lightning_fabric av"
    slow += " pyarrow.parquet h5py hdf5plugin matplotlib.figure mujoco torch._dynamo"
    for module in [*(f"wmpc.cli.{verb}" for verb in VERBS), *slow.split()]:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    for case in cases().values():
        compose.jobs(case.words[0], [word.replace("{base}", ".") for word in case.words[1:]])
    weight = torch.nn.Parameter(torch.zeros(2, 2))
    weight.sum().backward()
    torch.optim.AdamW([weight]).step()


class Bench:
    """Undisturbed runs, and trials compared with them."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root, self.seed, self.tmpfs = root, seed, can_mount(root)
        self.undisturbed: dict[str, tuple[Any, float, int, int]] = {}
        self.base = root / "base"
        self.base.mkdir()
        for words in (
            [*COLLECT, "data=set", "episodes=20"],
            [*TRAIN, "run=run", "train.steps=3"],
            ["data", "export", "set", "to=swm", "out=recording.h5"],
            [*EVAL[:3], "name=first", *EVAL[5:]],
        ):
            words = [word.replace("{base}", ".") for word in words]
            if code := wait(start(words, self.base), LONGEST_S):
                raise SystemExit(f"{words} ended with {code}: {self.log()}")

    def log(self) -> str:
        return " ".join((self.root / "log").read_text(errors="replace").split())[-600:]

    def words(self, name: str) -> list[str]:
        return [word.replace("{base}", str(self.base)) for word in cases()[name].words]

    def reference(self, name: str) -> tuple[Any, float, int, int]:
        """What it leaves undisturbed, its seconds, changes, and bytes."""
        if name not in self.undisturbed:
            folder = self.root / f"whole-{name}"
            folder.mkdir()
            began = time.monotonic()
            code = wait(start(self.words(name), folder), LONGEST_S)
            seconds = time.monotonic() - began
            if code:
                raise SystemExit(f"{name} ended with {code}: {self.log()}")
            size = sum(file.stat().st_size for file in folder.rglob("*"))
            changes = int((self.root / "changes").read_text())
            self.undisturbed[name] = (cases()[name].left(folder), seconds, changes, size)
        return self.undisturbed[name]

    def trial(self, name: str, number: int, kind: str) -> tuple[int, str]:
        """How often it was disturbed, and what did not hold."""
        rng = random.Random(f"{self.seed}/{name}/{kind}/{number}")
        folder = self.root / "trial"
        folder.mkdir()
        try:
            if kind == "full":
                return 1, self.fill(name, folder, rng)
            return self.kill(name, folder, rng)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def kill(self, name: str, folder: Path, rng: random.Random) -> tuple[int, str]:
        case, saved, kills = cases()[name], 0, 0
        _, seconds, changes, _ = self.reference(name)
        for _ in range(rng.randint(1, 3)):
            if rng.random() < 0.5:
                last = name == "train" and rng.random() < 0.7  # its last save
                at = rng.randint(max(1, changes - 8) if last else 1, changes)
                code = wait(start(self.words(name), folder, kill_at=at), LONGEST_S)
            else:
                code = wait(start(self.words(name), folder), rng.uniform(0, seconds * 1.05))
            if code != -signal.SIGKILL:
                break
            kills += 1
            try:
                now = case.saved(folder)
            except Exception as error:
                return kills, f"what was left cannot be read: {type(error).__name__}: {error}"
            if now < saved:
                return kills, f"{saved} were saved, {now} are left"
            saved = now
        return kills, self.finish(name, folder)

    def fill(self, name: str, folder: Path, rng: random.Random) -> str:
        size = int(self.reference(name)[3] * rng.uniform(0.02, 0.95))
        if not self.tmpfs:
            code = wait(start(self.words(name), folder, largest=size // 4), LONGEST_S)
            return self.after_full(name, folder, code)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={max(size, 4096)}", "tmpfs", str(folder)]
        subprocess.run(mount, check=True)
        try:
            code = wait(start(self.words(name), folder), LONGEST_S)
            subprocess.run(["mount", "-o", "remount,size=1g", str(folder)], check=True)
            return self.after_full(name, folder, code)
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)

    def after_full(self, name: str, folder: Path, code: int) -> str:
        if code not in (0, 2) or "Traceback" in self.log() or "Exception ignored" in self.log():
            return f"a full disk ended with {code}: {self.log()}"
        try:
            cases()[name].saved(folder)
        except Exception as error:
            return f"after a full disk: {type(error).__name__}: {error}"
        return self.finish(name, folder)

    def finish(self, name: str, folder: Path) -> str:
        """Run to the end what was disturbed; what did not hold, if anything."""
        if code := wait(start(self.words(name), folder), LONGEST_S):
            done = name in ("lerobot", "minari", "swm", "eval") and cases()[name].saved(folder)
            if not done:  # where it was complete before the kill, it says that it exists
                return f"the same command ended with {code}: {self.log()}"
        try:
            left = cases()[name].left(folder)
        except Exception as error:
            return f"what it left cannot be read: {type(error).__name__}: {error}"
        if left != self.reference(name)[0]:
            return "it left something else than undisturbed"
        lying = [str(p.relative_to(folder)) for p in folder.rglob(f"{TEMPORARY}*")]
        return f"{lying} lie about" if lying else ""


def can_mount(root: Path) -> bool:
    """Whether a small filesystem can be made to run out of space; else files are limited."""
    if os.geteuid() or not shutil.which("mount"):
        return False
    probe = root / "probe"
    probe.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(probe)]
    if subprocess.run(command, capture_output=True).returncode:
        return False
    subprocess.run(["umount", str(probe)], check=True)
    return True


def run() -> int:
    """Run what the command line asks for and print a line a verb."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200, help="together")
    parser.add_argument("--full", type=int, default=50, help="full disks, together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=cases(), nargs="*", default=list(cases()))
    parser.add_argument(
        "--trial", type=int, help="this one alone; --full 0 or --kills 0 choose its kind"
    )
    asked = parser.parse_args()
    table: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    failures = []
    with tempfile.TemporaryDirectory(prefix="kills-") as root:
        warm()
        bench = Bench(Path(root), asked.seed)
        for kind, total in (("kill", asked.kills), ("full", asked.full)):
            done = 0
            for number in range(total) if asked.trial is None else [asked.trial]:
                for name in asked.only:
                    if done >= total:
                        break
                    times, wrong = bench.trial(name, number, kind)
                    done += times
                    table[name] += collections.Counter(
                        {kind: times, "trials": 1, "bad": bool(wrong)}
                    )
                    if wrong:
                        again = f"--seed {asked.seed} --only {name} --trial {number}"
                        failures.append(f"{name} {kind} ({again}): {wrong}")
                        print(failures[-1], flush=True)
    for name, counts in table.items():
        print(json.dumps({"verb": name, **counts}))
    print(f"{len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(run())
