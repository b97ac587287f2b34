"""A model bound to contexts: each problem's own, and no more of it than the model may see."""

from itertools import product

import pytest
import torch

from wmpc.wm.models.dynamics import LatentDynamics
from wmpc.wm.models.predictors import CausalTransformer, WindowMLP

B, N, H, K, D, A, h = 3, 4, 5, 2, 3, 2, 3
SIZES = {"width": 16, "depth": 2, "heads": 2, "head_width": 8, "mlp": 16}


@pytest.fixture(params=["mlp", "causal"])
def predictor(request):
    """Not at its zero start, so that its inputs matter."""
    torch.manual_seed(0)
    if request.param == "mlp":
        made = WindowMLP(D, A, h, width=16, tokens=K)
    else:
        made = CausalTransformer(D, A, h, tokens=K, **SIZES)
    for p in made.parameters():
        torch.nn.init.normal_(p, std=0.3)
    return made.double().eval().requires_grad_(False)


def bound(predictor, c):
    """Dynamics of B contexts of c frames, of which 0, 1, ... are padding; and what made them."""
    draw = torch.Generator().manual_seed(c)
    z, a = (torch.randn(B, n, *size, generator=draw, dtype=torch.float64)
            for n, size in ((c, (K, D)), (c - 1, (A,))))  # fmt: skip
    valid = torch.arange(c) >= torch.arange(B)[:, None].clamp(max=c - 1)
    return LatentDynamics(predictor, z, a, valid), (z, a, valid)


def asked():
    draw = torch.Generator().manual_seed(9)
    shapes = (B, N, H - 1, K, D), (B, N, H, A)
    return [torch.randn(shape, generator=draw, dtype=torch.float64) for shape in shapes]


@pytest.mark.parametrize("c", [1, 2, 3])
def test_many_problems_and_candidates_are_each_as_if_alone(predictor, c):
    dynamics, (z, a, valid) = bound(predictor, c)
    states, actions = asked()
    predicted, rolled = dynamics.predict(states, actions), dynamics.rollout(actions)
    assert torch.equal(dynamics.start, z[:, -1])
    for b, n in product(range(B), range(N)):
        first = int((~valid[b]).sum())  # what is padded is as if it had never been there
        alone = LatentDynamics(predictor, z[b : b + 1, first:], a[b : b + 1, first:])
        own = states[b : b + 1, n : n + 1], actions[b : b + 1, n : n + 1]
        torch.testing.assert_close(alone.predict(*own)[0, 0], predicted[b, n])
        torch.testing.assert_close(alone.rollout(own[1])[0, 0], rolled[b, n])


def test_a_longer_context_is_its_last_frames(predictor):
    dynamics, (z, a, valid) = bound(predictor, h + 2)
    short = LatentDynamics(predictor, z[:, 2:], a[:, 2:], valid[:, 2:])
    states, actions = asked()
    assert torch.equal(dynamics.rollout(actions), short.rollout(actions))
    assert torch.equal(dynamics.predict(states, actions), short.predict(states, actions))
    assert (~valid[:, :2]).any() and dynamics.executed.shape[1] == h - 1
