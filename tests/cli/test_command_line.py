"""Wrong words end in one sentence and exit code 2; right ones give a typed configuration."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wmpc.cli import compose, main

WRONG = {
    "verb": ("colect", "did you mean 'collect'"),
    "task": ("collect task=nope", "push_two, pusher, reacher"),
    "task near": ("collect task=two_rom", "did you mean 'two_room'"),
    "task as a node": ("collect task={}", "there is no task {}"),
    "task as a list": ("collect task=[reacher]", "there is no task ['reacher']"),
    "task as a number": ("collect task=5", "there is no task 5"),
    "task as null": ("collect task=null", "there is no task None"),
    "group of another verb": ("collect model=small", "no key of wmpc collect 'model'"),
    "group for a verb without": ("doctor task=reacher", "no key of wmpc doctor 'task'"),
    "key": ("collect epsodes=3", "did you mean 'episodes'"),
    "key of an earlier version": ("eval run=x patience=3", "it is called 'timeout_s' now"),
    "group of an earlier version": ("collect env=reacher", "it is called 'task' now"),
    "the same in a sweep": ("demo -m env=reacher,two_room", "it is called 'task' now"),
    "the same added to": ("collect +env.kwargs.tolerances={a:1}", "'task.kwargs.tolerances' now"),
    "another": ("eval run=x manifest=hard", "it is called 'cases' now"),
    "a key of it": ("eval run=x manifest.budget=3", "it is called 'cases.budget' now"),
    "a renamed key of it": ("eval run=x manifest.cases=3", "it is called 'cases.count' now"),
    "inner key": ("collect task.kwargs.size=3", "no key of wmpc collect 'task.kwargs.size'"),
    "hydra's own key": ("collect hydra.run.dir=x", "hydra.run.dir=x is for the jobs of a sweep"),
    "node by a number": (
        "collect task.kwargs=3",
        "set its keys, such as task.kwargs.image_size=64",
    ),
    "node by a node": ("collect task.kwargs={a:3}", "set its keys"),
    "word for a number": ("collect episodes=many", "a whole number like 1000"),
    "fraction for a number": ("collect episodes=1.5", "a whole number like 1000"),
    "null for a number": ("collect episodes=null", "a whole number like 1000"),
    "list for a number": ("collect episodes=[1]", "a whole number like 1000"),
    "word for steps": ("train train.steps=abc", "train.steps is a whole number or null"),
    "endless steps": ("train train.steps=inf", "train.steps is a whole number or null"),
    "number for a node with a group's name": ("demo cases=3", "such as cases.count=100"),
    "number for text": ("collect policy=3", "text like random"),
    "no value": ("collect episodes", "cannot read 'episodes'"),
    "no key": ("collect =3", "cannot read '=3'"),
    "open bracket": ("collect data=[3", "cannot read 'data=[3'"),
    "option": ("collect --episodes=3", "no flag --episodes=3"),
    "deletion": ("collect ~seed", "write key=value"),
    "addition nowhere": ("collect +colour=red", "no key of wmpc collect 'colour'"),
    "interpolation": ("collect data=${nothing}", "nothing"),
    "sweep without -m": ("collect seed=0,1", "add -m"),
    "endless sweep": ("collect -m seed=interval(0,1)", "no list of values"),
    "wrong value in a sweep": ("collect -m task=reacher,nope", "there is no task 'nope'"),
    "words for a verb without": ("eval a b data=x", "cannot read 'a'"),
    "option among words": ("report compare a --b", "no flag --b"),
    "key among words": ("report compare a b evl=3", "did you mean 'eval'"),
    "missing value": ("plan run=x", "goal=... must be given"),
    "word for do": ("data inspekt data=x", "did you mean 'inspect'"),
    "no recording": ("data inspect", "say which recording"),
    "two recordings": ("data inspect a b", "one at a time"),
    "nowhere to import to": ("data import notes.txt", "data=data/NAME"),
    "nowhere to export to": ("data export data=notes.txt", "out=FOLDER"),
    "no such format": ("data inspect notes.txt format=csv", "wmpc reads d4rl, lerobot"),
    "policy": ("collect policy=clever", "random, scripted, mixed"),
    "no episodes": ("collect episodes=0", "at least 1"),
    "negative seed": ("collect seed=-1", "seed is not negative"),
    "negative workers": ("collect workers=-1", "-1 workers came"),
    "no steps": ("collect steps=0", "at least 1"),
    "empty picture": ("collect task.kwargs.image_size=0 workers=0", "0 x 0 pixels"),
    "constructor's argument": ("collect +task.kwargs.wind=1", "unexpected keyword argument 'wind'"),
    "no such variation": ("collect task=two_room task.kwargs.variation=odd", "fixed"),
    "no scripted policy": ("collect task=pusher policy=scripted workers=0", "policy=random"),
    "no gymnasium id": ("collect task=pusher task.id=Nope-v5", "No environment 'Nope-v5'"),
    "no dataset": ("data inspect data=nowhere", "there is no dataset at nowhere"),
    "a file": ("data check data=notes.txt", "notes.txt is in no format that is recognised"),
    "another folder": ("collect data=. episodes=1", "not a wmpc dataset"),
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("precious")


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input(capsys, tmp_path, case):
    words, message = WRONG[case]
    assert main.main(words.split(" ")) == 2
    error = capsys.readouterr().err
    assert message in error and error.startswith("wmpc ")
    assert error.count("\n") == 1 and "Traceback" not in error
    assert (tmp_path / "notes.txt").read_text() == "precious"
    assert not list(tmp_path.rglob("*.npy"))


def test_a_bug_keeps_its_traceback_and_debug_shows_all(capsys, monkeypatch):
    monkeypatch.setattr(compose, "jobs", lambda *_: 1 / 0)
    assert main.main(["collect"]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
    monkeypatch.setenv("WMPC_DEBUG", "1")
    assert main.main(["nope"]) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("verb", main.VERBS)
def test_help_of_every_verb_names_keys_and_two_examples(capsys, verb):
    assert main.main([verb, "--help"]) == 0
    help = capsys.readouterr().out
    assert help.count(f"wmpc {verb}") >= 3  # its title and two examples
    assert "defaults:" not in help


@pytest.mark.parametrize(
    "first", ["import wmpc", "from wmpc.cli.main import main; main(['--help'])"]
)
def test_what_is_asked_first_imports_nothing_slow(first):
    program = f"import sys, time; began = time.perf_counter(); {first}; " + (
        "assert not {'torch', 'hydra', 'mujoco', 'numpy'} & set(sys.modules); "
        "print(f'{time.perf_counter() - began:.3f} s')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    print(first, done.stdout.splitlines()[-1])
    assert "main" not in first or all(verb in done.stdout for verb in main.VERBS)


def test_a_verb_is_one_module_and_one_yaml_file(tmp_path):
    root = Path(main.__file__).parents[2]
    for room in ("wmpc", "wm", "planners", "envs", "configs"):
        shutil.copytree(root / room, tmp_path / room, symlinks=True)
    (tmp_path / "configs" / "greet.yaml").write_text(
        "# wmpc greet: say hello to somebody; politely.\n#\n#   wmpc greet whom=you\nwhom: ???\n"
    )
    (tmp_path / "wmpc" / "cli" / "greet.py").write_text(
        "def run(cfg):\n    print('hello', cfg.whom)\n"
    )
    tried = [("--help",), ("greet", "whom=Ada"), ("greet",)]
    shown = [
        subprocess.run(
            [sys.executable, "-m", "wmpc.cli.main", *words], cwd=tmp_path, capture_output=True,
            text=True, env=os.environ | {"PYTHONPATH": str(tmp_path)},
        )
        for words in tried
    ]  # fmt: skip
    assert "  greet    say hello to somebody\n" in shown[0].stdout
    assert shown[1].stdout == "hello Ada\n"
    assert shown[2].returncode == 2 and "whom=... must be given" in shown[2].stderr


def test_version(capsys):
    assert main.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("wmpc 0.")


def test_groups_and_keys_compose():
    words = ["task=two_room", "task.kwargs.variation=random", "episodes=7", "data=runs/x-seed=0"]
    (job,) = compose.jobs("collect", words)
    assert job.config.task.id == "wmpc/TwoRoom-v0"
    assert job.config.task.kwargs.variation == "random"
    assert (job.config.episodes, job.config.data) == (7, "runs/x-seed=0")


def test_bare_words_are_do_and_of():
    odd = ["runs/x-seed=0", "a b", "it's", "a,b", "./seed=0", "x[1]", "vs"]
    (job,) = compose.jobs("report", ["compare", *odd, "out=o.json"])
    assert job.config.do == "compare" and list(job.config.of) == odd
    assert job.config.out == "o.json"
    (job,) = compose.jobs("report", ["do=compare", "of=[a,b]"])
    assert (job.config.do, list(job.config.of)) == ("compare", ["a", "b"])
    (job,) = compose.jobs("report", ["run=runs/x-seed=0"])
    assert (job.config.do, list(job.config.of)) == ("page", [])


def test_sweeps_do_not_collide():
    jobs = compose.jobs("collect", ["-m", "seed=0,1", "steps=range(2,4)", "workers=1"])
    assert [job.title for job in jobs][:2] == ["seed=0 steps=2", "seed=0 steps=3"]
    assert [job.config.data for job in jobs] == [
        f"data/reacher-seed={seed}-steps={steps}" for seed in (0, 1) for steps in (2, 3)
    ]
    jobs = compose.jobs("collect", ["-m", "task=reacher,two_room"])
    assert [job.config.data for job in jobs] == ["data/reacher", "data/two_room"]
    assert [job.config.policy for job in jobs] == ["random", "mixed"]
