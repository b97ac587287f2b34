"""SIGReg within subspaces: blind across them, alike where there is one of all dimensions."""

from typing import Any

import pytest
import torch
from model_cases import model

from wmpc.errors import WmpcError
from wmpc.wm.objectives.sigreg import random_directions, sigreg
from wmpc.wm.objectives.subspace_sigreg import SubspaceSIGReg
from wmpc.wm.objectives.term import Seen

B, L = 512, 2
NETWORK = model("tiny")
D = NETWORK.latent


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def made(**settings: Any):
    torch.manual_seed(0)
    return SubspaceSIGReg(NETWORK, **settings)


def value(term, z):
    actions = z.new_zeros(B, L - 1, 0)
    seen = Seen(NETWORK, z.unsqueeze(2), actions, {}, torch.Generator().manual_seed(3))
    return float(term(seen))


def test_it_is_the_mean_of_sigreg_of_the_projections():
    term, z, S, d, M = (
        made(subspaces=2, dimensions=3, directions=64),
        gaussian(B, L, D) ** 3,
        2,
        3,
        32,
    )
    within = random_directions(d, S * M, torch.Generator().manual_seed(3))
    parts = [
        sigreg((z @ basis).unsqueeze(2), within[:, s * M : (s + 1) * M])
        for s, basis in enumerate(term.bases)
    ]
    assert value(term, z) == pytest.approx(float(torch.stack(parts).mean()), rel=1e-5)
    for basis in term.bases:
        assert torch.allclose(basis.T @ basis, torch.eye(d), atol=1e-6)
    assert not torch.allclose(term.bases[0], term.bases[1], atol=0.1)


def test_across_subspaces_nothing_is_asked():
    term = made(subspaces=1, dimensions=D // 2, directions=64)
    inside = term.bases[0]
    outside = torch.eye(D) - inside @ inside.T
    z = gaussian(B, L, D)
    flat = z - z @ outside.T  # nothing varies outside the subspace
    assert value(term, flat) == pytest.approx(value(term, z), rel=1e-4)
    assert value(term, z @ outside.T) > 10 * value(term, z)
    whole = made(subspaces=1, dimensions=D, directions=64)
    assert value(whole, flat) > 3 * value(whole, z)


def test_the_bases_stay_as_drawn_and_are_saved():
    term = made()
    assert list(term.state_dict()) == ["bases"] and not list(term.parameters())
    assert term.bases.shape == (4, D, D // 4)


def test_settings_that_make_no_sense_are_refused():
    for wrong in ({"subspaces": 0}, {"dimensions": D + 1}, {"dimensions": 0}, {"directions": 3}):
        with pytest.raises(WmpcError, match=next(iter(wrong))):
            made(**wrong)
