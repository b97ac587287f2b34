"""Every mutation of `scripts/mutants.py` can still be made, so that the list does not rot."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
spec = spec_from_file_location("mutants", ROOT / "scripts" / "mutants.py")
assert spec is not None and spec.loader is not None
mutants = sys.modules["mutants"] = module_from_spec(spec)
spec.loader.exec_module(mutants)
ALL = mutants.mutations()


def test_there_are_forty_or_more_of_different_names():
    assert len({m.name for m in ALL}) == len(ALL) >= 40
    assert len({(m.file, m.text, m.becomes) for m in ALL}) == len(ALL)


@pytest.mark.parametrize("mutation", ALL, ids=lambda m: m.name.replace(" ", "-"))
def test_a_mutation_still_applies_and_its_tests_exist(mutation):
    source = (ROOT / mutation.file).read_text()
    assert mutation.apply(source) != source
    assert mutation.tests
    for test in mutation.tests:
        file, _, name = test.partition("::")
        assert f"def {name}" in (ROOT / file).read_text()


def test_one_that_does_not_is_named():
    one = ALL[0]
    for source in ("", one.text * 2):
        with pytest.raises(ValueError, match=one.name):
            one.apply(source)
    broken = mutants.Mutation("broken", "x.py", "pass", "pass (", ("x",))
    with pytest.raises(ValueError, match="no longer compiles"):
        broken.apply("pass")
