"""Planning speed beside stable-worldmodel 0.1.1, with the same LeWM weights and candidates.

    python benchmarks/planning.py [--peer-python PATH] [--rounds 9] [--iterations 5] [--threads 2]

The peer lives in an environment of its own; without one, ours is compared to itself uncached:

    python -m venv peer
    peer/bin/pip install torch==2.13.0 stable-worldmodel==0.1.1 opencv-python-headless imageio
    python benchmarks/planning.py --peer-python peer/bin/python

Measurements alternate: every round times each contender once, so that what disturbs the machine
disturbs all, and a ratio is the median over rounds of two neighbours. The peer is timed as it
ships; what memory that malloc keeps is worth to it, MALLOC_MMAP_THRESHOLD_=1073741824
MALLOC_TRIM_THRESHOLD_=1073741824 in the environment tells (ours asks malloc by itself).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch
from planning_work import gemm_rate, least, peers, stays_valid
from torch import Tensor

from wmpc.planners import CEM, MPPI, Adam, Box, Planner, Problem, latent_distance
from wmpc.system.memory import keep_freed_memory
from wmpc.wm.models.dynamics import LatentDynamics
from wmpc.wm.models.predictors import CachedTransformer, CausalTransformer, Predictor, from_lewm
from wmpc.wm.models.predictors.base import roll_last

LEWM = {"width": 192, "depth": 6, "heads": 16, "head_width": 64, "mlp": 2048}
SIZES = LEWM | {"action": 10, "context": 3}
N, H = 300, 5
Timed = Callable[[], float]


class Peer:
    """The other process; see planning_peer.py."""

    def __init__(self, python: str, folder: Path, threads: int) -> None:
        command = [python, str(Path(__file__).parent / "planning_peer.py"), str(folder)]
        self.folder, pipe = folder, subprocess.PIPE
        with (folder / "peer.log").open("w") as log:
            self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=log, text=True)
        self.ask("threads", n=threads)

    def ask(self, do: str, **request: object) -> dict:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"do": do, **request}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit((self.folder / "peer.log").read_text())
        return json.loads(answer)

    def put(self, **arrays: Tensor) -> None:
        for name, x in arrays.items():
            np.save(self.folder / f"{name}.npy", x.numpy())

    def get(self, name: str) -> Tensor:
        return torch.from_numpy(np.load(self.folder / f"{name}.npy"))


def timed(work: Callable[[], object]) -> Timed:
    def run() -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    return run


def alternate(contenders: dict[str, Timed], rounds: int) -> dict[str, list[float]]:
    """Seconds of every contender in every round; a first round warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for index in range(rounds + 1):
        for name, run in contenders.items():
            time.sleep(0.05)  # idle threads of the one before stop spinning
            took = run()
            if index:
                seconds[name].append(took)
    return seconds


def table(seconds: dict[str, list[float]], work: dict[str, float] | None = None) -> None:
    """Print medians, and the ratio of the first contender's time to each, with its spread."""
    first = next(iter(seconds))
    rate = median(seconds["GEMM"]) if "GEMM" in seconds else 0.0  # GFLOP/s
    for name, values in seconds.items():
        if name == "GEMM":
            continue
        ratios = sorted(a / b for a, b in zip(seconds[first], values, strict=True))
        quarter = len(ratios) // 4
        row = f"  {name:<22}{median(values) * 1e3:8.1f} ms   x{median(ratios):5.2f}"
        row += f"  ({ratios[quarter]:.2f} to {ratios[-1 - quarter]:.2f})"
        if work:
            reached = work[name] / median(values)
            row += f"   {work[name]:6.1f} GFLOP, {reached:4.0f} GFLOP/s = {reached / rate:4.0%}"
            row += f", bound x{work[first] / work[name]:.2f} on FLOPs alone"
        print(row)


def problem_of(predictor: Predictor, z: Tensor, a: Tensor, goal: Tensor) -> Problem:
    box = Box(torch.full((SIZES["action"],), -2.0), torch.full((SIZES["action"],), 2.0))
    dynamics = LatentDynamics(predictor, z.unsqueeze(2), a)
    return Problem(dynamics, latent_distance(goal), H, box, goal)


def rollouts(
    c: int, lewm: Predictor, cached: dict[bool, Predictor], peer: Peer | None, rounds: int
) -> None:
    """Compare one iteration's work; `cached` by whether it has a head as large as LeWM's."""
    draw = torch.Generator().manual_seed(c)
    z, a, goal, candidates = (
        torch.randn(s, generator=draw)
        for s in ((1, c, 192), (1, c - 1, 10), (1, 1, 192), (1, N, H, 10))
    )
    problem = problem_of(lewm, z, a, goal)
    names = {"ours": False, "ours, with a head": True}
    ours = {name: problem_of(cached[head], z, a, goal) for name, head in names.items()}
    valid = torch.ones(1, c, dtype=torch.bool)
    score = lambda p: p.cost(p.dynamics.rollout(candidates), candidates)  # noqa: E731
    contenders: dict[str, Timed] = {}
    work = {"peer": peers(c, N, H, **SIZES), "LeWM, uncached": peers(c, N, H, **SIZES)}
    work["LeWM, cached"] = least(c, N, H, **SIZES)
    work |= {name: stays_valid(c, N, H, projection=x, **SIZES) for name, x in names.items()}
    if peer:
        peer.put(latents=z, executed=a, goal=goal, candidates=candidates)
        peer.ask("context")
        contenders["peer"] = lambda: peer.ask("cost")["seconds"]
    contenders["LeWM, uncached"] = timed(lambda: roll_last(lewm, z, a, valid, candidates))
    contenders["LeWM, cached"] = timed(lambda: score(problem))
    for name, other in ours.items():
        contenders[name] = timed(lambda p=other: score(p))
    with torch.inference_mode():
        seconds = alternate(contenders | {"GEMM": gemm_rate}, rounds)
        print(f"\nOne iteration's rollout and cost, {N} samples, horizon {H}, context {c}")
        print(f"  GEMM rate in the same rounds: {median(seconds['GEMM']):.0f} GFLOP/s")
        table(seconds, work)
        if peer:
            theirs = peer.get("cost")
            worst = ((score(problem) - theirs) / theirs).abs().max()
            print(f"  costs of the {N} candidates: largest relative difference {worst:.1e}")


def plans(lewm: Predictor, cached: Predictor, peer: Peer | None, rounds: int, n: int) -> None:
    draw = torch.Generator().manual_seed(0)
    z, a, goal = torch.randn(1, 1, 192, generator=draw), torch.zeros(1, 0, 10), None
    goal = torch.randn(1, 1, 192, generator=draw)
    shared = {"horizon": H, "action": 10}
    solvers: dict[str, tuple[Planner, dict]] = {
        "cem": (CEM(N, 30, n), {"num_samples": N, "topk": 30, "n_steps": n}),
        "mppi": (MPPI(N, n, 0.5), {"num_samples": N, "topk": None, "n_steps": n}),
        "adam": (Adam(30, n), {"num_samples": 30, "n_steps": n, "rate": 0.1}),
    }
    if peer:
        peer.put(latents=z, executed=a, goal=goal)
        peer.ask("context")
    for kind, (planner, arguments) in solvers.items():

        def plan(predictor: Predictor, planner: Planner = planner) -> object:
            generator = torch.Generator().manual_seed(0)
            return planner.plan(problem_of(predictor, z, a, goal), generator=generator)

        contenders: dict[str, Timed] = {}
        if peer:
            request = {"kind": kind, "arguments": arguments | shared}
            contenders["peer"] = lambda r=request: peer.ask("plan", **r)["seconds"]
        contenders["LeWM, cached"] = timed(lambda p=plan: p(lewm))
        contenders["ours"] = timed(lambda p=plan: p(cached))
        samples = arguments["num_samples"]
        print(f"\nEnd to end: {kind}, {samples} samples, {n} iterations, horizon {H}, context 1")
        table(alternate(contenders, rounds))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--peer-python", help="python of the environment with the peer")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--iterations", type=int, default=5, help="of a planner, end to end")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    keep_freed_memory()  # as training does
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    cached: dict[bool, Predictor] = {
        head: CachedTransformer(192, 10, 3, head=2048 * head, action_mlp=768).eval()
        for head in (False, True)
    }
    with tempfile.TemporaryDirectory() as folder:
        peer = None
        if options.peer_python:
            peer = Peer(options.peer_python, Path(folder), options.threads)
            count = peer.ask("build", seed=0, **SIZES)["parameters"]
            with np.load(Path(folder) / "weights.npz") as arrays:
                lewm = from_lewm({name: torch.from_numpy(x) for name, x in arrays.items()})
            print(f"peer: LeWM's predictor, action encoder and projection, {count / 1e6:.1f} M")
        else:
            lewm = CausalTransformer(192, 10, 3, renormalise=True, head=2048, action_mlp=768)
        named = {"LeWM in wmpc": lewm, "ours": cached[False], "ours, with a head": cached[True]}
        for name, predictor in named.items():
            assert isinstance(predictor, torch.nn.Module)
            predictor.eval().requires_grad_(False)
            size = sum(p.numel() for p in predictor.parameters())
            print(f"{name}: {size / 1e6:.1f} M parameters")
        for c in (1, 3):
            rollouts(c, lewm, cached, peer, options.rounds)
        plans(lewm, cached[False], peer, options.rounds, options.iterations)
        if peer:
            peer.process.terminate()


if __name__ == "__main__":
    main()
