"""Targets without gradient: the encoder itself, or one that follows it."""

import pytest
import torch
import torch.nn.functional as F
from model_cases import batch, model

from wmpc.errors import WmpcError
from wmpc.wm.objectives.objective import Objective
from wmpc.wm.objectives.prediction import Prediction
from wmpc.wm.objectives.rollout import Rollout, rollout_error
from wmpc.wm.objectives.target_prediction import TargetPrediction
from wmpc.wm.objectives.term import Seen

B, L = 4, 6


def seen(network):
    columns = {name: torch.as_tensor(x) for name, x in batch(network, B, L).items()}
    actions = network.normalise(columns["action"])
    return Seen(network, network.encode(columns), actions, columns, torch.Generator())


def test_without_a_second_encoder_the_value_is_as_ever_and_the_target_learns_nothing():
    network = model("tiny")
    given = seen(network)
    for steps in (1, 3):
        term = TargetPrediction(network, steps=steps, momentum=0.0)
        assert not list(term.parameters())
        value, expected = term(given), Prediction(network)(given)
        if steps > 1:
            expected = expected + Rollout(network, steps=steps)(given)
        assert torch.allclose(value, expected)
        (through,) = torch.autograd.grad(value, given.latents, retain_graph=True)
        assert through[:, -1].abs().max() == 0  # the last frame is a target alone
        assert (through[:, :-1].abs().amax((0, 2, 3)) > 0).all()


def test_the_target_is_what_the_other_encoder_sees():
    network = model("tiny")
    term, given = TargetPrediction(network, momentum=0.9), seen(network)
    for weight in term.target.parameters():
        weight.mul_(1.5).add_(0.01)
    other = term.target.encode(given.columns)
    assert not torch.allclose(other, given.latents, atol=0.01)
    valid = torch.ones(B, L - 1, dtype=torch.bool)
    predicted = network.predict(given.latents[:, :-1], given.actions, valid)
    assert torch.allclose(term(given), F.mse_loss(predicted, other[:, 1:]), atol=1e-6)
    longer, steps = TargetPrediction(network, steps=2, momentum=0.9), 2
    longer.target = term.target
    ahead = rollout_error(network, given.latents, given.actions, other, steps)
    assert torch.allclose(longer(given), term(given) + ahead, atol=1e-6)
    term(given).backward()
    assert all(weight.grad is None for weight in term.target.parameters())
    assert any(weight.grad is not None for weight in network.encoder.parameters())


def test_the_target_follows_by_its_momentum_and_is_saved():
    network, m = model("tiny"), 0.75
    objective = Objective({"target_prediction": {"weight": 1.0, "momentum": m}}, network)
    term = objective.terms["target_prediction"]
    assert isinstance(term, TargetPrediction)
    expected = [p.detach().clone() for p in network.parameters()]
    optimizer = torch.optim.SGD(network.parameters(), 0.1)
    for _ in range(3):
        optimizer.zero_grad()
        term(seen(network)).backward()
        optimizer.step()
        objective.after_step(network)
        moved = zip(expected, network.parameters(), strict=True)
        expected = [m * mine + (1 - m) * its.detach() for mine, its in moved]
    followed = list(term.target.parameters())
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(followed, expected, strict=True))
    ahead = zip(followed, network.parameters(), strict=True)
    assert any(not torch.allclose(a, b, atol=1e-6) for a, b in ahead)
    buffers = zip(term.target.buffers(), network.buffers(), strict=True)
    assert all(torch.equal(a, b) for a, b in buffers)
    assert any("target.encoder" in name for name in objective.state_dict())


def test_settings_that_make_no_sense_are_refused():
    for wrong in ({"steps": 0}, {"momentum": 1.0}, {"momentum": -0.1}):
        with pytest.raises(WmpcError, match=next(iter(wrong))):
            TargetPrediction(model("tiny"), **wrong)
