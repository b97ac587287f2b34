"""The example of docs/new-task.md, executed as it stands."""

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from wmpc.envs.simulator import Simulator

DOC = Path(__file__).parents[2] / "docs" / "new-task.md"


@pytest.fixture(scope="module")
def slider(tmp_path_factory):
    folder = tmp_path_factory.mktemp("task")
    text = DOC.read_text()
    for kind, name in (("xml", "slider.xml"), ("python", "slider.py")):
        block = re.search(rf"```{kind}\n(.*?)```", text, re.S)
        assert block, f"no {kind} block in {DOC.name}"
        (folder / name).write_text(block[1])
    spec = importlib.util.spec_from_file_location("slider", folder / "slider.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["slider"] = module
    spec.loader.exec_module(module)
    yield module.Slider()
    del sys.modules["slider"]


@pytest.mark.filterwarnings("ignore:.*(A Box observation space m|not having a spec).*")
def test_the_example_is_a_task(slider):
    check_env(slider)
    observation, info = slider.reset(seed=0)
    towards = np.sign(info["goal"]["proprio"][0] - observation["proprio"][0])
    for _ in range(100):
        _, reward, _, _, info = slider.step(np.array([towards]))
        if reward:
            break
    assert info["success"]


def test_a_planner_can_simulate_it(slider):
    observation, _ = slider.reset(seed=0)
    simulator = Simulator(slider, 1)
    latents = simulator.rollout(simulator.start(observation)[None], np.ones((1, 2, 3, 5)))
    assert latents.shape[:3] == (1, 2, 3) and np.all(np.diff(latents[0, 0, :, 0]) > 0)
