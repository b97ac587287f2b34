"""A trained model in a plain gymnasium loop: python examples/gymnasium_loop.py runs/reacher"""

import sys

import numpy as np

import wmpc
from wmpc import envs, planners
from wmpc.agents.agent import Goal
from wmpc.agents.mpc import MPCAgent


def reach(run: str, seed: int = 0, blocks: int = 10) -> int | None:
    """Pursue a goal seen as a picture; the simulator actions it took, None if not reached."""
    model = wmpc.load(run)
    agent = MPCAgent(model, planners.ICEM())

    env = envs.make_recorded(model.spec.env)
    observation, info = env.reset(seed=seed)
    agent.reset(Goal({"pixels": info["goal"]["pixels"]}))
    agent.observe(observation, None)
    steps = 0
    for _ in range(blocks):
        executed = []
        for action in agent.act():
            observation, reward, terminated, truncated, info = env.step(action)
            executed.append(info["action"])
            steps += 1
            if reward > 0:
                return steps
            if terminated or truncated:
                return None
        agent.observe(observation, np.stack(executed))
    return None


if __name__ == "__main__":
    steps = reach(sys.argv[1])
    print("not reached" if steps is None else f"reached after {steps} simulator actions")
