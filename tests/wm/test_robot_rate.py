"""The tutorial of docs/own-robot.md at its own size: the arm is reached where chance is not.

Beside the tests of training, so that it comes last among the slow ones: it takes a quarter of an
hour.
"""

import json
import re
import shlex
from pathlib import Path

import pytest
from own_package import OWN, PROGRAM, make_project, run_python

PAGE = Path(__file__).parents[2] / "docs" / "own-robot.md"


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_arm_of_the_page_is_reached(tmp_path):
    (shell,) = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    collect, train, score = [shlex.split(line)[1:] for line in shell.splitlines()[:3]]
    assert (collect[0], train[0], score[0]) == ("collect", "train", "eval")
    folder = make_project(tmp_path / "project", OWN.with_name("robot"))
    done = run_python(folder, PROGRAM, json.dumps([collect, train, [*score, "name=page"]]))
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads((folder / "runs" / "arm" / "eval" / "page" / "results.json").read_text())
    rates = {name: one["summary"]["success"]["rate"] for name, one in found["reference"].items()}
    assert found["summary"]["success"]["rate"] >= 0.8 and rates["replay"] == 1
    assert rates["random"] <= 0.15
