"""The examples of docs/new-planner.md and docs/new-agent.md, executed and chosen as they stand."""

import importlib
import re
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import torch
from planner_problems import generator, quadratic

import wmpc
from wmpc.cli import compose
from wmpc.errors import WmpcError
from wmpc.system.construct import construct

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def example(tmp_path, monkeypatch):
    """Writes a page's module and preset into the current directory and imports the module."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    written = []

    def write(page, module):
        text = (DOCS / page).read_text()
        (code,) = re.findall(r"```python\n(.*?)```", text, re.S)
        ((path, preset),) = re.findall(r"```yaml\n# (\S+)\n(.*?)```", text, re.S)
        Path(module).with_suffix(".py").write_text(code)
        Path(path).parent.mkdir(parents=True)
        Path(path).write_text(preset)
        written.append(module)
        return importlib.import_module(module)

    yield write
    for module in written:
        del sys.modules[module]


def commands(page):
    """The words of each command of a page, with a run for its ellipsis."""
    lines = re.findall(r"^wmpc eval (.*)$", (DOCS / page).read_text(), re.M)
    return [re.sub(r"\s+#.*", "", line).replace("...", "somewhere").split() for line in lines]


def test_the_planner_of_the_page_plans(example):
    made = example("new-planner.md", "hill").HillClimbing()
    optimum = torch.tensor([[[0.3], [-0.6]], [[3.0], [0.1]]])
    plans = [made.plan(quadratic(optimum), generator=generator(1)) for _ in range(2)]
    assert (plans[0].actions - optimum.clamp(max=1)).abs().max() < 0.05
    assert torch.equal(plans[0].actions, plans[1].actions)
    warm = torch.tensor([[[0.3], [-0.59]], [[1.0], [0.1]]])
    late = made.plan(quadratic(optimum), generator=generator(), warm_start=warm, deadline=0.0)
    assert torch.equal(late.actions, warm)
    with pytest.raises(WmpcError, match="decay is 2"):
        type(made)(decay=2)


def test_the_planner_of_the_page_is_chosen(example):
    own = example("new-planner.md", "hill").HillClimbing
    samples = []
    for words in commands("new-planner.md"):
        (job,) = compose.jobs("eval", words)
        made = construct(job.config.planner)
        assert type(made) is own
        samples.append(made.samples)
    assert samples == [64, 128]


def test_the_agent_of_the_page_acts(example):
    own = example("new-agent.md", "wander").Wander
    task = gym.make("wmpc/TwoRoom-v0", image_size=32).unwrapped
    agent = own(task.action_space, 5, 0)
    assert isinstance(agent, wmpc.Agent)
    observation, info = task.reset(seed=0)
    agent.reset(wmpc.Goal(info["goal"]))
    agent.observe(observation, None)
    block = agent.act()
    assert block.shape == (5, *task.action_space.shape) and (block == block[0]).all()
    for action in block:
        observation, *_ = task.step(action.astype(np.float32))
    agent.observe(observation, block)


def test_the_agent_of_the_page_is_chosen(example):
    example("new-agent.md", "wander")
    chosen = [compose.jobs("eval", words)[0].config.agent for words in commands("new-agent.md")]
    assert [agent.function for agent in chosen] == ["wander:Wander"] * 3
    assert [agent.seed for agent in chosen] == [0, 0, 7]
