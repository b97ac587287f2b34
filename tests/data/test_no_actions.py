"""Episodes without actions, such as videos: stored, sampled, shown, and trained on as far as that
makes sense."""

import json

import numpy as np
import pytest
import torch
from model_cases import model, recipe

from wmpc.cli.main import main
from wmpc.errors import WmpcError
from wmpc.wm.data import Batch, EpisodeWriter, Windows, open_episodes
from wmpc.wm.data.hindsight import HindsightBatches, Pairs
from wmpc.wm.objectives.objective import Objective, terms
from wmpc.wm.training.fit import fit
from wmpc.wm.training.recipe import Recipe
from wmpc.wm.training.run import train

META = {"env": "video", "fps": 10.0}
ACTING = {"prediction", "rollout", "inverse_dynamics"}


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
    with pytest.raises(WmpcError, match=r"has no actions.*record or import"):
        train(open_episodes(path), tmp_path / "run", *recipe("tiny"), steps=2, accelerator="cpu")
    assert not (tmp_path / "run").exists()
    network, episodes = model(), open_episodes(path)
    how = Recipe(steps=3, batch=4)
    windows = Windows(episodes, episodes.train_ids, 3)

    def draw(step):
        return Batch(windows.sample((0, step), 4)).to(torch.device("cpu"))

    for name in terms():
        objective = Objective({name: 1.0}, network)
        assert ("action" in objective.columns) == (name in ACTING)
        if name in ACTING:
            with pytest.raises(WmpcError, match=f"no actions, which {name} of the objective needs"):
                fit(network, objective, draw, how)
            continue
        before = [p.clone() for p in network.encoder.parameters()]
        fit(network, objective, draw, how)
        pairs = zip(before, network.encoder.parameters(), strict=True)
        assert not all(torch.equal(a, b) for a, b in pairs), name


def test_it_is_shown_and_not_examined(path, tmp_path, capsys):
    assert main(["data", "inspect", str(path), f"out={tmp_path / 'inspect.png'}"]) == 0
    said = capsys.readouterr().out
    assert "no actions a frame" in said and "none: terms of an objective" in said
    assert (tmp_path / "inspect.png").stat().st_size > 1000
    assert main(["data", "check", str(path)]) == 2
    assert "has no actions, against which" in capsys.readouterr().err
