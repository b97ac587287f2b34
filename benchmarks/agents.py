"""Every agent on every task, three training seeds each: the table of docs/results.md.

    python benchmarks/agents.py RUNS [tasks=reacher,two_room,push_t] [seeds=0,1,2] [cases=100]

RUNS holds a trained run `TASK-seed=SEED` for each task and seed, which knows its dataset. An agent
that uses the model runs once a seed, on the same frozen cases, by `wmpc eval name=table-AGENT`;
what a killed run measured stands. Those that use none (chance, the recording, the true simulator)
run once a task. The last row of a task is the mean over its seeds, which share their cases: see
`wmpc.evaluation.statistics.success.wilson_of_shared_cases`.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from wmpc.evaluation.statistics.success import wilson, wilson_of_shared_cases

LEARNED = {
    "gcbc": ["agent=gcbc"],
    "gcidm": ["agent=gcidm"],
    "cem": ["planner=cem"],
    "icem": ["planner=icem"],
}
"""By name of the column: what it adds to the command. iCEM is the default planner."""
REFERENCE = ("random", "zero", "replay", "simulator")


def measured(run: Path, name: str, words: list[str], cases: int) -> dict:
    """The results of `wmpc eval`, run unless they stand."""
    file = run / "eval" / f"table-{name}" / "results.json"
    if not file.exists():
        reference = cases if name == "icem" else 0  # once a task: the next seeds find it measured
        subprocess.run(
            [
                *(
                    sys.executable,
                    "-m",
                    "wmpc.cli.main",
                    "eval",
                    f"run={run}",
                    f"name=table-{name}",
                ),
                *("cold=0", "videos=0", f"cases.count={cases}"),
                *(f"reference.cases={reference}", *words),
            ],
            check=True,
            stdout=sys.stderr,
        )
    return json.loads(file.read_bytes())


def cell(rate: float, interval: tuple[float, float]) -> str:
    """A rate with its 95% interval, in percent."""
    return f"{100 * rate:.0f} ({100 * interval[0]:.0f}-{100 * interval[1]:.0f})"


def one(summary: dict) -> str:
    """The rate of one result."""
    total = summary["success"]
    return cell(total["successes"] / total["n"], wilson(total["successes"], total["n"]))


def pooled(results: list[dict]) -> str:
    """The mean rate of results on the same cases."""
    warm = [[row for row in r["rows"] if row["start"] == r["start"]] for r in results]
    outcomes = np.array([[row["success"] for row in rows] for rows in warm])
    assert all([row["case"] for row in rows] == [row["case"] for row in warm[0]] for rows in warm)
    return cell(float(outcomes.mean()), wilson_of_shared_cases(outcomes))


def row(task: str, seed: str, cells: dict[str, str]) -> str:
    names = [*REFERENCE, *LEARNED]
    return f"| {task} | {seed} | " + " | ".join(cells.get(name, "") for name in names) + " |"


def main(runs: Path, options: dict[str, str]) -> None:
    tasks = options.get("tasks", "reacher,two_room,push_t").split(",")
    seeds = options.get("seeds", "0,1,2").split(",")
    cases = int(options.get("cases", 100))
    print("| task | training seed | " + " | ".join([*REFERENCE, *LEARNED]) + " |")
    print("|---|---|" + "---|" * (len(REFERENCE) + len(LEARNED)))
    for task in tasks:
        found: dict[str, list[dict]] = {name: [] for name in LEARNED}
        known: dict[str, str] = {}
        for seed in seeds:
            cells = {}
            for name, words in LEARNED.items():
                results = measured(runs / f"{task}-seed={seed}", name, words, cases)
                found[name].append(results)
                cells[name] = one(results["summary"])
                for who, entry in results["reference"].items():
                    known[who] = one(entry["summary"])
            print(row(task, seed, cells), flush=True)
        means = {name: pooled(results) for name, results in found.items()}
        print(row(f"**{task}**", "mean", known | means), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), dict(word.split("=", 1) for word in sys.argv[2:]))
