"""Every agent on every task, three training seeds each: the tables of docs/results.md.

    python benchmarks/agents.py RUNS [tasks=reacher,two_room,push_t] [seeds=0,1,2] [cases=100]
        [goals=NAME] [agents=nearest,gcbc,gcidm,cem,icem] [gcbc=agent.within=10,agent.width=1024]
        [-- WORD ...]

RUNS holds a trained run `TASK-seed=SEED` for each task and seed, which knows its dataset. Each WORD
is one of `wmpc eval` for every agent, such as `cases=far cases.budget=40`; those of one agent alone
follow its name. Results so measured stand in the folder `NAME-AGENT` of a run, and what a killed
run measured is not measured again. `cloned` asks for runs `TASK-cloned-seed=SEED`, trained with
`objective=imitation`. Agents that use no model (chance, the recording, the true simulator) run once
a task. A mean over seeds, which share their cases, has the interval of
`wmpc.evaluation.statistics.success.wilson_of_shared_cases`.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from wmpc.evaluation.statistics.success import wilson, wilson_of_shared_cases

Results = dict[str, Any]
AGENTS: dict[str, tuple[str, list[str]]] = {
    "nearest": ("nearest recordings", ["agent=nearest"]),
    "gcbc": ("GCBC", ["agent=gcbc"]),
    "cloned": ("GCBC, its own encoder", ["agent=gcbc"]),
    "gcidm": ("GC-IDM", ["agent=gcidm"]),
    "cem": ("CEM 128 x 6", ["planner=cem"]),
    "cem300": (
        "CEM 300 x 30, as LeWM plans",
        [
            *["planner=cem", "planner.samples=300", "planner.elites=30", "planner.iterations=30"],
            *["agent.horizon=5", "agent.execute=5", "agent.knots=null", "cost.steps=last"],
        ],
    ),
    "icem": ("iCEM, the default", []),
    "icem12": ("iCEM, 12 blocks ahead", ["agent.horizon=12"]),
    "led": ("GC-IDM on the roadmap", ["agent=gcidm", "agent.ahead=3"]),
    "roadmap": ("iCEM on the roadmap", ["agent=roadmap"]),
}
"""By name: what a table calls it, and what it adds to the command."""
FLOORS = {
    "random": "random actions",
    "zero": "no action",
    "replay": "the recorded actions",
    "simulator": "planner in the true simulator",
}
"""By their names in results: what a table calls those that use no model."""


def measure(run: Path, name: str, words: list[str]) -> Results:
    """The results of `wmpc eval`, run unless they stand."""
    file = run / "eval" / name / "results.json"
    if not file.exists():
        program = [sys.executable, "-m", "wmpc.cli.main", "eval", f"run={run}", f"name={name}"]
        subprocess.run([*program, "cold=0", "videos=0", *words], check=True, stdout=sys.stderr)
    return json.loads(file.read_bytes())


def outcomes(results: Results) -> np.ndarray:
    """Whether each case was reached, and whether it was held (2, n)."""
    rows = [row for row in results["rows"] if row["start"] == results["start"]]
    hold = results["summary"]["hold"]
    held = [bool(row["success_end"]) and row["held"] >= hold for row in rows]
    return np.array([[row["success"] for row in rows], held])


def percent(rate: float, interval: tuple[float, float]) -> str:
    """A rate with its 95% interval, in percent."""
    return f"{100 * rate:.0f} ({100 * interval[0]:.0f}-{100 * interval[1]:.0f})"


def floor_row(label: str, summary: Results) -> str:
    """The row of one who uses no model."""
    cells = []
    for key in ("success", "held"):
        hits, n = summary[key]["successes"], summary[key]["n"]
        cells.append(f"{percent(hits / n, wilson(hits, n))}{f' of {n}' * (n < 100)}" if n else "-")
    return f"| {label} | | {cells[0]} | {cells[1]} |"


def agent_row(label: str, results: list[Results]) -> str:
    """The row of one agent under each training seed."""
    assert len({r["manifest"]["hash"] for r in results}) == 1, "other cases under another seed"
    found = np.array([outcomes(r) for r in results])  # (R, 2, n)
    each = ", ".join(f"{100 * one[0].mean():.0f}" for one in found)
    reached, held = (
        percent(float(hits.mean()), wilson_of_shared_cases(hits)) for hits in found.swapaxes(0, 1)
    )
    return f"| {label} | {each} | {reached} | {held} |"


def table(runs: Path, task: str, options: dict[str, str], words: list[str]) -> None:
    """Measure what does not stand, and print the table of a task."""
    seeds = options.get("seeds", "0,1,2").split(",")
    names = options.get("agents", "gcbc,gcidm,cem,icem").split(",")
    cases, goals = options.get("cases", "100"), options.get("goals", "table")
    print(f"\n**{task}**, {goals}, {cases} cases\n")
    print("| agent | reached, training seed by seed | reached | held |\n|---|---|---|---|")
    for index, name in enumerate(names):
        label, own = AGENTS[name]
        found = []
        for seed in seeds:
            run = runs / f"{task}{'-cloned' * (name == 'cloned')}-seed={seed}"
            # what uses no model is measured beside the first agent, and is found by the others
            more = [f"cases.count={cases}", *([] if index == 0 else ["reference.cases=0"])]
            more += [word for word in options.get(name, "").split(",") if word]
            found.append(measure(run, f"{goals}-{name}", [*words, *more, *own]))
        if index == 0:
            for floor, summary in found[0]["reference"].items():
                print(floor_row(FLOORS[floor], summary["summary"]))
        print(agent_row(label, found), flush=True)


def main(runs: Path, arguments: list[str]) -> None:
    """Print a table for each task."""
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    options = dict(word.split("=", 1) for word in arguments[:cut])
    for task in options.get("tasks", "reacher,two_room,push_t").split(","):
        table(runs, task, options, arguments[cut + 1 :])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
