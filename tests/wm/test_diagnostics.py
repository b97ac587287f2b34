"""Diagnostics on worlds whose numbers are known."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import stats

from wmpc.wm.diagnostics import Finding, alignment, latents, ranking, resolution, rollouts
from wmpc.wm.diagnostics.sample import Sample
from wmpc.wm.training.monitor import rankme


@pytest.mark.parametrize("ties", [False, True])
def test_rank_correlations_agree_with_their_definitions(ties):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 60))
    y = x + y
    if ties:
        x, y = x.round(), y.round()
    a, b = (np.sign(v[:, None] - v[None]) for v in (x, y))
    tau = (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())
    assert ranking.kendall(x, y) == pytest.approx(tau, abs=1e-9)
    assert ranking.kendall(x, y) == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-9)
    rho = np.corrcoef(stats.rankdata(x), stats.rankdata(y))[0, 1]
    assert ranking.spearman(x, y) == pytest.approx(rho, abs=1e-9)
    assert ranking.kendall(x, np.ones(60)) == 0 == ranking.spearman(np.ones(60), y)


def test_rankme_agrees_with_its_formula():
    z = np.random.default_rng(0).normal(size=(200, 6)) * [1, 1, 1, 0.1, 0.01, 0]
    sigma = np.linalg.svd(z - z.mean(0), compute_uv=False)
    p = sigma / sigma.sum() + 1e-7
    assert rankme(torch.as_tensor(z)) == pytest.approx(np.exp(-(p * np.log(p)).sum()), abs=1e-9)
    finding = latents.spectrum(torch.as_tensor(z)[:, None])
    assert 3 < finding.value < 4.5
    assert finding.details["singular_values"] == pytest.approx(sigma.tolist())


class Adder:
    """A latent that actions are added to, heeded or not."""

    context = 2

    def __init__(self, heed=1.0):
        self.heed = heed

    def dynamics(self, z, executed):
        def rollout(actions):
            return z[:, -1:, None] + self.heed * actions.cumsum(2).unsqueeze(-2)

        return SimpleNamespace(rollout=rollout)


@pytest.fixture
def walks():
    """Sums of independent actions, (100, 9, 1, 2)."""
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(100, 8, 2, generator=generator)
    z = torch.cat([torch.zeros(100, 1, 2), a.cumsum(1)], 1).unsqueeze(2)
    return Sample(z, a, z[:, :, 0].double().numpy())


def test_an_exact_model_makes_no_error_and_heeds_actions(walks):
    imagined = rollouts.imagine(Adder(), walks)
    assert rollouts.latent_error(Adder(), walks, imagined).value < 1e-10
    assert rollouts.action_sensitivity(Adder(), walks, imagined).value > 1e6
    still = rollouts.imagine(Adder(0), walks)
    assert rollouts.latent_error(Adder(0), walks, still).value == pytest.approx(1)
    assert rollouts.action_sensitivity(Adder(0), walks, still).value == pytest.approx(1)


def test_a_rollout_is_measured_in_units_of_the_state(walks):
    def probe(z):
        return 3 * z[..., 0, :]

    off = rollouts.imagine(Adder(), walks) + 1
    finding = rollouts.state_error(Adder(), walks, off, probe, 3 * walks.states)
    assert finding.value == pytest.approx(3 * 2**0.5, rel=1e-5)
    assert max(finding.details["the probe's own error"]) < 1e-5


@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_a_replay_finds_shifted_actions(shift, walks):
    late = torch.roll(walks.actions, shift, 1)[:, 1:-1].numpy()[:, :, None]
    states = walks.states[:, 1:-1]

    def replay(starts, actions):
        return starts[:, None] + actions.sum(2)

    found = alignment.replayed(states, late, states, replay, (-1, 0, 1))
    assert found.value == shift and found.details["error"][str(shift)] < 1e-6
    assert min(e for s, e in found.details["error"].items() if s != str(shift)) > 0.5


@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_momentum_does_not_hide_which_action_drives(shift):
    """Forces move a mass: most of a step is owed to the force before it."""
    rng = np.random.default_rng(0)
    force = rng.normal(size=(200, 12, 2))
    speed = force.cumsum(1) - force / 2
    place = np.concatenate([np.zeros((200, 1, 2)), speed.cumsum(1)], 1)
    late = np.roll(force, shift, 1)[:, 1:-1, None]
    found = alignment.regressed(torch.as_tensor(place[:, 1:-1, None]), late)
    assert found.value == shift


def test_probes_find_what_is_there_and_miss_what_is_not():
    rng = np.random.default_rng(0)
    y = rng.uniform(-1, 1, (1200, 3))
    z = torch.as_tensor(np.stack([y[:, 0], y[:, 1] ** 3], 1)[:, None, None], dtype=torch.float32)
    half = (z[:600], y[:600]), (z[600:], y[600:])
    finding, probe = latents.probes(*half, ("seen", "bent", "hidden"), steps=300)
    linear, network = finding.figure["bars"], finding.details["network"]
    assert linear["seen"][0] > 0.99 and 0.7 < linear["bent"][0] < 0.95
    assert network["bent"] > linear["bent"][0] and network["hidden"] < 0.1
    assert latents.lacking(finding.details) == ["hidden"]
    assert probe(z[:, 0]).shape == (1200, 3)


def test_a_finding_is_plain(walks):
    finding = ranking.pair_ranking(
        walks.latents,
        walks.states,
        lambda z, g: (z - g).square().sum((-2, -1)),
        lambda a, b: float(np.linalg.norm(a - b)),
        pairs=300,
    )
    assert finding.value == pytest.approx(1, abs=1e-3)
    assert Finding(**finding.as_dict()) == finding


def test_the_error_of_a_model_is_measured_against_frames_a_tolerance_apart():
    """Frames on a grid of tolerances; the latent is the place times 3."""
    rng = np.random.default_rng(0)
    places = rng.integers(0, 6, (60, 6, 2)).astype(float)
    z = torch.as_tensor(3.0 * places)[:, :, None]

    def apart(a, b):
        return float(np.linalg.norm(a - b))

    imagined = z[:, -2:].clone()
    imagined[:, 0] += 1.5  # half of what is a tolerance, in both dimensions
    found = resolution.resolution(z, imagined, places, places, apart)
    assert found is not None and found.details["error"] == pytest.approx([2.25, 0])
    assert found.details["apart"] == pytest.approx(4.5)  # 3 in one of two dimensions, squared
    assert found.value == pytest.approx(0.5)
    far = 100 * np.arange(120.0).reshape(60, 2, 1)
    assert resolution.resolution(torch.zeros(60, 2, 1, 1), z[:, -1:], far, far, apart) is None


def test_what_never_changes_within_a_window_counts_against_the_share_within():
    rng = np.random.default_rng(0)
    still = np.repeat(rng.normal(size=(4000, 1, 1)), 5, 1)
    moving = rng.normal(size=(4000, 5, 1)) * np.sqrt(5 / 4)  # of five, 4/5 are within
    z = torch.as_tensor(np.concatenate([2 * still, moving], -1))[:, :, None]
    found = resolution.within_share(z, moving)
    assert found.value == pytest.approx(1 / (4 + 1.25), rel=0.05)
    assert found.details["coordinates"] == pytest.approx(0.8, rel=0.02)
    series = found.figure["series"]
    assert series["in all"][1] == pytest.approx([4, 1.25], rel=0.1)
    assert series["within windows"][1] == pytest.approx([0, 1], abs=0.05)
