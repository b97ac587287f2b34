"""Success against time, for every planner on one trained model.

    python benchmarks/pareto.py RUN [data=FOLDER] [cases=200] [seed=1] [only=NAME,..]

Each planner, at several budgets, acts in the same frozen cases (drawn with a seed of their own, so
not those that defaults are reported on); success comes with its 95% interval. Then all of them
decide in turn, round after round, from the same states, so that their milliseconds (encoding
included) are measured side by side. Successes are kept in RUN/pareto.json and not measured again.
"""

import json
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from hydra import compose, initialize_config_module
from hydra.utils import instantiate
from omegaconf import OmegaConf

import wmpc
from wmpc.agents.agent import Goal
from wmpc.agents.mpc import MPCAgent
from wmpc.evaluation.find_manifest import find_manifest
from wmpc.evaluation.run_cases import run_cases
from wmpc.evaluation.statistics.success import wilson

REFERENCE = "cem 300x30"
ENTRANTS: dict[str, dict[str, Any]] = {
    REFERENCE: {"planner": "cem", "samples": 300, "elites": 30, "iterations": 30},
    "cem 128x6": {"planner": "cem", "samples": 128, "elites": 16, "iterations": 6},
    "cem 64x8": {"planner": "cem", "samples": 64, "elites": 8, "iterations": 8},
    "cem 64x4": {"planner": "cem", "samples": 64, "elites": 8, "iterations": 4},
    "cem 32x3": {"planner": "cem", "samples": 32, "elites": 5, "iterations": 3},
    "icem 128x5": {"planner": "icem"},
    "icem 64x4": {"planner": "icem", "samples": 64, "iterations": 4},
    "icem 32x3": {"planner": "icem", "samples": 32, "elites": 5, "iterations": 3},
    "mppi 128x6": {"planner": "mppi", "samples": 128, "iterations": 6},
    "mppi 64x4": {"planner": "mppi", "samples": 64, "iterations": 4},
    "mppi 32x3": {"planner": "mppi", "samples": 32, "iterations": 3},
    "predictive 128x1": {"planner": "predictive_sampling", "samples": 128, "iterations": 1},
    "predictive 64x4": {"planner": "predictive_sampling", "samples": 64, "iterations": 4},
    "random 256x1": {"planner": "random_shooting", "samples": 256, "iterations": 1},
    "sgd 8x10": {"planner": "sgd", "restarts": 8, "iterations": 10},
    "adam 8x10": {"planner": "adam", "restarts": 8, "iterations": 10},
    "projected 8x10": {"planner": "projected", "restarts": 8, "iterations": 10},
    "hybrid 64x2": {
        "planner": "hybrid",
        "samples": 64,
        "elites": 4,
        "iterations": 2,
        "steps": 2,
        "finish": 4,
    },
    "grasp 8x20": {
        "planner": "grasp",
        "restarts": 8,
        "iterations": 20,
        "sync": 10,
        "sync_steps": 5,
    },
}


def config_of(settings: dict[str, Any]) -> dict[str, Any]:
    """The planner's config group, with `settings` over its defaults."""
    settings = dict(settings)
    with initialize_config_module("wmpc.configs", version_base="1.3"):
        config = compose("eval", [f"planner={settings.pop('planner')}", "run=none"]).planner
    merged: Any = OmegaConf.to_container(OmegaConf.merge(config, settings))
    return merged


def success(model: Any, planner: Any, drawn: Any, task: Any) -> list[bool]:
    """Whether each case was reached, with a planner seed of its own."""
    rows = run_cases(
        lambda case: MPCAgent(model, planner, seed=case.seed), drawn, task, stop_at_success=True
    )
    return [row.success for row in rows]


def decisions(agents: dict[str, MPCAgent], drawn: Any, rounds: int = 15) -> dict[str, list[float]]:
    """Milliseconds of observe and act, one decision of each agent in turn."""
    spent: dict[str, list[float]] = {name: [] for name in agents}
    for number in range(rounds + 1):
        case = drawn.cases[number % len(drawn.cases)]
        flipped = case.goal_pixels[:, ::-1]
        for name, agent in agents.items():
            agent.reset(Goal({"pixels": case.goal_pixels}))
            begun = None
            for look in range(3):  # the third decision has a whole context and a warm start
                began = time.perf_counter()
                agent.observe({"pixels": case.goal_pixels if look % 2 else flipped}, begun)
                begun = agent.act()
            if number:  # the first warms up
                spent[name].append(1e3 * (time.perf_counter() - began))
    return spent


def main(run: str, options: dict[str, str]) -> None:
    model = wmpc.load(run)
    with initialize_config_module("wmpc.configs", version_base="1.3"):
        composed: Any = OmegaConf.to_container(compose("eval", ["run=none"]).cases)
    settings = composed | {
        "count": int(options.get("cases", 200)),
        "seed": int(options.get("seed", 1)),
    }
    if "filter" in options:
        settings["filter"] = options["filter"]
    drawn, _ = find_manifest(settings, run, options.get("data"), model.spec.action_block)
    out = Path(run) / "pareto.json"
    found = json.loads(out.read_text()) if out.exists() else {}
    chosen = options["only"].split(",") if "only" in options else list(ENTRANTS)
    configs = {name: config_of(ENTRANTS[name]) for name in chosen}
    planners = {name: instantiate(config) for name, config in configs.items()}
    keys = {name: json.dumps([config, drawn.hash]) for name, config in configs.items()}
    task = drawn.make()
    for name, planner in planners.items():
        key = keys[name]
        if key not in found:
            found[key] = success(model, planner, drawn, task)
            out.write_text(json.dumps(found))
            print(f"{name}: {np.mean(found[key]):.1%}", flush=True)
    task.close()
    spent = decisions({n: MPCAgent(model, p) for n, p in planners.items()}, drawn)
    base = median(spent[REFERENCE]) if REFERENCE in spent else float("nan")
    print(f"{drawn.env}, {len(drawn.cases)} cases, manifest {drawn.hash[:10]}")
    print(
        f"{'planner':18} {'success':>8} {'95% interval':>14} {'p50 ms':>7} {'p90':>7} {'time':>6}"
    )
    for name in sorted(planners, key=lambda name: median(spent[name])):
        reached = found[keys[name]]
        low, high = wilson(sum(reached), len(reached))
        p50, p90 = median(spent[name]), float(np.percentile(spent[name], 90))
        print(
            f"{name:18} {np.mean(reached):8.1%} {low:6.1%} -{high:6.1%} {p50:7.1f} {p90:7.1f} "
            f"{p50 / base:6.1%}"
        )


if __name__ == "__main__":
    main(sys.argv[1], dict(word.split("=", 1) for word in sys.argv[2:]))
