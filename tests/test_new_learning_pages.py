"""The examples of docs/new-encoder.md, new-predictor.md and new-term.md: built and trained."""

import importlib.util
import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from model_cases import preset
from omegaconf import OmegaConf
from square import SETTINGS, record_square

import wmpc
from wmpc.cli import compose
from wmpc.errors import WmpcError
from wmpc.planners import CEM
from wmpc.wm.data import open_episodes
from wmpc.wm.models.build import build
from wmpc.wm.models.spec import describe_data
from wmpc.wm.objectives.objective import Objective
from wmpc.wm.training.fit import fit
from wmpc.wm.training.recipe import Recipe
from wmpc.wm.training.run import train
from wmpc.wm.training.sampler import BatchSampler

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return record_square(tmp_path_factory.mktemp("data") / "square")


@pytest.fixture
def written(tmp_path, monkeypatch):
    """written(page, module): the page's module under a name, and what its preset says."""

    def write(page, name):
        text = (DOCS / page).read_text()
        (code,) = re.findall(r"```python\n(.*?)```", text, re.S)
        file = tmp_path / f"{name.rpartition('.')[2]}.py"
        file.write_text(code)
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        return [yaml.safe_load(found) for found in re.findall(r"```yaml\n(.*?)```", text, re.S)]

    return write


def plan(model, data):
    """An action of an agent that plans with a model."""
    episode = open_episodes(data).episode(0)
    agent = wmpc.MPCAgent(model, CEM(samples=8, elites=2, iterations=1), horizon=2)
    agent.reset(wmpc.Goal({"pixels": episode["pixels"][5]}))
    agent.observe({"pixels": episode["pixels"][0]}, None)
    assert np.isfinite(agent.act()).all()


def test_the_encoder_of_the_page_is_trained_and_planned_with(data, written):
    (config,) = written("new-encoder.md", "wmpc.wm.models.encoders.grid")
    episodes, config_of_model = open_episodes(data), preset("tiny") | {"encoder": config}
    model = build(config_of_model, spec=describe_data(episodes))
    assert model.layout.groups == {"pixels": 16} and model.layout.grid == (4, 4)
    recipe, before = Recipe(steps=3, batch=4), model.encoder.embed.weight.clone()
    objective = Objective({"prediction": 1.0, "sigreg": 0.5}, model)
    sampler = BatchSampler(episodes, model, objective, recipe, torch.device("cpu"))
    fit(model, objective, sampler, recipe)
    assert not torch.equal(before, model.encoder.embed.weight)
    plan(model.eval().requires_grad_(False), data)
    with pytest.raises(WmpcError, match="not a multiple of the 3 cells"):
        build(config_of_model | {"encoder": config | {"cells": 3}}, spec=describe_data(episodes))


def test_the_predictor_of_the_page_is_trained_and_planned_with(data, tmp_path, written):
    (config,) = written("new-predictor.md", "wmpc.wm.models.predictors.linear")
    model = preset("tiny") | {"predictor": config}
    objective = {"prediction": 1.0, "rollout": 1.0, "sigreg": 0.5}
    train(open_episodes(data), tmp_path / "run", model, objective, **SETTINGS)
    trained = wmpc.load(tmp_path / "run")
    assert type(trained.predictor).__name__ == "LinearPredictor"
    plan(trained, data)


def test_the_term_of_the_page_is_chosen_and_trained(data, tmp_path, written, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written("new-term.md", "slow")
    (line,) = re.findall(r"^wmpc train (.*)$", (DOCS / "new-term.md").read_text(), re.M)
    (job,) = compose.jobs("train", [*shlex.split(line), "model=tiny"])
    objective = OmegaConf.to_container(job.config.objective)
    assert objective["slow"] == {"_target_": "slow:Slow", "weight": 0.1}
    lines = []
    train(
        open_episodes(data), tmp_path / "run", preset("tiny"), objective, report=lines.append,
        **SETTINGS,
    )  # fmt: skip
    assert all(line["loss/slow"] > 0 for line in lines if line["kind"] == "step")
