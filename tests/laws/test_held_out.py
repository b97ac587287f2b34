"""Canaries: what is held out changes nothing that is learned, by not a bit; what is not, all of it.

Held-out episodes are spoiled, pictures to noise and actions to wild ones, and so is a training
episode; then everything that learns from recordings learns anew.
"""

from functools import cache, partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from toy import OBJECTIVE, TINY, record

import wmpc
from wmpc.agents.completion import Completion
from wmpc.agents.encoded import encode_training_episodes
from wmpc.agents.goal_policy import train_goal_policy
from wmpc.agents.nearest_frame import frame_bank
from wmpc.errors import WmpcError
from wmpc.evaluation.diagnosis import recordings
from wmpc.evaluation.offline.scores import see_split
from wmpc.wm.data import Pairs, column_statistics, open_episodes
from wmpc.wm.models.spec import describe_data
from wmpc.wm.models.world_model import trained_on
from wmpc.wm.objectives.objective import Objective
from wmpc.wm.probe import fit_probe
from wmpc.wm.training.checkpoint import read_config
from wmpc.wm.training.recipe import Recipe
from wmpc.wm.training.run import train
from wmpc.wm.training.sampler import BatchSampler

SPOILED = {"none": (), "held out": (9, 19), "training": (3,)}


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """The same dataset, with nothing spoiled, all that is held out, or one training episode."""
    root = tmp_path_factory.mktemp("canaries")
    return {name: record(root / name, spoiled=spoiled) for name, spoiled in SPOILED.items()}


@pytest.fixture(scope="module")
def judge(sets, tmp_path_factory):
    """One model to look at all of them with: trained on the first."""
    run = tmp_path_factory.mktemp("judge") / "run"
    return learn_model(sets["none"], run)


def learn_model(episodes, run, **more):
    settings = {"steps": 4, "batch": 8, "evaluate_every": 4, "accelerator": "cpu"}
    return train(episodes, run, TINY, OBJECTIVE, stride=1, **settings, **more)


def numbers(module):
    return [p.detach().numpy().copy() for p in module.state_dict().values()]


def drawn(what, judge, episodes):
    """What training would be shown in 25 batches: windows, and pairs where a term asks for them."""
    objective = Objective(OBJECTIVE, judge)
    objective.terms["prediction"].pairs = Pairs()
    draw = BatchSampler(episodes, judge, objective, Recipe(batch=8), torch.device("cpu"))
    batches = [draw(step) for step in range(25)]
    of = {"windows": lambda batch: batch.columns, "pairs": lambda batch: batch.pairs[Pairs()]}
    return [x.numpy() for batch in batches for _, x in sorted(of[what](batch).items())]


def completed(judge, episodes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wmpc.agents.completion.STEPS", 20)  # of fitting its probe
        return _completed(judge, episodes)


def _completed(judge, episodes):
    made = Completion.of(judge, episodes)
    probe, share = made.probe
    return [made.latents.numpy(), made.rows, *numbers(probe), share.numpy()]


def banked(judge, episodes):
    bank = frame_bank(judge, episodes)
    return [bank.latents.numpy(), bank.pixels]


def probed(judge, episodes):
    probe = fit_probe(judge, episodes, lambda state: state, steps=5)
    return [x for name, x in probe.state_dict().items() if name != "error"]


def encoded(judge, episodes):
    found = encode_training_episodes(judge, episodes)
    return [found.latents.numpy(), found.blocks.numpy()]


def cloned(judge, episodes):
    return numbers(
        train_goal_policy(encode_training_episodes(judge, episodes), 2, steps=3, width=8)
    )


class Fitted(Exception):
    """What a diagnosis was about to fit its probes to."""


def diagnosed(judge, episodes):
    def stop(train, held_out, names, **_):
        raise Fitted(train)

    names = ("x", "y")
    task = SimpleNamespace(describe=lambda state: state, describe_names=names)
    task.coordinates, task.coordinate_names = task.describe, names
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Fitted) as fitted:
        patch.setattr(recordings.latents, "probes", stop)
        recordings.examine(judge, episodes, task, None, 1)  # type: ignore[arg-type]
    return [np.asarray(x) for x in fitted.value.args[0]]


def described(judge, episodes):
    spec = judge.spec
    return describe_data(episodes, 1, spec.subset, spec.subset_seed).as_dict()


LEARNED = {
    "windows": partial(drawn, "windows"),
    "pairs": partial(drawn, "pairs"),
    "statistics": lambda judge, episodes: list(column_statistics(episodes, "action")),
    "normalisation": lambda judge, episodes: _statistics(described(judge, episodes)),
    "completion": completed,
    "frame bank": banked,
    "probe": probed,
    "probes of a diagnosis": diagnosed,
    "encoded": encoded,
    "cloning": cloned,
}


def same(one, two):
    """Whether arrays have the same bits, one by one."""
    pairs = zip(map(np.asarray, one), map(np.asarray, two), strict=True)
    return all(a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in pairs)


@pytest.fixture(scope="module")
def learned(sets, judge):
    """learned(what, name): by `LEARNED`, from a dataset."""
    return cache(lambda what, name: LEARNED[what](judge, sets[name]))


@pytest.mark.parametrize("what", LEARNED)
def test_what_is_held_out_changes_nothing_that_is_learned(learned, what):
    assert same(learned(what, "none"), learned(what, "held out"))


@pytest.mark.parametrize("what", LEARNED)
def test_what_is_not_changes_it(learned, what):
    assert not same(learned(what, "none"), learned(what, "training"))


def test_trained_weights_and_statistics_are_those_of_the_training_episodes(sets, tmp_path, judge):
    found = {}
    for name in ("held out", "training"):
        learn_model(sets[name], tmp_path / name)
        spec = read_config(tmp_path / name)["data"]
        found[name] = [*numbers(wmpc.load(tmp_path / name)), *_statistics(spec)]
    first = [*numbers(judge), *_statistics(judge.spec.as_dict())]
    assert same(first, found["held out"])
    assert not same(first, found["training"])


@pytest.fixture(scope="module")
def half(sets, tmp_path_factory):
    """A model of half the training episodes, the sets in which those left out, or one of those
    chosen, are spoiled, and what is learned beside it."""
    root = tmp_path_factory.mktemp("half")
    model = learn_model(sets["none"], root / "run", subset=0.5)
    chosen = trained_on(model, sets["none"]).tolist()
    left_out = tuple(set(range(20)) - set(chosen))
    assert len(chosen) == 9 and {9, 19} < set(left_out)
    spoiled = {"none": (), "left out": left_out, "chosen": chosen[:1]}
    mine = {name: record(root / name, spoiled=which) for name, which in spoiled.items()}
    learned = cache(lambda what, name: LEARNED[what](model, mine[name]))
    return SimpleNamespace(model=model, sets=mine, learned=learned, root=root)


@pytest.mark.parametrize("what", [what for what in LEARNED if what != "statistics"])
def test_what_a_run_leaves_out_changes_nothing_that_is_learned_beside_it(half, what):
    assert same(half.learned(what, "none"), half.learned(what, "left out"))
    assert not same(half.learned(what, "none"), half.learned(what, "chosen"))


def test_a_run_of_some_episodes_learns_from_them_alone(half):
    again = learn_model(half.sets["left out"], half.root / "left out run", subset=0.5)
    other = learn_model(half.sets["chosen"], half.root / "chosen run", subset=0.5)
    bits = [[*numbers(m), *_statistics(m.spec.as_dict())] for m in (half.model, again, other)]
    assert same(bits[0], bits[1]) and not same(bits[0], bits[2])


def test_offline_scores_of_such_a_run_are_beside_its_own_episodes(half):
    held, train = see_split(half.model, half.sets["none"])
    assert {*held.ids} == {9, 19}
    assert train.ids.tolist() == trained_on(half.model, half.sets["none"]).tolist()


def test_a_run_goes_on_with_its_episodes_and_no_others(half):
    run = half.root / "run"
    spec = read_config(run)["data"]
    assert (spec["subset"], spec["subset_seed"]) == (0.5, 0)
    assert same(numbers(wmpc.load(run)), numbers(learn_model(half.sets["none"], run, subset=0.5)))
    np.testing.assert_array_equal(*(trained_on(m, half.sets["none"]) for m in
                                    (wmpc.load(run), half.model)))  # fmt: skip
    with pytest.raises(WmpcError, match=r"data\.subset was 0\.5, is 0\.25"):
        learn_model(half.sets["none"], run, subset=0.25)


def _statistics(spec):
    return [np.asarray(spec[f"{c}_{s}"]) for c in ("action", "proprio") for s in ("mean", "std")]


def test_the_episodes_of_both_kinds_are_all_there_are(sets):
    episodes = sets["none"]
    train_ids, held_out = set(episodes.train_ids.tolist()), set(episodes.held_out_ids.tolist())
    assert held_out == {9, 19} and train_ids == set(range(20)) - held_out
    again = open_episodes(episodes.path)
    assert all(again.episode(i)["pixels"].any() for i in range(len(again)))
