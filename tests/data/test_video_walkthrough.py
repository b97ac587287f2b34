"""The page about data, from a folder of videos to a model: its commands run, as does the one that
`inspect` proposes."""

import csv
import re
import shlex
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

import wmpc
from wmpc.cli.main import main
from wmpc.reporting.proposal import looks_like
from wmpc.wm.data import open_episodes

PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text()
EPISODES, FRAMES, FPS = 11, 16, 15
FAST = ["model=tiny", "train.steps=3", "train.batch=4"]
LITTLE = {"train": FAST, "eval": ["cases.count=3", "planner.samples=8", "planner.iterations=1"]}


def commands(title):
    """The commands of a section of the page."""
    (section,) = re.findall(rf"^### {title}\n(.*?)^##", PAGE, re.DOTALL | re.MULTILINE)
    lines = "\n".join(re.findall(r"^```sh\n(.*?)^```", section, re.DOTALL | re.MULTILINE))
    return [shlex.split(line)[1:] for line in lines.splitlines() if line.startswith("wmpc ")]


def do(words):
    """Run a command of the page, with few steps of a small model and few decisions."""
    assert main([*words, *LITTLE.get(words[0], [])]) == 0, words


def film(path, seed):
    rng = np.random.default_rng(seed)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(FRAMES):
            picture = rng.integers(0, 256, (48, 64, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("walkthrough")
    for folder in ("lab", "films"):
        (home / folder).mkdir()
    for index in range(EPISODES):
        for folder, cameras in (("lab", (".front", ".side")), ("films", ("",))):
            for camera in cameras:
                film(home / folder / f"run_{index:02d}{camera}.mp4", index)
        rng = np.random.default_rng(index)
        t = np.arange(-0.013, FRAMES / FPS, 0.01)
        columns = {
            "stamp": t,
            "vx": rng.normal(size=len(t)),
            "vy": np.sin(9 * t),
            "q1": t,
            "q2": -t,
        }
        with (home / "lab" / f"run_{index:02d}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
    return home


@pytest.fixture(autouse=True)
def there(home, monkeypatch):
    monkeypatch.chdir(home)


def test_from_videos_and_a_joint_log_to_a_model(home, capsys):
    inspect, bring, check, train, score = commands("From videos and a joint log to a model")
    do(inspect)
    said = capsys.readouterr().out
    (proposed,) = re.findall(r"^  wmpc (data import .*)$", said, re.MULTILINE)
    assert shlex.split(proposed) == bring
    assert "look like commands: vx, vy." in said and "look like joints: q1, q2." in said
    assert "units are not known" in said
    do(bring)
    assert "a clock of their own" in capsys.readouterr().out
    episodes = open_episodes("data/lab")
    assert len(episodes) == EPISODES and (episodes.lengths == FRAMES - 1).all()
    assert episodes.columns.keys() == {
        "pixels/front",
        "pixels/side",
        "action",
        "proprio",
        "q1",
        "q2",
    }
    np.testing.assert_allclose(
        episodes.episode(3)["proprio"][:, 0], np.arange(FRAMES) / FPS, atol=1e-6
    )
    with (home / "lab" / "run_03.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if float(row["stamp"]) <= 5 / FPS + 1e-6]
    assert episodes.episode(3)["action"][5, 0, 0] == np.float32(rows[-1]["vx"])
    do(check)
    do(train)
    assert wmpc.load("runs/lab").spec.proprio_size == 2
    do(score)
    assert "What it foresees" in (home / "runs" / "lab" / "report.html").read_text()
    words = ["train", "name=lying", "data=lab", *FAST]
    assert main([*words, *(f"view.{word}" for word in bring[4:])]) == 0
    assert wmpc.load("runs/lying").action_size == 2


def test_videos_alone(capsys):
    bring, check, train = commands("Videos alone")
    for words in (bring, check, train):
        do(words)
    said = capsys.readouterr().out
    assert "there is no table, and so no actions" in said and "nothing can be planned" in said
    assert open_episodes("data/films").columns.keys() == {"pixels"}
    assert main(["train", "name=lying-films", "data=films", "objective=video", *FAST]) == 0
    capsys.readouterr()
    assert main(["eval", "run=runs/films"]) == 2
    said = capsys.readouterr().err
    assert "runs/films was trained on episodes without actions" in said and said.count("\n") == 1


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ("vx vy cmd_vel u1 ctrl_0 target_q desired.x steer vCmd", "actions"),
        ("q1 joint_3 qpos q_measured cmd_state theta gripper tau2 JointAngle", "proprio"),
        ("temp battery frame reward note", None),
    ],
)
def test_what_columns_look_like(names, kind):
    assert [looks_like(name) for name in names.split()] == [kind] * len(names.split())


def test_a_command_with_odd_names_can_be_pasted(home, capsys):
    folder = home / "my lab's [v2]"
    folder.mkdir()
    for index in range(2):
        film(folder / f"a{index}.mp4", index)
        rows = "\n".join(f"{k},{k},{k}" for k in range(FRAMES))
        (folder / f"a{index}.csv").write_text(f"cmd-1,null,temp é\n{rows}\n")
    assert main(["data", "inspect", str(folder)]) == 0
    (proposed,) = re.findall(r"^  wmpc (.*)$", capsys.readouterr().out, re.MULTILINE)
    assert main(shlex.split(proposed)) == 0
    columns = open_episodes("data/my_lab_s__v2_").columns
    assert columns["action"].shape == (1, 1) and "cmd-1" not in columns
