"""`wmpc data` and training in place, through the command line, on a recorded set."""

import json

import numpy as np
import pytest
import yaml

import wmpc
from wmpc.cli.main import main
from wmpc.wm.data import open_episodes

SMALL = "task=reacher episodes=12 steps=12 task.kwargs.image_size=32 workers=0"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data-verbs")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["collect", "data=ours", *SMALL.split()]) == 0
        for to in ("lerobot", "minari", "swm"):
            out = {"minari": "minari/ours-v0", "swm": "ours.h5"}.get(to, to)
            assert main(["data", "export", "ours", f"to={to}", f"out={out}"]) == 0
    return folder


@pytest.fixture(autouse=True)
def there(home, monkeypatch):
    monkeypatch.chdir(home)


def same(name, lossless):
    ours, theirs = open_episodes("ours"), open_episodes(name)
    assert len(theirs) == len(ours)
    theirs.verify()
    for index in range(len(ours)):
        one, other = ours.episode(index), theirs.episode(index)
        for column in ("action", "proprio", "state"):
            assert np.array_equal(one[column], other[column])
        off = one["pixels"].astype(int) - other["pixels"]
        assert (
            np.array_equal(off, 0 * off)
            if lossless
            else 10 * np.log10(255**2 / np.mean(off**2)) > 35
        )


@pytest.mark.parametrize("recording", ["lerobot", "minari/ours-v0"])
def test_what_was_exported_comes_back(recording, capsys):
    name = recording.replace("/", "-") + "-again"
    assert main(["data", "import", recording, f"data={name}", "size=32"]) == 0
    said = capsys.readouterr().out
    assert "draws the recorded states as they were recorded" in said
    same(name, lossless=recording != "lerobot")
    meta, ours = open_episodes(name).meta, open_episodes("ours").meta
    for key in ("env", "kwargs", "render", "fps", "m", "action_low", "action_high"):
        assert meta[key] == ours[key], key
    assert main(["data", "import", recording, f"data={name}", "size=32"]) == 0
    assert "12 episodes are there already" in capsys.readouterr().out
    assert main(["data", "import", recording, f"data={name}", "size=64"]) == 2
    assert "size=32, now size=64" in capsys.readouterr().err


def test_what_was_exported_for_training_elsewhere_is_imported_once_its_rate_is_stated(capsys):
    assert main(["data", "import", "ours.h5", "data=rows", "size=32"]) == 2
    assert "recorded_fps" in capsys.readouterr().err
    assert main(["data", "import", "ours.h5", "data=rows", "size=32", "recorded_fps=10"]) == 0
    ours, theirs = open_episodes("ours").episode(3), open_episodes("rows").episode(3)
    assert np.array_equal(ours["pixels"], theirs["pixels"])
    assert np.array_equal(ours["action"].ravel(), theirs["action"].ravel())


def test_inspect_says_what_is_in_it_and_draws_it(capsys, home):
    assert main(["data", "inspect", "lerobot"]) == 0
    said = capsys.readouterr().out
    assert "wmpc/Reacher-v0" in said and "pixels" in said and "12" in said
    assert (home / "lerobot-inspect.png").stat().st_size > 1000
    assert main(["data", "inspect", "data=ours"]) == 0
    assert "11 to train on, 1 held out" in capsys.readouterr().out
    assert (home / "ours-inspect.png").exists()


def test_training_in_place_is_training_on_the_import(capsys):
    few = ["model=tiny", "train.steps=4", "train.batch=4", "view.size=32"]
    assert main(["data", "import", "minari/ours-v0", "data=lossless", "size=32"]) == 0
    assert main(["train", "name=imported", "data=lossless", *few]) == 0
    assert main(["train", "name=lying", "data=minari/ours-v0", *few]) == 0
    assert "holds them all" in capsys.readouterr().out
    one, other = wmpc.load("runs/imported").state_dict(), wmpc.load("runs/lying").state_dict()
    assert all(np.array_equal(one[key], other[key]) for key in one)


def test_a_set_imported_from_video_is_evaluated_where_it_was_recorded(home):
    assert main(["data", "import", "lerobot", "data=video", "size=32"]) == 0
    few = ["cases.count=2", "cases.blocks=2", "cold=1", "reference.cases=1", "videos=0"]
    assert (
        main(["train", "name=video", "data=video", "model=tiny", "train.steps=4", "train.batch=4"])
        == 0
    )
    assert main(["eval", "run=runs/video", "name=x", "planner.samples=8", *few]) == 0
    results = json.loads((home / "runs/video/eval/x/results.json").read_text())
    assert len(results["rows"]) >= 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("import lerobot data=new fps=1000", "cannot be had"),
        ("import lerobot data=new cameras=[top]", "no camera 'top'"),
        ("import lerobot data=new episodes=20:30", "episodes 0 to 11"),
        ("import lerobot data=new episodes=val", "a range such as 0:500"),
        ("import lerobot data=new exclude=[44]", "no episode 44"),
        ("import lerobot data=new env_id=Nope-v0", "No environment 'Nope-v0'"),
        ("import lerobot data=new env_id=wmpc/PushT-v0", "env_id=none imports it without"),
        ("import lerobot data=new cameras=[]", "learns from pixels"),
        ("import lerobot data=new episodes=[1,1]", "names an episode twice"),
        ("import lerobot data=new fps=7", "several actions a frame"),
        ("import lerobot data=ours", "imported with"),
        ("export ours out=sw to=swm", "a file NAME.h5"),
        ("export ours out=sw to=minari", "NAME-v0"),
        ("export ours out=new to=zarr", "lerobot, minari, swm"),
        ("export lerobot out=new", "not a wmpc dataset"),
        ("export ours out=lerobot", "lerobot"),
    ],
)
def test_what_does_not_fit_is_one_sentence_and_writes_nothing(words, sentence, capsys, home):
    before = sorted(str(p) for p in home.rglob("*"))
    assert main(["data", *words.split()]) == 2
    error = capsys.readouterr().err
    assert sentence in error and error.count("\n") == 1
    assert sorted(str(p) for p in home.rglob("*")) == before


def test_training_in_place_looks_as_importing_does():
    from importlib.resources import files

    verb, train = (
        yaml.safe_load(files("wmpc.configs").joinpath(f"{name}.yaml").read_text())
        for name in ("data", "train")
    )
    shared = {key: value for key, value in train["view"].items() if key != "cache"}
    assert shared == {key: verb[key] for key in shared}
