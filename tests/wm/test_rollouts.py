"""Laws of rollouts: sooner than their definition `roll_last`, and the same numbers."""

from pathlib import Path

import numpy as np
import pytest
import torch

from wmpc.errors import WmpcError
from wmpc.wm.models.dynamics import compile_rollouts
from wmpc.wm.models.predictors import (
    CachedTransformer,
    CausalTransformer,
    WindowMLP,
    from_lewm,
    windows,
)
from wmpc.wm.models.predictors.base import roll_last
from wmpc.wm.models.predictors.rolling import attend, linear

X, A, h = 6, 3, 3
SIZES = {"width": 16, "depth": 3, "heads": 2, "head_width": 8, "mlp": 24}
PREDICTORS = {
    "mlp": lambda: WindowMLP(X, A, h, width=32),
    "causal": lambda: CausalTransformer(X, A, h, **SIZES),
    "lewm": lambda: CausalTransformer(X, A, h, **SIZES, head=20, action_mlp=5, renormalise=True),
    "cached": lambda: CachedTransformer(X, A, h, **SIZES),
    "cached-head": lambda: CachedTransformer(X, A, h, **SIZES, head=20),
    "one-frame": lambda: CausalTransformer(X, A, 1, **SIZES),
    "one-frame-cached": lambda: CachedTransformer(X, A, 1, **SIZES),
}


@pytest.fixture(params=PREDICTORS)
def predictor(request):
    """Not at its zero start, so that its inputs matter; float64, so that rounding does not."""
    torch.manual_seed(0)
    predictor = PREDICTORS[request.param]().double().eval()
    with torch.no_grad():
        for p in predictor.parameters():
            p.add_(torch.randn(p.shape) * 0.3)
    return predictor


def problem(c, B=2, N=4, H=6):
    """A context of c frames and candidates that go past the window."""
    draw = torch.Generator().manual_seed(c)
    shapes = (B, c, X), (B, c - 1, A), (B, N, H, A)
    z, a, actions = (torch.randn(s, generator=draw, dtype=torch.float64) for s in shapes)
    return z, a, torch.ones(B, c, dtype=torch.bool), actions


@pytest.mark.parametrize("c", range(1, h + 1))
def test_a_rollout_is_its_definition(predictor, c):
    if c > predictor.context:
        c = predictor.context
    z, a, valid, actions = problem(c)
    expected = roll_last(predictor, z, a, valid, actions)
    for grad in (False, True):
        with torch.set_grad_enabled(grad):
            rolled = predictor.rollout(z, a, valid, actions)
        assert rolled.shape == (2, 4, 6, X)
        assert torch.allclose(rolled, expected, atol=1e-10, rtol=0)
    assert expected.std() > 0.1
    short = predictor.rollout(z, a, valid, actions[:, :1, :1])
    assert torch.allclose(short, expected[:, :1, :1], atol=1e-10, rtol=0)


@pytest.mark.parametrize("padding", [(0, 1), (2, 0), (1, 1), (2, 1)])
def test_padding_of_other_lengths_side_by_side(predictor, padding):
    z, a, valid, actions = problem(predictor.context)
    for b, n in enumerate(padding):
        valid[b, : min(n, predictor.context - 1)] = False
    expected = roll_last(predictor, z, a, valid, actions)
    rolled = predictor.rollout(z, a, valid, actions)
    assert torch.allclose(rolled, expected, atol=1e-10, rtol=0)
    z[~valid], a[~valid[:, :-1]] = 9.0, 9.0  # what padding holds is nobody's business
    rolled = predictor.rollout(z, a, valid, actions)
    assert torch.allclose(rolled, expected, atol=1e-10, rtol=0)


def test_gradients_are_those_of_the_definition(predictor):
    z, a, valid, actions = problem(predictor.context)
    wanted = [z, actions, *predictor.parameters()]
    for x in (z, actions):
        x.requires_grad_()
    gradients = []
    for roll in (predictor.rollout, lambda *x: roll_last(predictor, *x)):
        loss = roll(z, a, valid, actions).square().sum()
        gradients.append(torch.autograd.grad(loss, wanted, allow_unused=True))
    for g, e, x in zip(*gradients, wanted, strict=True):
        g, e = (torch.zeros_like(x) if d is None else d for d in (g, e))  # where x does not matter
        assert torch.allclose(g, e, atol=1e-8, rtol=1e-8)


def test_single_precision_without_gradients(predictor):
    """What planning on a CPU runs: other kernels, the same numbers."""
    z, a, valid, actions = problem(1)
    expected = roll_last(predictor, z, a, valid, actions)
    with torch.inference_mode():
        rolled = predictor.float().rollout(z.float(), a.float(), valid, actions.float())
    assert torch.allclose(rolled.double(), expected, atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("kind", ["causal", "cached"])
def test_dropout_only_in_training(kind):
    torch.manual_seed(0)
    predictor = PREDICTORS[kind]()
    for p in predictor.parameters():
        torch.nn.init.normal_(p, std=0.3)
    z, a, valid, actions = (x if x.dtype == torch.bool else x.float() for x in problem(2))
    roll = lambda: predictor.rollout(z, a, valid, actions)  # noqa: E731
    assert not torch.equal(roll(), roll())
    predictor.eval()
    assert torch.equal(roll(), roll())


def test_a_long_window_is_many_contexts(predictor):
    """Training's predictions of all positions at once are those of `last`, one by one."""
    z, a, valid, _ = problem(7)
    a = torch.cat([a, a[:, :1]], 1)
    together = predictor(z, a, valid)
    flat = [windows(x, predictor.context).flatten(0, 1) for x in (z, a, valid)]
    assert torch.allclose(together.flatten(0, 1), predictor.last(*flat), atol=1e-10, rtol=0)


def test_the_context_is_computed_once_for_all_candidates():
    """Rows of the cached rollouts' linear layers: the least that their arithmetic allows."""
    rows = {}
    for kind in ("causal", "cached"):
        predictor = PREDICTORS[kind]().eval()
        counted = []
        layer = predictor.blocks[0].renorm1  # passed by every token that enters a layer
        layer.register_forward_pre_hook(
            lambda _, x, n=counted: n.extend([x[0].shape[-2]] * x[0].shape[:-2].numel())
        )
        z, a, valid, actions = (x if x.dtype == torch.bool else x.float() for x in problem(3, B=1))
        with torch.no_grad():
            predictor.rollout(z, a, valid, actions[:, :, :5])
        rows[kind] = sorted(counted)
    assert rows["causal"] == [1] * 3 + [4] * 12  # c0 c1 | c1 again; then 1 + 2 + 3 + 3 + 3 frames
    assert rows["cached"] == [4] * 5  # none of the context's frames, and each imagined one once


def test_attention_is_the_softmax():
    torch.manual_seed(0)
    q, k, v = torch.randn(2, 5, 4, 8), torch.randn(3, 2, 1, 4, 8), torch.randn(3, 2, 5, 4, 8)
    bias = torch.randn(4, 3)
    weight = (torch.einsum("bnhd,tbmhd->bnht", q, k) / 8**0.5 + bias).softmax(-1)
    expected = torch.einsum("bnht,tbnhd->bnhd", weight, v).flatten(-2)
    assert torch.allclose(attend(q, list(zip(k, v, strict=True)), bias), expected, atol=1e-6)


@pytest.mark.parametrize("gelu", [False, True])
def test_fused_linear_is_linear(gelu):
    torch.manual_seed(0)
    x, weight, bias = torch.randn(3, 5, 16), torch.randn(8, 16), torch.randn(8)
    expected = linear(x.double(), weight.double(), bias.double(), gelu=gelu)
    assert torch.allclose(linear(x, weight, bias, gelu=gelu).double(), expected, atol=1e-5)


def recorded():
    """Small random weights, inputs and rollouts of stable-worldmodel 0.1.1's own LeWM."""
    with np.load(Path(__file__).parent / "lewm.npz") as arrays:
        return {name: torch.from_numpy(x) for name, x in arrays.items()}


@pytest.mark.parametrize("c", [1, 3])
def test_lewms_weights_give_lewms_numbers(c):
    state = recorded()
    case = {name: state[f"case{c}.{name}"] for name in ("z", "a", "actions", "goal")}
    predictor = from_lewm(state, head_width=8)
    valid = torch.ones(1, c, dtype=torch.bool)
    for roll in (predictor.rollout, lambda *x: roll_last(predictor, *x)):
        with torch.no_grad():
            rolled = roll(case["z"], case["a"], valid, case["actions"])
        assert torch.allclose(rolled, state[f"case{c}.rollout"], atol=1e-5)
        cost = (rolled[:, :, -1] - case["goal"]).square().sum(-1)
        assert torch.allclose(cost, state[f"case{c}.cost"], rtol=1e-5)


def test_other_weights_are_refused():
    state = recorded()
    del state["action_encoder.embed.2.weight"]
    with pytest.raises(WmpcError, match=r"LeWM.*embed\.2\.weight"):
        from_lewm(state, head_width=8)


@pytest.mark.slow
def test_compiling_changes_rollouts_by_rounding_only():
    torch.manual_seed(0)
    predictor = PREDICTORS["mlp"]().eval()
    z, a = torch.randn(2, h, X), torch.randn(2, h - 1, A)
    given = z, a, torch.ones(2, h, dtype=torch.bool), torch.randn(2, 4, 6, A)
    with torch.no_grad():
        plain = predictor.rollout(*given)
        compile_rollouts(predictor)
        assert torch.allclose(predictor.rollout(*given), plain, atol=1e-5)
    with pytest.raises(WmpcError, match="compile is 'fast'"):
        compile_rollouts(predictor, "fast")
