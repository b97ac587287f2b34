"""Probes: the state read off latents."""

import numpy as np
import pytest
import torch

from wmpc.errors import WmpcError
from wmpc.wm.data import EpisodeWriter, open_episodes
from wmpc.wm.probe import fit_probe


class Bent:
    """A model whose latents (1, 3) bend the place (x, y) so that no linear map straightens it."""

    columns = ("proprio",)

    def encode(self, observation):
        x, y = torch.as_tensor(np.array(observation["proprio"])).unbind(-1)
        return torch.stack([x + x**3, y + x**2, x * y], -1).unsqueeze(-2)


def record(path, state=True):
    """Sixty episodes of random places."""
    rng = np.random.default_rng(0)
    meta = {"env": "places", "fps": 10.0, "action_low": [-1.0], "action_high": [1.0]}
    with EpisodeWriter(path, meta) as writer:
        for _ in range(60):
            place = rng.uniform(-1, 1, (30, 2))
            columns = {"proprio": place.astype("f4"), "action": np.zeros((29, 1, 1), "f4")}
            writer.append(columns | ({"state": place} if state else {}))
    return open_episodes(path)


@pytest.fixture(scope="module")
def episodes(tmp_path_factory):
    return record(tmp_path_factory.mktemp("probe") / "places")


def test_a_probe_reads_the_state_off_held_out_frames(episodes):
    def centimetres(state):
        return 100 * state[:, ::-1]

    linear, probe = (fit_probe(Bent(), episodes, centimetres, steps=steps) for steps in (0, 500))
    assert linear.error.max() > 10 and (probe.error < 3).all()
    latents = Bent().encode({"proprio": np.array([[[0.5, -0.5]]], np.float32)})
    assert probe(latents)[0, 0].tolist() == pytest.approx([-50, 50], abs=5)
    assert not any(p.requires_grad for p in probe.parameters())


def test_costs_of_the_state_can_be_descended(episodes):
    probe = fit_probe(Bent(), episodes, lambda state: state, steps=5)
    latents = torch.randn(2, 5, 4, 1, 3, requires_grad=True)
    state = probe(latents)
    assert state.shape == (2, 5, 4, 2)
    state.sum().backward()
    assert latents.grad is not None and latents.grad.abs().min() > 0


def test_the_same_seed_gives_the_same_probe_and_leaves_the_rest_alone(episodes):
    before = torch.random.get_rng_state()
    first, second, other = (
        fit_probe(Bent(), episodes, lambda s: s[:, :1], steps=5, frames=50, seed=seed)
        for seed in (0, 0, 1)
    )
    assert torch.equal(torch.random.get_rng_state(), before)
    z = torch.ones(1, 1, 3)
    assert torch.equal(first(z), second(z)) and not torch.equal(first(z), other(z))


def test_without_states_there_is_nothing_to_fit(tmp_path):
    with pytest.raises(WmpcError, match="no column 'state'"):
        fit_probe(Bent(), record(tmp_path / "blind", state=False), lambda state: state)
