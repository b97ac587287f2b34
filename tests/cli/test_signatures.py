"""The YAML is the complete source of defaults: each preset is held against what it is given to."""

from dataclasses import asdict, is_dataclass
from inspect import Parameter

import pytest
from omegaconf import OmegaConf

from wmpc.cli.presets import Presets
from wmpc.cli.signature import parameters
from wmpc.configs import list_presets

PRESETS = [(group, name) for group in ("agent", "planner", "cost") for name in list_presets(group)]
GIVEN = {"setting", "constraints", "complete"}
"""What no YAML can hold."""
LEFT_OUT = {"mpc": {"join"}, "simulator": {"join", "asynchronous", "deadline", "knots", "memory"}}
LEFT_OUT["simulator"] |= {"near", "patience", "adapt"}
"""What a preset leaves to the default; it can be set on the command line all the same."""
OTHERWISE = {"simulator": {"horizon"}}
"""Of two presets of one class, the second chooses otherwise."""


@pytest.mark.parametrize(("group", "name"), PRESETS)
def test_every_parameter_has_its_key_and_its_default_is_the_same(group, name):
    config, _ = Presets("eval", "eval").composed([f"{group}={name}"])
    taken = parameters("eval", config, group)
    assert taken is not None
    keys = set(config[group]) - {"_target_"}
    assert keys == set(taken) - GIVEN - LEFT_OUT.get(name, set())
    for key in keys - OTHERWISE.get(name, set()):
        default = taken[key].default
        assert default is Parameter.empty or default == config[group][key], key


def test_the_settings_of_a_training_are_the_arguments_of_train():
    config, _ = Presets("train", "train").composed([])
    taken = parameters("train", config, "train")
    assert taken is not None
    for key, value in OmegaConf.to_container(config.train).items():
        default = taken[key].default
        assert (asdict(default) if is_dataclass(default) else default) == value, key
    given = {"episodes", "run", "model", "objective", "seed"}
    missing = set(taken) - set(config.train) - given
    assert missing == {"describe", "report", "reopen", "stop", "clock"}  # no YAML can hold them
