"""Every key of every verb, with values that make no sense: one sentence, exit code 2."""

import io
import sys

import pytest
from omegaconf import OmegaConf

from wmpc.cli import compose
from wmpc.cli.checks import keys as all_keys
from wmpc.cli.main import main
from wmpc.evaluation.preparation import BOUNDS

NONSENSE = ["-1", "nan", "inf", "1e30", "-1e30", "many", "0", "''", "[1,2]", "{a: 1}", "null"]
NONSENSE += ["1" + 40 * "0", "[-inf]", "ψ", "a.b:c", "true"]
GIVEN = {
    "eval": ["run=nowhere"],
    "plan": ["run=nowhere", "goal=frame:9:1"],
    "collect": ["task.id=nowhere", "workers=0"],
    "report": ["run=nowhere"],
    "data": ["inspect", "nowhere"],
    "train": ["data=nowhere"],
    "curve": ["data=nowhere"],
}


def keys(verb):
    """The dotted keys of a verb whose values are no nodes."""
    (job,) = compose.jobs(verb, GIVEN[verb])
    found = [key for key in all_keys(job.config) if "_target_" not in key]
    return [k for k in found if not OmegaConf.is_dict(OmegaConf.select(job.config, k))]


def refused(capsys, words):
    """What is said, once, of a command that cannot run."""
    code = main(words)
    said = capsys.readouterr()
    assert code == 2 and "Traceback" not in said.err, (words, said.err[-2000:])
    assert said.err.count("\n") == 1, (words, said.err)
    return said.err


@pytest.mark.parametrize("verb", GIVEN)
def test_no_value_ends_in_a_traceback(verb, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for place, key in enumerate(keys(verb)[::5]):  # the slow test takes them all
        refused(capsys, [verb, *GIVEN[verb], f"{key}={NONSENSE[place % len(NONSENSE)]}"])


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("verb", GIVEN)
def test_no_value_ends_in_a_traceback_whatever_it_is(verb, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for key in keys(verb):
        for value in NONSENSE:
            refused(capsys, [verb, *GIVEN[verb], f"{key}={value}"])


@pytest.mark.parametrize("key", [key for key in BOUNDS if key != "agent.seed"][::5])
def test_an_evaluation_names_the_number_that_is_below_its_bound(key, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert f"{key}=-1 came" in refused(capsys, ["eval", "run=nowhere", f"{key}=-1"])


@pytest.mark.parametrize("words", [["--help"], ["train", "--help"], ["eval", "planner=ψ"]])
def test_output_that_is_ascii(words, monkeypatch):
    """As with PYTHONIOENCODING=ascii, or in a terminal without a locale."""
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), "ascii"))
    assert main(words) == (2 if "eval" in words else 0)
