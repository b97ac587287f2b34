"""Several processes that train one model: what one would learn, decided once, ended together."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
from model_cases import EVERY_TERM, HIDING, PAIRED, learner, preset, recipe
from model_cases import batch as some_batch
from model_cases import model as some_model

from wmpc.cli.main import main
from wmpc.errors import WmpcError
from wmpc.wm import processes
from wmpc.wm.data import Batch, EpisodeWriter, open_episodes
from wmpc.wm.training.distributed import together
from wmpc.wm.training.run import train

SETTINGS = {"steps": 20, "batch": 8, "log_every": 1, "accelerator": "cpu", "precision": "64-true"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path, rng = tmp_path_factory.mktemp("data") / "noise", np.random.default_rng(0)
    meta = {"env": "noise", "fps": 10.0, "action_low": [-1.0] * 2, "action_high": [1.0] * 2}
    with EpisodeWriter(path, meta) as writer:
        for _ in range(12):
            action = rng.uniform(-1, 1, (12, 1, 2)).astype("f4")
            writer.append(
                {"pixels": rng.integers(0, 256, (13, 32, 32, 3), np.uint8), "action": action}
            )
    return path


NEEDY = {
    name: {"_target_": f"mine.{name}:{name.title()}"} for name in ("distance", "masked")
}  # fmt: skip
"""Terms that ask for pairs and for masks."""
PATCHES = {
    "_target_": "wmpc.wm.models.encoders.ViTEncoder",
    "patch": 16, "width": 16, "depth": 1, "heads": 2, "tokens": "patches",
}  # fmt: skip

NORMALISED = {
    "_target_": "wmpc.wm.models.encoders.ConvEncoder", "channels": [8, 8, 8], "normalise": True,
}  # fmt: skip


def part_of(network, law):
    """Of a batch of 8 windows and 8 pairs, what this process has."""
    rows, pairs = processes.part(8), some_batch(network, B=8, L=2, seed=1)
    pairs["blocks"] = torch.arange(1, 9)
    columns, pairs = (
        {name: x[rows] for name, x in of.items()} for of in (some_batch(network, B=8), pairs)
    )
    return Batch(columns, pairs={} if law is None else {law: pairs})


def learned():
    """By head and term: its value, its gradients and what BatchNorm remembers, from the part of one
    batch that this process has."""
    found = {}
    for head in ("linear", "mlp"):
        for term, config in {**EVERY_TERM, **HIDING, **PAIRED, **NEEDY}.items():
            encoder = (
                PATCHES if term in {**HIDING, **NEEDY} else NORMALISED if head == "mlp" else None
            )
            network = some_model(head=head, **{"encoder": encoder} if encoder else {})
            whole = learner(network, {term: config}).double().train()
            part = part_of(network, whole.objective.terms[term].pairs)
            with torch.random.fork_rng():
                loss = whole.loss(part, torch.Generator().manual_seed(0))["loss"]
            loss.backward()
            processes.average_gradients(whole)
            values = {"loss": processes.mean(loss.detach())}
            values |= {n: p.grad for n, p in whole.named_parameters() if p.grad is not None}
            values |= {n: x for n, x in network.state_dict().items() if "running" in n}
            found[head, term] = values
    return found


def test_every_term_and_gradient_is_that_of_the_whole_batch(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "examples" / "own")
    alone = learned()
    with together(2, "cpu", lambda: learned):
        shared = learned()
    assert processes.count() == 1
    for case, values in alone.items():
        assert values.keys() == shared[case].keys() and len(values) > 5
        for name, value in values.items():
            torch.testing.assert_close(shared[case][name], value, rtol=1e-9, atol=1e-11)


def predicted(model, data):
    """What a model makes of a held-out episode."""
    episode = open_episodes(data).episode(9)
    with torch.no_grad():
        z = model.encode({"pixels": episode["pixels"][None]})
        a = model.normalise(episode["action"][None])
        seen = torch.ones(z.shape[0], z.shape[1] - 1, dtype=torch.bool)
        return model.predict(z[:, :-1], a, seen)


def losses(run):
    lines = [json.loads(s) for s in (run / "train.jsonl").read_text().splitlines()]
    return [
        [line[k] for k in sorted(line) if k.startswith("loss")] for line in lines if "lr" in line
    ]


def assert_same(data, run, model, other_run, other_model):
    assert len(losses(run)) == len(losses(other_run)) == 20
    np.testing.assert_allclose(losses(run), losses(other_run), rtol=0, atol=1e-8)
    torch.testing.assert_close(
        predicted(model, data), predicted(other_model, data), rtol=0, atol=1e-8
    )


def test_two_devices_train_as_one_also_where_the_number_changes_on_the_way(data, tmp_path):
    config, opened = (preset("tiny"), EVERY_TERM), open_episodes(data)
    one = train(opened, tmp_path / "one", *config, **SETTINGS)

    def stop(line):
        if line["step"] == 13:
            raise KeyboardInterrupt

    settings = SETTINGS | {"save_every": 5}
    with pytest.raises(KeyboardInterrupt):
        train(opened, tmp_path / "two", *config, devices=2, report=stop, **settings)
    two = train(opened, tmp_path / "two", *config, **settings)
    assert_same(data, tmp_path / "one", one, tmp_path / "two", two)


def fails():
    raise WmpcError("the other disk is full")


def dies():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("reopen, message", [(fails, "the other disk"), (dies, "SIGKILL")])
def test_what_ends_one_process_ends_all_in_one_sentence(data, tmp_path, reopen, message):
    with pytest.raises(WmpcError, match=message):
        train(
            open_episodes(data), tmp_path / "run", *recipe("tiny"),
            devices=2, reopen=reopen, **SETTINGS,
        )  # fmt: skip
    assert processes.count() == 1


def noted(data, note):
    """The episodes, after noting which process opened them."""
    with open(note, "w") as file:
        file.write(str(os.getpid()))
    return open_episodes(data)


def test_no_process_works_before_the_first_has_joined(data, tmp_path, monkeypatch):
    """One that failed then would leave torch in the first with a group half made: a later training
    in the same process would wait for the others in vain."""
    join, note = dist.init_process_group, tmp_path / "pid"

    def join_slowly(*args, **kwargs):
        join(*args, **kwargs)
        time.sleep(0.5)
        assert not note.exists()

    monkeypatch.setattr(dist, "init_process_group", join_slowly)
    settings = SETTINGS | {"steps": 1}
    opened = partial(noted, data, note)
    train(
        open_episodes(data), tmp_path / "run", *recipe("tiny"), devices=2, reopen=opened, **settings
    )
    assert note.exists()


ENDLESS = """
import sys
from functools import partial
from test_distributed import noted, open_episodes, recipe, train, SETTINGS
data, run, note = sys.argv[1:]
train(open_episodes(data), run, *recipe("tiny"), devices=2, reopen=partial(noted, data, note),
      report=lambda line: print(line["step"], flush=True), **SETTINGS | {"steps": 10**6})
"""


def test_no_process_outlives_the_first(data, tmp_path):
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([os.path.dirname(__file__), *sys.path])
    }
    command = [sys.executable, "-c", ENDLESS, *map(str, (data, tmp_path / "run", tmp_path / "pid"))]
    first = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    assert first.stdout is not None and first.stdout.readline() == b"1\n"
    other = int((tmp_path / "pid").read_text())
    first.kill()
    first.communicate()
    until = time.monotonic() + 30
    while running(other):
        assert time.monotonic() < until, "the other process trains on alone"
        time.sleep(0.05)


def running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    "words, message",
    [
        ({"devices": 0}, "train.devices is 0"),
        ({"devices": -1}, "train.devices is -1"),
        ({"devices": 3}, "train.batch is 8"),
        ({"devices": 2, "unique": True}, "train.unique"),
        ({"devices": 2, "accelerator": "cpu:0"}, "without a number"),
        ({"devices": 2, "accelerator": "cuda"}, "this machine has"),
        ({"precision": "bf16"}, "train.precision is 'bf16'"),
        ({"precision": "16-mixed"}, "needs a GPU"),
        ({"precision": "transformer-engine"}, "it may be 32-true"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_started(data, tmp_path, words, message):
    with pytest.raises(WmpcError, match=message):
        train(open_episodes(data), tmp_path / "run", *recipe("tiny"), **SETTINGS | words)
    assert not (tmp_path / "run").exists()


def test_pairs_that_cannot_be_shared_are_refused_before_anything_is_started(data, tmp_path):
    pairs = {"episode_sigreg": {"weight": 1.0, "per_window": 0.25}}
    settings = SETTINGS | {"devices": 2, "batch": 12}
    with pytest.raises(WmpcError, match=r"beside train\.batch=12 the objective draws 3 pairs"):
        train(open_episodes(data), tmp_path / "run", preset("tiny"), pairs, **settings)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("precision", ["bf16-mixed", "64-true"])
def test_minutes_are_measured_in_the_precision_that_trains(data, tmp_path, precision):
    """The calibration takes the very step of the training."""
    model = train(
        open_episodes(data), tmp_path, *recipe("tiny"),
        **SETTINGS | {"precision": precision, "steps": None, "minutes": 0.005},
    )  # fmt: skip
    assert torch.isfinite(predicted(model, data)).all()


def words(data, run, *more):
    fixed = [f"data={data}", f"run={run}", "model=tiny", "train.batch=8", "train.accelerator=cpu"]
    return ["train", *fixed, *more]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tiny", "small"])
def test_presets_train_alike_on_two_devices(data, tmp_path, name):
    opened, config = open_episodes(data), (preset(name), EVERY_TERM)
    models = [
        train(opened, tmp_path / str(n), *config, devices=n, **SETTINGS) for n in (1, 2)
    ]  # fmt: skip
    assert_same(data, tmp_path / "1", models[0], tmp_path / "2", models[1])


@pytest.mark.slow
@pytest.mark.parametrize("start", ["devices", "torchrun"])
def test_ten_runs_of_ten_complete(data, tmp_path, start):
    """From the command line, calibrated, also where torchrun starts the processes."""
    for number in range(10):
        run = tmp_path / str(number)
        typed = words(data, run, "train.minutes=0.02", f"seed={number}")
        if start == "devices":
            assert main([*typed, "train.devices=2"]) == 0
        else:
            command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
            ran = subprocess.run([*command, "-m", "wmpc.cli.main", *typed], capture_output=True)
            assert ran.returncode == 0, ran.stderr
        steps = json.loads((run / "config.json").read_bytes())["train"]["steps"]
        lines = [json.loads(s) for s in (run / "train.jsonl").read_text().splitlines()]
        assert lines[-1]["step"] == steps and [x["kind"] for x in lines].count("eval") == 1
