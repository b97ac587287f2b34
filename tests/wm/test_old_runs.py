"""Runs that earlier versions saved: they load, go on, and end as they would have."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from square import SETTINGS, record_square, smallest

import wmpc
from wmpc.errors import WmpcError
from wmpc.wm.data import open_episodes
from wmpc.wm.objectives.earlier import rename_terms, rename_weights, split
from wmpc.wm.training.checkpoint import read_config, read_weights
from wmpc.wm.training.run import finished, train

OLD = Path(__file__).parent / "old_runs"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return record_square(tmp_path_factory.mktemp("data") / "square")


def test_old_runs_go_on_and_are_trained(data, tmp_path):
    settings = SETTINGS | {"save_every": 5}
    for name, lines_expected in (("finished", False), ("interrupted", True)):
        run, lines = shutil.copytree(OLD / name, tmp_path / name), []
        assert finished(run) == (not lines_expected)
        train(open_episodes(data), run, *smallest(), **settings, report=lines.append)
        assert bool(lines) == lines_expected and finished(run)
    a, b = (read_weights(tmp_path / name)[1] for name in ("finished", "interrupted"))
    assert all(torch.allclose(a[k].float(), b[k].float(), atol=1e-4) for k in a)
    (tmp_path / "finished" / "training_state.pt").unlink()  # as somebody ships it
    assert finished(tmp_path / "finished")
    (tmp_path / "finished" / "train.jsonl").unlink()
    before = (tmp_path / "finished" / "model.safetensors").read_bytes()
    with pytest.raises(WmpcError, match="another folder"):
        train(open_episodes(data), tmp_path / "finished", *smallest(), **settings)
    assert (tmp_path / "finished" / "model.safetensors").read_bytes() == before


def test_a_run_of_the_former_default_is_told_what_it_goes_on_with(data, tmp_path):
    run = shutil.copytree(OLD / "interrupted", tmp_path / "run")
    model, objective = smallest()
    more = {**objective, "inverse_dynamics": 1.0}
    with pytest.raises(
        WmpcError, match=r"objective\.inverse_dynamics.* with objective=multi_step, and"
    ):
        train(open_episodes(data), run, model, more, **SETTINGS | {"save_every": 5})
    centred = {**model, "encoder": model["encoder"] | {"centre": True}}
    with pytest.raises(WmpcError, match=r"encoder\.centre.* with model/encoder=conv_uncentred, a"):
        train(open_episodes(data), run, centred, objective, **SETTINGS | {"save_every": 5})
    both = r"with objective=multi_step model/encoder=conv_uncentred, and"
    with pytest.raises(WmpcError, match=both):
        train(open_episodes(data), run, centred, more, **SETTINGS | {"save_every": 5})
    with pytest.raises(WmpcError, match=r"delete that folder$"):  # the objective is the same
        train(open_episodes(data), run, model, objective, **SETTINGS | {"lr": 1e-5})
    with pytest.raises(WmpcError, match=r"delete that folder$"):  # it was another one
        other = shutil.copytree(OLD / "every_term", tmp_path / "other")
        train(open_episodes(data), other, model, objective, **SETTINGS)


def test_an_old_run_of_every_term_goes_on_to_the_weights_it_would_have_had(data, tmp_path):
    """Its model weighed its losses itself, and held the network of inverse dynamics."""
    run = shutil.copytree(OLD / "every_term", tmp_path / "run")
    config = read_config(run)
    asked = (config["model"], config["objective"])
    train(open_episodes(data), run, *asked, **SETTINGS | {"save_every": 5})
    before, after = (
        rename_weights(load_file(path))
        for path in (run / "finished.safetensors", run / "model.safetensors")
    )
    assert before.keys() == after.keys() and any("inverse" in name for name in after)
    # The same bits where processors are alike; what a term missing would change is far larger.
    assert all(torch.allclose(before[name], after[name], atol=1e-5) for name in before)
    assert not any("inverse" in name for name in wmpc.load(run).state_dict())


def test_a_term_by_its_earlier_name_is_that_of_today(data, tmp_path):
    """Straightening was called smoothness: in a run, in a person's own preset, by its weight."""
    model, objective = smallest()
    old = {"_target_": "wmpc.wm.objectives.smoothness.Smoothness", "weight": 0.5}
    run = tmp_path / "run"
    train(open_episodes(data), run, model, objective | {"smoothness": old}, **SETTINGS)
    frozen = json.loads((run / "config.json").read_text())
    now = "wmpc.wm.objectives.temporal_straightening.TemporalStraightening"
    assert frozen["objective"].pop("temporal_straightening") == {"_target_": now, "weight": 0.5}
    frozen["objective"]["smoothness"] = old
    (run / "config.json").write_text(json.dumps(frozen))
    for asked in ({"smoothness": 0.5}, {"smoothness": old}, {"temporal_straightening": 0.5}):
        train(open_episodes(data), run, model, objective | asked, **SETTINGS)  # it is finished
    mine = {"_target_": "mine:Smooth", "weight": 1.0}
    assert rename_terms({"smoothness": mine}) == {"smoothness": mine}


@pytest.mark.parametrize("spoiled", [5, "ab", [1], None, True])
@pytest.mark.parametrize("key", ["model", "objective"])
def test_a_config_whose_parts_are_no_mappings_ends_in_words(tmp_path, key, spoiled):
    run = shutil.copytree(OLD / "every_term", tmp_path / "run")
    config = json.loads((run / "config.json").read_text())
    _, objective = split(config["model"])
    (run / "config.json").write_text(json.dumps({**config, "objective": objective, key: spoiled}))
    try:
        wmpc.load(run)
    except WmpcError as error:
        assert str(error)
    (run / "config.json").write_text(json.dumps({**config, "model": spoiled}))
    with pytest.raises(WmpcError):
        wmpc.load(run)
