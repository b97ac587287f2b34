"""Environments that a file names: what is registered is made, nothing is imported or read."""

import sys

import gymnasium
import pytest

from wmpc import envs
from wmpc.envs.recorded import GIVEN
from wmpc.errors import WmpcError
from wmpc.system.construct import find

PLANTED = """
import gymnasium, pathlib
pathlib.Path({mark!r}).write_text("ran")
gymnasium.register({id!r}, entry_point="gymnasium.envs.mujoco.reacher_v5:ReacherEnv")
"""
REFUSED = {
    "module": {"id": "planted:Zen-v0"},
    "module and namespace": {"id": "planted:a/Zen-v0"},
    "two modules": {"id": "planted:planted:Zen-v0"},
    "no text": {"id": 3},
    "a spec": {"id": {"id": "Zen-v0", "entry_point": "planted:make"}},
    "nothing": {"id": None},
    "empty": {"id": ""},
    "a NUL": {"id": "Hopper-v5\0"},
    "a surrogate": {"id": "\udc80"},
    "unknown": {"id": "Zen-v0"},
    "a path": {"id": "Hopper-v5", "xml_file": "/tmp/a.xml"},
    "a path from here": {"id": "Hopper-v5", "xml_file": "./a.xml"},
    "a path upwards": {"id": "Hopper-v5", "xml_file": "../../a.xml"},
    "home": {"id": "Hopper-v5", "xml_file": "~"},
    "a nested path": {"id": "Hopper-v5", "camera": {"a": [{"b": "/tmp/a.xml"}]}},
    "a module in an argument": {"id": "Reacher-v5", "env_id": "planted:Zen-v0"},
    "a dotted name": {"id": "Reacher-v5", "wrapper": "planted.make"},
    "a window": {"id": "Hopper-v5", "render_mode": "human"},
    "memory": {"id": "Hopper-v5", "max_geom": 10**9},
    "pixels": {"id": "Hopper-v5", "drawn_by": "gymnasium", "width": 10**5},
    "not finite": {"id": "Hopper-v5", "frame_skip": float("nan")},
    "beyond a float": {"id": "Hopper-v5", "frame_skip": 10**400},
    "an object": {"id": "Hopper-v5", "frame_skip": object()},
    "deep": {"id": "Hopper-v5", "a": [[[[[[[[[[[[1]]]]]]]]]]]]},
    "wrong": {"id": "Hopper-v5", "frame_skip": "many"},
    "wrong kind": {"id": "Hopper-v5", "xml_file": 3},
    "unknown argument": {"id": "wmpc/Reacher-v0", "env_id": 3},
    "number as text": {"id": "wmpc/Reacher-v0", "image_size": "64"},
    "key": {"id": "wmpc/Reacher-v0", 3: 3},
}


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """A module in the current directory and on the path; the mark it leaves when it runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    mark = tmp_path / "mark"
    (tmp_path / "planted.py").write_text(PLANTED.format(mark=str(mark), id="Zen-v0"))
    (tmp_path / "a.xml").write_text("<mujoco/>")
    GIVEN.clear()
    yield mark
    sys.modules.pop("planted", None)
    gymnasium.registry.pop("Zen-v0", None)
    GIVEN.clear()


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case, planted):
    with pytest.raises(WmpcError):
        envs.make_recorded(REFUSED[case])
    assert not planted.exists() and "planted" not in sys.modules


def test_what_is_registered_is_made(planted):
    for stated in (
        {"id": "wmpc/Reacher-v0", "image_size": 16},
        {"id": "Hopper-v5", "xml_file": "hopper.xml", "frame_skip": 2, "camera": "track"},
    ):
        made = envs.make_recorded(stated)
        assert made.id == stated["id"]
        made.close()


def test_what_a_person_allows_is_made(planted):
    envs.allow("planted:Zen-v0")
    assert planted.exists()
    made = envs.make_recorded({"id": "planted:Zen-v0", "image_size": 16})
    assert made.id == "planted:Zen-v0"  # as the file has it: manifests are compared by it
    made.close()


def test_a_module_that_a_person_imported_is_not_imported_again(planted):
    envs.allow("planted:Zen-v0")
    planted.unlink()
    sys.modules.pop("planted")
    envs.make_recorded({"id": "planted:Zen-v0", "image_size": 16}).close()
    assert not planted.exists()


def test_paths_that_a_person_gives(planted):
    stated = {"id": "Hopper-v5", "xml_file": "./a.xml"}
    envs.allow(None, {"xml_file": "./a.xml"})
    with pytest.raises(WmpcError, match="cannot"):  # it was read, and is no hopper
        envs.make_recorded(stated)


def test_what_a_person_names_and_is_not_there():
    with pytest.raises(WmpcError, match="nowhere_at_all"):
        envs.allow("nowhere_at_all:Zen-v0")


def test_the_current_directory_comes_last(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
    (tmp_path / "colorsys.py").write_text("raise SystemExit('a file of the same name ran')")
    sys.modules.pop("colorsys", None)
    with pytest.raises(WmpcError):
        envs.allow("nowhere_at_all:Zen-v0")
    find("colorsys:rgb_to_hsv")
    assert sys.path[-1] == str(tmp_path)
