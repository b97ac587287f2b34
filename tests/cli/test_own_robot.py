"""The page about a robot of one's own: its commands run, on a small scale."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from own_package import OWN, little, make_project, run_commands

PAGE = Path(__file__).parents[2] / "docs" / "own-robot.md"
ENVIRONMENTS = PAGE.parents[1] / "tests" / "envs"
ROBOT = OWN.with_name("robot")
(SHELL,) = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
COMMANDS = [shlex.split(line)[1:] for line in SHELL.splitlines()]
OTHERS = {
    "goal_envs:OwnPuck-v0": "+task.kwargs.success=reward",
    "dots:DotsDot-v0": "+task.kwargs.tolerances={state0:0.1,state1:0.1}",
}
"""Environments of tests, and what to say of their success."""
VERBS = [
    "collect task.id={id} {how} data=data/table workers=2",
    "train data=data/table run=runs/table",
    "eval run=runs/table allow=[{module}] workers=2",
    "plan run=runs/table goal=frame:9:5 env_id={id}",
    "report run=runs/table",
]


def test_the_page_shows_what_is_in_the_folder():
    code = (ROBOT / "arm" / "__init__.py").read_text()
    assert f"```python\n{code}```" in PAGE.read_text()
    lines = sum(1 for line in code.splitlines() if line)
    assert lines <= 30 and f"the {lines} lines" in " ".join(PAGE.read_text().split())
    assert {path.name for path in ROBOT.iterdir()} <= {"arm"}


def test_the_commands_of_the_page_run(tmp_path):  # all verbs once: some ten seconds
    folder = make_project(tmp_path / "project", ROBOT)
    told = run_commands(folder, [little(words) for words in COMMANDS])
    assert "Nothing is seen" not in told and "It " not in told
    assert (folder / "runs/arm/report.html").exists()
    assert len(list((folder / "runs/arm/eval").iterdir())) == 2


@pytest.mark.slow  # half a minute each: processes that each import torch
@pytest.mark.parametrize("id", OTHERS)
def test_an_environment_of_ones_own_runs_in_two_processes(tmp_path, id):
    module = id.partition(":")[0]
    folder = make_project(tmp_path / "project", ROBOT)
    shutil.copy(ENVIRONMENTS / f"{module}.py", folder)
    words = [verb.format(id=id, how=OTHERS[id], module=module).split() for verb in VERBS]
    run_commands(folder, [little(some) for some in words])
    assert (folder / "runs/table/report.html").exists()
