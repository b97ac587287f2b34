"""The example of a package of one's own: trained, resumed, used again, never on a file's word."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import yaml
from hydra.core.config_store import ConfigStore
from own_package import LITTLE, OWN, PROGRAM, make_project, run_python

from wmpc.cli import compose

ROOT = Path(__file__).parents[2]
ROOMS = ("wm", "planners", "envs", "configs", "wmpc")
COMMANDS = [
    shlex.split(line)[1:]
    for block in re.findall(r"```sh\n(.*?)```", (OWN / "README.md").read_text(), re.DOTALL)
    for line in block.splitlines()
]
PRESETS = sorted((OWN / "conf").rglob("*.yaml"))
RESUMED = """
import wmpc
from wmpc.api.presets import read_preset
from wmpc.wm.training.checkpoint import read_weights, weights_digest
from wmpc.wm.training.stop import Stopped
patches = {"_target_": "wmpc.wm.models.encoders.ViTEncoder", "tokens": "patches"}
patches |= {"patch": 8, "width": 16, "depth": 1, "heads": 2}
for encoder, names in (
    ({"_target_": "mine.encoder:Thumbnail"}, ("teacher", "readable")),
    (patches, ("distance", "masked")),
):
    model = read_preset("model", "small") | {"encoder": encoder}
    terms = {name: {"_target_": f"mine.{name}:{name.title()}"} for name in names}
    looks = iter([False] * 2 + [True] * 99)
    train = lambda run, **more: wmpc.train(
        "data/cart", run, model, objective={"prediction": 1.0, **terms}, steps=5, batch=4, **more
    )
    train(f"runs/whole-{names[0]}")
    cut = f"runs/cut-{names[0]}"
    try:
        train(cut, stop=lambda: next(looks))
        raise SystemExit("it was not interrupted")
    except Stopped:
        train(cut)
    one, two = (read_weights(run)[1] for run in (f"runs/whole-{names[0]}", cut))
    assert weights_digest(one) == weights_digest(two)
    assert any(name.startswith(f"objective.by_name.{names[1]}.") for name in one)
"""
REFUSED = """
import sys
import wmpc
sys.path.insert(0, ".")
said = []
for refused in (lambda: wmpc.load("runs/cart"), lambda: wmpc.evaluate("runs/cart")):
    try:
        refused()
    except wmpc.WmpcError as error:
        said.append(str(error))
assert all('allow=["mine"]' in s and "allow=[mine]" in s for s in said) and len(said) == 2, said
assert not [name for name in sys.modules if name.split(".")[0] == "mine"]
model = wmpc.load("runs/cart", allow=["mine"])
assert type(model.encoder).__name__ == "Thumbnail"
assert len(wmpc.evaluate("runs/cart", agent="random", cases={"count": 1, "blocks": 4}, cold=0,
                         videos=0, reference={"cases": 0}).rows) == 1
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The project with its dataset and its run, made by the first two commands of its page."""
    folder = make_project(tmp_path_factory.mktemp("own") / "project")
    words = [[*words, *LITTLE[words[0]]] for words in COMMANDS[:2]]
    done = run_python(folder, PROGRAM, json.dumps(words))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_of_the_page_is_taken(words, monkeypatch):
    monkeypatch.chdir(OWN)
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert compose.jobs(words[0], words[1:])
    forget(ConfigStore.instance().repo)


def forget(stored):
    """Take what is made of the signatures in the example out of what can be chosen."""
    for name in [*stored]:
        if name.startswith("mine."):
            del stored[name]
        elif isinstance(stored[name], dict):
            forget(stored[name])


def test_each_thing_is_one_file_and_one_preset():
    named = {}
    for preset in PRESETS:
        text = preset.read_text()
        (module,) = re.findall(r"\bmine\.(\w+)", text)
        assert module not in named, f"{module} has two presets"
        named[module] = preset
        assert yaml.safe_load(text)
    there = {path.stem for path in (OWN / "mine").glob("[a-z]*")}
    assert {*named} == there and len(there) >= 7
    for file in (OWN / "mine").rglob("*.py"):
        others = there - {file.stem, file.parent.name}
        imported = re.findall(r"(?:from|import) (?:mine)?\.(\w+)", file.read_text())
        assert not others & {*imported}, f"{file} needs another file"


def test_a_run_is_used_again_only_if_its_modules_are_allowed(project):
    done = run_python(project, REFUSED)
    assert done.returncode == 0, done.stderr


def test_a_training_with_parts_of_ones_own_is_resumed_to_the_bit(project):
    done = run_python(project, RESUMED)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The interpreter of an environment that has the wheel, and of the packages that are here the
    others."""
    folder = tmp_path_factory.mktemp("wheel")
    skipped = shutil.ignore_patterns("__pycache__")
    for room in ROOMS:
        shutil.copytree(ROOT / room, folder / "source" / room, symlinks=True, ignore=skipped)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, folder / "source")
    venv.create(folder / "venv")
    (site,) = (folder / "venv").glob("lib/*/site-packages")
    (site / "others.pth").write_text("\n".join(p for p in sys.path if "site-packages" in p))
    pip = [sys.executable, "-m", "pip", "-q"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, folder / "source"]
    subprocess.run(build, check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", site, wheel], check=True)
    return folder / "venv" / "bin" / "python"


@pytest.mark.slow  # two to three minutes
def test_all_verbs_from_a_wheel(installed, tmp_path):
    folder = make_project(tmp_path / "project")
    words = [[*words, *LITTLE.get(words[0], [])] for words in COMMANDS]
    words[0] = [word.replace("workers=1", "workers=2") for word in words[0]]
    words[2] += ["workers=2"]
    words[3] += ["planner.samples=8", "planner.elites=4"]
    program = PROGRAM + "    import wmpc; print(wmpc.__file__)\n"
    for part in (words[:2], words[2:9], words[9:]):
        done = run_python(folder, program, json.dumps(part), python=installed)
        assert done.returncode == 0, done.stderr
        assert str(installed.parents[1]) in done.stdout.splitlines()[-1]
    for file in ("eval/diagnosed/results.json", "report.html"):
        assert (folder / "runs/cart" / file).exists()
