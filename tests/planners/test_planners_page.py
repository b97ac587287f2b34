"""docs/planners.md is true: its code runs, and it knows every planner and every preset."""

import re
from inspect import isabstract
from pathlib import Path

import pytest
from hydra.utils import get_class, instantiate
from omegaconf import OmegaConf
from planner_problems import PRESETS

from wmpc import planners

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "planners.md").read_text()
CLASSES = {
    name
    for name in planners.__all__
    if hasattr(made := getattr(planners, name), "plan")
    and not isabstract(made)
    and made is not planners.Planner
}


def test_the_code_runs():
    code = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    assert code
    for block in code:
        exec(block, {})


def test_it_names_every_planner_and_preset():
    table = PAGE[PAGE.index("## Which, when") : PAGE.index("## On a landscape")]
    assert {name for name in CLASSES if f"`{name}`" not in table} == set()
    assert [path.stem for path in PRESETS if f"`{path.stem}`" not in table] == []


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_a_preset_is_what_the_class_does_by_itself(path):
    config = OmegaConf.load(path)
    made, default = instantiate(config), get_class(config["_target_"])()
    assert {k: v for k, v in vars(made).items() if not callable(v)} == {
        k: v for k, v in vars(default).items() if not callable(v)
    }
