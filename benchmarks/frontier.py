"""What is reached and held against the time of a decision, for every agent and planner.

    python benchmarks/frontier.py RUNS DATA [worlds=two_room,push_t,maze] [entrants=actor,guarded]
        [seeds=0] [cases=100] [out=frontier.png]

DATA holds a dataset named as each of `WORLDS`. RUNS takes a run WORLD-seed=SEED for each of them,
trained with `objective=acting` where there is none. What was measured there stands, so a killed
benchmark goes on; times are those of the machine as it was then, on one thread. Prints a table for
each world and draws them all: success over the mean milliseconds of a decision.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ |= {"OMP_NUM_THREADS": "1"}

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from zoo import verb

WORLDS: dict[str, list[str]] = {
    "two_room": [],
    "push_t": ["cases=ahead10"],
    "maze": ["cases=ahead10"],
}
"""By name of a dataset: what it adds to `wmpc eval`."""
SMALL = ["planner.samples=64", "planner.iterations=3"]
ENTRANTS: dict[str, list[str]] = {
    "actor": ["agent=actor"],
    "meta": ["agent=meta"],
    "guarded 64 x 3": ["agent=guarded", *SMALL],
    "guarded": ["agent=guarded"],
    "icem 64 x 3": SMALL,
    "icem 128 x 5": [],
    "cem 300 x 30": [
        "planner=cem", "planner.samples=300", "planner.elites=30", "planner.iterations=30",
    ],
    "mppi": ["planner=mppi"],
    "predictive 128 x 1": [
        "planner=predictive_sampling", "planner.samples=128", "planner.iterations=1",
    ],
    "projected": ["planner=projected"],
    "gcbc": ["agent=gcbc", "agent.within=10", "agent.steps=12000"],
    "gcidm": ["agent=gcidm", "agent.within=10", "agent.steps=12000"],
    "nearest": ["agent=nearest"],
}  # fmt: skip
"""By name in the tables: what it adds to `wmpc eval`."""
TICKS = [1, 10, 100, 1000]
"""Milliseconds that the axis names."""
Point = tuple[str, float, float, float]
"""A name, percent reached, percent held, mean milliseconds of a decision."""


def measure(run: Path, data: Path, name: str, words: list[str]) -> dict[str, Any]:
    """The results of an evaluation, made unless they stand."""
    folder = f"frontier-{name.replace(' ', '')}"
    file = run / "eval" / folder / "results.json"
    if not file.exists():
        fixed = [f"run={run}", f"data={data}", f"name={folder}"]
        verb("eval", *fixed, "cold=0", "videos=0", "reference.cases=0", *words)
    return json.loads(file.read_bytes())


def points(runs: Path, data: Path, world: str, options: dict[str, str]) -> list[Point]:
    """Every entrant in a world, means over the seeds."""
    found = []
    for name in options.get("entrants", ",".join(ENTRANTS)).split(","):
        of_seeds = []
        for seed in options.get("seeds", "0").split(","):
            run = runs / f"{world}-seed={seed}"
            if not (run / "model.safetensors").exists():
                asked = [f"data={data / world}", f"run={run}", f"seed={seed}", "train.steps=2000"]
                verb("train", *asked, "objective=acting")
            words = [*ENTRANTS[name], *WORLDS[world], f"cases.count={options.get('cases', 100)}"]
            results = measure(run, data / world, name, words)
            shares = [results["summary"][key] for key in ("success", "held")]
            times = [ms for row in results["rows"] for ms in row["latencies_ms"]]
            of_seeds.append([*(100 * x["successes"] / x["n"] for x in shares), np.mean(times)])
        reached, held, ms = np.mean(of_seeds, 0)
        found.append((name, float(reached), float(held), float(ms)))
        print(f"| {name} | {reached:.0f} | {held:.0f} | {ms:.1f} |", flush=True)
    return found


def draw(found: dict[str, list[Point]], out: str) -> None:
    """Draw a panel for each world: a line from what is held to what is reached."""
    figure = Figure((4.2 * len(found), 4.0), layout="constrained")
    for axes, (world, of) in zip(figure.subplots(1, len(found), squeeze=False)[0], found.items(),
                                 strict=True):  # fmt: skip
        for name, reached, held, ms in of:
            ours = name.partition(" ")[0] in ("actor", "guarded", "meta")
            colour = "tab:blue" if ours else "tab:gray"
            axes.plot([ms, ms], [held, reached], color=colour, linewidth=1, alpha=0.6)
            axes.plot(ms, reached, "o", color=colour, markersize=6)
            axes.plot(ms, held, "_", color=colour, markersize=9)
            axes.annotate(name, (ms, reached), (4, 3), textcoords="offset points", fontsize=7)
        axes.set(xscale="log", ylim=(0, 104), title=world, xlabel="milliseconds a decision")
        axes.set(xlim=(0.5, 2000), xticks=TICKS, xticklabels=map(str, TICKS))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.grid(alpha=0.2)
    figure.axes[0].set_ylabel("percent reached (dot) and held (bar)")
    figure.savefig(out, dpi=130)


def main(runs: Path, data: Path, arguments: list[str]) -> None:
    """Measure what does not stand, print the tables and draw them."""
    options = dict(word.split("=", 1) for word in arguments)
    if unknown := options.keys() - {"worlds", "entrants", "seeds", "cases", "out"}:
        raise SystemExit(f"unknown: {', '.join(unknown)}; see the head of {__file__}")
    found = {}
    for world in options.get("worlds", ",".join(WORLDS)).split(","):
        print(f"\n**{world}**\n\n| agent | reached | held | ms a decision |\n|---|---|---|---|")
        found[world] = points(runs, data, world, options)
    draw(found, options.get("out", "frontier.png"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
