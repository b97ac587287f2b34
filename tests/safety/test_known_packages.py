"""Packages of environments that a file may have imported: a closed set, if installed."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from wmpc import envs
from wmpc.envs.worlds import packages
from wmpc.errors import WmpcError
from wmpc.system import construct


def test_the_set_is_this_and_each_has_its_module():
    assert {*packages.PACKAGES} == {"gym_pusht", "gymnasium_robotics", "ogbench"}
    folder = Path(packages.__file__).parent
    assert all((folder / f"{name}.py").exists() for name in packages.PACKAGES)


@pytest.mark.parametrize("id", ["dm_control:cartpole", "metaworld:Meta-World/MT1"])
def test_packages_that_do_not_run_are_not_imported(id):
    with pytest.raises(WmpcError, match="do not run beside MuJoCo 4"):
        envs.make(id)


def test_a_missing_package_is_named_with_the_command(monkeypatch):
    nowhere = SimpleNamespace(find_spec=lambda *_: None)
    monkeypatch.setattr(packages, "PathFinder", nowhere)
    for name, extra in packages.PACKAGES.items():
        monkeypatch.delitem(sys.modules, name, raising=False)
        for make in (envs.make, lambda id: envs.make_recorded({"id": id})):
            with pytest.raises(WmpcError, match=rf"pip install 'wmpc\[{extra}\]'"):
                make(f"{name}:Any-v9")


PROGRAM = """
import os, sys
from importlib.machinery import PathFinder
from wmpc import envs
from wmpc.errors import WmpcError

whole = PathFinder.find_spec

def find(name, path=None, target=None):  # as if nothing of the extra were installed
    if name.partition(".")[0] == sys.argv[1].partition(":")[0]:
        path = [p for p in (sys.path if path is None else path) if p in ("", os.getcwd())]
    return whole(name, path, target)

PathFinder.find_spec = staticmethod(find)
sys.path.append(os.getcwd())
try:
    envs.make_recorded({"id": sys.argv[1]})
except WmpcError as error:
    print(error)
print("ran" if "planted" in sys.modules else "did not run")
"""


def test_a_file_does_not_import_one_from_the_current_directory(tmp_path):
    """A folder beside a dataset of somebody else's, named as a package that is not installed."""
    for name in (*packages.PACKAGES, "other"):
        (tmp_path / f"{name}.py").write_text(
            "import sys\nsys.modules['planted'] = sys\nraise OSError"
        )
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "program.py").write_text(PROGRAM)
    for name in (*packages.PACKAGES, "other"):
        command = [sys.executable, "inner/program.py", f"{name}:Any-v9"]
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        assert "did not run" in done.stdout, done.stdout + done.stderr
        assert "pip install 'wmpc[" in done.stdout or name == "other"


def test_the_installed_one_counts_not_that_of_the_current_directory(tmp_path, monkeypatch):
    """`python -m` puts the current directory first."""
    for place in ("here", "installed"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "made_up_world.py").write_text(f"PLACE = {place!r}")
    monkeypatch.setitem(packages.PACKAGES, "made_up_world", "worlds")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(sys, "path", ["", str(tmp_path / "installed"), *sys.path])
    packages.import_package("made_up_world")
    assert sys.modules.pop("made_up_world").PLACE == "installed" and sys.path[0] == ""


def test_a_person_may_allow_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr(construct, "ALLOWED", {"ogbench"})
    seen = []
    monkeypatch.setattr(packages, "import_named", seen.append)
    packages.import_package("ogbench")
    packages.import_package("theirs")
    assert seen == ["ogbench", "theirs"]
