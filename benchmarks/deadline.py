"""Deadlines: how far past its deadline a decision comes, beside what the machine itself does.

    python benchmarks/deadline.py [decisions] [threads]

Whole decisions of `MPCAgent` (a frame encoded, the context bound, a plan made, an action returned)
with the `small` model, by CEM and by Adam with more iterations than any deadline allows, at 20, 50
and 100 ms. After each decision an empty loop looks at the clock until as much time is over: what it
overshoots by is the machine's jitter, which no planner can better. One iteration is the shortest
deadline that can be kept; its time is measured without a deadline.
"""

import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from wmpc import planners
from wmpc.agents.mpc import MPCAgent
from wmpc.planners.problem import Planner
from wmpc.wm.models.build import build
from wmpc.wm.models.jepa import JEPA
from wmpc.wm.models.spec import DataSpec

DEADLINES = 0.02, 0.05, 0.1
BAR = 5.0
"""The largest overshoot allowed at p99, in % of the deadline."""


def small_model() -> JEPA:
    """The preset, untrained: time does not depend on the weights."""
    with initialize_config_module("wmpc.configs", version_base="1.3"):
        cfg = compose("train", ["model=small"])
    spec = DataSpec(
        cameras=["pixels"], image_size=64, actions_per_frame=5, stride=1,
        action_low=[-1.0] * 2, action_high=[1.0] * 2, action_mean=[0.0] * 2, action_std=[0.5] * 2,
    )  # fmt: skip
    torch.manual_seed(0)
    return build(OmegaConf.to_container(cfg.model), spec=spec).eval().requires_grad_(False)


def start(planner: Planner, model: JEPA, deadline: float | None) -> Callable[[], int]:
    """A decision of an agent in the middle of an episode."""
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (16, 64, 64, 3), np.uint8)
    agent = MPCAgent(model, planner, deadline=deadline)
    agent.reset(SimpleNamespace(observation={"pixels": frames[0]}))
    agent.observe({"pixels": frames[0]}, None)
    agent.act()

    def decide() -> int:
        executed = rng.uniform(-1, 1, (5, 2)).astype(np.float32)
        agent.observe({"pixels": frames[rng.integers(16)]}, executed)
        agent.act()
        return len(agent.plan.stats["history"])

    return decide


def timed(work: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    """Seconds that `work` took, and what it returned."""
    began = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - began, result


def empty_loop(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def overshoot(seconds: list[float], deadline: float) -> np.ndarray:
    """In % of the deadline: p50, p99 and the worst."""
    return np.percentile(100 * (np.array(seconds) / deadline - 1), [50, 99, 100])


def main(decisions: int = 1000, threads: int | None = None) -> None:
    if threads:
        torch.set_num_threads(threads)
    model = small_model()
    makers = {
        "CEM, 128 samples": lambda n: planners.CEM(iterations=n),
        "Adam, 8 restarts": lambda n: planners.Adam(iterations=n),
    }
    print(f"{decisions} decisions each, {torch.get_num_threads()} torch threads; overshoot in % of")
    print("the deadline (negative: early), the empty loop's in brackets")
    for name, make in makers.items():
        one, eleven = (start(make(n), model, None) for n in (1, 11))
        gaps = [(timed(eleven)[0] - timed(one)[0]) / 10 for _ in range(20)]
        print(f"\n{name}: one iteration {1e3 * np.median(gaps):.1f} ms")
        for deadline in DEADLINES:
            decide = start(make(1_000_000), model, deadline)
            pairs = [(timed(decide), timed(empty_loop, deadline)) for _ in range(decisions)]
            late = overshoot([decision[0] for decision, _ in pairs], deadline)
            machine = overshoot([loop[0] for _, loop in pairs], deadline)
            iterations = [decision[1] for decision, _ in pairs]
            figures = ", ".join(
                f"{what} {own:+.1f}% ({base:+.1f}%)"
                for what, own, base in zip(("p50", "p99", "worst"), late, machine, strict=True)
            )
            print(
                f"  {1e3 * deadline:3.0f} ms: {figures}; iterations: median "
                f"{np.median(iterations):.0f}, least {min(iterations)}; "
                f"{'kept' if late[1] <= BAR else 'missed'}",
                flush=True,
            )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
