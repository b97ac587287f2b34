"""Success of the planners on a 2-D landscape with a wall, and a picture of what each does.

    python benchmarks/landscape.py [seeds] [picture.png]

The landscape is the tests' (tests/planners/landscape.py): the straight path to the goal ends at a
wall, which is open elsewhere. Every seed is a start, a goal and the planner's own randomness,
planned one at a time from the straight line. Budgets are steps of the dynamics, forwards; times are
of the processor, on one thread, so that a busy machine does not count.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import matplotlib.pyplot as plt
import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "planners"))

import landscape  # noqa: E402

from wmpc.planners import GRASP, MPPI, Adam, PredictiveSampling, ProjectedGradient  # noqa: E402

PLANNERS = (
    landscape.DESCENT
    | {"Projected": ProjectedGradient(restarts=1, iterations=60)}
    | {"Adam x 16": Adam(restarts=16, iterations=60)}
    | {"MPPI": MPPI(samples=512, iterations=15)}
    | {"Predictive": PredictiveSampling(samples=512, iterations=15)}
    | landscape.SEARCH
    | {"GRASP, no noise": GRASP(noise=0.0)}
)
DRAWN = ("SGD", "Adam x 16", "CEM", "ICEM", "Hybrid", "GRASP")
SHOWN = 3  # the seed whose search is drawn
STARTS = 12  # of plans drawn


class Seen(landscape.Walled):
    """Remembers where every rollout of one problem ended."""

    def __init__(self, start: torch.Tensor) -> None:
        super().__init__(start)
        self.ends: list[torch.Tensor] = []

    def rollout(self, actions: torch.Tensor) -> torch.Tensor:
        latents = super().rollout(actions)
        self.ends.append(latents[SHOWN, :, -1, 0].detach())
        return latents


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def table(seeds: int) -> dict[str, int]:
    """Print success, budget and median time of each planner; return the successes."""
    print(f"{seeds} seeds, H = {landscape.HORIZON}, {torch.get_num_threads()} thread")
    print(f"{'planner':17}{'success':>9}{'steps':>10}{'ms a plan':>11}")
    reached = {}
    for name, planner in PLANNERS.items():
        seconds, steps, reached[name] = [], 0, 0
        for seed in range(seeds):
            task = landscape.problem(seed)
            began = time.process_time()
            plan = planner.plan(
                task, generator=generator(seed), warm_start=landscape.straight(task)
            )
            seconds.append(time.process_time() - began)
            reached[name] += int(landscape.reached(task, plan))
            steps = task.dynamics.steps
        rate = 100 * reached[name] / seeds
        print(f"{name:17}{rate:8.0f}%{steps:10,}{1000 * median(seconds):11.0f}", flush=True)
    return reached


def draw(path: Path, reached: dict[str, int], seeds: int) -> None:
    """One panel a planner: where the rollouts of one search ended, and plans of several seeds."""
    x, y = torch.meshgrid(
        torch.linspace(-1, 1, 300), torch.linspace(-0.75, 1.05, 270), indexing="xy"
    )
    wall = landscape.occupancy(x, y)
    task = landscape.problem(*range(STARTS))
    figure, axes = plt.subplots(
        2, 3, figsize=(9, 5.9), sharex=True, sharey=True, layout="constrained"
    )
    for axis, name in zip(axes.flat, DRAWN, strict=True):
        axis.contourf(x, y, wall, levels=[0.5, 1.1], colors=["#44485a"])
        world = Seen(task.dynamics.start[:, 0])
        plan = PLANNERS[name].plan(
            replace(task, dynamics=world),
            generator=generator(0),
            warm_start=landscape.straight(task),
        )
        ends = torch.cat(world.ends)
        ends = ends[torch.randperm(len(ends), generator=generator(0))[:900]]
        axis.scatter(*ends.T, s=3, color="#8fa3c8", alpha=0.6, linewidths=0)
        ways = torch.cat([world.start, plan.latents[:, :, 0]], 1)
        for way, goal, good in zip(
            ways, task.goal[:, 0], landscape.reached(task, plan), strict=True
        ):
            colour = "#2a9d4a" if good else "#d1495b"
            axis.plot(*way.T, "-o", color=colour, alpha=0.9, lw=1.1, ms=1.8)
            axis.plot(*goal, "*", color="#e9a300", ms=8, mec="white", mew=0.4, zorder=3)
        axis.set_title(f"{name}: {100 * reached[name] / seeds:.0f}%", fontsize=11)
        axis.set(xlim=(-1, 1), ylim=(-0.75, 1.05), aspect="equal", xticks=[], yticks=[])
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=90)


def main(seeds: int = 100, picture: Path = ROOT / "docs" / "images" / "landscape.png") -> None:
    torch.set_num_threads(1)
    draw(picture, table(seeds), seeds)


if __name__ == "__main__":
    main(*(kind(word) for kind, word in zip((int, Path), sys.argv[1:], strict=False)))
