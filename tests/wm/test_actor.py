"""The actor inside a model: a density, learned from where blocks lead, which sees no answer."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from wmpc.errors import WmpcError
from wmpc.wm.models.latent import Layout
from wmpc.wm.models.mixture import LOG_STD, Mixture
from wmpc.wm.objectives.actor import Actor
from wmpc.wm.objectives.term import Seen, SeenPairs

D, A, H, L = 3, 2, 2, 5
MODEL = SimpleNamespace(layout=Layout({"pixels": 1, "proprio": 1}, D), context=H, action_size=A)
MIX = torch.tensor([[1.0, 0.5], [-0.5, 1.0], [0.3, -0.2]])


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def batch(step=0, B=64, P=32):
    """Windows and pairs whose blocks say where the pictures' token goes."""
    z, far = drawn(B, L, 2, D, seed=step), drawn(P, 2, 2, D, seed=step + 1)
    led = (far[:, 1, 0] - far[:, 0, 0]) @ MIX
    pairs = SeenPairs(far, led, torch.ones(P, dtype=torch.long), {})
    actions = (z[:, 1:, 0] - z[:, :-1, 0]) @ MIX
    return Seen(MODEL, z, actions, {}, torch.Generator().manual_seed(step), pairs=pairs)


def term(**settings):
    torch.manual_seed(0)
    return Actor(MODEL, **settings)


def test_the_density_is_that_of_torch():
    outputs, x = drawn(7, Mixture.size(3, 4)) * 2, drawn(7, 4, seed=1)
    made = Mixture(outputs.double(), 3)
    parts = Independent(Normal(made.means, made.log_stds.exp()), 1)
    known = MixtureSameFamily(Categorical(logits=made.logits), parts)
    found = made.negative_log(x.double(), torch.ones(7, 4).double())
    assert torch.allclose(found, -known.log_prob(x.double()), atol=1e-6)
    assert made.log_stds.min() >= LOG_STD[0] and made.log_stds.max() <= LOG_STD[1]


def test_a_number_that_does_not_count_counts_nothing():
    made, x = Mixture(drawn(7, Mixture.size(1, 4)), 1), drawn(7, 4, seed=1)
    mask = torch.tensor([1.0, 0.0, 1.0, 0.0]).expand(7, -1)
    other = torch.where(mask == 1, x, x + 5)
    assert torch.equal(made.negative_log(x, mask), made.negative_log(other, mask))
    kept = Normal(made.means[:, 0, ::2], made.log_stds[:, 0, ::2].exp()).log_prob(x[:, ::2]).sum(-1)
    assert torch.allclose(made.negative_log(x, mask), -kept, atol=1e-5)


def test_the_mode_is_the_mean_of_the_likeliest():
    outputs = torch.tensor([[0.0, 1.0, *range(4), *[0.0] * 4]])  # means (0, 1) and (2, 3)
    assert Mixture(outputs, 2).mode().tolist() == [[2.0, 3.0]]


@pytest.mark.parametrize("components", [1, 3])
def test_it_learns_the_block_that_makes_a_change(components):
    made = term(chunk=2, components=components, width=64)
    optimizer = torch.optim.Adam(made.parameters(), 3e-3)
    for step in range(400):
        optimizer.zero_grad()
        made(batch(step)).backward()
        optimizer.step()
    seen = batch(10_000)
    z = seen.learned.flatten(2)[:, :2]
    frames = seen.latents[:, :2].flatten(2)
    with torch.no_grad():
        asked = made.ask(frames, seen.actions[:, :1], torch.ones(64, H), z[:, 1], z[:, 1] * 0 + 1)
        wanted = torch.ones(64, D) @ MIX
    error = (asked.mode()[:, :A] - wanted).square().mean()
    assert error < 0.15 * float(batch(0).actions.var())


def test_it_sees_neither_the_block_it_predicts_nor_a_later_one():
    """INTACT's own fault: the block that was executed stood among what its network read."""
    made, given = term(chunk=2), []
    made.network.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0].detach()))
    seen = batch()
    made(seen)
    for t in range(L - 1):
        before, changed = given[:3], seen.actions.clone()
        changed[:, t:] += 7
        del given[:]
        made(replace(seen, actions=changed))
        now = torch.triu_indices(L, L, 1)[0]
        for old, new, times in zip(before, given, (torch.arange(L - 1), now), strict=False):
            assert torch.equal(old[:, times <= t], new[:, times <= t])
            if t + 1 < L - 1:  # and what was executed before is seen
                assert not torch.equal(old[:, times == t + 1], new[:, times == t + 1])
        del given[:]
        made(seen)


def test_a_goal_gives_no_gradient_and_the_next_latent_does():
    """m = z_{t+1} - z_t shapes both latents; a goal is only where a block led."""
    for weights, reached in (({"local": 0, "goal": 1}, False), ({"local": 1, "goal": 0}, True)):
        seen = batch()
        assert seen.pairs is not None
        z, far = (x.clone().requires_grad_() for x in (seen.latents, seen.pairs.latents))
        pairs = replace(seen.pairs, latents=far)
        term(chunk=1, **weights)(replace(seen, latents=z, pairs=pairs)).backward()
        assert z.grad is not None and bool(z.grad[:, -1].abs().sum() > 0) == reached
        assert z.grad[:, 0].abs().sum() > 0
        if not reached:
            assert far.grad is not None and not far.grad[:, 1].any() and far.grad[:, 0].any()


def test_blocks_after_the_goal_do_not_count():
    """Of a goal one block ahead, only the first block of the chunk is asked for."""
    made, seen = term(chunk=3), batch()
    changed = seen.actions.clone()
    changed[:, -1] += 7  # leads to the last frame
    one = torch.ones(64, dtype=torch.long)
    context = seen.latents[:, :2].flatten(2), seen.actions[:, :1], torch.ones(64, H)
    z = seen.learned.flatten(2)[:, 1]

    def of(actions, counted):
        return made.likelihood(*context, z, z, actions[:, 1:4], counted)

    assert torch.equal(of(seen.actions, one), of(changed, one))
    assert torch.equal(of(seen.actions, 2 * one), of(changed, 2 * one))
    assert not torch.equal(of(seen.actions, 3 * one), of(changed, 3 * one))


def test_as_many_blocks_count_as_lead_to_a_goal(monkeypatch):
    made, counts = term(chunk=3), []
    asked = made.likelihood
    monkeypatch.setattr(made, "likelihood", lambda *x: counts.append(x[-1]) or asked(*x))
    made(batch(P=4))
    local, goal, far = counts
    assert (local == 1).all() and far.tolist() == [1] * 4
    assert goal[0].tolist() == [1, 2, 3, 4, 1, 2, 3, 1, 2, 1]


@pytest.mark.parametrize("wrong", [{"chunk": 0}, {"components": 0}, {"local": -1.0}, {"width": 0}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(WmpcError, match=next(iter(wrong))):
        term(**wrong)
