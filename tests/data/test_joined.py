"""Several datasets as one hold what each holds, and hold out what each holds out."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from model_cases import recipe

import wmpc
from wmpc.api.train import train
from wmpc.errors import WmpcError
from wmpc.evaluation.compatibility import check_task
from wmpc.wm.data import EpisodeWriter, Windows, column_statistics, open_episodes
from wmpc.wm.data.joined import Joined
from wmpc.wm.models.spec import describe_data, read_spec

COUNTS = (13, 20, 11)
"""Episodes of each dataset: no multiple of ten, so that every tenth of all is not every tenth of
each."""


def write(path, meta, episodes):
    with EpisodeWriter(path, meta) as writer:
        for episode in episodes:
            writer.append(episode)
    return open_episodes(path)


@pytest.fixture
def parts(tmp_path, meta, make_episode):
    return [
        write(tmp_path / str(n), meta, [make_episode(100 * n + i) for i in range(count)])
        for n, count in enumerate(COUNTS)
    ]


def test_every_episode_is_what_it_was(parts, same):
    joined = Joined(parts)
    joined.verify()
    assert len(joined) == sum(COUNTS)
    each = [part.episode(i) for part in parts for i in range(len(part))]
    for index, episode in enumerate(each):
        same(joined.episode(index), episode)
    for name in joined.columns:
        rows = np.concatenate([part.frames(name) for part in parts])
        np.testing.assert_array_equal(joined.frames(name)[:], rows)
        assert joined.frames(name).shape == rows.shape


def test_an_episode_is_held_out_where_it_is_in_its_own_dataset(parts):
    joined = Joined(parts)
    firsts = np.cumsum([0, *COUNTS])
    out = [first + i for first, n in zip(firsts, COUNTS, strict=False) for i in range(9, n, 10)]
    assert joined.held_out_ids.tolist() == out == [9, 22, 32, 42]
    assert sorted([*out, *joined.train_ids]) == list(range(len(joined)))


def test_windows_are_slices_of_one_episode_each(parts):
    joined = Joined(parts)
    windows = Windows(joined, joined.train_ids, 3, columns=["pixels", "state", "variation"])
    batch = windows.sample((0, 0), 500)
    seen = set()
    for row in range(500):
        label, start = map(int, batch["state"][row, 0])
        episode = parts[label // 100].episode(label % 100)
        np.testing.assert_array_equal(batch["pixels"][row], episode["pixels"][start : start + 3])
        np.testing.assert_array_equal(batch["action"][row], episode["action"][start : start + 2])
        np.testing.assert_array_equal(batch["variation"][row], episode["variation"])
        seen.add(label // 100)
    assert seen == {0, 1, 2}


def test_statistics_are_of_the_training_episodes_of_all(parts):
    ids = [[i for i in range(n) if i % 10 != 9] for n in COUNTS]
    actions = [p.episode(i)["action"] for p, mine in zip(parts, ids, strict=True) for i in mine]
    rows = np.concatenate(actions).reshape(-1, 2).astype(np.float64)
    mean, std = column_statistics(Joined(parts), "action")
    np.testing.assert_allclose(mean, rows.mean(0), rtol=1e-12)
    np.testing.assert_allclose(std, rows.std(0), rtol=1e-12)


def test_of_several_environments_only_pictures_and_actions_mean_the_same(
    tmp_path, meta, make_episode, parts
):
    other = write(tmp_path / "x", {**meta, "env": "other"}, [make_episode(i) for i in range(10)])
    assert set(Joined([parts[0], other]).columns) == {"pixels", "action"}
    with pytest.raises(WmpcError, match="share no column 'state'; they share action, pixels"):
        Joined([parts[0], other]).frames("state")


@pytest.mark.parametrize(
    ("change", "made", "says"),
    [
        ({"action_high": [2.0, 1.0]}, {}, "bounds of actions"),
        ({}, {"size": 8}, "pictures"),
        ({}, {"m": 2}, "actions a frame of .* are 2, of"),
    ],
)
def test_others_that_one_model_cannot_take_are_refused(
    tmp_path, meta, make_episode, parts, change, made, says
):
    episodes = [make_episode(i, 4, **made) for i in range(10)]
    other = write(tmp_path / "other", {**meta, **change}, episodes)
    with pytest.raises(WmpcError, match=says) as refused:
        Joined([parts[0], other])
    assert str(other.path) in str(refused.value) and str(parts[0].path) in str(refused.value)


def test_what_is_no_list_of_datasets_is_refused(parts, tmp_path):
    model, objective = recipe("tiny")
    for also in ("data/x", tmp_path, None, 3):
        with pytest.raises(WmpcError, match="a list of further datasets"):
            train(parts[0], tmp_path / "run", model, also=also, objective=objective)  # type: ignore
    with pytest.raises(WmpcError, match="3 came as a dataset"):
        train(parts[0], tmp_path / "run", model, also=[3], objective=objective)  # type: ignore
    with pytest.raises(WmpcError, match="there twice"):
        train(parts[0], tmp_path / "run", model, also=[parts[0].path], objective=objective)
    with pytest.raises(WmpcError, match="no dataset at"):
        train(parts[0], tmp_path / "run", model, also=[tmp_path / "no"], objective=objective)


def test_pictures_that_were_made_square_otherwise_are_refused(tmp_path, meta, make_episode, parts):
    other = {**meta, "source": {**meta["source"], "fit": "crop"}}
    cropped = write(tmp_path / "cropped", other, [make_episode(i) for i in range(10)])
    with pytest.raises(WmpcError, match=r"several ways \(squash, crop\)"):
        describe_data(Joined([parts[0], cropped]))


def test_a_spec_knows_each_dataset(tmp_path, meta, make_episode, parts):
    other = write(tmp_path / "x", {**meta, "env": "other"}, [make_episode(i) for i in range(10)])
    spec = describe_data(Joined([parts[0], other, parts[1]]))
    assert read_spec(spec.as_dict()) == spec
    assert spec.trained_in("other").dataset == other.hash
    assert spec.trained_in("made-up").dataset == parts[0].hash
    assert spec.trained_in("made-up", parts[1].hash).dataset == parts[1].hash
    assert spec.trained_in("nowhere").env == spec.env and not spec.trained_in("other").others
    task = {"render_settings": meta["render"], "action_space": SimpleNamespace(shape=(2,))}
    check_task(spec, SimpleNamespace(id="other", **task), "run")
    with pytest.raises(WmpcError, match="trained with environment made-up, the cases have third"):
        check_task(spec, SimpleNamespace(id="third", **task), "run")
    single = describe_data(parts[0])
    assert "others" not in single.as_dict() and single.trained_in("other") == single
    for odd in ("text", [{}], [{"env": {}, "render": {}, "dataset": 3}]):
        with pytest.raises(WmpcError, match="others"):
            read_spec({**spec.as_dict(), "others": odd})


@pytest.fixture
def squares(tmp_path):
    """Two datasets of a square that its action moves, in other colours and environments."""
    found = []
    for env, colour in (("bright", 255), ("dim", 90)):
        rng = np.random.default_rng(colour)
        meta = {"env": env, "fps": 10.0, "action_low": [-1.0, -1.0], "action_high": [1.0, 1.0]}
        episodes = []
        for _ in range(20):
            action = rng.uniform(-1, 1, (8, 1, 2)).astype("f4")
            place = np.clip(30 + np.cumsum(np.r_[np.zeros((1, 2)), 6 * action[:, 0]], 0), 0, 56)
            pixels = np.zeros((9, 64, 64, 3), np.uint8)
            for t, (x, y) in enumerate(place.astype(int)):
                pixels[t, y : y + 8, x : x + 8] = colour
            episodes.append({"pixels": pixels, "action": action})
        found.append(write(tmp_path / env, meta, episodes))
    return found


def test_a_model_is_trained_on_both_goes_on_and_is_judged_on_either(squares, tmp_path):
    model, objective = recipe("tiny")
    first, second = (part.path for part in squares)
    settings = {"objective": objective, "batch": 4, "accelerator": "cpu", "evaluate_every": 6}
    both = train(first, tmp_path / "run", model, also=[second], steps=12, **settings)
    again = train(squares[0], tmp_path / "run", model, also=[squares[1]], steps=12, **settings)
    x = {"pixels": squares[1].episode(9)["pixels"][None]}
    assert torch.equal(both.encode(x), again.encode(x))
    with pytest.raises(WmpcError, match="other settings"):
        train(first, tmp_path / "run", model, steps=12, **settings)
    with pytest.raises(WmpcError, match=r"train.subset=0.5 .* 2 are trained on together"):
        train(first, tmp_path / "x", model, also=[second], steps=12, subset=0.5, **settings)
    spec = wmpc.load(tmp_path / "run").spec
    assert [spec.trained_in(env).dataset for env in ("bright", "dim")] == [p.hash for p in squares]
