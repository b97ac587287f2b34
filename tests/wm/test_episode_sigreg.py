"""SIGReg of what changes within an episode: blind to what does not, of the scale that moves."""

import numpy as np
import pytest
import torch
from model_cases import model
from test_moving_share import painted, share_of, walking

from wmpc.errors import WmpcError
from wmpc.wm.objectives.centred_sigreg import LEAST
from wmpc.wm.objectives.episode_sigreg import EpisodeSIGReg
from wmpc.wm.objectives.sigreg import random_directions, sigreg
from wmpc.wm.objectives.term import Seen, SeenPairs

P = 512
NETWORK = model("tiny")


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def value(z, share=None, pictures=None):
    """The term of pairs of latents (P, 2, D), beside pictures."""
    blocks = torch.ones(P, dtype=torch.int64)
    pairs = SeenPairs(z.unsqueeze(2), z.new_zeros(P, 0), blocks, {"pixels": pictures})
    generator, nothing = torch.Generator().manual_seed(3), z.new_zeros(0, 2, 1, NETWORK.latent)
    seen = Seen(NETWORK, nothing, nothing[:, :1, 0], {}, generator, pairs)
    return float(EpisodeSIGReg(NETWORK, share=share, directions=64)(seen))


def changing(share, seed=0):
    """Pairs of variance 1, of which a share lies within pairs, that is, in half the difference."""
    half, mean = gaussian(P, 1, NETWORK.latent, seed=seed), gaussian(P, 1, NETWORK.latent, seed=9)
    half = share**0.5 * half
    return torch.cat([-half, half], 1) + (1 - share) ** 0.5 * mean


def test_it_is_sigreg_of_half_the_differences_at_their_scale():
    z = changing(0.3)
    half = torch.from_numpy((z[:, 1].numpy() - z[:, 0].numpy()) / np.float32(2 * 0.3**0.5))
    directions = random_directions(NETWORK.latent, 64, torch.Generator().manual_seed(3))
    expected = float(sigreg(half[:, None], directions))
    assert value(z, 0.3) == pytest.approx(expected, rel=1e-5)
    assert expected < 1.6  # of a normal distribution it is about 1


def test_what_stays_throughout_an_episode_changes_nothing():
    z = changing(0.3)
    still = 5 * gaussian(P, 1, NETWORK.latent, seed=7)
    assert value(z + still, 0.3) == pytest.approx(value(z, 0.3), rel=1e-3)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_it_asks_for_the_share_that_moves_no_less_and_no_more(share):
    asked = value(changing(share), share)
    for other in (share / 4, 2 * share):
        assert value(changing(other), share) > 1.5 * asked


def test_a_share_that_is_not_said_is_that_of_the_places_in_pictures():
    pictures = painted(*walking(5, 5, P))
    share = share_of(pictures)
    assert 0.2 < share < 0.5
    z = changing(share)
    assert value(z, pictures=pictures) == pytest.approx(value(z, share), rel=1e-4)
    pictures = painted(*walking(1, 8, P))
    assert share_of(pictures) < LEAST
    assert value(z, pictures=pictures) == pytest.approx(value(z, LEAST), rel=1e-4)


def test_settings_that_make_no_sense_are_refused():
    for wrong in ({"directions": 0}, {"share": 0.0}, {"share": 1.5}):
        with pytest.raises(WmpcError, match=next(iter(wrong))):
            EpisodeSIGReg(NETWORK, **wrong)
