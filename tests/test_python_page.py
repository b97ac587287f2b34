"""docs/python.md runs as it stands; its functions have the arguments and defaults of the YAML."""

import inspect
import re
from dataclasses import asdict, is_dataclass
from pathlib import Path

import pytest
import yaml
from omegaconf import OmegaConf

import wmpc
from wmpc.agents import completion
from wmpc.api.presets import read_preset
from wmpc.cli import compose
from wmpc.configs import list_presets
from wmpc.wm import probe
from wmpc.wm.diagnostics import latents

ROOT = Path(__file__).parents[1]
NOT_YAML = {"progress", "command", "stop", "clock"}
"""Arguments for programs alone."""
ELSEWHERE = {("collect", "episodes"), ("collect", "steps"), ("collect", "policy")}
ELSEWHERE |= {("train", "objective"), ("curve", "objective")}
"""None stands for the task's own, as ${task....} does in the YAML, or for the model's."""
NAMES = {"collect": {"name"}, "train": {"name"}, "eval": {"page"}}
"""Keys that only make a folder's name, or have another verb follow."""


def stated(verb):
    """Own keys of a verb's YAML and its choices of groups, with their defaults."""
    content = yaml.safe_load((ROOT / "configs" / f"{verb}.yaml").read_text())
    choices = content.pop("defaults", [])
    groups = {k: v for one in choices if isinstance(one, dict) for k, v in one.items()}
    return groups | content


def parameters(function):
    return {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in NOT_YAML
    }


@pytest.mark.parametrize(
    ("verb", "function"),
    [
        ("eval", "evaluate"),
        ("plan", "plan"),
        ("collect", "collect"),
        ("train", "train"),
        ("check", "check"),
        ("curve", "curve"),
    ],
)
def test_arguments_and_defaults_are_those_of_the_yaml(verb, function):
    yaml_keys, taken = stated(verb), parameters(getattr(wmpc, function))
    if verb == "train":
        yaml_keys |= yaml_keys.pop("train")
    yaml_keys = {key: v for key, v in yaml_keys.items() if key not in NAMES.get(verb, ())}
    assert set(taken) == set(yaml_keys)
    for key, default in taken.items():
        given = yaml_keys[key]
        if default is inspect.Parameter.empty:
            continue
        if is_dataclass(default) and not isinstance(default, type):
            assert asdict(default) == given, key
        elif isinstance(given, dict) or (verb, key) in ELSEWHERE:
            assert default is None  # filled from the YAML, or from the task's
        else:
            assert default == (tuple(given) if isinstance(given, list) else given), key


@pytest.mark.parametrize(("function", "verb"), [("report", "report"), ("diagnose", "eval")])
def test_arguments_of_a_part_are_keys_of_the_verb(function, verb):
    yaml_keys, taken = stated(verb), parameters(getattr(wmpc, function))
    taken.pop("decisions", None)
    for key, default in taken.items():
        assert key in yaml_keys
        given = yaml_keys[key]
        given = tuple(given) if isinstance(given, list) else given
        assert default in (inspect.Parameter.empty, given)


VERB_OF = {"agent": "eval", "planner": "eval", "cases": "eval", "shift": "eval"}
VERB_OF |= {"model": "train", "objective": "train", "task": "collect"}


@pytest.mark.parametrize("group", VERB_OF)
def test_a_preset_is_what_the_command_line_makes_of_it(group):
    for name in list_presets(group):
        more = ["agent.function=m:f"] if name == "external" else []
        (job,) = compose.jobs(VERB_OF[group], [f"{group}={name}", *more])
        read = read_preset(group, name)
        if more:
            read["function"] = "m:f"
        assert read == OmegaConf.to_container(job.config[group], resolve=True), name


def test_everything_public_is_there():
    for name in wmpc.__all__:
        assert getattr(wmpc, name).__doc__
    with pytest.raises(AttributeError):
        _ = wmpc.nothing


def test_the_page_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    """But for the thousands of steps that its probes are fitted with, which take half a minute."""
    monkeypatch.chdir(tmp_path)
    fit = probe.fit_latents
    for module in (completion, latents):
        monkeypatch.setattr(module, "fit_latents", lambda *a, steps, **k: fit(*a, steps=20, **k))
    code = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "docs" / "python.md").read_text(), re.S | re.M
    )
    exec(compile("\n".join(code), "docs/python.md", "exec"), {"__name__": "page"})
    assert (tmp_path / "runs" / "toy" / "report.html").exists()
    said = capsys.readouterr().out
    assert "20 episodes" in said and "Reacher" in said
