"""On the real Reacher: the recording reaches its goals, chance and doing nothing do not."""

import numpy as np
import pytest

from wmpc import envs
from wmpc.agents.baselines import RandomAgent, ReplayAgent, ZeroAgent
from wmpc.evaluation.draw_cases import draw_manifest
from wmpc.evaluation.run_cases import run_cases
from wmpc.wm.data import open_episodes


@pytest.fixture(scope="module")
def drawn(reacher):
    episodes = open_episodes(reacher)
    task = envs.make("wmpc/Reacher-v0", image_size=32)
    return draw_manifest(episodes, task, count=8, blocks=5, lead_in=3), task


def test_replay_reaches_every_goal_and_the_lead_in_ends_at_the_start_to_the_bit(drawn):
    manifest, task = drawn
    rows = list(run_cases(lambda case: ReplayAgent(case.replay), manifest, task))
    assert all(row.success and row.success_strict for row in rows)
    assert all(row.steps_to_success <= 25 for row in rows)
    assert all(row.lead_in_drift == 0 for row in rows)
    assert all(np.array_equal(row.states[25], manifest.cases[row.case].goal_state) for row in rows)


def test_floors_are_low(drawn):
    manifest, task = drawn
    space = task.action_space
    random = run_cases(
        lambda case: RandomAgent(space.low, space.high, 5, case.seed), manifest, task
    )
    zero = run_cases(ZeroAgent(2, 5), manifest, task)
    assert sum(row.success for row in random) <= 3
    assert sum(row.success for row in zero) <= 3


def test_goal_pictures_are_what_the_task_draws(drawn):
    manifest, task = drawn
    for case in manifest.cases[:3]:
        assert np.array_equal(case.goal_pixels, task.render_state(case.goal_state, case.variation))
