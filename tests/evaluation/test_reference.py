"""Floors are remembered, for as long as what computed them is the same."""

import pytest

from wmpc import envs
from wmpc.evaluation import references as module
from wmpc.evaluation.draw_cases import draw_manifest
from wmpc.wm.data import open_episodes

NONE = {"cases": 0}


@pytest.fixture
def asked(reacher, tmp_path, monkeypatch):
    """asked(): the floors; `asked.measured` lists what was not remembered."""
    task = envs.make("wmpc/Reacher-v0", image_size=32)
    drawn = draw_manifest(open_episodes(reacher), task, count=2, blocks=2, budget=2, lead_in=1)
    measured, real = [], module.run_cases

    def watched(*arguments, **keywords):
        measured.append(1)
        return real(*arguments, **keywords)

    monkeypatch.setattr(module, "run_cases", watched)

    def ask():
        return module.measure_references(drawn, tmp_path / "drawn.json", task, NONE)

    ask.measured = measured
    yield ask
    task.close()


def test_floors_are_measured_once(asked):
    first = asked()
    assert len(asked.measured) == len(first) == 3
    assert asked() == first and len(asked.measured) == 3


@pytest.mark.parametrize("part", [*module.LIBRARIES, "code"])
def test_floors_of_another_version_are_measured_anew(asked, monkeypatch, part):
    asked()
    now = module.computed_by()
    monkeypatch.setattr(module, "computed_by", lambda: now | {part: "another"})
    assert asked()["zero"]["settings"]["computed_by"][part] == "another"
    assert len(asked.measured) == 6


def test_the_code_that_computes_them_is_part_of_their_version(tmp_path, monkeypatch):
    package = tmp_path / "floor_of_tests"
    (package / "deeper").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path)
    found = []
    for text in ("x = 1", "x = 2"):
        (package / "deeper" / "task.py").write_text(text)
        module.code_digest.cache_clear()
        found.append(module.code_digest(("floor_of_tests",)))
    assert found[0] != found[1]
