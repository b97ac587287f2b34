"""Training: resumed bit for bit, stopped when it goes wrong, refusing to mix runs."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
import torch
from model_cases import learner, model, recipe

import wmpc
from wmpc.errors import WmpcError
from wmpc.wm.data import EpisodeWriter, open_episodes
from wmpc.wm.training.checkpoint import checkpoint_hash, read_config
from wmpc.wm.training.recipe import Recipe
from wmpc.wm.training.run import finished, train
from wmpc.wm.training.schedule import learning_rate

SETTINGS = {"steps": 12, "batch": 4, "evaluate_every": 6, "accelerator": "cpu"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Twenty episodes of a bright square pushed about."""
    path = tmp_path_factory.mktemp("data") / "square"
    rng = np.random.default_rng(0)
    meta = {"env": "square", "fps": 10.0, "action_low": [-1.0, -1.0], "action_high": [1.0, 1.0]}
    with EpisodeWriter(path, meta) as writer:
        for _ in range(20):
            action = rng.uniform(-1, 1, (8, 1, 2)).astype("f4")
            place = np.clip(30 + np.cumsum(np.r_[np.zeros((1, 2)), 6 * action[:, 0]], 0), 0, 56)
            pixels = np.zeros((9, 64, 64, 3), np.uint8)
            for t, (x, y) in enumerate(place.astype(int)):
                pixels[t, y : y + 8, x : x + 8] = 255
            writer.append({"pixels": pixels, "action": action, "state": place})
    return path


def weights(run):
    return (run / "model.safetensors").read_bytes()


def test_a_run_holds_all_that_rebuilds_the_model(data, tmp_path):
    lines = []
    model = train(open_episodes(data), tmp_path, *recipe("tiny"), report=lines.append, **SETTINGS)
    loaded = wmpc.load(tmp_path)
    pixels = {"pixels": open_episodes(data).episode(9)["pixels"][None]}
    assert torch.equal(loaded.encode(pixels), model.encode(pixels))
    assert not loaded.training and not any(p.requires_grad for p in loaded.parameters())
    assert finished(tmp_path)
    config = read_config(tmp_path)
    assert config["data"]["dataset"] == open_episodes(data).hash
    assert lines == [json.loads(s) for s in (tmp_path / "train.jsonl").read_text().splitlines()]
    assert {"step", "eval"} == {line["kind"] for line in lines}
    last = lines[-1]
    assert last["kind"] == "eval" and len(last["rollout_error"]) == len(last["rollout_baseline"])


def test_same_seed_same_weights(data, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train(open_episodes(data), tmp_path / name, *recipe("tiny"), seed=seed, **SETTINGS)
    assert weights(tmp_path / "a") == weights(tmp_path / "b") != weights(tmp_path / "c")
    assert checkpoint_hash(tmp_path / "a") == checkpoint_hash(tmp_path / "b")


def test_resuming_after_any_save_ends_in_the_same_weights(data, tmp_path):
    """Interrupted in the middle of the log's line after a save, as a kill may."""
    train(open_episodes(data), tmp_path / "whole", *recipe("tiny"), **SETTINGS)

    def stop(line):
        if line["kind"] == "step" and line["step"] > 6:
            raise KeyboardInterrupt

    cut = tmp_path / "cut"
    with pytest.raises(KeyboardInterrupt):
        train(
            open_episodes(data),
            cut,
            *recipe("tiny"),
            report=stop,
            **SETTINGS | {"save_every": 5, "log_every": 1},
        )
    with open(cut / "train.jsonl", "a") as log:
        log.write('{"kind": "st')
    train(open_episodes(data), cut, *recipe("tiny"), **SETTINGS | {"save_every": 5, "log_every": 1})
    assert weights(cut) == weights(tmp_path / "whole")
    steps = [json.loads(s) for s in (cut / "train.jsonl").read_text().splitlines()]
    assert [s["step"] for s in steps if s["kind"] == "step"] == list(range(1, 13))


def test_minutes_become_steps_once(data, tmp_path):
    settings = SETTINGS | {"steps": None, "minutes": 0.01}
    train(open_episodes(data), tmp_path, *recipe("tiny"), **settings)
    frozen = read_config(tmp_path)["train"]["steps"]
    assert frozen >= 1
    asked = SETTINGS | {"steps": read_config(tmp_path)["train"].get("totals", [[0, frozen]])[0][1]}
    if asked["steps"] == frozen:  # else the machine was busy, and it was shortened
        train(open_episodes(data), tmp_path / "asked", *recipe("tiny"), **asked)
        assert weights(tmp_path / "asked") == weights(tmp_path)
    before = weights(tmp_path)
    train(open_episodes(data), tmp_path, *recipe("tiny"), **settings)  # nothing left to do
    assert read_config(tmp_path)["train"]["steps"] == frozen and weights(tmp_path) == before


def test_another_recipe_never_overwrites_a_run(data, tmp_path):
    train(open_episodes(data), tmp_path, *recipe("tiny"), **SETTINGS)
    before = weights(tmp_path)
    for change in ({"lr": 0.5}, {"seed": 3}, {"steps": 13}):
        with pytest.raises(WmpcError, match="other settings"):
            train(open_episodes(data), tmp_path, *recipe("tiny"), **SETTINGS | change)
    network, objective = recipe("tiny")
    with pytest.raises(WmpcError, match=r"model\.latent was 16, is 8"):
        train(open_episodes(data), tmp_path, network | {"latent": 8}, objective, **SETTINGS)
    assert weights(tmp_path) == before
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").touch()
    with pytest.raises(WmpcError, match="not empty"):
        train(open_episodes(data), tmp_path / "other", *recipe("tiny"), **SETTINGS)


def test_nan_stops_the_run_and_names_the_term(data, tmp_path):
    with pytest.raises(WmpcError, match=r"step \d+: .*prediction.* is NaN"):
        train(
            open_episodes(data),
            tmp_path,
            *recipe("tiny"),
            **SETTINGS | {"lr": 1e30, "clip": 1e30, "steps": 20},
        )


def test_collapse_stops_the_run_and_names_the_guard(data, tmp_path):
    from wmpc.wm.training.loop import check_collapse

    objective = learner(model()).objective
    with pytest.raises(WmpcError, match=r"collapsed.*sigreg"):
        check_collapse({"rankme": 1.1, "spread": [1.0]}, objective, 7)
    with pytest.raises(WmpcError, match="collapsed"):
        check_collapse({"rankme": 9.0, "spread": [0.001] * 4}, objective, 7)
    check_collapse({"rankme": 9.0, "spread": [1.0]}, objective, 7)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"steps": 0}, "steps"),
        ({"steps": None, "minutes": None}, "minutes"),
        ({"batch": 1}, "batch"),
        ({"lr": 0.0}, "lr"),
        ({"schedule": "cosin"}, "cosine or linear"),
        ({"save_every": 0}, "save_every"),
        ({"evaluate_every": 0}, "evaluate_every"),
        ({"steps": None, "minutes": float("inf")}, "minutes"),
        ({"stride": 9}, "window"),
    ],
)
def test_bad_settings(data, tmp_path, change, message):
    with pytest.raises(WmpcError, match=message):
        train(open_episodes(data), tmp_path / "run", *recipe("tiny"), **SETTINGS | change)
    assert not (tmp_path / "run").exists()


def test_damaged_checkpoints(data, tmp_path):
    good = tmp_path / "good"
    train(open_episodes(data), good, *recipe("tiny"), **SETTINGS)
    whole = {f.name: f.read_bytes() for f in good.iterdir()}
    rng = random.Random(0)
    for name in ("model.safetensors", "config.json"):
        for _ in range(15):
            bad = tmp_path / "bad"
            shutil.rmtree(bad, ignore_errors=True)
            shutil.copytree(good, bad)
            (bad / name).write_bytes(whole[name][: rng.randrange(len(whole[name]) - 1)])
            with pytest.raises(WmpcError):
                wmpc.load(bad)
    (bad / "config.json").unlink()
    with pytest.raises(WmpcError, match="no run at"):
        wmpc.load(bad)
    (good / "model.safetensors").unlink()
    with pytest.raises(WmpcError, match="no weights"):
        wmpc.load(good)


def test_learning_rate_rises_then_falls():
    rates = [learning_rate(step, [(0, 100)], Recipe(lr=1.0, warmup=0.1)) for step in range(100)]
    assert rates[9] == 1.0 and rates[0] == pytest.approx(0.1)
    assert all(b > a for a, b in zip(rates[:9], rates[1:10], strict=True))
    assert all(b <= a for a, b in zip(rates[9:], rates[10:], strict=False))
    assert rates[-1] < 0.02


CHILD = """
import sys
from wmpc.wm.data import open_episodes
from wmpc.wm.training.run import train
from model_cases import recipe

def report(line):
    if line["kind"] == "step":
        print(line["step"], flush=True)

train(open_episodes(sys.argv[1]), sys.argv[2], *recipe("tiny"), report=report,
      steps=60, batch=4, evaluate_every=20, save_every=5, log_every=1, accelerator="cpu")
"""


@pytest.mark.slow
def test_sigkill_at_twenty_random_moments_changes_nothing(data, tmp_path):
    """The kills fall anywhere: on start, in a step, in a save, in an evaluation."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([os.path.dirname(__file__), *sys.path[1:]]),
        "OMP_NUM_THREADS": "1",
    }

    def start(run):
        return subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(CHILD), str(data), str(run)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
        )

    whole = start(tmp_path / "whole")
    assert whole.wait() == 0, whole.stderr and whole.stderr.read()
    rng, run, kills = random.Random(0), tmp_path / "killed", 0
    for attempt in range(200):
        child = start(run)
        assert child.stdout is not None
        if kills < 20:
            line = child.stdout.readline() if attempt % 4 else ""
            time.sleep(rng.uniform(0, 0.15 if line else 2.0))
            if child.poll() is None:
                child.send_signal(signal.SIGKILL)
                kills += 1
            child.wait()
            if run.is_dir() and (run / "model.safetensors").is_file():
                wmpc.load(run)  # whatever moment it was, the weights there are whole
            continue
        assert child.wait() == 0, child.stderr and child.stderr.read()
        break
    assert kills == 20 and finished(run)
    assert weights(run) == weights(tmp_path / "whole")


@pytest.mark.parametrize("weight, what", [(1e30, "the gradient"), (1e300, "loss")])
def test_weights_that_overflow_stop_in_a_sentence(data, tmp_path, weight, what):
    network, objective = recipe("tiny")
    heavy = objective | {"prediction": objective["prediction"] | {"weight": weight}}
    with pytest.raises(WmpcError, match=f"stopped at step 0: {what} is NaN or infinite"):
        train(open_episodes(data), tmp_path, network, heavy, **SETTINGS)
