"""A predictor that learns while it acts: from what happened, and only where that helps."""

from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from model_cases import model as some_model
from test_mpc_goals import at, model

from wmpc.agents.adaptation import Adaptation
from wmpc.agents.asynchronous import AsyncMPCAgent
from wmpc.agents.entrant import Setting
from wmpc.agents.entrants import mpc
from wmpc.agents.history import History
from wmpc.agents.mpc import MPCAgent
from wmpc.errors import WmpcError
from wmpc.planners import CEM


def trained() -> Any:
    """A model whose predictor is not the identity that it begins as."""
    network = some_model().eval().requires_grad_(False)
    with torch.no_grad():
        for parameter in network.predictor.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator()))
    return network


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def elsewhere(network, amount):
    """The predictor of another world: its last layer is off by `amount`."""
    other = deepcopy(network.predictor)
    with torch.no_grad():
        weight = other.outlet.weight
        weight.add_(amount * torch.randn(weight.shape, generator=generator(7)))
    return other


def live(adaptation, world, blocks, noise=0.0, seed=1):
    """Act at random in a world that is a predictor; give the errors of what plans, and of the
    original, before each block was learned from."""
    network, g, errors = adaptation.model, generator(seed), []
    mse = torch.nn.functional.mse_loss
    history = History(network, (torch.randn(1, *network.layout_shape, generator=g),))
    for _ in range(blocks):
        block = torch.randn(1, network.action_size, generator=g)
        z, executed, valid = history.padded()
        given = z, torch.cat([executed, block[:, None]], 1), valid
        after = world(*given)[:, -1] + noise * torch.randn(z[:, -1].shape, generator=g)
        predictors = (network.predictor, adaptation.original)
        errors.append([mse(p(*given)[:, -1], after).item() for p in predictors])
        before, history = history, history.then([after], [block])
        adaptation.learn(before, block, after)
    return np.array(errors)


@pytest.fixture
def network():
    found = trained()
    found.layout_shape = found.layout.tokens, found.layout.width
    return found


def test_it_learns_how_another_world_differs(network):
    adaptation = Adaptation(network, 0.5)
    errors = live(adaptation, elsewhere(network, 0.2), 25)
    mine, original = errors[10:].mean(0)
    assert mine < 0.5 * original
    assert adaptation.model.predictor is adaptation.adapted


def test_where_nothing_differs_nothing_is_lost(network):
    errors = live(Adaptation(network, 0.5), network.predictor, 20)
    assert errors.max() == 0
    errors = live(Adaptation(network, 0.5), network.predictor, 40, noise=0.3)
    mine, original = errors.mean(0)
    assert mine < 1.1 * original


def test_what_does_not_help_is_undone(network):
    adaptation = Adaptation(network, 0.5)
    live(adaptation, elsewhere(network, 0.2), 10)
    assert adaptation.model.predictor is adaptation.adapted
    live(adaptation, network.predictor, 25)
    assert adaptation.model.predictor is adaptation.original


def test_the_model_that_came_is_never_changed_and_a_reset_forgets(network):
    bits = {name: x.clone() for name, x in network.state_dict().items()}
    adaptation = Adaptation(network, 0.5)
    first = live(adaptation, elsewhere(network, 0.2), 8)
    assert all(torch.equal(x, bits[name]) for name, x in network.state_dict().items())
    adaptation.reset()
    assert adaptation.model.predictor is network.predictor
    assert np.array_equal(live(adaptation, elsewhere(network, 0.2), 8), first)


def test_a_step_has_the_length_that_polyak_gave(network):
    adaptation = Adaptation(network, 0.3)
    z = torch.randn(1, *network.layout_shape, generator=generator())
    block = torch.ones(1, network.action_size)
    history = History(network, (z,))
    padded = history.padded()
    given = padded[0], torch.cat([padded[1], block[:, None]], 1), padded[2]
    after = torch.zeros_like(z)
    copy = deepcopy(network.predictor).requires_grad_(True)
    loss = (copy(*given)[:, -1] - after).square().mean()
    slopes = torch.autograd.grad(loss, [*copy.parameters()])
    length = 0.3 * loss / sum((x**2).sum() for x in slopes)
    adaptation.learn(history, block, after)
    for new, old, slope in zip(
        adaptation.adapted.parameters(), network.predictor.parameters(), slopes, strict=True
    ):
        torch.testing.assert_close(new, old - length * slope)


def test_an_agent_learns_from_its_own_blocks_until_it_is_reset(network):
    agent = MPCAgent(network, CEM(samples=8, elites=2, iterations=1), horizon=2, adapt=0.5)
    learned = []
    adaptation: Any = agent.adaptation
    adaptation.learn = lambda *given: learned.append(given)
    rng = np.random.default_rng(0)
    size = network.spec.image_size

    def see() -> Any:
        columns = {name: rng.integers(0, 256, (size, size, 3), np.uint8)
                   for name in network.spec.cameras}  # fmt: skip
        return columns | {"proprio": rng.normal(size=network.spec.proprio_size).astype("f4")}

    goal: Any = SimpleNamespace(observation=see())
    agent.reset(goal)
    agent.observe(see(), None)
    assert learned == []
    block = agent.act()
    agent.observe(see(), block)
    ((before, executed, latent),) = learned
    assert torch.equal(latent, agent.history.now) and len(before.latents) == 1
    torch.testing.assert_close(executed, network.normalise(block[None]))
    agent.observe(see(), None)  # frames were missed
    assert len(learned) == 1 and agent.model is adaptation.model is not network
    resets = []
    adaptation.reset = lambda: resets.append(True)
    agent.reset(goal)
    assert resets == [True]


def test_what_cannot_adapt_is_refused(network):
    planner = CEM(samples=4, elites=2, iterations=1)
    with pytest.raises(WmpcError, match=r"no predictor that could adapt"):
        MPCAgent(model(), planner, adapt=0.5)
    with pytest.raises(WmpcError, match=r"rate is above 0"):
        MPCAgent(network, planner, adapt=-1.0)
    with pytest.raises(WmpcError, match=r"in the background"):
        AsyncMPCAgent(network, planner, adapt=0.5)
    setting = Setting(None, 1, network, planner)
    with pytest.raises(WmpcError, match=r"compile and adapt"):
        mpc(setting, compile="default", adapt=0.5)
    plain = MPCAgent(model(), planner)
    plain.reset(at(0.0, 0.0))
    assert plain.adaptation is None
