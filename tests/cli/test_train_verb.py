"""`wmpc train`: a run from words, its sweep, and every refusal in one sentence."""

import json
import os
import signal

import numpy as np
import pytest

import wmpc
from wmpc.api.train import training
from wmpc.cli.main import main
from wmpc.errors import WmpcError
from wmpc.wm.data import EpisodeWriter
from wmpc.wm.training.recipe import Recipe

WORDS = ["train", "data=set", "run=run", "model=tiny", "train.steps=3", "train.batch=4"]
WRONG = {
    "preset": ("model=smal", "did you mean 'small'"),
    "key": ("train.step=1", "did you mean 'steps'"),
    "key of the model": ("model.laten=3", "did you mean 'latent'"),
    "value": ("train.batch=many", "a whole number like"),
    "loss": ("+objective.sigrec=1.0", "did you mean 'sigreg'"),
    "no such class": ("model.encoder._target_=wmpc.wm.models.encoders.Nope", "has no 'Nope'"),
    "class of somebody else": ("model.encoder._target_=os.system", "_target_"),
    "no steps": ("train.steps=0", "at least 1"),
    "learning rate": ("train.lr=-1.0", "above 0"),
    "old key": ("train.rate=1.0", "it is called 'train.lr' now"),
    "no dataset": ("data=nowhere", "there is no dataset at nowhere"),
    "foreign dataset": ("data=foreign", "in no format that is recognised"),
    "truncated dataset": ("data=cut", "cut"),
    "too few episodes": ("data=few", "record at least 10"),
    "window too long": ("objective.rollout.steps=9", "needs episodes of at least"),
    "proprio missing": ("model.proprio=true", "proprioceptive"),
    "precision": ("train.precision=17", "precision"),
    "accelerator": ("train.accelerator=abacus", "abacus"),
}


def record(path, episodes=12):
    rng = np.random.default_rng(0)
    meta = {"env": "mine", "fps": 10.0, "action_low": [-1.0], "action_high": [1.0]}
    with EpisodeWriter(path, meta) as writer:
        for _ in range(episodes):
            pixels = rng.integers(0, 256, (7, 32, 32, 3), np.uint8)
            writer.append({"pixels": pixels, "action": rng.uniform(-1, 1, (6, 2, 1)).astype("f4")})


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")
    record(folder / "set")
    record(folder / "few", 5)
    record(folder / "cut")
    (folder / "cut" / "pixels.npy").write_bytes(b"\x93NUMPY")
    (folder / "foreign").mkdir()
    (folder / "foreign" / "thesis.tex").write_text("precious")
    return folder


@pytest.fixture(autouse=True)
def here(sets, tmp_path, monkeypatch):
    """A fresh folder that sees the datasets."""
    monkeypatch.chdir(tmp_path)
    for data in sets.iterdir():
        (tmp_path / data.name).symlink_to(data)
    return tmp_path


def test_a_run_from_words(here, capsys):
    assert main(WORDS) == 0
    model = wmpc.load("run")
    assert model.spec.image_size == 32 and model.latent == 16
    before = (here / "run" / "model.safetensors").read_bytes()
    assert main(WORDS) == 0
    assert "was trained already" in capsys.readouterr().out
    assert main([*WORDS, "seed=1"]) == 2
    assert "train.seed was 0, is 1" in capsys.readouterr().err
    assert (here / "run" / "model.safetensors").read_bytes() == before


def test_a_sweep_makes_a_run_a_value(here):
    words = [w for w in WORDS if not w.startswith("run=")]
    assert main([*words, "-m", "seed=0,1"]) == 0
    seeds = [json.loads(p.read_bytes())["train"]["seed"] for p in here.glob("runs/*/config.json")]
    assert sorted(seeds) == [0, 1]


@pytest.mark.parametrize("case", WRONG)
def test_wrong_words_end_in_one_sentence(here, capsys, case):
    words, message = WRONG[case]
    assert main([*WORDS, words]) == 2
    error = capsys.readouterr().err
    assert message in error and error.startswith("wmpc train: ")
    assert error.count("\n") == 1 and "Traceback" not in error
    assert not (here / "run").exists()
    assert (here / "foreign" / "thesis.tex").read_text() == "precious"


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_says_which_step_is_kept(here, capsys, monkeypatch, number, code):
    """The handlers that were there are there again, and the same command goes on."""
    train, before = training.train, signal.getsignal(number)

    def interrupted(*args, report, **settings):
        def send(line):
            report(line)
            if line["kind"] == "step" and line["step"] == 20:
                os.kill(os.getpid(), number)

        return train(*args, report=send, **settings)

    words = [*WORDS, "train.steps=40"]
    with monkeypatch.context() as patch:
        patch.setattr(training, "train", interrupted)
        assert main(words) == code
    assert "keeps step 20 of 40" in capsys.readouterr().err
    assert signal.getsignal(number) is before
    assert main(words) == 0
    assert "run is trained" in capsys.readouterr().out


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_that_nothing_can_be_drawn_from(seed):
    with pytest.raises(WmpcError, match=f"seed={seed} came"):
        Recipe(steps=1, seed=seed).check()
