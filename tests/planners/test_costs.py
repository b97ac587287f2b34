"""Costs: known values, shapes, gradients, invariances, and what they refuse."""

import pytest
import torch

from wmpc.planners import WmpcError, latent_distance, smoothness
from wmpc.planners.costs import (
    absolute,
    add,
    cosine,
    discounted,
    distance,
    effort,
    last,
    learned,
    prefix,
    scale,
    squared,
    through,
    total,
)

B, N, H, K, D, A = 2, 5, 4, 3, 6, 2
METRICS = [squared, absolute, cosine]


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def goal():
    return draw(B, K, D, seed=1)


@pytest.fixture
def latents():
    return draw(B, N, H, K, D)


@pytest.fixture
def actions():
    return draw(B, N, H, A, seed=2)


def flat(latents):
    return latents.flatten(-2)


def every_cost(goal):
    return {
        **{m.__name__: last(distance(goal, m)) for m in METRICS},
        "total": total(distance(goal)),
        "prefix": prefix(distance(goal), 2),
        "discounted": discounted(distance(goal, cosine), 0.5),
        "learned": last(learned(lambda z, g: (z - g).norm(dim=(-2, -1)), goal)),
        "through": last(through(lambda z: z[..., 0, :2], distance(goal[:, :1, :2]))),
        "through a cost": through(flat, total(distance(goal.flatten(1)[:, None]))),
        "effort": effort(0.5),
        "smoothness": smoothness(0.5),
        "from the last action": smoothness(0.5, torch.zeros(B, A, dtype=torch.float64)),
        "sum": add(scale(2.0, last(distance(goal))), effort(0.1), smoothness(0.1)),
    }


@pytest.mark.parametrize("name", list(every_cost(torch.zeros(B, K, D))))
def test_every_cost_is_a_differentiable_number_a_candidate(name, goal, latents, actions):
    cost = every_cost(goal)[name]
    value = cost(latents, actions)
    assert value.shape == (B, N) and value.dtype == torch.float64 and value.isfinite().all()
    inputs = (latents.requires_grad_(), actions.requires_grad_())
    assert torch.autograd.gradcheck(cost, inputs)
    order = torch.tensor([3, 0, 4, 2, 1])
    assert torch.allclose(cost(latents[:, order], actions[:, order]), value[:, order])
    swapped = every_cost(goal.flip(0))[name]
    assert torch.allclose(swapped(latents.flip(0), actions.flip(0)), value.flip(0))


@pytest.mark.parametrize("metric", METRICS)
def test_metrics_against_the_formula(metric, goal, latents):
    weight = draw(K, D, seed=3).abs()
    z, g, w = latents[1, 2, 3, 0].tolist(), goal[1, 0].tolist(), weight[0].tolist()
    terms = list(zip(z, g, w, strict=True))

    def dot(i, j):
        return sum(t[2] * t[i] * t[j] for t in terms)

    expected = {
        squared: sum(w * (z - g) ** 2 for z, g, w in terms),
        absolute: sum(w * abs(z - g) for z, g, w in terms),
        cosine: 1 - dot(0, 1) / (dot(0, 0) * dot(1, 1)) ** 0.5,
    }[metric]
    g = goal[:, None, None]
    assert float(metric(latents, g, weight)[1, 2, 3, 0]) == pytest.approx(expected)
    assert torch.allclose(metric(latents, g, torch.ones(K, D)), metric(latents, g))
    assert metric(goal, goal).abs().max() < 1e-12


def test_cosine_sees_directions_only(goal, latents, actions):
    cost = last(distance(goal, cosine))
    assert torch.allclose(cost(7 * latents, actions), cost(latents, actions))
    at_goal = goal[:, None, None].expand_as(latents)
    opposite = last(distance(-goal, cosine))(at_goal, actions)
    assert torch.allclose(opposite, torch.full_like(opposite, 2 * K))
    assert cost(torch.zeros_like(latents), actions).eq(K).all()


def test_slots(goal, latents, actions):
    each = squared(latents[:, :, -1], goal[:, None])  # (B, N, K)
    weights = torch.tensor([1.0, 0.0, 3.0])
    for slots, expected in (
        ("sum", each.sum(-1)),
        ("mean", each.mean(-1)),
        (weights, each[..., 0] + 3 * each[..., 2]),
    ):
        assert torch.allclose(last(distance(goal, slots=slots))(latents, actions), expected)
    order = torch.tensor([2, 0, 1])
    assert torch.allclose(
        last(distance(goal[:, order]))(latents[..., order, :], actions),
        last(distance(goal))(latents, actions),
    )


def test_steps(goal, latents, actions):
    d = distance(goal)
    each = d(latents)
    assert each.shape == (B, N, H)
    powers = torch.tensor([1.0, 0.5, 0.25, 0.125]).double()
    for steps, cost, expected in (
        ("last", last(d), each[..., -1]),
        ("sum", total(d), each.sum(-1)),
        ("executed", prefix(d, 2), each[..., :2].sum(-1)),
        ("discounted", discounted(d, 0.5), (each * powers).sum(-1)),
    ):
        assert torch.allclose(cost(latents, actions), expected)
        easy = latent_distance(goal, steps=steps, executed=2, gamma=0.5)
        assert torch.allclose(easy(latents, actions), expected)
    assert torch.allclose(discounted(d, 1.0)(latents, actions), total(d)(latents, actions))


@pytest.mark.parametrize("make, looked", [(last, 1), (total, H), (lambda d: prefix(d, 2), 2)])
def test_only_steps_that_count_are_measured(make, looked, goal, latents, actions):
    seen = []

    def probe(z):
        seen.append(z.shape[2])
        return z.flatten(-2)

    make(through(probe, distance(goal.flatten(1)[:, None])))(latents, actions)
    assert seen == [looked]


def test_smoothness_and_effort():
    actions = torch.tensor([0.0, 1.0, 1.0, 3.0]).view(1, 1, 4, 1)
    latents = torch.zeros(1, 1, 4, 1, 1)
    assert smoothness(3.0)(latents, actions) == 5.0  # (1 + 0 + 4) / 3 * 3
    assert smoothness(4.0, torch.tensor([[-1.0]]))(latents, actions) == 6.0
    assert smoothness()(latents[:, :, :1], actions[:, :, :1]) == 0
    assert effort(4.0)(latents, actions) == 11
    shifted = smoothness()(latents, actions + 5)
    assert torch.allclose(shifted, smoothness()(latents, actions))


@pytest.mark.parametrize(
    "wrong", [(B, K, D + 1), (B, K + 1, D), (B + 1, K, D), (B, 1, D), (B, K, 1)]
)
@pytest.mark.parametrize("make", [distance, lambda g: learned(lambda z, g: z[..., 0, 0], g)])
def test_a_goal_of_another_shape(wrong, make, latents, actions):
    with pytest.raises(WmpcError, match=r"it must be \(B, K, D\) = \(2, 3, 6\)"):
        last(make(torch.zeros(wrong)))(latents, actions)


@pytest.mark.parametrize(
    "make, match",
    [
        (lambda g: distance(g[0]), "the goal is"),
        (lambda g: distance(g, weight=torch.ones(D + 1)), "weight is"),
        (lambda g: distance(g, weight=torch.ones(1, 1, K, D)), "weight is"),
        (lambda g: distance(g, slots=torch.ones(K + 1)), "slots is"),
        (lambda g: distance(g, slots="max"), "slots is 'max'"),  # type: ignore[arg-type]
        (lambda g: prefix(distance(g), 0), "executed"),
        (lambda g: discounted(distance(g), 0.0), "gamma"),
        (lambda g: discounted(distance(g), 1.5), "gamma"),
        (lambda g: latent_distance(g, steps="first"), "steps is 'first'"),  # type: ignore[arg-type]
        (lambda g: add(), "no cost"),
    ],
)
def test_bad_arguments(make, match, goal):
    with pytest.raises(WmpcError, match=match):
        make(goal)


def test_a_probe_or_a_learned_distance_of_another_shape(goal, latents, actions):
    with pytest.raises(WmpcError, match="probe returned"):
        last(through(lambda z: z.flatten(2), distance(goal)))(latents, actions)
    with pytest.raises(WmpcError, match="learned distance returned"):
        last(learned(lambda z, g: z - g, goal))(latents, actions)
