"""Guardrail: TwoRoom with a forbidden disc that the straight path crosses.

    python benchmarks/guardrail.py RUN [cases]

RUN is a trained TwoRoom run. The same agent on the same cases, with the guardrail and without: how
often the point's centre was in the disc at any simulator step after the start, and how often the
goal was reached, each with its 95% Wilson interval. The guardrail sees pictures only: a probe,
fitted on the run's training episodes, reads the position off imagined latents.
"""

import sys
import time
from typing import Any, cast

import numpy as np

import wmpc
from wmpc.agents.mpc import MPCAgent
from wmpc.envs.tasks.two_room.task import RADIUS as DISC
from wmpc.envs.tasks.two_room.task import WALL, TwoRoom
from wmpc.evaluation.draw_cases import Recorded, draw_manifest
from wmpc.evaluation.manifest import Manifest
from wmpc.evaluation.run_cases import Row, run_cases
from wmpc.evaluation.statistics.success import rate, summary
from wmpc.planners import CEM, AugmentedLagrangian, Planner
from wmpc.planners.guardrails import outside_disc
from wmpc.wm.data import Episodes, open_episodes
from wmpc.wm.models.jepa import JEPA
from wmpc.wm.probe import Probe, fit_probe
from wmpc.wm.training.checkpoint import read_config

CENTRE, RADIUS = np.array([0.5, 0.0]), 0.2
"""The disc, m: amid the right room, which is 0.87 m wide for the point's centre."""
MARGIN = 0.05
"""m: what the guardrail adds to the radius, against the model's error over a block (half of them
within 0.03 m, 95% within 0.06) and the way to the block's end, which the guardrail does not see."""
HORIZON = 12
"""Blocks planned ahead: seven do not see the far side of the disc."""
CLEAR = 0.15
"""m: starts and goals keep at least this far from the disc."""


def across(start: np.ndarray, goal: np.ndarray) -> bool:
    """Whether both positions (2,) are in the disc's room and off the disc, and the straight path
    between them crosses it."""
    a, b = start - CENTRE, goal - CENTRE
    if min(start[0], goal[0]) < WALL + DISC:
        return False
    nearest = a + np.clip(-a @ (b - a) / ((b - a) @ (b - a)), 0, 1) * (b - a)
    off = min(np.linalg.norm(a), np.linalg.norm(b)) > RADIUS + CLEAR
    return bool(off and np.linalg.norm(nearest) < RADIUS)


class Filtered:
    """The task, with `across` among its filters."""

    def __init__(self, task: TwoRoom) -> None:
        position = task.layout.qpos
        self.task = task
        self.filters = {"across": lambda a, b, variation: across(position(a), position(b))}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.task, name)


def draw(task: TwoRoom, episodes: Episodes, count: int, seed: int = 0) -> Manifest:
    """Goals anywhere, 20 blocks of time."""
    return draw_manifest(
        cast(Recorded, episodes),
        Filtered(task),
        kind="elsewhere",
        budget=20,
        count=count,
        per_episode=20,
        filter="across",
        seed=seed,
    )


def entered(task: TwoRoom, row: Row) -> bool:
    """Whether the point's centre was in the disc at any simulator step."""
    position = task.layout.qpos(np.stack(row.states))
    return bool((np.linalg.norm(position - CENTRE, axis=-1) < RADIUS).any())


def run(
    task: TwoRoom,
    manifest: Manifest,
    model: JEPA,
    planner: Planner,
    probe: Probe | None,
) -> list[Row]:
    """The rows of the agent, guarded where there is a probe."""
    guard = (outside_disc(CENTRE.tolist(), RADIUS + MARGIN, probe),) if probe else ()
    return list(
        run_cases(
            lambda case: MPCAgent(
                model, planner, horizon=HORIZON, seed=case.seed, constraints=guard
            ),
            manifest,
            task,
        )
    )


def said(name: str, task: TwoRoom, rows: list[Row], seconds: float) -> str:
    """One line of the table."""
    found = (rate([entered(task, row) for row in rows]), rate([row.success for row in rows]))
    cells = [
        f"{100 * r['rate']:5.1f}% ({100 * r['interval'][0]:.1f} to {100 * r['interval'][1]:.1f})"
        for r in found
    ]
    latency = summary([row.as_dict() for row in rows])["latency_ms"]["p50"]
    return f"{name:<37}{cells[0]:>24}{cells[1]:>24}{latency:10.0f}{seconds:9.0f}"


def main(folder: str, count: int = 100) -> None:
    model = wmpc.load(folder)
    episodes = open_episodes(read_config(folder)["train"]["data"])
    task = TwoRoom(**episodes.meta["kwargs"])
    manifest = draw(task, episodes, count)
    probe = fit_probe(model, episodes, lambda state: task.describe(state)[..., :2], steps=4000)
    print(f"probe: {', '.join(f'{e:.4f}' for e in probe.error.tolist())} m RMS on held-out frames")
    print(f"{count} cases {manifest.hash[:10]}, disc {CENTRE} m, radius {RADIUS}, margin {MARGIN}")
    print(f"{'':<37}{'entered the disc':>24}{'reached':>24}{'p50 ms':>10}{'s':>9}")
    augmented = AugmentedLagrangian(CEM(iterations=2), rounds=3, penalty=1e4)  # as many rollouts
    for name, planner, guard in (
        ("no guardrail, CEM", CEM(), None),
        ("guardrail, CEM filters", CEM(), probe),
        ("guardrail, AugmentedLagrangian(CEM)", augmented, probe),
    ):
        began = time.perf_counter()
        rows = run(task, manifest, model, planner, guard)
        print(said(name, task, rows, time.perf_counter() - began), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:3]))
