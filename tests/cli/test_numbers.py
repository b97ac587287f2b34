"""Every number that a verb takes, with values that make no sense: one sentence, exit code 2."""

import pytest
from omegaconf import OmegaConf

from wmpc.cli import compose
from wmpc.cli.main import main
from wmpc.evaluation.asked import BOUNDS

NONSENSE = ["-1", "nan", "inf", "1e30", "-1e30", "many", "0"]
GIVEN = {
    "eval": ["run=nowhere"],
    "plan": ["run=nowhere", "goal=frame:9:1"],
    "collect": ["env.id=nowhere", "workers=0"],
    "report": ["run=nowhere"],
    "data": ["inspect", "nowhere"],
    "train": ["data=nowhere"],
}


def numbers(verb):
    """The dotted keys of a verb whose default is a number, or null."""
    (job,) = compose.jobs(verb, GIVEN[verb])

    def walk(node, prefix=""):
        for key, value in node.items():
            if isinstance(value, dict):
                yield from walk(value, f"{prefix}{key}.")
            elif value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
                yield prefix + key

    return list(walk(OmegaConf.to_container(job.config, throw_on_missing=False)))


def refused(capsys, words):
    """What is said, once, of a command that cannot run."""
    code = main(words)
    said = capsys.readouterr()
    assert code == 2 and "Traceback" not in said.err, (words, said.err[-2000:])
    assert said.err.count("\n") == 1, (words, said.err)
    return said.err


@pytest.mark.parametrize("verb", GIVEN)
def test_no_number_ends_in_a_traceback(verb, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keys = numbers(verb)
    assert len(keys) >= 3
    for place, key in enumerate(keys[::3]):  # composing takes 0.2 s; the slow test takes them all
        refused(capsys, [verb, *GIVEN[verb], f"{key}={NONSENSE[place % len(NONSENSE)]}"])


@pytest.mark.slow
@pytest.mark.parametrize("verb", GIVEN)
def test_no_number_ends_in_a_traceback_whatever_it_is(verb, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for key in numbers(verb):
        for value in ("-1", "nan", "many"):
            refused(capsys, [verb, *GIVEN[verb], f"{key}={value}"])


@pytest.mark.parametrize("key", [key for key in BOUNDS if key != "agent.seed"])
def test_an_evaluation_names_the_number_that_is_below_its_bound(key, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert f"{key}=-1 came" in refused(capsys, ["eval", "run=nowhere", f"{key}=-1"])
