"""Every objective on worlds that ask for different things of a latent: docs/objectives.md has it.

    python benchmarks/objectives.py RUNS DATA [worlds=reacher_target,push_t] [objectives=changing]
        [seed=0] [steps=2000] [-- WORD ...]

DATA holds a dataset named as each of `WORLDS`; RUNS takes a run OBJECTIVE-WORLD-seed=SEED for each
objective and world. What is trained and measured there already stands as it is, so a killed table
goes on: take another RUNS for other steps or WORDs, which are of `wmpc train`. The cases are of
`cases.seed=7`, others than those that docs/results.md reports.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from zoo import verb

import wmpc
from wmpc import envs
from wmpc.collecting.environment import environment_of
from wmpc.wm.data import open_episodes
from wmpc.wm.diagnostics import rollouts
from wmpc.wm.diagnostics.resolution import resolution
from wmpc.wm.diagnostics.sample import draw

WORLDS: dict[str, tuple[list[str], list[str]]] = {
    "reacher_target": (["train.stride=5"], ["cases.count=100"]),
    "two_room_random": ([], ["cases=hard"]),
    "push_t": ([], ["cases=ahead10"]),
    "maze": ([], ["cases=ahead10"]),
    "cluttered_reacher": ([], []),
}
"""By name of a dataset: what it adds to `wmpc train`, and to `wmpc eval`. `reacher_target` is
gymnasium's Reacher-v5 as examples/record_minari.py records it, imported."""
WINDOWS = 600
"""Held-out windows that the resolution is measured on."""
IDM, PAIRS = "+objective.inverse_dynamics=1.0", "objective.episode_sigreg.per_window=1"
OBJECTIVES: dict[str, list[str]] = {
    "multi_step": ["objective=multi_step"],
    "multi_step+idm": ["objective=multi_step", IDM],
    "changing": ["objective=changing"],
    "changing_more_pairs": ["objective=changing", PAIRS],
    "changing_no_idm": ["objective=changing", PAIRS, "objective.inverse_dynamics.weight=0"],
    "changing_normalised": ["objective=changing", PAIRS, "model/encoder=conv_normalised"],
    "centred": ["objective=centred"],
    "centred+sigreg": ["objective=centred", "+objective.sigreg=0.05"],
    "contrastive": [
        *["objective=contrastive", "objective.temporal_contrast.weight=1.0"],
        "objective.action_contrast.weight=1.0",
    ],
    "vicreg": ["objective=vicreg"],
    "pldm": ["objective=pldm"],
    "ebjepa": ["objective=ebjepa"],
    "ebjepa_no_idm": ["objective=ebjepa", "objective.inverse_dynamics.weight=0"],
    "straight": ["objective=straight"],
    "ema": ["objective=ema"],
    "margin": ["objective=margin"],
    "moving": ["objective=moving"],
    "lewm": ["objective=lewm"],
    "subspaces": ["objective=subspaces", "objective.subspace_sigreg.subspaces=4"],
    "ijepa": ["objective=ijepa", "model/encoder=vit_small"],
}
"""By name in the table: what it adds to `wmpc train`."""
HEAD = "| objective | reached | held | resolution | within | RankMe | LiDAR | error | frames/s |"


def last_lines(run: Path) -> dict[str, dict[str, Any]]:
    """The last line of each kind in a run's log."""
    lines = map(json.loads, (run / "train.jsonl").read_text().splitlines())
    return {line["kind"]: line for line in lines}


@torch.no_grad()
def resolution_of(run: Path, data: Path) -> float | None:
    """The error one block ahead, as a share of the distance of frames one tolerance apart."""
    model, episodes = wmpc.load(run), open_episodes(data)
    task = envs.make_recorded(environment_of(episodes))
    length = model.context + 1
    held = draw(model, episodes, episodes.held_out_ids, length, model.spec.stride, WINDOWS)
    imagined, here = rollouts.imagine(model, held), task.coordinates(held.states)
    found = resolution(held.latents, imagined, held.states, here, task.distance)
    return None if found is None else found.value


def row(name: str, run: Path, data: Path, results: dict[str, Any]) -> str:
    """What a training reached, and what its latents are like."""
    summary, log = results["summary"], last_lines(run)
    found = log["eval"]
    share = (found.get("moving_share") or {}).get("latents")
    error = found["rollout_error"][0] / found["rollout_baseline"][0]
    resolved = resolution_of(run, data)
    cells = [
        *(
            f"{100 * summary[key]['successes'] / summary[key]['n']:.0f}"
            for key in ("success", "held")
        ),
        "-" if resolved is None else f"{resolved:.2f}",
        "-" if share is None else f"{100 * share:.0f}%",
        f"{found['rankme']:.1f}",
        f"{found['lidar']:.1f}" if "lidar" in found else "-",  # earlier logs have none
        f"{error:.2f}",
        f"{log['step']['frames_per_s']:.0f}",
    ]
    return f"| {name} | {' | '.join(cells)} |"


def main(runs: Path, data: Path, arguments: list[str]) -> None:
    """Train and measure what does not stand, and print a table for each world."""
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    options = dict(word.split("=", 1) for word in arguments[:cut])
    if unknown := options.keys() - {"worlds", "objectives", "seed", "steps"}:
        raise SystemExit(f"unknown: {', '.join(unknown)}; see the head of {__file__}")
    seed, steps = options.get("seed", "0"), options.get("steps", "2000")
    for world in options.get("worlds", ",".join(WORLDS)).split(","):
        training, cases = WORLDS[world]
        print(f"\n**{world}**\n\n{HEAD}\n|{'---|' * (HEAD.count('|') - 1)}")
        for name in options.get("objectives", ",".join(OBJECTIVES)).split(","):
            run = runs / f"{name}-{world}-seed={seed}"
            file = run / "eval" / "table" / "results.json"
            if not file.exists():
                fixed = [
                    f"data={data / world}",
                    f"run={run}",
                    f"seed={seed}",
                    f"train.steps={steps}",
                ]
                verb("train", *fixed, *OBJECTIVES[name], *training, *arguments[cut + 1 :])
                more = ["name=table", "cases.seed=7", "cold=0", "videos=0", "reference.cases=0"]
                verb("eval", f"run={run}", f"data={data / world}", *cases, *more)
            print(row(name, run, data / world, json.loads(file.read_bytes())), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
