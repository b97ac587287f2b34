"""A person opens the closed set for modules of theirs, and for nothing else."""

import sys

import pytest
from torch import nn

from wmpc.errors import WmpcError
from wmpc.system import construct
from wmpc.wm.models.build import build, find_part

CODE = """
from torch import nn
class Part(nn.Module):
    def __init__(self, width: int = 3):
        super().__init__()
        self.width = width
class _Hidden(nn.Module): pass
def make(): return Part()
plain = dict
"""


@pytest.fixture(autouse=True)
def planted(tmp_path, monkeypatch):
    """A package that can be imported, and a process in which nobody has allowed anything."""
    monkeypatch.setattr(construct, "ALLOWED", set())
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("planted_parts", "planted_parts_too"):
        (tmp_path / f"{name}.py").write_text(CODE)
    yield
    for name in ("planted_parts", "planted_parts_too"):
        sys.modules.pop(name, None)


def test_nothing_is_imported_before_a_person_says_so():
    for target in ("planted_parts:Part", "planted_parts.Part"):
        with pytest.raises(WmpcError, match=r"allow=\[planted_parts\] on the command line"):
            build({"_target_": target})
    assert "planted_parts" not in sys.modules
    construct.allow(["planted_parts"])
    for target in ("planted_parts:Part", "planted_parts.Part"):
        assert build({"_target_": target, "width": 4}).width == 4
    assert issubclass(find_part("planted_parts:Part"), nn.Module)


@pytest.mark.parametrize(
    "target",
    ["planted_parts_too:Part", "planted_parts:_Hidden", "planted_parts:make", "planted_parts:plain",
     "planted_parts:nn.Linear.forward", "os.system", "torch.nn.Linear", "wmpc.planners.CEM",
     "wmpc.wm.models.build.build"],
)  # fmt: skip
def test_what_else_there_is_stays_closed(target):
    construct.allow(["planted_parts", "wmpc"])
    with pytest.raises(WmpcError):
        build({"_target_": target})
    assert "planted_parts_too" not in sys.modules


@pytest.mark.parametrize("name", ["", ".", "mine/x", "mine:Part", "../mine", " mine", 3, None])
def test_only_names_of_modules_can_be_allowed(name):
    with pytest.raises(WmpcError, match="allow="):
        construct.allow([name])
