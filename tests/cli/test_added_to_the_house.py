"""What somebody wrote becomes the house's own by moving it there: one file and one preset each."""

import json
import re
import shutil
from pathlib import Path

import pytest
from own_package import LITTLE, OWN, run_python

ROOT = Path(__file__).parents[2]
MOVED = {
    "encoder": ("wm/models/encoders/thumbnail.py", "model/encoder/thumbnail"),
    "slow": ("wm/objectives/slow.py", "objective/slow"),
    "readable": ("wm/objectives/readable.py", "objective/readable"),
    "teacher": ("wm/objectives/teacher.py", "objective/teacher"),
    "distance": ("wm/objectives/distance.py", "objective/distance"),
    "masked": ("wm/objectives/masked.py", "objective/masked"),
    "planner": ("planners/wiggle.py", "planner/wiggle"),
    "cost": ("planners/costs/gentle.py", "cost/gentle"),
    "agent": ("wmpc/agents/restful.py", "agent/restful"),
    "cart": ("envs/tasks/cart", "task/cart"),
}
"""Of each thing in examples/own, where it goes, and its preset in configs/."""
PROGRAM = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import wmpc
assert Path(wmpc.__file__).is_relative_to(sys.argv[1]), wmpc.__file__
from wmpc.cli import compose
from wmpc.cli.main import main
from wmpc.wm.objectives.objective import terms
if __name__ == "__main__":
    assert {"slow", "readable", "teacher", "distance", "masked"} <= {*terms()}
    for term in ("readable", "slow", "distance", "masked"):
        compose.jobs("train", [f"objective={term}"])
    for words in json.loads(sys.argv[2]):
        assert main(words) == 0, words
    assert not [name for name in sys.modules if name.split(".")[0] == "mine"]
"""
VERBS = [
    ["collect", "task=cart", "data=cart"],
    ["train", "data=cart", "run=run", "model/encoder=thumbnail", "objective=teacher"],
    ["eval", "run=run", "planner=wiggle", "cost=gentle", "agent=restful"],
]


def module_of(path):
    """The dotted name that a file or folder of the rooms is imported by."""
    return "wmpc." + path.removeprefix("wmpc/").removesuffix(".py").replace("/", ".")


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A copy of the packages, to which each thing was added, and of which nothing was changed."""
    folder = tmp_path_factory.mktemp("house")
    skipped = shutil.ignore_patterns("__pycache__")
    for room in ("wm", "planners", "envs", "configs", "wmpc"):
        shutil.copytree(ROOT / room, folder / room, symlinks=True, ignore=skipped)
    for name, (path, preset) in MOVED.items():
        presets = [path.read_text() for path in (OWN / "conf").rglob("*.yaml")]
        (text,) = [text for text in presets if f"mine.{name}:" in text]
        text = text.replace("mine.cart:mine/", "wmpc/")
        text = re.sub(r"\bmine\.\w+:", f"{module_of(path)}.", text)
        files = {folder / "configs" / f"{preset}.yaml": text}
        if name == "cart":
            for file in (OWN / "mine" / "cart").glob("[!_]*.*"):
                files[folder / path / file.name] = file.read_text()
            files[folder / path / "__init__.py"] = ""
        else:
            files[folder / path] = (OWN / "mine" / f"{name}.py").read_text()
        for file, content in files.items():
            assert not file.exists()
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
    return folder


def test_everything_of_the_example_has_its_place():
    assert {*MOVED} == {path.stem for path in (OWN / "mine").glob("[a-z]*")}


def test_what_is_added_is_found_and_works(house, tmp_path):
    words = [[*verb, *LITTLE[verb[0]]] for verb in VERBS]
    done = run_python(tmp_path, PROGRAM, str(house), json.dumps(words))
    assert done.returncode == 0, done.stderr
