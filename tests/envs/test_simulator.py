"""The simulator in batches agrees with the environment stepped."""

import numpy as np
import pytest

from wmpc import envs
from wmpc.envs.policies import RandomPolicy
from wmpc.envs.simulator import Simulator
from wmpc.errors import WmpcError

CASES = [(name, {}) for name in envs.ids()] + [("wmpc/TwoRoom-v0", {"variation": "random"})]
STARTS, CANDIDATES, HORIZON, BLOCK = 3, 2, 4, 5


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join([case[0], *case[1].values()]))
def test_rollout_is_stepping(case, threads):
    task = envs.make(case[0], **case[1])
    simulator = Simulator(task, threads)
    policy = RandomPolicy(task.action_space.low * 1.5, task.action_space.high * 1.5)
    observations, actions = [], []
    for seed in range(STARTS):
        observation, _ = task.reset(seed=seed)
        scripted = task.scripted_policy(np.random.default_rng(seed))
        for _ in range(40):  # into contact and motion
            task.advance(scripted({**observation, "state": task.get_state()}))
        observations.append(task.observe_state(task.get_state()))
        policy.reset(np.random.default_rng(seed))
        actions.append([policy({}) for _ in range(CANDIDATES * HORIZON * BLOCK)])
    blocks = np.array(actions).reshape(STARTS, CANDIDATES, HORIZON, -1)
    starts = np.stack([simulator.start(observation) for observation in observations])
    latents = simulator.rollout(starts, blocks)
    assert latents.shape == (STARTS, CANDIDATES, HORIZON, starts.shape[1])
    for b, observation in enumerate(observations):
        for n in range(CANDIDATES):
            task.set_state(observation["state"], observation.get("variation"))
            for h in range(HORIZON):
                for action in blocks[b, n, h].reshape(BLOCK, -1):
                    task.advance(action)
                seen = task.observe_state(task.get_state())
                np.testing.assert_allclose(latents[b, n, h], simulator.start(seen), atol=1e-6)
    simulator.close()


def test_the_first_coordinates_measure_the_goal():
    task = envs.make("wmpc/Reacher-v0")
    observation, info = task.reset(seed=0)
    simulator = Simulator(task, 1)
    here, there = simulator.start(observation), simulator.start(info["goal"])
    size = simulator.coordinates_size
    assert np.array_equal(here[:size], task.coordinates(observation["state"]))
    assert np.linalg.norm((here - there)[:size]) > 1


def test_without_a_state_there_is_no_start():
    task = envs.make("wmpc/Reacher-v0")
    with pytest.raises(WmpcError, match="state"):
        Simulator(task, 1).start({"pixels": np.zeros((64, 64, 3), np.uint8)})
