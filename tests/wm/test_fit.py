"""`fit` takes the steps that a recipe says: against AdamW written out, a number at a time."""

from dataclasses import replace
from math import cos, pi

import pytest
import torch
from torch import nn

from wmpc.wm.training.fit import fit
from wmpc.wm.training.recipe import Recipe

RECIPE = Recipe(steps=12, lr=0.05, weight_decay=0.3, warmup=0.25, clip=0.5)


def batch(step):
    """Points (8, 3) and what they should give (8, 2); some steps have far larger gradients."""
    draw = torch.Generator().manual_seed(step)
    x, y = (torch.randn(8, n, generator=draw, dtype=torch.float64) for n in (3, 2))
    return x, (1 + 20 * (step % 3)) * y


def squares(module, given, _):
    """The mean squared error."""
    x, y = given
    return {"loss": (module(x) - y).square().mean()}


def rate(step, recipe):
    rising = max(1, round(recipe.warmup * recipe.steps))
    risen = min(1.0, (step + 1) / rising)
    if recipe.schedule == "linear":
        return recipe.lr * risen * (1 - step / recipe.steps)
    fallen = max(0, step - rising) / (recipe.steps - rising)
    return recipe.lr * risen * (0.01 + 0.99 * (1 + cos(pi * fallen)) / 2)


def by_hand(line, recipe):
    """The weight (2, 3) and the bias (2,) that AdamW ends with."""
    weight, bias = (p.detach().clone() for p in (line.weight, line.bias))
    means, squares = ([torch.zeros_like(p) for p in (weight, bias)] for _ in range(2))
    for step in range(recipe.steps):
        x, y = batch(step)
        wrong = 2 * (x @ weight.T + bias - y) / y.numel()
        slopes = [wrong.T @ x, wrong.sum(0)]
        norm = sum(float(g.square().sum()) for g in slopes) ** 0.5
        share = 1.0 if recipe.clip is None else min(1.0, recipe.clip / norm)
        lr = rate(step, recipe)
        weight *= 1 - lr * recipe.weight_decay
        for p, g, m, v in zip((weight, bias), slopes, means, squares, strict=True):
            m.mul_(0.9).add_(0.1 * share * g)
            v.mul_(0.999).add_(0.001 * (share * g).square())
            m_hat, v_hat = m / (1 - 0.9 ** (step + 1)), v / (1 - 0.999 ** (step + 1))
            p -= lr * m_hat / (v_hat.sqrt() + 1e-8)
    return weight, bias


@pytest.mark.parametrize("change", [
    {}, {"schedule": "linear"}, {"schedule": "linear", "warmup": 0.0}, {"clip": None},
    {"warmup": 0.0, "weight_decay": 0.0},
], ids=str)  # fmt: skip
@torch.no_grad()
def test_the_weights_are_those_of_adamw_written_out(change):
    torch.manual_seed(0)
    line, recipe = nn.Linear(3, 2).double(), replace(RECIPE, **change)
    expected = by_hand(line, recipe)
    fit(line, squares, batch, recipe)
    for found, wanted in zip((line.weight, line.bias), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)


def drawn(seed, steps=3):
    """What an objective draws at each step: from its generator, and by torch, as dropout does."""
    seen = []

    def objective(module, _, generator):
        seen.append((torch.rand((), generator=generator).item(), torch.rand(()).item()))
        return {"loss": module.weight.sum()}

    fit(nn.Linear(1, 1), objective, lambda step: None, replace(RECIPE, steps=steps, seed=seed))
    return seen


def test_what_is_drawn_is_a_function_of_seed_and_step():
    again, each = drawn(0), {seed: drawn(seed) for seed in (0, 1, 2)}
    assert again == each[0] and drawn(0, steps=5)[:3] == again
    for found in zip(*(pair for pairs in each.values() for pair in pairs), strict=True):
        assert len(set(found)) == 9


def test_weights_of_the_objective_are_trained_too():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(2, 2, dtype=torch.float64))

        def forward(self, module, given, _):
            x, y = given
            return {"loss": (module(x) @ self.scale - y).square().mean()}

    line, objective = nn.Linear(3, 2).double(), Scaled()
    fit(line, objective, batch, RECIPE)
    assert (objective.scale != 1).all()
