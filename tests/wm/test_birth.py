"""Networks at birth: each layer has weights of its own, and what decays is what is said to."""

import inspect
import pkgutil
from importlib import import_module
from itertools import combinations

import pytest
import torch
from model_cases import PRESETS, model
from torch import nn

from wmpc.agents.goal_policy import GoalPolicy
from wmpc.wm.models import encoders, predictors
from wmpc.wm.training.fit import optimizer_of
from wmpc.wm.training.recipe import Recipe

SIZES = {
    "image_size": 64, "in_channels": 3, "channels": (8, 8, 8), "patch": 16, "width": 16, "depth": 3,
    "heads": 2, "head_width": 8, "mlp": 32, "latent": 8, "action": 2, "context": 3,
}  # fmt: skip
"""Small sizes, by the name of a constructor's parameter."""


def modules():
    """The modules that hold encoders and predictors."""
    for package in (encoders, predictors):
        yield package.__name__
        for found in pkgutil.iter_modules(getattr(package, "__path__", ())):
            yield f"{package.__name__}.{found.name}"


def classes():
    """All networks there that `SIZES` are enough to make."""
    for name in modules():
        for thing in vars(import_module(name)).values():
            if inspect.isclass(thing) and issubclass(thing, nn.Module) and thing.__module__ == name:
                parameters = inspect.signature(thing).parameters
                needed = {n for n, p in parameters.items() if p.default is p.empty}
                if needed <= set(SIZES):
                    yield thing, {n: size for n, size in SIZES.items() if n in parameters}


def twins(network):
    """Pairs of parameters that hold the same numbers, but for those that are constant."""
    several = [(n, p) for n, p in network.named_parameters() if p.numel() > 1 and p.std() > 0]
    return [
        (a, b)
        for (a, p), (b, q) in combinations(several, 2)
        if p.shape == q.shape and torch.equal(p, q)
    ]


FOUND = {thing.__name__: (thing, sizes) for thing, sizes in classes()}


def test_the_enumeration_finds_what_there_is():
    assert {"ConvEncoder", "ViTEncoder", "WindowMLP", "CausalTransformer", "CachedTransformer"} <= (
        set(FOUND)
    )


@pytest.mark.parametrize("name", FOUND)
def test_no_two_layers_are_born_alike(name):
    thing, sizes = FOUND[name]
    assert not twins(thing(**sizes))


@pytest.mark.parametrize("name", PRESETS)
def test_no_two_layers_of_a_preset_are_born_alike(name):
    assert not twins(model(name))


def test_no_two_layers_of_a_policy_are_born_alike():
    assert not twins(GoalPolicy(8, 8, 2, 3, 5, True, width=16))


def test_checkpoints_of_layers_that_were_copies_still_load():
    """The names are those of torch's own encoder."""
    ours = FOUND["ViTEncoder"][0](**FOUND["ViTEncoder"][1])
    layer = nn.TransformerEncoderLayer(16, 2, 64, 0.0, "gelu", batch_first=True, norm_first=True)
    theirs = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)
    ours.blocks.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 5, 16)
    assert torch.equal(ours.blocks(x), theirs(x))


@pytest.mark.parametrize("name", PRESETS)
def test_vectors_do_not_decay_and_all_else_does(name):
    network = model(name)
    names = {id(p): n for n, p in network.named_parameters()}
    decay = {}
    for group in optimizer_of(network, Recipe(lr=1.0, weight_decay=0.1)).param_groups:
        decay |= {names[id(p)]: group["weight_decay"] for p in group["params"]}
    assert decay.keys() == {n for n, _ in network.named_parameters()}
    for layer, module in network.named_modules():
        for own, p in module.named_parameters(recurse=False):
            expected = 0.1 if p.dim() > 1 else 0.0
            assert decay[f"{layer}.{own}".removeprefix(".")] == expected
            if isinstance(module, nn.Linear | nn.Conv2d):
                assert (expected > 0) == (own == "weight")
