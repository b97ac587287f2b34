"""Episodes without actions, such as videos: stored, sampled, shown, and trained on as far as that
makes sense."""

import json

import numpy as np
import pytest
import torch
from model_cases import model, recipe

import wmpc
from wmpc.agents.mpc import MPCAgent
from wmpc.cli.main import main
from wmpc.configs import list_presets
from wmpc.errors import WmpcError
from wmpc.planners import ICEM
from wmpc.wm.data import Batch, EpisodeWriter, Windows, open_episodes
from wmpc.wm.data.hindsight import HindsightBatches, Pairs
from wmpc.wm.objectives.objective import Objective, terms
from wmpc.wm.recordings.doctor import examine
from wmpc.wm.recordings.doctor.examine import UNACTED
from wmpc.wm.recordings.formats import open_source
from wmpc.wm.training.fit import fit
from wmpc.wm.training.log import read_log
from wmpc.wm.training.recipe import Recipe
from wmpc.wm.training.run import train

META = {"env": "video", "fps": 10.0}
ACTING = {"prediction", "rollout", "inverse_dynamics"}
"""Those that must say so, among others."""


def video(index, frames=8):
    rng = np.random.default_rng(index)
    pixels = rng.integers(0, 256, (frames, 64, 64, 3), np.uint8)
    return {"pixels": pixels, "place": np.stack([np.full(frames, index), np.arange(frames)], 1)}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / "set"
    for part in (range(7), range(7, 12)):  # the second writer finds what the first one stated
        with EpisodeWriter(path, META) as writer:
            for index in part:
                writer.append(video(index))
    return path


def test_what_was_stored_is_read_and_sampled(path):
    episodes = open_episodes(path)
    episodes.verify()
    assert len(episodes) == 12 and (episodes.lengths == 7).all()
    assert episodes.meta["action_low"] == [] and "action" not in episodes.columns
    np.testing.assert_array_equal(episodes.episode(8)["pixels"], video(8)["pixels"])
    batch = Windows(episodes, episodes.train_ids, 3, 2, ["pixels", "place"]).sample((0, 0), 20)
    assert batch.keys() == {"pixels", "place"}
    for pixels, place in zip(batch["pixels"], batch["place"], strict=True):
        (index, start), rows = place[0], place[0, 1] + 2 * np.arange(3)
        assert np.array_equal(place[:, 1], rows) and start < 8
        np.testing.assert_array_equal(pixels, video(index)["pixels"][rows])
    pairs = HindsightBatches(Windows(episodes, episodes.train_ids, 1, 1, ["place"]), Pairs())
    assert pairs.sample((0, 0), 9).keys() == {"place", "blocks"}


def test_actions_are_all_or_none(path, tmp_path):
    bounded = META | {"action_low": [-1.0], "action_high": [1.0]}
    acted = video(0) | {"action": np.zeros((7, 1, 1), np.float32)}
    with EpisodeWriter(tmp_path / "acted", bounded) as writer:
        with pytest.raises(WmpcError, match=r"no column 'action'.*states no action_low"):
            writer.append(video(0))
        writer.append(acted)
    with EpisodeWriter(path, META) as writer, pytest.raises(WmpcError, match="state action_low"):
        writer.append(acted)
    with EpisodeWriter(tmp_path / "blind", META) as writer:
        with pytest.raises(WmpcError, match="neither actions nor two pictures"):
            writer.append({"place": np.zeros((4, 2))})
        with pytest.raises(WmpcError, match=r"9 rows|8 rows"):
            writer.append(video(0) | {"place": np.zeros((5, 2))})
    with pytest.raises(WmpcError, match="meta lacks 'action_high'"):
        EpisodeWriter(tmp_path / "half", META | {"action_low": [-1.0]})


def test_a_description_that_lost_its_actions_is_damaged(tmp_path):
    bounded = META | {"action_low": [-1.0], "action_high": [1.0]}
    with EpisodeWriter(tmp_path / "set", bounded) as writer:
        writer.append(video(0) | {"action": np.zeros((7, 1, 1), np.float32)})
    file = tmp_path / "set" / "meta.json"
    meta = json.loads(file.read_text())
    for change in ({"columns": {"pixels": meta["columns"]["pixels"]}},
                   {"action_low": [], "action_high": []}):  # fmt: skip
        file.write_text(json.dumps(meta | change))
        with pytest.raises(WmpcError, match="its column 'action' should have"):
            open_episodes(tmp_path / "set")


def test_what_acts_is_refused_and_what_does_not_is_trained(path, tmp_path):
    network, episodes = model(), open_episodes(path)
    how = Recipe(steps=3, batch=4)
    windows = Windows(episodes, episodes.train_ids, 3)

    def draw(step):
        return Batch(windows.sample((0, step), 4)).to(torch.device("cpu"))

    for name in (name for name, term in terms().items() if not (term.masks or term.pairs)):
        objective = Objective({name: 1.0}, network)
        acts = "action" in objective.columns
        assert acts or name not in ACTING
        if acts:
            with pytest.raises(WmpcError, match=f"no actions, which {name} of the objective needs"):
                fit(network, objective, draw, how)
            with pytest.raises(WmpcError, match=rf"no actions, which {name} .*objective=video"):
                train(episodes, tmp_path / "run", recipe("tiny")[0], {name: 1.0}, steps=2)
            assert not (tmp_path / "run").exists()
            continue
        before = [p.clone() for p in network.encoder.parameters()]
        fit(network, objective, draw, how)
        pairs = zip(before, network.encoder.parameters(), strict=True)
        assert not all(torch.equal(a, b) for a, b in pairs), name


TRAIN = [
    "train",
    "data=set",
    "model=tiny",
    "train.steps=4",
    "train.batch=4",
    "train.evaluate_every=2",
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("predictor", list_presets("model/predictor"))
def test_a_model_of_every_predictor_is_trained_by_a_word(path, predictor, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "set").symlink_to(path)
    words = [*TRAIN, "objective=video", f"model/predictor={predictor}", "run=run"]
    assert main(words) == 0
    found = wmpc.load("run")
    assert found.action_size == 0 and found.columns == ["pixels"]
    last = [json.loads(line) for line in (tmp_path / "run/train.jsonl").read_text().splitlines()][
        -1
    ]
    assert last["kind"] == "eval" and last.keys() == {
        "kind",
        "step",
        "rankme",
        "lidar",
        "spread",
        "moving_share",
    }
    assert read_log(tmp_path / "run")[-1] == last


def test_nothing_is_planned_with_it_and_one_sentence_says_so(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "set").symlink_to(path)
    assert main([*TRAIN, "run=run"]) == 2
    said = capsys.readouterr().err
    assert "which prediction, rollout of the objective need" in said and said.count("\n") == 1
    assert not (tmp_path / "run").exists()
    assert main([*TRAIN, "objective=video", "run=run"]) == 0
    capsys.readouterr()
    for words in ("eval run=run", "plan run=run goal=frame:9:1", "eval run=run diagnose=true"):
        assert main(words.split()) == 2
        said = capsys.readouterr().err
        assert "trained on episodes without actions: nothing can be planned" in said, words
        assert said.count("\n") == 1
    with pytest.raises(WmpcError, match="without actions: nothing can be planned"):
        MPCAgent(wmpc.load("run"), ICEM())


def test_it_is_shown_and_what_there_is_is_examined(path, tmp_path, capsys):
    assert main(["data", "inspect", str(path), f"out={tmp_path / 'inspect.png'}"]) == 0
    said = capsys.readouterr().out
    assert "no actions a frame" in said and "none: terms of an objective" in said
    assert (tmp_path / "inspect.png").stat().st_size > 1000
    assert main(["data", "check", str(path), f"out={tmp_path / 'check.html'}"]) == 0
    said, page = capsys.readouterr().out, (tmp_path / "check.html").read_text()
    for sentence in UNACTED:
        assert sentence in said and sentence in page
    assert "objective=video" in said and "score 100 of 100" in said


@pytest.mark.filterwarnings("error")
def test_pictures_and_twins_are_examined_without_actions(tmp_path):
    with EpisodeWriter(tmp_path / "set", META) as writer:
        for index in (*range(9), 3, *range(10, 14)):
            episode = video(index, 20)
            episode["pixels"][5:9] = 0 if index == 12 else episode["pixels"][5:9]
            writer.append(episode)
    with open_source(str(tmp_path / "set")) as source:
        found = examine(source)
    kinds = {fault.kind: fault for fault in found.faults}
    assert kinds["leak"].episodes == (9,) and "their numbers and pictures" in kinds["leak"].says
    assert kinds["black_frames"].episodes == (12,)
    assert found.totals["steps"] == 14 * 19 and found.notes == UNACTED
