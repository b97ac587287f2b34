"""SIGReg of what changes within a window: blind to what does not, and of the scale that moves."""

import numpy as np
import pytest
import torch
from model_cases import model
from test_moving_share import painted, share_of, walking

from wmpc.api.train import _told
from wmpc.errors import WmpcError
from wmpc.wm.objectives.centred_sigreg import CentredSIGReg
from wmpc.wm.objectives.moving_share import moving_share
from wmpc.wm.objectives.sigreg import random_directions, sigreg
from wmpc.wm.objectives.term import Seen
from wmpc.wm.training.monitor import evaluate

B, L = 256, 6
NETWORK = model("tiny")


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def value(z, share=None, pictures=None):
    """The term of latents (B, L, D), beside pictures."""
    seen = Seen(
        NETWORK,
        z.unsqueeze(2),
        z.new_zeros(B, L - 1, 0),
        {"pixels": pictures},
        torch.Generator().manual_seed(3),
    )
    return float(CentredSIGReg(NETWORK, share=share, directions=64)(seen))


def departing(share, seed=0):
    """Latents of variance 1, of which a share lies within windows."""
    within = gaussian(B, L, NETWORK.latent, seed=seed)
    within -= within.mean(1, keepdim=True)
    within /= within.std((0, 1), correction=0)
    between = gaussian(B, 1, NETWORK.latent, seed=seed + 1)
    return share**0.5 * within + (1 - share) ** 0.5 * between


def test_it_is_sigreg_of_the_departures_at_their_scale():
    z = departing(0.3)
    mean = z.numpy().mean(1, keepdims=True)
    departures = torch.from_numpy((z.numpy() - mean) / np.float32(0.3**0.5)).unsqueeze(2)
    directions = random_directions(NETWORK.latent, 64, torch.Generator().manual_seed(3))
    assert value(z, 0.3) == pytest.approx(float(sigreg(departures, directions)), rel=1e-5)


def test_what_stays_throughout_a_window_changes_nothing():
    z = departing(0.3)
    assert value(z + 5 * gaussian(B, 1, NETWORK.latent, seed=9), 0.3) == pytest.approx(
        value(z, 0.3), rel=1e-3
    )


@pytest.mark.parametrize("share", [0.05, 0.4])
def test_it_asks_for_the_share_that_moves_no_less_and_no_more(share):
    asked = value(departing(share), share)
    assert asked < 1.6  # of a normal distribution it is about 1
    for other in (share / 4, 2 * share):
        assert value(departing(other), share) > 1.5 * asked
    still = gaussian(B, 1, NETWORK.latent).expand(-1, L, -1)
    assert value(still, share) > 10 * asked


def test_a_share_that_is_not_said_is_that_of_the_places_in_pictures():
    pictures = painted(*walking(4, 5, B, L))
    share = share_of(pictures)
    assert 0.2 < share < 0.5
    z = departing(share)
    assert value(z, pictures=pictures) == pytest.approx(value(z, share), rel=1e-4)


def test_a_training_watches_both_shares():
    rng, frames = np.random.default_rng(1), NETWORK.spec.image_size
    batches = [
        {"pixels": rng.integers(0, 256, (20, L, frames, frames, 3), np.uint8)} for _ in range(2)
    ]
    found = evaluate(NETWORK, batches)["moving_share"]
    pictures = torch.from_numpy(np.concatenate([batch["pixels"] for batch in batches]))
    with torch.no_grad():
        z = NETWORK.eval().encode({"pixels": pictures}).flatten(2)
    assert found["latents"] == pytest.approx(float(moving_share(z)), rel=1e-4)
    assert found["pictures"] == pytest.approx(share_of(pictures), rel=1e-3)


def test_latents_that_describe_the_scene_are_told():
    line = {"kind": "eval", "step": 500, "rankme": 9.0, "spread": [1.0]}
    shares = {"latents": 0.04, "pictures": 0.65}
    said = _told(line | {"moving_share": shares}).says
    assert "variance 4% is within windows" in said and "asks for 65%" in said
    assert "they describe what differs" in said and "docs/objectives.md" in said
    walls = {"latents": 0.01, "pictures": 0.002}  # a small thing moves before other walls each time
    assert "asks for 10%" in _told(line | {"moving_share": walls}).says
    for fine in ({}, {"moving_share": shares | {"latents": 0.3}}):  # logs of earlier runs have none
        assert "describe" not in _told(line | fine).says


def test_settings_that_make_no_sense_are_refused():
    for wrong in ({"directions": 0}, {"share": 0.0}, {"share": 1.5}):
        with pytest.raises(WmpcError, match=next(iter(wrong))):
            CentredSIGReg(NETWORK, **wrong)
