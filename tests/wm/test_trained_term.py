"""A term that was trained with a model is loaded as it was, and nothing else is."""

import json

import pytest
import torch
from square import SETTINGS, record_square, smallest

import wmpc
from wmpc.errors import WmpcError
from wmpc.wm.data import open_episodes
from wmpc.wm.objectives.actor import Actor
from wmpc.wm.training.checkpoint import read_weights
from wmpc.wm.training.run import train
from wmpc.wm.training.trained_term import load_term


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("actor")
    model, objective = smallest()
    acting = {**objective, "actor": {"weight": 1.0, "chunk": 2, "width": 8}}
    train(open_episodes(record_square(folder / "data")), folder / "run", model, acting, **SETTINGS)
    return folder / "run"


def config_with(run, tmp_path, **changed):
    """A copy of the run whose config says something else of its actor."""
    config = json.loads((run / "config.json").read_text())
    config["objective"]["actor"] |= changed
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").write_bytes((run / "model.safetensors").read_bytes())
    return tmp_path


def test_it_has_the_weights_that_were_trained(run):
    actor, (_, weights) = load_term(run, "actor", wmpc.load(run)), read_weights(run)
    assert isinstance(actor, Actor) and actor.chunk == 2 and not actor.training
    state = actor.state_dict()
    assert len(state) > 6 and not any(x.requires_grad for x in actor.parameters())
    for name, value in state.items():
        assert torch.equal(value, weights[f"objective.by_name.actor.{name}"])


def test_a_run_without_one_says_what_it_has(run):
    with pytest.raises(WmpcError, match=r"has no margin, but prediction, .*actor: train"):
        load_term(run, "margin", wmpc.load(run))
    with pytest.raises(WmpcError, match="has no prediction"):  # it has no weights
        load_term(run, "prediction", wmpc.load(run))


def test_a_config_of_another_size_takes_no_memory(run, tmp_path):
    foreign = config_with(run, tmp_path, width=10**6)
    with pytest.raises(WmpcError, match="does not hold the weights of actor"):
        load_term(foreign, "actor", wmpc.load(run))


def test_a_foreign_class_is_not_built(run, tmp_path):
    foreign = config_with(run, tmp_path, _target_="os.system")
    with pytest.raises(WmpcError, match="none of the package's own terms"):
        load_term(foreign, "actor", wmpc.load(run))
