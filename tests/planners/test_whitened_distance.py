"""The whitened distance: known values, invariances, and where it stays straight."""

import pytest
import torch

from wmpc.planners import LatentDistance, Target, WmpcError
from wmpc.planners.costs import WhitenedDistance

B, N, H, D = 1, 5, 3, 4
ACTIONS = torch.zeros(B, N, H, 2, dtype=torch.float64)


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def moving(scales, tokens=1, n=4000):
    """Recorded latents (n, 2, K, D) that change by `scales` times normal noise in a block."""
    before, change = draw(n, tokens, D, seed=1), draw(n, tokens, D, seed=2) * torch.tensor(scales)
    return torch.stack([before, before + change], 1)


def price(cost, latents, goal, weight=None):
    return cost(Target(goal, weight), 1)(latents, ACTIONS)


def test_what_moves_little_counts_as_much_as_its_standard_deviation_says():
    """C = diag(16, 1, 1, 1): C^-1/2 is diag(1/4, 1, 1, 1), and a block is 7 long for 19."""
    cost = WhitenedDistance("last").fitted(moving([4.0, 1.0, 1.0, 1.0]))
    goal, scale = torch.zeros(1, 1, D, dtype=torch.float64), 19 / 7
    along = torch.eye(D, dtype=torch.float64)[None, :, None, None]
    found = price(cost, along, goal)
    expected = scale * torch.tensor([[1 / 4, 1, 1, 1]], dtype=torch.float64)
    assert torch.allclose(found, expected, rtol=0.05)


@pytest.mark.parametrize("steps", ["last", "sum", "executed", "discounted"])
def test_with_power_0_it_is_the_straight_distance(steps):
    cost = WhitenedDistance(steps, power=0).fitted(moving([4.0, 1.0, 0.1, 2.0]))
    latents, goal = draw(B, N, H, 1, D), draw(1, 1, D, seed=3)
    straight = LatentDistance(steps)
    assert torch.allclose(price(cost, latents, goal), price(straight, latents, goal))


def test_with_power_1_no_linear_map_of_the_latents_changes_which_is_nearest():
    pairs, latents, goal = moving([1.0, 0.5, 2.0, 1.0]), draw(B, N, H, 1, D), draw(1, 1, D, seed=3)
    A = torch.linalg.qr(draw(D, D, seed=4))[0] * torch.tensor([1.0, 2.0, 0.5, 1.0])
    plain = price(WhitenedDistance(power=1).fitted(pairs), latents, goal)
    mapped = price(WhitenedDistance(power=1).fitted(pairs @ A), latents @ A, goal @ A)
    ratio = mapped / plain
    assert torch.allclose(ratio, ratio.mean().expand_as(ratio), rtol=0.05)


def test_each_token_has_its_own_weights():
    cost = WhitenedDistance("last").fitted(
        torch.cat([moving([4.0, 1.0, 1.0, 1.0]), moving([1.0, 1.0, 1.0, 4.0])], 2)
    )
    latents = torch.zeros(B, N, H, 2, D, dtype=torch.float64)
    latents[:, 0, :, 0, 0] = latents[:, 1, :, 1, 0] = 1
    first, second = price(cost, latents, torch.zeros(1, 2, D, dtype=torch.float64))[0, :2]
    assert second > 3 * first


@pytest.mark.parametrize("power", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_a_block_is_as_long_on_average_in_each_token(power, scale):
    """Zeros that fill a token up, as behind proprioception, take nothing from its numbers."""
    pairs = torch.cat([moving([4.0, 1.0, 2.0, 1.0]), moving([3 * scale, scale, 0.0, 0.0])], 2)
    pairs[:, :, 1, 2:] = 0
    cost = WhitenedDistance("last", power=power).fitted(pairs)
    goals, latents = pairs[:, 0], pairs[:, None, None, 1]
    for token in (0, 1):
        weight = torch.eye(2, dtype=torch.float64)[:, token, None]
        found, straight = (
            each(Target(goals, weight), 1)(latents, ACTIONS).mean()
            for each in (cost, LatentDistance("last"))
        )
        assert found == pytest.approx(float(straight), rel=0.01)
    error = torch.zeros(1, 1, 1, 2, D, dtype=torch.float64)
    error[..., 1, 1] = 1  # moves a third as far as its neighbour
    assert price(cost, error, torch.zeros(1, 2, D, dtype=torch.float64)) > 1.3


def test_a_token_that_never_moves_keeps_the_straight_distance():
    pairs = torch.cat([moving([4.0, 1.0, 1.0, 1.0]), torch.ones(4000, 2, 1, D)], 2)
    latents, goal = draw(B, N, H, 2, D), draw(1, 2, D, seed=3)
    weight = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    found = price(WhitenedDistance().fitted(pairs), latents, goal, weight)
    assert torch.allclose(found, price(LatentDistance(), latents, goal, weight))


def test_what_does_not_count_is_left_out():
    cost = WhitenedDistance().fitted(moving([4.0, 1.0, 1.0, 1.0], tokens=2))
    latents, goal = draw(B, N, H, 2, D), draw(1, 2, D, seed=3)
    weight = torch.tensor([[1.0], [0.0]], dtype=torch.float64)
    other = latents.clone()
    other[..., 1, :] += 7
    assert torch.equal(price(cost, latents, goal, weight), price(cost, other, goal, weight))
    whole = price(cost, latents, goal)
    assert not torch.equal(whole, price(cost, other, goal))
    quarter = torch.full((2, 1), 0.25, dtype=torch.float64)
    assert torch.allclose(price(cost, latents, goal, quarter), whole / 4)


def test_goals_in_other_numbers_than_latents_are_compared_straight():
    cost, straight = WhitenedDistance().fitted(moving([4.0, 1.0, 1.0, 1.0])), LatentDistance()
    states, goal = draw(B, N, H, 1, 3), draw(1, 1, 3, seed=3)
    assert torch.equal(price(cost, states, goal), price(straight, states, goal))
    latents = draw(B, N, H, 1, D)

    def read(target_of):
        return target_of(Target(goal, read=lambda z: z.flatten(-2)[..., :3]), 1)(latents, ACTIONS)

    assert torch.equal(read(cost), read(straight))
    same_size = Target(draw(1, 1, D, seed=3), read=lambda z: z.flatten(-2))
    assert torch.equal(
        cost(same_size, 1)(latents, ACTIONS), straight(same_size, 1)(latents, ACTIONS)
    )


def test_what_cannot_be_weighed_is_told():
    with pytest.raises(WmpcError, match="must know how latents move"):
        WhitenedDistance()(Target(torch.zeros(1, 1, D)), 1)
    with pytest.raises(WmpcError, match="none of 3 recorded latents moves"):
        WhitenedDistance().fitted(torch.ones(3, 2, 1, D))
    with pytest.raises(WmpcError, match="NaN or infinite"):
        WhitenedDistance().fitted(torch.full((3, 2, 1, D), torch.nan))
    with pytest.raises(WmpcError, match="none of 0"):
        WhitenedDistance().fitted(torch.ones(0, 2, 1, D))
    with pytest.raises(WmpcError, match="power is 2"):
        WhitenedDistance(power=2)
