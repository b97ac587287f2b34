"""Broken physics beside what happened, and whether surprise tells them apart."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.stats import mannwhitneyu

import wmpc
from wmpc import envs
from wmpc.collecting.collect import Recipe, record_episodes
from wmpc.errors import WmpcError
from wmpc.evaluation.diagnosis import violations
from wmpc.evaluation.diagnosis.surprise import surprise_findings
from wmpc.wm.data import open_episodes
from wmpc.wm.diagnostics.surprise import Spread, auroc, errors, finding, ordinary, surprise
from wmpc.wm.models.latent import Layout

TASKS = ("wmpc/Reacher-v0", "wmpc/TwoRoom-v0", "wmpc/PushT-v0")
OFFERED = [(env, *offer) for env in TASKS for offer in violations.offered(envs.make(env))]


@pytest.fixture(scope="module")
def worlds():
    """For every task: the task, and a few recorded episodes."""
    found = {}
    for env in TASKS:
        task = envs.make(env, image_size=32)
        recipe = Recipe(env, {"image_size": 32}, "random", 20, 5, seed=0)
        kept = [recording.episode for recording in record_episodes(recipe, 0, 12)]
        found[env] = task, SimpleNamespace(episode=kept.__getitem__)
    return found


def make(worlds, env, violation, thing, **settings):
    task, episodes = worlds[env]
    settings = {"ids": range(12), "count": 3, **settings}
    return task, episodes, violations.clips(task, episodes, violation, thing, **settings)


@pytest.mark.parametrize(("env", "violation", "thing"), OFFERED)
def test_a_violation_is_where_it_says_and_nowhere_before(worlds, env, violation, thing):
    task, episodes, clips = make(worlds, env, violation, thing)
    before = task.model.geom_rgba.copy(), task.model.geom_contype.copy()
    assert clips
    for clip in clips:
        assert len(clip.action) == 7 and clip.moment == 4
        for name, intact in clip.intact.items():
            assert len(intact) == 8 and np.array_equal(intact[:4], clip.violated[name][:4])
        differs = [
            not np.array_equal(a, b)
            for a, b in zip(clip.intact["pixels"], clip.violated["pixels"], strict=True)
        ]
        assert differs[4] and (violation == "through_wall" or sum(differs) == 4)
        recorded = episodes.episode(clip.episode)["pixels"]
        assert any(np.array_equal(recorded[i : i + 8], clip.intact["pixels"]) for i in range(14))
        felt = np.array_equal(clip.intact["proprio"], clip.violated["proprio"])
        assert felt == (violation in ("vanish", "recolour")) or (thing == "block")
    again = make(worlds, env, violation, thing)[2]
    assert np.array_equal(again[0].violated["pixels"], clips[0].violated["pixels"])
    assert np.array_equal(task.model.geom_rgba, before[0])
    assert np.array_equal(task.model.geom_contype, before[1])


def test_what_vanished_is_gone(worlds):
    """Of the disc's blue nothing is left."""
    (clip, *_) = make(worlds, "wmpc/TwoRoom-v0", "vanish", "disc")[2]

    def blue(pictures):
        return (pictures[..., 2].astype(int) - pictures[..., 0] > 60).sum((-1, -2))

    assert (blue(clip.intact["pixels"]) > 0).all()
    assert (blue(clip.violated["pixels"])[:4] > 0).all()
    assert (blue(clip.violated["pixels"])[4:] == 0).all()


def test_teleports_are_far_enough_and_through_walls_ends_elsewhere(worlds):
    for env, thing in (("wmpc/TwoRoom-v0", "disc"), ("wmpc/PushT-v0", "disc")):
        task, _, clips = make(worlds, env, "teleport", thing)
        for clip in clips:
            jump = clip.violated["proprio"][4][:2] - clip.intact["proprio"][4][:2]
            assert np.linalg.norm(jump) >= 3 * next(iter(task.tolerances.values()))
    _, _, clips = make(worlds, "wmpc/TwoRoom-v0", "through_wall", "wall")
    for clip in clips:
        path = clip.violated["proprio"][3:, 0]
        assert np.abs(path).min() < 0.13 or np.ptp(np.sign(path)) == 2  # in the wall, or across


def test_what_is_not_offered_is_refused(worlds):
    with pytest.raises(WmpcError, match="teleport of upper_arm"):
        make(worlds, "wmpc/Reacher-v0", "through_wall", "wall")
    with pytest.raises(WmpcError, match="there is none"):
        violations.clips(envs.make("Hopper-v5"), None, "vanish", "leg", ids=[0])


@pytest.mark.parametrize("seed", range(5))
def test_auroc_is_mann_whitney(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 12, 30) + 2.0, rng.integers(0, 12, 17) * 1.0  # with ties
    expected = mannwhitneyu(x, y).statistic / (30 * 17)
    assert auroc(x, y) == pytest.approx(expected, abs=1e-12)
    assert auroc(x, x) == 0.5 and auroc(y + 100, y) == 1 and auroc(y, y + 100) == 0
    assert np.isnan(auroc(x, y[:0]))


def test_ordinary_errors_have_surprise_one():
    rng = np.random.default_rng(0)
    e = rng.standard_normal((4000, 6)) @ rng.standard_normal((6, 6)) + 3
    spread = Spread(e.mean(0), np.linalg.inv(np.cov(e, rowvar=False)))
    assert surprise(e, spread).mean() == pytest.approx(1, abs=1e-3)
    assert surprise(e[:8].reshape(2, 4, 6), spread).shape == (2, 4)
    assert surprise(spread.mean, spread) == 0
    bent = rng.standard_normal((6, 6))  # no basis of the latent is preferred
    other = Spread(spread.mean @ bent, np.linalg.inv(np.cov(e @ bent, rowvar=False)))
    np.testing.assert_allclose(surprise(e @ bent, other), surprise(e, spread), rtol=1e-6)


class Still:
    """A model that sees a picture's mean, and expects it to stay."""

    context, layout = 3, Layout({"pixels": 1}, 1)

    def encode(self, seen):
        pixels = torch.as_tensor(np.asarray(seen["pixels"]), dtype=torch.float32)
        return pixels.mean((-1, -2, -3))[..., None, None]

    def normalise(self, action):
        return torch.as_tensor(action).flatten(-2)

    def predict(self, z, a, valid):
        return z


def test_errors_are_of_the_frames_that_have_a_context():
    pixels = np.zeros((1, 8, 4, 4, 3), np.uint8)
    pixels[:, 5:] = 10
    e = errors(Still(), {"pixels": pixels}, np.zeros((1, 7, 5, 2), np.float32))
    assert e.shape == (1, 5, 1) and e[0, :, 0].tolist() == [0, 0, 10, 0, 0]  # frames 3 to 7
    with pytest.raises(WmpcError, match="needs 4"):
        errors(Still(), {"pixels": pixels[:, :3]}, np.zeros((1, 2, 5, 2), np.float32))


def test_a_finding_counts_from_the_violation_on():
    intact = np.ones((4, 5))
    violated = intact.copy()
    violated[:3, 2] = 9
    violated[3, 0] = 99  # before the violation: does not count
    found = finding("vanish", ["disc", "disc", "block", "block"], violated, intact, 1)
    assert found.value == pytest.approx(0.75 + 0.25 / 2)
    assert found.details["by_object"] == {"disc": 1.0, "block": 0.75}
    low, high = found.details["interval"]
    assert low < found.value <= high
    assert found.figure["series"]["violated"][0] == [-1, 0, 1, 2, 3]
    assert found.figure["series"]["violated"][1] == np.median(violated, 0).tolist()


def test_every_violation_is_found_out_about_with_a_trained_run(reacher, trained):
    """A run that knows nothing gives numbers all the same, the same ones twice."""
    model, episodes = wmpc.load(trained), open_episodes(reacher)
    task = envs.make("wmpc/Reacher-v0", image_size=32)
    one, two = (surprise_findings(model, task, episodes, clips=2) for _ in range(2))
    assert [f.name for f in one] == [f"surprise_{x}" for x in ("teleport", "vanish", "recolour")]
    assert [f.as_dict() for f in one] == [f.as_dict() for f in two]
    assert all(0 <= f.value <= 1 and f.details["clips"] == 4 for f in one)
    spread = ordinary(model, episodes, episodes.held_out_ids)
    assert np.isfinite(spread.precision).all()
