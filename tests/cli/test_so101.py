"""The SO-101 of examples/so101: it is the robot that it says; the commands of docs/worlds.md."""

import json
import re
import shlex
import sys
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from own_package import OWN, little, make_project, run_commands

from wmpc import envs

PAGE = Path(__file__).parents[2] / "docs" / "worlds.md"
ROBOT = OWN.with_name("so101")
COMMANDS = [
    shlex.split(line)[1:] for line in re.findall(r"^wmpc .*so101.*$", PAGE.read_text(), re.M)
]
TIPS = {  # of `gripperframe` in so101_new_calib.xml, m
    (0.0, 0.0, 0.0, 0.0, 0.0, 0.0): (0.39136, -0.00001, 0.22647),
    (0.5, -0.6, 0.7, 0.4, -1.0, 0.3): (0.2723, -0.12007, 0.13706),
}


@pytest.fixture
def reach(monkeypatch):
    monkeypatch.syspath_prepend(str(ROBOT))
    made = envs.make("so101:So101Reach-v0", image_size=32)
    made.reset(seed=0)
    yield made
    made.close()
    sys.modules.pop("so101", None)
    gymnasium.registry.pop("So101Reach-v0", None)


def test_it_is_short_and_has_the_licence_named():
    assert len((ROBOT / "so101" / "__init__.py").read_text().splitlines()) <= 50
    assert "Apache License 2.0" in (ROBOT / "so101" / "so101.xml").read_text()


@pytest.mark.parametrize("angles", TIPS)
def test_its_tip_is_where_that_of_the_real_ones_model_is(reach, angles):
    state = reach.layout.at_rest(np.array(angles))
    np.testing.assert_allclose(reach.tip(state), TIPS[angles], atol=1e-4)


def test_a_goal_is_reached_by_the_tip(reach):
    goal = reach.layout.at_rest(np.zeros(6))
    for index, turn, reached in ((0, 0.07, True), (0, 0.09, False), (5, 1.0, True), (4, 1.0, True)):
        state = goal.copy()
        state[1 + index] += turn  # after the time
        assert reach.success(state, goal) is reached
    for seed in range(20):
        state = reach.sample_state(np.random.default_rng(seed))
        assert reach.in_bounds(state) and reach.tip(state)[2] > 0.03


@pytest.mark.slow  # half a minute: all verbs once
def test_the_commands_of_the_page_run(tmp_path):
    folder = make_project(tmp_path / "project", ROBOT)
    run_commands(folder, [little(words) for words in COMMANDS])
    (results,) = (folder / "runs/so101/eval").glob("*/results.json")
    replay = json.loads(results.read_text())["reference"]["replay"]
    assert replay["summary"]["success"]["rate"] == 1
