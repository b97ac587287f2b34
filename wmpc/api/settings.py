"""From the arguments of a call in Python to the configuration that a verb would have composed."""

import inspect
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from wmpc.agents.agent import Agent
from wmpc.agents.entrant import Given, name_of
from wmpc.api.presets import read_choices, read_defaults, read_preset
from wmpc.system.renamed import refuse_moved
from wmpc.wm.models.world_model import LearnedModel

PLAIN = (str, int, float, bool, type(None))


def describe_settings(verb: str, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], Given]:
    """Write arguments as the plain values that results keep; give the objects among them apart.

    Args:
        verb: whose `configs/VERB.yaml` holds what is not given of a node or a group.
        arguments: by the keys of that file, all of them; an agent, a planner, a cost and a model
            (`run`) may be objects.

    Returns:
        The configuration, and the objects that stand for a part of it.
    """
    config, given = refuse_moved(dict(arguments)), Given()
    if isinstance(config["run"], LearnedModel):
        given = replace(given, model=config.pop("run"))
        config["run"] = None
    agent, planner = config["agent"], config["planner"]
    if not isinstance(agent, str | Mapping):
        made = agent if isinstance(agent, type) or not isinstance(agent, Agent) else _Always(agent)
        given = replace(given, agent=made)
        config["agent"] = {
            "_target_": "wmpc.agents.entrants.given_agent",
            "function": name_of(made),
        }
    for key, thing in (("planner", planner), ("cost", config["cost"])):
        if not isinstance(thing, str | Mapping):
            given = replace(given, **{key: thing})
            config[key] = _described(thing)
    if isinstance(config.get("cases"), Path) or str(config.get("cases")).endswith(".json"):
        config["cases"] = read_preset("cases", "ahead", path=str(config["cases"]))
    for key, chosen in read_choices(verb).items():
        settings = config[key]
        if not isinstance(settings, str) and "_target_" not in settings:  # some of its keys
            settings = {**read_preset(key, chosen), **settings}
        config[key] = read_preset(key, settings)
    for key, default in read_defaults(verb).items():
        if isinstance(default, dict):
            config[key] = {**default, **(config[key] or {})}
    return {key: _as_json(value) for key, value in config.items()}, given


def _as_json(value: Any) -> Any:
    """A setting as a JSON file gives it back."""
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _described(thing: Any) -> dict[str, Any]:
    """What an object is, in plain values: where its class or function is defined, and its plain
    attributes."""
    place = thing if inspect.isfunction(thing) else type(thing)
    own = {k: v for k, v in vars(thing).items() if isinstance(v, PLAIN) and k[0] != "_"}
    return {"_target_": f"{place.__module__}.{name_of(thing)}", **own}


class _Always:
    """Makes the same agent for every case."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.__name__ = name_of(agent)

    def __call__(self) -> Agent:
        return self.agent
