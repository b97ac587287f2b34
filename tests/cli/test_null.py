"""Null is a value of a key whose target takes None, and of no other: by enumeration."""

from functools import cache
from types import NoneType, UnionType
from typing import Union, get_args, get_origin

import pytest
from omegaconf import DictConfig, OmegaConf

from wmpc.cli import compose
from wmpc.cli.presets import Presets, has_targets
from wmpc.cli.signature import admits_none, parameters
from wmpc.configs import list_presets
from wmpc.errors import WmpcError

GROUPS = {
    group: verb
    for verb in ("train", "eval")
    for group in Presets(verb, verb).composed([])[1]
    if has_targets(group)
}
"""Every group whose choices have targets, and a verb that chooses from it."""
CHOICES = [
    pytest.param(group, name, marks=[pytest.mark.slow] if place else [])
    for group in GROUPS
    for place, name in enumerate(list_presets(group))
]
GIVEN = {"agent.function": "module:f"}


def targets(config, prefix=""):
    """Path of every node with a target."""
    for key, node in config.items():
        if isinstance(node, DictConfig):
            if "_target_" in node:
                yield f"{prefix}{key}"
            yield from targets(node, f"{prefix}{key}.")


@cache
def composed(group, name, *words):
    given = [f"{key}='{x}'" for key, x in GIVEN.items() if name == "external"]
    (job,) = compose.jobs(GROUPS[group], [f"{group}={name}", *given, *words])
    return job.config


def none_in(annotation):
    """Whether an annotation admits None, written out."""
    return get_origin(annotation) in (Union, UnionType) and NoneType in get_args(annotation)


@pytest.mark.parametrize(("group", "name"), CHOICES)
def test_null_is_taken_exactly_where_the_target_takes_none(group, name):
    config = composed(group, name)
    nodes = [
        node for node in targets(config) if f"{node}.".startswith(group.replace("/", ".") + ".")
    ]
    assert nodes
    taken, refused = [], []
    for node in nodes:
        known = parameters(GROUPS[group], config, node)
        assert known is not None, f"{node} takes anything"
        assert set(OmegaConf.select(config, node)) - {"_target_"} <= set(known)
        for key, parameter in known.items():
            given = key in OmegaConf.select(config, node)
            word = f"{'' if given else '+'}{node}.{key}=null"
            assert admits_none(parameter) == none_in(parameter.annotation)
            (taken if none_in(parameter.annotation) else refused).append((word, node, key))
    if taken:
        nulled = composed(group, name, *(word for word, _, _ in taken))
        assert all(OmegaConf.select(nulled, node)[key] is None for _, node, key in taken)
    for word, node, key in refused[-1:]:
        with pytest.raises(WmpcError) as error:
            composed(group, name, word)
        assert f"{node}.{key}" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("verb", "word"),
    [
        ("eval", "agent.knots=null"),
        ("eval", "agent.compile=null"),
        ("eval", "agent.deadline=null"),
        ("train", "+model.predictor.action_mlp=null"),
        ("train", "train.minutes=null"),
        ("train", "train.steps=null"),
    ],
)
def test_what_is_documented_composes(verb, word):
    words = ["model=cached"] if "action_mlp" in word else []
    (job,) = compose.jobs(verb, [*words, word])
    assert OmegaConf.select(job.config, word.strip("+").partition("=")[0]) is None


@pytest.mark.parametrize(
    ("verb", "word", "said"),
    [
        ("eval", "agent.horizon=null", "a whole number like 7"),
        ("eval", "+agent.join=null", "takes no null"),
        ("eval", "+agent.horizons=3", "did you mean 'horizon'"),
        ("eval", "+planner.nothing=null", "no argument of planner 'nothing'"),
        ("eval", "planner=null", "no planner None"),
        ("train", "model.latent=null", "a whole number like 16"),
        ("train", "train.batch=null", "a whole number like 64"),
        ("train", "model.encoder=null", "is a node"),
        ("train", "model=null", "no model None"),
    ],
)
def test_what_is_not_is_a_sentence(verb, word, said):
    with pytest.raises(WmpcError, match=said) as error:
        compose.jobs(verb, [word])
    assert "\n" not in str(error.value)
