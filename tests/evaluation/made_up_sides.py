"""Made-up results to compare, and what `wmpc report` says of them."""

import json

import numpy as np

from wmpc.evaluation.statistics.success import summary

GOOD = np.arange(60) < 55
POOR = np.arange(60) < 40


def rows_of(outcomes, start="warm"):
    return [
        {"case": case, "episode": case, "start": start, "seed": case, "success": bool(reached),
         "success_strict": False, "success_end": bool(reached), "steps": 50,
         "steps_to_success": 10 if reached else None, "failure": None, "latencies_ms": [1.0],
         "distance_best": 0.5 if reached else 2.0, "distance_end": 2.0}
        for case, reached in enumerate(outcomes)
    ]  # fmt: skip


def writer(tmp_path):
    """What writes made-up results of a made-up run, and returns their folder."""

    def write(run, name, outcomes, *, seed=0, planner_seed=0, cases="beef", **changes):
        folder = tmp_path / run / "eval" / name
        folder.mkdir(parents=True, exist_ok=True)
        train = {"minutes": 3, "steps": 1700 + seed, "seed": seed, "data": "x"}
        config = {"model": {"latent": 16}, "data": {"dataset": "d"}, "train": train}
        config["objective"] = {"sigreg": {"weight": changes.pop("sigreg", 0.25)}}
        (tmp_path / run / "config.json").write_text(json.dumps(config))
        planner = {"_target_": "wmpc.planners.ICEM", "samples": changes.pop("samples", 256)}
        results = {
            "format": "wmpc-results", "version": 2, "env": {"id": "wmpc/Reacher-v0"},
            "run": str(tmp_path / run), "checkpoint": run, "start": "warm", "latency": 0.0,
            "manifest": {"hash": cases, "kind": "ahead", "filter": None, "budget": 10},
            "config": {"agent": {"_target_": "wmpc.agents.entrants.mpc", "horizon": 7,
                                 "seed": planner_seed}, "planner": planner},
            "summary": summary(rows_of(outcomes)), "reference": {}, "versions": {"wmpc": "0.1"},
            "rows": rows_of(outcomes) + rows_of(~np.array(outcomes, bool)[:2], "cold"),
        }  # fmt: skip
        (folder / "results.json").write_text(json.dumps(results | changes))
        return folder

    return write


def said_of(wmpc, *words):
    code, said = wmpc("report", *words)
    assert code == 0, said
    return " ".join(said.split())


def refused(wmpc, words, *messages):
    code, said = wmpc("report", *words)
    assert code == 2 and said.count("\n") == 1, said
    assert all(message in said for message in messages), said
