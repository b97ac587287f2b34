"""Masked prediction: of what is hidden nothing is seen, and the target is another encoder's."""

import pytest
import torch
import torch.nn.functional as F
from model_cases import HIDING, batch, model
from test_needs import PATCHES

from wmpc.errors import WmpcError
from wmpc.wm.objectives.masked_prediction import GREY, MaskedPrediction, hide
from wmpc.wm.objectives.term import Seen

B, L, SIDE = 4, 3, 8


@pytest.fixture(scope="module")
def network():
    return model("tiny", encoder=PATCHES, latent=8)


def seen(network, columns, seed=0):
    generator = torch.Generator().manual_seed(seed)
    masks = torch.rand(B, L, SIDE, SIDE, generator=generator) < 0.3
    z = network.encode(columns)
    return Seen(network, z, z.new_zeros(B, L - 1, 0), columns, generator, masks=masks)


def pictures(network, seed=0):
    return {name: torch.as_tensor(x) for name, x in batch(network, B, L, seed).items()}


def test_it_is_the_term_that_hides():
    assert set(HIDING) == {"masked_prediction"} and MaskedPrediction.masks is not None


def test_patches_are_painted_and_no_others():
    x = torch.zeros(1, 2, 16, 24, 3, dtype=torch.uint8)
    masks = torch.zeros(1, 2, 4, 4, dtype=torch.bool)
    masks[0, 1, 2, 3] = True
    painted = hide({"a": x, "b": x, "word": x}, ["a", "b"], masks)
    assert painted["word"] is x and torch.equal(painted["a"], painted["b"])
    expected = x.clone()
    expected[0, 1, 8:12, 18:24] = GREY
    assert torch.equal(painted["a"], expected) and x.max() == 0


def test_pictures_that_differ_where_they_are_hidden_look_the_same(network):
    term, columns = MaskedPrediction(network), pictures(network)
    given = seen(network, columns)
    other = pictures(network, seed=1)
    masks = given.masks.repeat_interleave(8, 2).repeat_interleave(8, 3)[..., None]
    mixed = torch.where(masks, other["pixels"], columns["pixels"])
    assert not torch.equal(mixed, columns["pixels"])
    inferred = []
    for x in (columns["pixels"], mixed):
        visible = hide({"pixels": x}, ["pixels"], given.masks)
        inferred.append(term.infer(network.encode(visible), given.masks.flatten(2)))
    assert torch.equal(*inferred)


def test_the_error_is_that_of_hidden_patches_against_the_second_encoder(network):
    torch.manual_seed(0)
    term = MaskedPrediction(network)
    for weight in term.target.encoder.parameters():
        weight.add_(0.05 * torch.randn_like(weight))
    given = seen(network, pictures(network))
    hidden = given.masks.flatten(2)
    with torch.no_grad():
        visible = hide(given.columns, ["pixels"], given.masks)
        inferred = term.infer(network.encode(visible), hidden)
        truth = term.target.encode(given.columns)
        expected = torch.stack(
            [F.smooth_l1_loss(inferred[b][hidden[b]], truth[b][hidden[b]]) for b in range(B)]
        ).mean()
    value = term(given)
    assert torch.allclose(value, expected, atol=1e-6)
    value.backward()
    assert all(weight.grad is None for weight in term.target.parameters())
    assert all(weight.grad is not None for weight in network.encoder.patchify.parameters())


def test_pictures_with_holes_are_not_what_evaluation_is_told_to_expect(network):
    term, given = MaskedPrediction(network), seen(network, pictures(network))
    before = {n: x.clone() for n, x in network.named_buffers() if "running" in n}
    momenta = [layer.momentum for layer in network.modules() if hasattr(layer, "running_mean")]
    term(given)
    after = {n: x for n, x in network.named_buffers() if "running" in n}
    assert before and all(torch.equal(before[n], after[n]) for n in before)
    assert momenta == [
        layer.momentum for layer in network.modules() if hasattr(layer, "running_mean")
    ]
    network.encode(given.columns)
    assert not all(torch.equal(before[n], x) for n, x in after.items())


def test_the_second_encoder_follows(network):
    term = MaskedPrediction(network, momentum=0.5)
    before = [p.clone() for p in term.target.parameters()]
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(1.0)
    term.after_step(network)
    moved = zip(term.target.parameters(), before, strict=True)
    assert all(torch.allclose(now, was + 0.5, atol=1e-5) for now, was in moved)
    with torch.no_grad():
        for weight in network.parameters():
            weight.sub_(1.0)


def test_settings_that_make_no_sense_are_refused(network):
    for wrong in ({"width": 10, "heads": 3}, {"depth": 0}, {"momentum": 1.0}, {"momentum": 0.0}):
        with pytest.raises(WmpcError, match=next(iter(wrong))):
            MaskedPrediction(network, **wrong)
