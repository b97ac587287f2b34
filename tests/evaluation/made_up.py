"""A made-up run for the report: nothing in it was measured."""

import json
import math
import shutil

import numpy as np

from wmpc.evaluation.statistics.success import rate, summary
from wmpc.reporting import pictures

FAILURE = "the agent returned actions that are not finite numbers"


def made_up_row(case, success, start="warm"):
    return {
        "case": case, "episode": 10 * case + 9, "start": start, "seed": case, "success": success,
        "success_strict": False, "success_end": success, "steps": 50,
        "steps_to_success": 20 + case if success else None, "distance_start": 9.0,
        "distance_best": 0.5 if success else 2.5, "distance_end": 3.0, "errors_end": {},
        "failure": None, "lead_in_drift": 0.0, "latencies_ms": [30.0 + case, 31.0],
        "held": 12 if success else 0, "path_efficiency": 0.7 if success else None,
        "strata": ["far" if case % 2 else "near"],
    }  # fmt: skip


def findings():
    """One of every kind of figure, and what other versions may leave out or get wrong."""
    ahead = list(range(1, 6))
    lines = {"model": [ahead, [0.01, 0.02, 0.04, 0.05, 0.08]], "still": [ahead, [0.3] * 5]}
    corner = [[(i - 2) ** 2 + (j - 3) ** 2 for i in range(9)] for j in range(9)]
    grid = [round(-1 + k / 4, 2) for k in range(9)]
    cloud = [[math.sin(k) for k in range(40)], [math.cos(3 * k) for k in range(40)]]
    return [
        {"name": "rollout_error", "title": "Open-loop rollout error", "value": 0.05,
         "unit": "of standing still", "reading": "Below the line of standing still it is of use.",
         "figure": {"kind": "lines", "x": "blocks ahead", "y": "error", "series": lines},
         "details": {"windows": 120, "by_horizon": [1, 2, 3]}},
        {"name": "probe", "title": "What a probe reads", "value": 0.93, "unit": "R²",
         "reading": "Near 1, the latent holds it.", "details": {},
         "figure": {"kind": "bars", "x": "R²", "groups": ["linear", "network"], "range": [0, 1],
                    "bars": {"cos_shoulder": [0.99, 1.0], "elbow_rad_per_s": [-0.2, None]}}},
        {"name": "rank_correlation", "title": "Cost against true distance", "value": 0.71,
         "unit": "Kendall's tau", "reading": "Points on a rising line are ranked rightly.",
         "figure": {"kind": "scatter", "x": "true distance", "y": "latent cost",
                    "points": {"dataset pairs": cloud, "candidates": cloud[::-1]}}},
        {"name": "landscape", "title": "Cost landscape", "value": None, "unit": "",
         "reading": "Both panels should be lowest at the same place.",
         "figure": {"kind": "heatmap", "x": "first direction", "y": "second direction",
                    "xs": grid, "ys": grid, "panels": {"model": corner, "simulator": corner}}},
        {"name": "picture", "title": "Imagined", "value": 3, "unit": "frames", "reading": "Look.",
         "figure": {"kind": "picture", "file": "0.png", "alt": "What was imagined"}},
        {"name": "bare", "title": "Rank", "value": 11.5, "unit": "of 16", "reading": "Enough.",
         "figure": None},
        {"name": "foreign", "title": "Drawn by a later version", "value": 1.0, "unit": "",
         "reading": "Its words stay.", "figure": {"kind": "sculpture"}},
        {"name": "lost", "title": "Nothing finite", "value": math.nan, "unit": "",
         "reading": "Its words stay too.",
         "figure": {"kind": "lines", "x": "", "y": "", "series": {"a": [[1], [math.nan]]}}},
    ]  # fmt: skip


def made_up_results(cases=10):
    """Seven in ten reached, one case broken, and everything that a report may show."""
    rows = [made_up_row(case, case % 10 < 7) for case in range(cases)]
    rows[9]["failure"] = FAILURE
    cold = [made_up_row(case, case < 2, "cold") for case in range(4)]
    steady = {"held": rate([row["held"] >= 10 for row in rows]), "path_efficiency": 0.7}
    ladder = {"agent": 0.7, "true_dynamics": 0.72, "true_cost": 0.97, "simulator": 1.0}
    return {
        "format": "wmpc-results", "version": 2,
        "env": {"id": "wmpc/Reacher-v0", "kwargs": {"image_size": 32},
                "tolerances": {"shoulder_rad": 0.1, "elbow_rad": 0.1}},
        "run": "runs/made-up", "checkpoint": "c0ffee", "privileged": False, "start": "warm",
        "manifest": {"hash": "beef", "dataset": "feed", "kind": "ahead", "goals": "recorded",
                     "blocks": 5, "action_block": 5, "budget": 10, "filter": None, "version": 2,
                     "seed": 0, "file": "data/manifests/ahead-0.json",
                     "excluded": {"pre_solved": 3, "out_of_bounds": 0}},
        "config": {"agent": {"_target_": "wmpc.agents.entrants.mpc", "horizon": 5},
                   "planner": {"_target_": "wmpc.planners.CEM", "samples": 256}},
        "notes": ["<b>Beware</b>"], "cold": summary(cold),
        "summary": {**summary(rows), **steady, "final_distance": 1.4},
        "reference": {
            name: {"settings": {}, "summary": summary([made_up_row(0, name == "replay")])}
            for name in ("random", "zero", "replay")
        },
        "strata": {"other_room": rate([True, False]), "far": rate([True] * 3 + [False] * 2),
                   "near": rate([True] * 4 + [False])},
        "diagnosis": {
            "verdict": {"culprit": "cost", "sentence": "The latent cost ranks plans wrongly.",
                        "evidence": ["With the true cost 97% are reached."], "ladder": ladder},
            "findings": findings(),
        },
        "shift": {"name": "actuator_gain", "pattern": "elbow.*", "unit": "of nominal",
                  "magnitudes": [0.5, 1.0, 1.5], "hashes": ["a", "b", "c"],
                  "summaries": [summary([made_up_row(i, i < n) for i in range(10)])
                                for n in (3, 7, 5)]},
        "media": [], "rows": rows + cold, "command": "wmpc eval run=x",
        "versions": {"wmpc": "0.1.0", "cores": 2, "torch threads": 2}, "seconds": 1.0,
    }  # fmt: skip


def made_up_run(trained, run, cases=10):
    """A run with a made-up evaluation and a made-up log in the folder `run`; returns it."""
    folder = run / "eval" / "made-up"
    folder.mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        shutil.copy(trained / name, run)
    results = made_up_results(cases)
    for case in (0, 1, 7, 8):
        seen = np.full((8, 32, 32, 3), 20 * case, np.uint8)
        names = {"strip": f"{case}.png", "imagined": f"{case}-imagined.png"}
        pictures.write_png(folder / names["strip"], pictures.strip(seen[0], seen[1:], [False] * 7))
        pictures.write_png(folder / names["imagined"], pictures.strip(None, seen[1:], [False] * 7))
        frames = [pictures.side_by_side(frame, seen[0], True, frame) for frame in seen]
        pictures.write_video(folder / f"{case}.mp4", frames)
        entry = {"case": case, "moments": list(range(7)), **names, "video": f"{case}.mp4"}
        results["media"].append(entry)
    (folder / "results.json").write_text(json.dumps(results))
    lines = [
        {"kind": "step", "step": s, "loss": 1 / s, "loss/prediction": 1 / s, "loss/sigreg": 2.0,
         "lr": 1e-3, "frames_per_s": 4000.0}
        for s in range(20, 6000, 20)
    ]  # fmt: skip
    lines += [
        {"kind": "eval", "step": s, "rankme": 20.0, "spread": [1.0] * 8,
         "rollout_error": [0.1, 0.2], "rollout_baseline": [0.5, 0.9],
         "probe_r2": {"cos_shoulder": 0.99, "elbow_rad_per_s": -0.2},
         "probe_r2_context": {"cos_shoulder": 0.99, "elbow_rad_per_s": 0.8}}
        for s in (3000, 6000)
    ]  # fmt: skip
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (run / "train.jsonl").write_text(text + '{"kind": "step", "st')  # a line being written
    return run
