"""What a training watches: against known spectra, the papers' formulas and planted variables."""

import numpy as np
import pytest
import torch

from wmpc.wm.training.monitor import lidar, probe_r2, rankme


def test_rankme_of_known_spectra():
    q = torch.linalg.qr(torch.randn(500, 8, generator=torch.Generator().manual_seed(0)))[0]
    q = q - q.mean(0)
    assert rankme(q) == pytest.approx(8, rel=0.02)
    assert rankme(q[:, :1].expand(-1, 8)) == pytest.approx(1, abs=0.01)


def lidar_by_the_paper(z, delta=1e-4):
    """LiDAR of windows (n, q, D) as arXiv 2312.04000 defines it, in numpy."""
    classes = [np.asarray(window, float) for window in z]
    mu = np.stack([c.mean(0) for c in classes])
    between = np.mean([np.outer(m - mu.mean(0), m - mu.mean(0)) for m in mu], 0)
    apart = [np.outer(x - m, x - m) for c, m in zip(classes, mu, strict=True) for x in c]
    within = np.mean(apart, 0)
    floor = delta * np.trace(within) / len(within)  # there 1e-4, of latents of about unit variance
    values, vectors = np.linalg.eigh(within + floor * np.eye(len(within)))
    root = vectors @ np.diag(values**-0.5) @ vectors.T
    spectrum = np.linalg.eigvalsh(root @ between @ root)
    p = spectrum / spectrum.sum() + 1e-7
    return float(np.exp(-(p * np.log(p)).sum()))


def test_lidar_is_that_of_the_paper():
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(300, 1, 6, generator=generator) * torch.tensor([3.0, 2, 1, 1, 0.5, 0.1])
    z = z + torch.randn(300, 5, 6, generator=generator)
    assert lidar(z) == pytest.approx(lidar_by_the_paper(z), rel=1e-6)
    for scale in (1e-6, 1e6):
        assert lidar(scale * z) == pytest.approx(lidar(z), rel=1e-4)
    flat = torch.cat([z[..., :1], z[..., :1]], -1)  # of rank one
    assert lidar(1e6 * flat) == pytest.approx(1, abs=0.01) and np.isfinite(lidar(0 * flat))
    mixed = z @ torch.randn(6, 6, generator=generator).mul(3)
    assert lidar(mixed) == pytest.approx(lidar(z), rel=0.01)  # RankMe would differ
    assert abs(rankme(mixed.flatten(0, 1)) - rankme(z.flatten(0, 1))) > 0.3


def test_lidar_counts_what_tells_windows_apart():
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(500, 5, 8, generator=generator)
    apart = torch.randn(500, 1, 8, generator=generator)
    assert lidar(noise + 20 * apart) == pytest.approx(8, rel=0.02)
    one = torch.zeros(8)
    one[3] = 20.0
    assert lidar(noise + one * apart) == pytest.approx(1, abs=0.1)


def test_probe_finds_what_is_linear_and_nothing_else():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(400, 5))
    y = np.stack([z @ np.arange(5.0), rng.normal(size=400), np.full(400, 3.0)], 1)
    r2 = probe_r2(z, y, np.arange(400) // 10)
    assert r2[0] > 0.999 and r2[1] < 0.1 and np.isnan(r2[2])
