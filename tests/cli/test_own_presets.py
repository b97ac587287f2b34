"""What a person adds is chosen like what is ours: presets, configurations, classes, launchers."""

import sys
from types import ModuleType

import pytest
import yaml
from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins

from wmpc.cli import compose, doctor
from wmpc.cli.main import main
from wmpc.errors import WmpcError
from wmpc.system.construct import construct

MODULE = """
from wmpc.planners import CEM

class Planner(CEM):
    def __init__(self, samples: int = 12, elites: int = 4, colour: str = "red", inner=None):
        super().__init__(samples=samples, elites=elites)
        self.colour, self.inner = colour, inner

class Inner:
    def __init__(self, size: int):
        self.size = size
"""
FILES = {
    "planner/mine.yaml": "_target_: somebodys.Planner\nsamples: 16",
    "planner/nested.yaml": "defaults: [inner: small, _self_]\n_target_: somebodys:Planner",
    "planner/inner/small.yaml": "_target_: somebodys.Inner\nsize: 1",
    "planner/inner/large.yaml": "_target_: somebodys.Inner\nsize: 9",
    "planner/odd.yaml": "_target_: somebodys:Planner\nsample: 16",
    "planner/gone.yaml": "_target_: nobodys:Planner",
    "planner/broken.yaml": "_target_: [",
    "cases/short.yaml": "kind: ahead\nbudget: 3",
    "quick.yaml": "defaults: [eval, override planner: cem, _self_]\ncold: 2",
    "typo.yaml": "defaults: [eval, _self_]\nfrozen: 2",
    "other.yaml": "defaults: [eval, _self_]\ncold: many",
    "bare.yaml": "cold: 2",
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    (folder / "somebodys.py").write_text(MODULE)
    for name, text in FILES.items():
        (folder / "own" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "own" / name).write_text(text)
    return folder


@pytest.fixture(autouse=True)
def folder(written, monkeypatch):
    """The current directory, with a module and a folder of presets in it."""
    monkeypatch.chdir(written)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = sorted(written.rglob("*"))
    yield written
    assert [p for p in sorted(written.rglob("*")) if "__pycache__" not in str(p)] == [
        p for p in before if "__pycache__" not in str(p)
    ]
    sys.modules.pop("somebodys", None)


def composed(*words):
    (job,) = compose.jobs("eval", list(words))
    return job.config


@pytest.mark.parametrize(
    ("words", "samples"),
    [
        (["--config-dir", "own", "planner=mine"], 16),
        (["--config-dir=own", "planner=mine", "planner.samples=20", "planner.elites=3"], 20),
        (["planner=somebodys:Planner"], 12),
        (["planner=somebodys:Planner", "planner.samples=20"], 20),
        (["planner._target_=somebodys.Planner"], 12),
    ],
)
def test_a_planner_of_ones_own(words, samples):
    made = construct(composed(*words).planner)
    assert type(made).__module__ == "somebodys" and made.samples == samples
    assert sys.path[-1] != sys.path[0]


def test_a_sweep_over_ours_and_ones_own():
    swept = compose.jobs("eval", ["-m", "-cd", "own", "planner=cem,mine,somebodys:Planner"])
    assert [job.config.planner.samples for job in swept] == [128, 16, 12]


def test_groups_inside_groups():
    chosen = composed("-cd", "own", "planner/inner=large", "planner=nested").planner
    assert construct(chosen).inner.size == 9
    changed = composed("-cd", "own", "planner=nested", "planner.inner.size=4").planner
    assert construct(changed).inner.size == 4
    with pytest.raises(WmpcError, match="no planner/inner 'larg'; did you mean 'large'"):
        composed("-cd", "own", "planner=nested", "planner/inner=larg")
    with pytest.raises(WmpcError, match="choose planner/inner="):
        composed("-cd", "own", "planner=nested", "planner.inner=large")
    with pytest.raises(WmpcError, match="no group of wmpc eval 'planner/inner'"):
        composed("-cd", "own", "planner/inner=large")


def test_help_names_what_is_ones_own(capsys):
    assert main(["eval", "-cd", "own", "planner=nested", "--help"]) == 0
    said = capsys.readouterr().out
    assert "mine, mppi, nested" in said and "# planner/inner: large, small" in said
    assert said.count("planner.inner.size=1") == 1


def test_a_configuration_of_ones_own():
    quick = composed("-cd", "own", "--config-name", "quick", "videos=1")
    assert (quick.cold, quick.videos, quick.planner._target_) == (2, 1, "wmpc.planners.CEM")


def test_the_config_home_is_looked_through(monkeypatch, tmp_path, written):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "wmpc").symlink_to(written / "own", target_is_directory=True)
    assert composed("planner=mine").planner.samples == 16


def test_the_configuration_is_printed_and_nothing_is_run(capsys):
    assert main(["eval", "--cfg", "job", "run=nowhere", "cold=3"]) == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed["cold"] == 3 and printed["planner"]["samples"] == 128


WRONG = {
    "planner=min": "no planner 'min'; did you mean 'mine'",
    "planner=odd": "no key of planner (somebodys:Planner) 'sample'; did you mean 'samples'",
    "planner=gone": "no module 'nobodys'",
    "planner=broken": "does not fit",
    "planner=mine planner.sample=3": "no argument of planner 'sample'; did you mean 'samples'",
    "planner=mine planner.samples=many": "a whole number like 16",
    "planner=somebodys:Nobody": "has no 'Nobody'",
    "planner=nobodys:Planner": "no module 'nobodys'",
    "cases=short": "cases=short lacks count=...",
    "++cases.foo=3": "no key of cases=ahead 'foo'",
    "--config-name typo": "no key of typo.yaml 'frozen'",
    "--config-name other": "cold is a whole number like 30",
    "--config-name bare": "bare.yaml",
    "--config-name quik": "no configuration 'quik'; did you mean 'quick'",
    "--config-dir nowhere": "no such folder",
    "--confg-dir own": "no flag --confg-dir",
    "--cfg hydra": "--cfg job",
    "hydra/launcher=basic": "add -m",
    "-m hydra/sweeper=optuna cold=1,2": "a launcher can be chosen",
    "-m hydra/launcher=nowhere cold=1,2": "pip install hydra-nowhere-launcher",
    "-m hydra.launcher.foo=3 cold=1,2": "hydra.launcher.foo",
}


@pytest.mark.parametrize("words", WRONG)
def test_what_is_wrong_is_a_sentence(words, capsys):
    assert main(["eval", "-cd", "own", *words.split(" ")]) == 2
    said = capsys.readouterr().err
    assert WRONG[words] in said and said.count("\n") == 1, said


def test_a_folder_with_the_name_of_an_earlier_group_is_not_overlooked(tmp_path, capsys):
    (tmp_path / "env").mkdir()
    assert main(["collect", "-cd", str(tmp_path)]) == 2
    assert "it is called 'task' now: rename the folder" in capsys.readouterr().err


def test_a_name_of_ours_is_not_hidden(tmp_path, capsys):
    (tmp_path / "planner").mkdir()
    (tmp_path / "planner/cem.yaml").write_text(FILES["planner/mine.yaml"])
    assert main(["eval", "-cd", str(tmp_path), "planner=cem"]) == 2
    assert "has the name of a preset of ours" in capsys.readouterr().err


class Reversed(BasicLauncher):
    """Somebody's launcher: runs the last job first."""

    def launch(self, job_overrides, initial_job_idx):
        return super().launch([*reversed(job_overrides)], initial_job_idx)


def test_any_launcher_runs_a_sweep_and_leaves_nothing(monkeypatch, capsys):
    for name in ("hydra_plugins", "hydra_plugins.reversed"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules[name].Reversed = Reversed
    monkeypatch.setattr(Reversed, "__module__", "hydra_plugins.reversed")
    Plugins.instance().register(Reversed)
    target = {"_target_": "hydra_plugins.reversed.Reversed"}
    ConfigStore.instance().store("reversed", target, "hydra/launcher")
    ran = []

    def run(cfg):
        ran.append(cfg.timeout)
        if cfg.timeout == 3:
            raise WmpcError("three is too many")

    monkeypatch.setattr(doctor, "run", run)
    for launcher, order in (("reversed", [2, 1]), ("basic", [1, 2])):
        assert main(["doctor", "-m", f"hydra/launcher={launcher}", "timeout=1,2"]) == 0
        assert ran == order
        ran.clear()
    assert main(["doctor", "-m", "hydra/launcher=basic", "timeout=3,4"]) == 2
    assert capsys.readouterr().err == "wmpc doctor: three is too many\n"
