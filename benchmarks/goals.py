"""Goals said in part, beside the whole picture, on the same cases: the table of docs/goals.md.

    python benchmarks/goals.py RUN DATA [cases=100] [seed=11] [only=masked,proprio] [subgoals=50]

RUN was trained on Reacher or PushT, DATA is its dataset. Cases are 5 blocks ahead and, on PushT,
those whose block must move. A goal is judged by what it says: the errors of its part alone
("part"), and of the whole. Cases whose part is solved at the start do not count for that part.
Then goals 20 blocks ahead on Reacher, directly and by way of the frame that was recorded half way.
"""

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
import torch

import wmpc
from wmpc import envs, planners
from wmpc.agents import goals
from wmpc.agents.agent import Goal
from wmpc.agents.baselines import RandomAgent, ZeroAgent
from wmpc.agents.completion import Completion
from wmpc.agents.mpc import MPCAgent
from wmpc.agents.nearest_frame import draw_frames
from wmpc.evaluation.draw_cases import Recorded, draw_manifest
from wmpc.evaluation.manifest import Case, Manifest
from wmpc.evaluation.run_cases import run_cases
from wmpc.evaluation.statistics.success import wilson
from wmpc.wm.data import Episodes, open_episodes

DILATION = 2
"""Pixels by which a mask is wider than the thing it is drawn around."""


def counted(pixels: np.ndarray, task: Any) -> np.ndarray:
    """(H, W), a mask as somebody would paint it: over PushT's block (red, orange), or Reacher's
    lower arm (blue)."""
    red, blue = pixels[..., 0].astype(int), pixels[..., 2].astype(int)
    mask = red > blue + 60 if task.id == "wmpc/PushT-v0" else blue > red + 40
    for _ in range(DILATION):
        p = np.pad(mask, 1)
        mask = mask | p[:-2, 1:-1] | p[2:, 1:-1] | p[1:-1, :-2] | p[1:-1, 2:]
    return mask.astype(np.float32)


def parts(states: np.ndarray, goal: np.ndarray, task: Any) -> dict[str, np.ndarray]:
    """By part, how far each of the states (n, S) is from the goal's, in tolerances."""
    q, g = task.layout.qpos(states), task.layout.qpos(goal)
    whole = np.array([task.distance(state, goal) for state in states])
    if task.id != "wmpc/PushT-v0":
        return {"whole": whole}
    metre, turn = task.tolerances["position_m"], q[:, 4] - g[4]
    angle = np.abs(np.arctan2(np.sin(turn), np.cos(turn))) / task.tolerances["angle_rad"]
    disc, block = (np.linalg.norm((q - g)[:, i : i + 2], axis=1) / metre for i in (0, 2))
    return {"block": np.maximum(block, angle), "disc": disc, "whole": whole}


def kinds(task: Any, episodes: Episodes) -> dict[str, Callable[[Case], Goal]]:
    """By name, what the agent is told of a case."""
    rows = draw_frames(episodes, episodes.train_ids, int(episodes.ends[-1]), 0)  # all frames
    proprio, pixels = episodes.frames("proprio")[rows], episodes.frames("pixels")
    coordinates = task.coordinates(np.asarray(episodes.frames("state")[rows]))

    def pose(case: Case) -> np.ndarray:  # no picture shows a velocity
        values = task.proprio(case.goal_state).astype(np.float64)
        values[-2:] = np.nan
        return values

    def recorded(found: goals.Nearest) -> Goal:
        return Goal({"pixels": np.array(pixels[rows[found.row]])})

    return {
        "whole picture": lambda case: case.goal(),
        "masked picture": lambda case: goals.masked(case.goal(), counted(case.goal_pixels, task)),
        "proprioception": lambda case: goals.proprio(pose(case)),
        "nearest by proprioception": lambda case: recorded(goals.nearest(proprio, pose(case))),
        "nearest by state": lambda case: recorded(
            goals.nearest(coordinates, task.coordinates(case.goal_state))
        ),
    }


def table(
    agents: Mapping[str, tuple[Any, Callable[[Case], Goal] | None]], drawn: Manifest, task: Any
) -> None:
    """Print a row an agent: for each part, reached at any time and at the end."""
    names, began = [], time.perf_counter()
    for name, (agent, told) in agents.items():
        counts: dict[str, list[int]] = {}
        for row in run_cases(agent, drawn, task, goal=told):
            assert row.failure is None, row.failure
            errors = parts(np.stack(row.states), drawn.cases[row.case].goal_state, task)
            for part, error in errors.items():
                n = counts.setdefault(part, [0, 0, 0])
                if error[0] > 1:
                    n[0] += bool((error <= 1).any())
                    n[1] += bool(error[-1] <= 1)
                    n[2] += 1
        if not names:
            names = [f"{part} {when}" for part in counts for when in ("reached", "at the end")]
            print("| goal | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
        cells = [cell(n[i], n[2]) for n in counts.values() for i in (0, 1)]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
    print(f"({time.perf_counter() - began:.0f} s)\n", flush=True)


def cell(successes: int, n: int) -> str:
    """A rate with its 95% interval, in percent."""
    low, high = wilson(successes, n)
    return f"{100 * successes / n:.0f} ({100 * low:.0f}-{100 * high:.0f})"


def main(run: str, data: str, options: dict[str, str]) -> None:
    torch.set_num_threads(1)
    model, episodes = wmpc.load(run), open_episodes(data)
    task = envs.make(episodes.meta["env"], **episodes.meta.get("kwargs", {}))
    count, seed = int(options.get("cases", 100)), int(options.get("seed", 11))
    block, space = model.spec.action_block, task.action_space
    complete = Completion.of(model, episodes)

    def agent(case: Case) -> MPCAgent:
        return MPCAgent(model, planners.ICEM(), seed=case.seed, complete=complete)

    filter = "hard" if task.id == "wmpc/PushT-v0" else None
    drawn = draw_manifest(
        cast(Recorded, episodes),
        task,
        action_block=block,
        count=count,
        seed=seed,
        filter=filter,
    )
    print(f"{run}, {count} cases 5 blocks ahead, filter {filter}, seed {seed}\n")
    only = options.get("only", "").split(",") if "only" in options else None
    told = {
        name: (agent, function)
        for name, function in kinds(task, episodes).items()
        if only is None or name in only
    }
    floors = {
        "random actions": (lambda c: RandomAgent(space.low, space.high, block, c.seed), None),
        "no action": (lambda c: ZeroAgent(space.shape[0], block), None),
    }
    table({**floors, **told}, drawn, task)
    if far := int(options.get("subgoals", 50 if task.id == "wmpc/Reacher-v0" else 0)):
        subgoals(episodes, task, agent, block, far, seed)


def subgoals(episodes: Episodes, task: Any, agent: Any, block: int, count: int, seed: int) -> None:
    """Goals 20 blocks ahead, directly and by way of the frame half way."""
    drawn = draw_manifest(
        cast(Recorded, episodes),
        task,
        blocks=20,
        budget=30,
        action_block=block,
        count=count,
        seed=seed,
    )

    def half_way(case: Case) -> Goal:
        frame = case.frame + 10 * block // int(episodes.meta["m"])
        seen = np.array(episodes.episode(case.episode)["pixels"][frame])
        return goals.in_turn([Goal({"pixels": seen}), case.goal()])

    print(f"{count} cases 20 blocks ahead, budget 30\n")
    table({"directly": (agent, None), "by way of a subgoal": (agent, half_way)}, drawn, task)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], dict(word.split("=", 1) for word in sys.argv[3:]))
