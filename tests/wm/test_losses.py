"""Losses against known answers and invariances."""

import math

import pytest
import torch

from wmpc.wm.objectives.covariance import covariance
from wmpc.wm.objectives.motion import motion
from wmpc.wm.objectives.sigreg import random_directions, sigreg
from wmpc.wm.objectives.temporal_similarity import temporal_similarity
from wmpc.wm.objectives.temporal_straightening import temporal_straightening
from wmpc.wm.objectives.temporal_variance import temporal_variance
from wmpc.wm.objectives.variance import variance


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def directions(D, M=256, seed=1):
    return random_directions(D, M, torch.Generator().manual_seed(seed))


def test_sigreg_is_the_integral_it_says():
    """Against the characteristic function written out, for one projection."""
    x = gaussian(50, 1, 1)
    t = torch.linspace(-3, 3, 33)
    phi = torch.exp(1j * x.view(-1, 1) * t).mean(0)
    integrand = (phi - torch.exp(-t.square() / 2)).abs().square() * torch.exp(-t.square() / 2)
    expected = 50 * torch.trapezoid(integrand, t)
    assert float(sigreg(x, torch.ones(1, 1))) == pytest.approx(float(expected), rel=1e-4)


def test_sigreg_tells_the_isotropic_gaussian_from_all_else():
    good = sigreg(gaussian(512, 3, 8), directions(8))
    line = gaussian(512, 3, 1).expand(-1, -1, 8)
    scaled = 2 * gaussian(512, 3, 8)
    coins = gaussian(512, 3, 8).sign()
    collapsed = torch.zeros(512, 3, 8)
    for bad in (line, scaled, coins, collapsed):
        assert sigreg(bad, directions(8)) > 1.5 * good
    assert good < 1.5


def test_sigreg_pulls_a_collapsed_batch_apart():
    z = (0.01 * gaussian(256, 1, 4)).requires_grad_()
    sigreg(z, directions(4)).backward()
    assert z.grad is not None
    assert (z.grad * z).sum() < 0  # descending the gradient makes z longer


def test_directions_are_unit_and_a_function_of_the_generator():
    d = directions(5, 7)
    assert torch.allclose(d.norm(dim=0), torch.ones(7))
    assert torch.equal(d, directions(5, 7)) and not torch.equal(d, directions(5, 7, seed=2))


def test_variance_and_covariance_against_numpy():
    z = gaussian(100, 2, 3)
    std = z.var(0).add(1e-4).sqrt()
    assert float(variance(z)) == pytest.approx(float((1 - std).clamp(min=0).mean()))
    cov = torch.stack([torch.cov(z[:, t].T) for t in range(2)])
    off = cov - torch.diag_embed(cov.diagonal(dim1=1, dim2=2))
    expected = float(off.square().sum((1, 2)).mean() / 3)
    assert float(covariance(z)) == pytest.approx(expected, rel=1e-4)


def test_similarity_and_variance_over_time_against_loops():
    z = 0.3 * gaussian(7, 5, 2, 3)
    apart = [(z[b, t + 1] - z[b, t]).square().mean() for b in range(7) for t in range(4)]
    assert float(temporal_similarity(z)) == pytest.approx(float(sum(apart) / 28), rel=1e-6)
    hinges = [
        max(0.0, 1 - math.sqrt(float(z[b, 1:, k, d].var()) + 1e-4))
        for b in range(7) for k in range(2) for d in range(3)
    ]  # fmt: skip
    assert float(temporal_variance(z)) == pytest.approx(sum(hinges) / len(hinges), rel=1e-6)


def test_variance_over_time_is_asked_of_every_window():
    rests = 3 * gaussian(64, 5, 4)
    rests[:32] = rests[:32, :1]  # half of the windows stand still
    assert float(temporal_variance(rests)) > 0.45 and float(motion(rests)) == 0


def test_straightening_of_straight_and_turning_paths():
    t = torch.arange(5.0)
    straight = torch.stack([t, 2 * t], -1).unsqueeze(0)
    assert float(temporal_straightening(straight)) == pytest.approx(0, abs=1e-6)
    back = torch.tensor([0.0, 1.0, 0.0, 1.0]).view(1, 4, 1)
    assert float(temporal_straightening(back)) == pytest.approx(2)
    angle = math.pi / 3 * t
    circle = torch.stack([angle.cos(), angle.sin()], -1).unsqueeze(0)
    assert float(temporal_straightening(circle)) == pytest.approx(0.5, abs=1e-5)


def test_motion_counts_what_changes_within_a_window_and_that_alone():
    still = 3 * gaussian(64, 1, 4).expand(-1, 5, -1)  # differs between windows, never within one
    assert float(motion(still)) == pytest.approx(0.5 - 1e-2)
    moving = gaussian(1, 50, 4).expand(8, -1, -1)  # the same in all windows
    moving = (moving - moving.mean(1, keepdim=True)) / moving.var(1, correction=0).sqrt()[:, None]
    assert float(motion(moving + still[:8, :1])) == 0
    assert float(motion(0.3 * moving)) == pytest.approx(0.5 - math.sqrt(0.09 + 1e-4))
