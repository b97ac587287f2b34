"""Whatever symbolic links a folder from elsewhere holds, no verb writes through one.

Each verb runs once in a clean home; what it wrote there is listed, and for each of these names a
home is made in which that name, or its unfinished form, is a link to a victim outside.
"""

import json
import os
import shutil
from pathlib import Path

import pytest
from made_up import made_up_run

from wmpc.cli.main import main

FEW = "cases.count=1 cases.budget=5 reference.cases=0 workers=1 videos=1"
SMALL = "planner.samples=4 planner.elites=2 planner.iterations=1"
COLLECT = "task=reacher steps=12 task.kwargs.image_size=32 workers=0"
VERBS = {
    "report": "report run=run",
    "inspect": "data inspect data",
    "check": "data check data",
}
"""By name, a command line that writes."""
SLOW = {
    "append": f"collect data=data episodes=41 {COLLECT}",
    "eval": f"eval run=run data=data name=a agent=zero {FEW}",
    "collect": f"collect data=more episodes=1 {COLLECT}",
    "train": "train data=data run=new model=tiny train.steps=2 train.batch=4",
    "eval again": f"eval run=run data=data name=old agent=zero overwrite=true {FEW}",
    "eval of nothing": f"eval data=data agent=zero {FEW}",
    "plan": f"plan run=run data=data goal=frame:9:7 name=a budget=1 {SMALL}",
    "compare": "report compare run/eval/old run/eval/other out=page/compare.html",
    "import": "data import rows.h5 data=rows size=32 recorded_fps=10",
    "export": "data export data to=lerobot out=theirs",
    "export a file": "data export data to=swm out=theirs.h5",
}
MARKS = (pytest.mark.slow, pytest.mark.timeout(900))
ALL = [*VERBS, *(pytest.param(name, marks=MARKS) for name in SLOW)]


@pytest.fixture(scope="module")
def home(tmp_path_factory, reacher, trained):
    """A folder with a dataset, a run, two evaluations and a recording."""
    folder = tmp_path_factory.mktemp("home")
    shutil.copytree(reacher, folder / "data", ignore=shutil.ignore_patterns("manifests"))
    run = made_up_run(trained, folder / "run")
    for name in ("old", "other"):
        shutil.copytree(run / "eval" / "made-up", run / "eval" / name)
    file = run / "eval" / "other" / "results.json"
    results = json.loads(file.read_text())
    results["config"]["agent"]["horizon"] = 99  # a result compares with another one only
    file.write_text(json.dumps(results))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["data", "export", "data", "to=swm", "out=rows.h5"]) == 0
    return folder


def listed(folder):
    """Every path below `folder`, with the bytes of files; links are not followed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else None
        found[str(path.relative_to(folder))] = content
    return found


def written(before, after):
    """Names that are new or changed, but the folders inside new folders' insides."""
    changed = [name for name in after if name not in before or before[name] != after[name]]
    return [name for name in changed if ".lock" not in name]


def plant(home, name, target):
    """Make `name` in `home` a link; what lay there is kept at the link's target if that is new."""
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)
    path.symlink_to(target)


@pytest.mark.parametrize("verb", ALL)
def test_nothing_is_written_through_a_link(home, tmp_path, monkeypatch, verb, capsys):
    words = (VERBS | SLOW)[verb]
    clean = tmp_path / "clean"
    shutil.copytree(home, clean)
    monkeypatch.chdir(clean)
    before = listed(clean)
    assert main(words.split()) == 0, capsys.readouterr().err
    names = written(before, listed(clean))
    assert names, "the verb is here because it writes"
    folders = [name for name in names if (clean / name).is_dir()]
    files = [name for name in names if not (clean / name).is_dir()]
    named = [word.partition("=")[2] + "/" for word in words.split()]  # may be links themselves
    tries = [[n] for n in folders if not any(path.startswith(f"{n}/") for path in named)]
    tries += [files, [f"{name}.tmp" for name in files], [f"{name}.part" for name in files]]
    tries.append(sorted({str(Path(name).parent / ".lock") for name in files}))
    for number, planted in enumerate(tries):
        for there in (True, False):
            outside, hostile = tmp_path / f"out{number}{there}", tmp_path / f"home{number}{there}"
            outside.mkdir()
            shutil.copytree(home, hostile)
            for index, name in enumerate(planted):
                victim = outside / f"victim{index}"
                if there and name in folders:
                    victim.mkdir()
                elif there:
                    victim.write_bytes(b"precious")
                plant(hostile, name, victim)
            monkeypatch.chdir(hostile)
            untouched = listed(outside)
            code = main(words.split())
            assert code in (0, 1, 2), (planted, code, capsys.readouterr().err)
            assert "Traceback" not in capsys.readouterr().err
            assert listed(outside) == untouched, f"{planted} led out"
            shutil.rmtree(hostile)


@pytest.mark.parametrize("linked", ["data", "run"])
def test_the_demo_follows_no_link_in_its_folder(tmp_path, monkeypatch, capsys, linked):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outside").mkdir()
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / linked).symlink_to(tmp_path / "outside")
    assert main(["demo", "folder=demo"]) == 2
    assert "symbolic link" in capsys.readouterr().err
    assert os.listdir(tmp_path / "outside") == []


def test_a_column_that_is_another_name_of_a_file_elsewhere_is_not_changed(home, tmp_path, capsys):
    shutil.copytree(home / "data", tmp_path / "data")
    victim = tmp_path / "victim"
    os.link(tmp_path / "data" / "action.npy", victim)
    kept = victim.read_bytes()
    words = SLOW["append"].replace("data=data", f"data={tmp_path / 'data'}")
    assert main(words.split()) == 2
    assert "hard links" in capsys.readouterr().err
    assert victim.read_bytes() == kept


@pytest.mark.parametrize("name", ["meta.json", "episode_ends.npy", "pixels.npy", "digests.npy"])
def test_a_dataset_is_not_read_through_a_link_out_of_it(home, tmp_path, capsys, name):
    shutil.copytree(home / "data", tmp_path / "set")
    shutil.move(tmp_path / "set" / name, tmp_path / "elsewhere")
    (tmp_path / "set" / name).symlink_to(tmp_path / "elsewhere")
    assert main(["data", "inspect", str(tmp_path / "set"), f"out={tmp_path / 'a.png'}"]) == 2
    assert "leads out of" in capsys.readouterr().err
    (tmp_path / "named").symlink_to(home / "data")  # the folder that was named may be a link
    assert main(["data", "inspect", str(tmp_path / "named"), f"out={tmp_path / 'a.png'}"]) == 0
