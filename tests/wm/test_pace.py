"""A promise of minutes, on a clock and a machine that the test makes."""

import random

import pytest
from square import record_square, smallest

from wmpc.wm.data import open_episodes
from wmpc.wm.training import loop
from wmpc.wm.training.checkpoint import read_config
from wmpc.wm.training.pace import Pace, measure_step
from wmpc.wm.training.recipe import Recipe
from wmpc.wm.training.run import train
from wmpc.wm.training.schedule import learning_rate
from wmpc.wm.training.stop import Stopped


class Machine:
    """A clock that each piece of work moves on, by more where the machine is busy."""

    def __init__(self, slowness=lambda now: 1.0):
        self.now, self.slowness = 0.0, slowness

    def __call__(self):
        return self.now

    def work(self, seconds):
        self.now += seconds * self.slowness(self.now)


def trained(machine, limit, evaluation=0.4, step=0.1):
    """(seconds, totals) of a training on the machine."""
    pace = Pace(limit, machine, evaluate_every=500, save_every=200)
    seconds = measure_step(lambda index: machine.work(step), limit, machine)
    pace.saw_pause("evaluation", evaluation)
    totals = [(0, pace.fit(seconds))]
    done = 0
    while done < totals[-1][1]:
        before = machine()
        machine.work(step)
        done += 1
        pace.saw_step(machine() - before)
        fewer = pace.shortened(done, totals[-1][1], totals[0][1])
        if fewer < totals[-1][1]:
            totals.append((done, fewer))
        for kind, every, cost in (("evaluation", 500, evaluation), ("save", 200, 0.05)):
            if done % every == 0 or done == totals[-1][1]:
                before = machine()
                machine.work(cost)
                pace.saw_pause(kind, machine() - before)
    return machine(), totals


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return record_square(tmp_path_factory.mktemp("data") / "square")


def test_a_steady_machine_keeps_its_plan():
    jitter = random.Random(0)
    for limit in (60, 180, 900):
        seconds, totals = trained(Machine(lambda now: jitter.uniform(0.8, 1.3)), limit)
        assert 0.9 * limit < seconds < 1.06 * limit and totals[-1][1] > 0.9 * totals[0][1]


@pytest.mark.parametrize("limit", [60, 180, 900])
@pytest.mark.parametrize("slower", [1.5, 3.0, 8.0])
@pytest.mark.parametrize("when", [0.05, 0.3, 0.6, 0.9])
def test_a_machine_that_slows_down_still_ends_on_time(limit, slower, when):
    machine = Machine(lambda now: slower if now > when * limit else 1.0)
    seconds, totals = trained(machine, limit)
    tail = 0.02 * totals[0][1] * 0.1 * slower
    assert 0.85 * limit < seconds < 1.08 * limit + tail
    assert all(b < a for (_, a), (_, b) in zip(totals, totals[1:], strict=False))


def test_a_busy_moment_changes_nothing():
    """In the calibration, and a stall in the middle of the training."""
    calm = trained(Machine(), 180)[1]
    start = trained(Machine(lambda now: 9.0 if 1.0 < now < 2.0 else 1.0), 180)[1]
    assert len(start) == 1 and start[0][1] > 0.95 * calm[0][1]
    stall = trained(Machine(lambda now: 60.0 if 80 < now < 80.1 else 1.0), 180)[1]
    assert stall == calm


def test_calibration_ends_on_a_slow_machine():
    machine = Machine()
    assert measure_step(lambda index: machine.work(30.0), 60.0, machine) == 30.0
    assert machine() == 30.0


def test_a_slow_start_leaves_time_to_train(data, tmp_path, monkeypatch):
    """Opening the data took longer than all the minutes that were asked for."""
    monkeypatch.setattr("wmpc.wm.training.calibration.measure_step", lambda *args: 1.0)
    readings = iter([0.0])
    train(
        open_episodes(data),
        tmp_path,
        *smallest(),
        minutes=0.5,
        batch=4,
        accelerator="cpu",
        clock=lambda: next(readings, 1000.0),
    )
    assert 20 <= read_config(tmp_path)["train"]["steps"] <= 24


def test_steps_that_were_asked_for_are_never_shortened():
    machine = Machine(lambda now: 50.0)
    pace = Pace(None, machine, evaluate_every=5, save_every=5)
    for _ in range(50):
        pace.saw_step(5.0)
    assert pace.shortened(50, 1000, 1000) == 1000


def test_the_rate_of_a_shortened_training_has_no_jump_and_ends_low():
    def curve(totals):
        return [
            learning_rate(step, totals, Recipe(lr=1.0, warmup=0.1)) for step in range(totals[-1][1])
        ]

    whole = curve([(0, 1000)])
    for change in (30, 100, 400, 900):
        cut = curve([(0, 1000), (change, change + 60)])
        assert cut[:change] == whole[:change] and cut[-1] < 0.02
        jump = max(abs(a - b) for a, b in zip(cut[change - 1 :], cut[change:], strict=False))
        assert jump < (0.2 if change < 100 else 0.05)  # the rest of a warm-up is steeper
    twice = curve([(0, 1000), (300, 700), (500, 600)])
    assert twice[:500] == curve([(0, 1000), (300, 700)])[:500] and twice[-1] < 0.02


def test_a_shortened_run_is_resumed_to_the_same_bits(data, tmp_path, monkeypatch):
    """Stopped before and after the step at which it was shortened; the record alone decides."""
    settings = {"minutes": 0.5, "steps": None, "batch": 4, "accelerator": "cpu"}
    settings |= {"evaluate_every": 100, "save_every": 7}

    def go(run, slow_from, **changes):
        machine, step, taken = Machine(), loop.take_step, iter(range(10**6))

        def timed(*args, **kwargs):
            machine.work(1.0 if next(taken) < slow_from else 4.0)
            return step(*args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(loop, "take_step", timed)
            return train(open_episodes(data), run, *smallest(), clock=machine, **settings | changes)

    whole = tmp_path / "whole"
    monkeypatch.setattr("wmpc.wm.training.calibration.take_step", loop.take_step)
    monkeypatch.setattr("wmpc.wm.training.pace.measure_step", lambda *args: 1.0)
    monkeypatch.setattr("wmpc.wm.training.calibration.measure_step", lambda *args: 1.0)
    go(whole, 10)
    frozen = read_config(whole)["train"]
    assert frozen["totals"][0][1] > frozen["steps"] == frozen["totals"][-1][1]
    change = frozen["totals"][1][0]
    assert 10 < change < frozen["steps"] - 2
    for stop in (change - 2, change + 1):
        cut, config = tmp_path / f"cut-{stop}", (whole / "config.json").read_bytes()
        calls = iter(range(10**6))
        with pytest.raises(Stopped):
            go(cut, 10**6, stop=lambda calls=calls, stop=stop: next(calls) == stop - 1)
        (cut / "config.json").write_bytes(config)  # recorded before it is acted upon
        if stop > change:  # the state was reached under the record
            for name in ("model.safetensors", "training_state.pt", "train.jsonl"):
                (cut / name).unlink()
            with pytest.raises(Stopped):
                calls = iter(range(10**6))
                go(cut, 10**6, stop=lambda calls=calls, stop=stop: next(calls) == stop - 1)
        go(cut, 10**6)
        same = [(run / "model.safetensors").read_bytes() for run in (whole, cut)]
        assert same[0] == same[1] and read_config(cut) == read_config(whole)
