"""Every agent on every task, three training seeds each: the table of docs/results.md.

    python benchmarks/agents.py RUNS [tasks=reacher,two_room,push_t] [seeds=0,1,2] [cases=100]

RUNS holds a trained run `TASK-seed=SEED` for each task and seed, which knows its dataset. An agent
that uses the model runs once a seed, on the same frozen cases, by `wmpc eval name=table-AGENT`;
what a killed run measured stands. Those that use none (chance, the recording, the true simulator)
run once a task.
"""

import json
import subprocess
import sys
from pathlib import Path

from envs.statistics import wilson

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
                *(sys.executable, "-m", "wm.cli.main", "eval", f"run={run}", f"name=table-{name}"),
                *("cold=0", "videos=0", f"manifest.cases={cases}"),
                *(f"reference.cases={reference}", *words),
            ],
            check=True,
            stdout=sys.stderr,
        )
    return json.loads(file.read_bytes())


def cell(successes: int, n: int) -> str:
    """A rate with its 95% interval, in percent."""
    low, high = wilson(successes, n)
    return f"{100 * successes / n:.0f} ({100 * low:.0f}-{100 * high:.0f})"


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
        counts: dict[str, list[tuple[int, int]]] = {name: [] for name in LEARNED}
        known: dict[str, str] = {}
        for seed in seeds:
            cells = {}
            for name, words in LEARNED.items():
                results = measured(runs / f"{task}-seed={seed}", name, words, cases)
                total = results["summary"]["success"]
                counts[name].append((total["successes"], total["n"]))
                cells[name] = cell(*counts[name][-1])
                for who, entry in results["reference"].items():
                    total = entry["summary"]["success"]
                    known[who] = cell(total["successes"], total["n"])
            print(row(task, seed, cells), flush=True)
        pooled = {name: cell(*map(sum, zip(*found, strict=True))) for name, found in counts.items()}
        print(row(f"**{task}**", "all", known | pooled), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), dict(word.split("=", 1) for word in sys.argv[2:]))
