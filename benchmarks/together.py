"""Two trainings at once on the same cores: what each keeps of its speed alone.

    python benchmarks/together.py [rounds] [seconds] [spins ...]

For each way of waiting, in turn within every round: one training alone, then two side by side, in
frames/s of preset `small`. "before" is libgomp's own default, "now" what importing `wmpc` sets;
further numbers are tried as GOMP_SPINCOUNT. Ratios are medians over the rounds.
"""

import os
import subprocess
import sys
import tempfile
import time
from statistics import median
from typing import Any

from wmpc.waiting import SETTINGS

BEFORE = "300000"


def train_for(seconds: float) -> float:
    """Frames/s of training steps taken for so long, once stdin says go."""
    from training import prepare

    with tempfile.TemporaryDirectory() as folder:
        _, step, _, frames = prepare("small", folder)
        for number in range(2):
            step(number)
        print("ready", flush=True)
        input()
        began, done = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            step(done)
            done += 1
        return done * frames / (time.perf_counter() - began)


def rates(trainings: int, seconds: float, spins: str | None) -> list[float]:
    """Frames/s of each of so many trainings that run side by side."""
    environment = {k: v for k, v in os.environ.items() if k not in SETTINGS}
    if spins is not None:
        environment["GOMP_SPINCOUNT"] = spins
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, __file__, "--worker", str(seconds)]
    workers = [subprocess.Popen(command, env=environment, **pipes) for _ in range(trainings)]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    return [float(worker.communicate()[0]) for worker in workers]


def main(rounds: int = 5, seconds: float = 6.0, *spins: str) -> None:
    ways = {"before": BEFORE, "now": None} | {f"spins {n}": n for n in spins}
    alone: dict[str, list[float]] = {way: [] for way in ways}
    beside: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, setting in ways.items():
            alone[way] += rates(1, seconds, setting)
            beside[way].append(min(rates(2, seconds, setting)))
    print(f"preset small, {os.cpu_count()} cores, medians of {rounds} rounds of {seconds:g} s")
    print("            alone  of before  slower of two  of alone")
    for way in ways:
        single, pair = median(alone[way]), median(beside[way])
        of_before = median(a / b for a, b in zip(alone[way], alone["before"], strict=True))
        of_alone = median(b / a for a, b in zip(alone[way], beside[way], strict=True))
        print(f"{way:>11} {single:6.0f} {of_before:10.0%} {pair:14.0f} {of_alone:9.0%}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        print(train_for(float(sys.argv[2])))
    else:
        main(*map(int, sys.argv[1:2]), *map(float, sys.argv[2:3]), *sys.argv[3:])
