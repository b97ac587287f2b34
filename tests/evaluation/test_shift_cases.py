"""Shifted manifests, and the sweep over magnitudes that `wmpc eval shift=...` makes."""

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from wmpc import envs
from wmpc.cli.compose import jobs
from wmpc.cli.presets import Presets
from wmpc.configs import read_file
from wmpc.envs.shift import SHIFTS, apply
from wmpc.envs.shift.table import presets
from wmpc.errors import WmpcError
from wmpc.evaluation import manifest as manifests
from wmpc.evaluation.draw_cases import draw_manifest
from wmpc.evaluation.run_cases import Row, run_cases
from wmpc.evaluation.shift_cases import find_solved, shift_cases
from wmpc.evaluation.sweep import format_curve, measure_sweep, remark_shift, shift_worlds
from wmpc.wm.data import open_episodes


@pytest.fixture(scope="module")
def drawn(reacher):
    task = envs.make("wmpc/Reacher-v0", image_size=32)
    return draw_manifest(open_episodes(reacher), task, blocks=3, action_block=5, count=6, budget=4)


def own(name):
    return read_file("shift/none") | presets()[name]


def test_each_is_a_choice_of_the_command_line():
    assert sorted(Presets("eval", "eval").options("shift")) == sorted([*SHIFTS, "none"])
    (job,) = jobs("eval", ["shift=gain", "shift.magnitudes=[0,-1]"])
    assert job.config.shift == {**own("gain"), "magnitudes": [0, -1]}
    with pytest.raises(WmpcError, match="did you mean 'gain'"):
        jobs("eval", ["shift=gan"])


@pytest.mark.parametrize("name", SHIFTS)
def test_its_defaults_fit_every_task(name):
    settings = own(name)
    magnitudes = settings.pop("magnitudes")
    assert settings["name"] == name and magnitudes[0] == 0 and len(set(magnitudes)) >= 4
    for env in envs.ids():
        task = envs.make(env)
        if name == "light_position":  # none of our tasks has a lamp
            with pytest.raises(WmpcError, match="headlight"):
                apply(task, {**settings, "magnitude": magnitudes[-1]})
        else:
            assert apply(task, {**settings, "magnitude": magnitudes[-1]}) is task


def test_magnitude_zero_keeps_every_case(drawn):
    still = shift_cases(drawn, {"name": "damping", "magnitude": 0})
    assert still.content["cases"] == drawn.content["cases"]
    assert still.hash != drawn.hash and still.shift["pattern"] == "*"


def test_a_shift_is_recorded_and_comes_back(drawn, tmp_path):
    one = shift_cases(drawn, {"name": "gain", "magnitude": -0.5})
    again = shift_cases(drawn, {"name": "gain", "magnitude": -0.5})
    other = shift_cases(drawn, {"name": "gain", "magnitude": -0.4})
    assert one.hash == again.hash and len({one.hash, other.hash, drawn.hash}) == 3
    one.save(tmp_path / "shifted.json")
    loaded = manifests.load_manifest(tmp_path / "shifted.json")
    assert loaded.hash == one.hash and loaded.shift == one.shift
    task = loaded.make()
    assert task.model.actuator_gainprm[0, 0] == 0.5 * drawn.make().model.actuator_gainprm[0, 0]
    with pytest.raises(WmpcError, match="shifted already"):
        shift_cases(one, {"name": "gain"})


def test_goals_are_seen_in_the_shifted_world_or_as_recorded(drawn):
    seen = shift_cases(drawn, {"name": "colour", "magnitude": 1})
    kept = shift_cases(drawn, {"name": "colour", "magnitude": 1, "goal": "recorded"})
    task = seen.make()
    for case, same, before in zip(seen.cases, kept.cases, drawn.cases, strict=True):
        assert np.array_equal(case.goal_pixels, task.render_state(case.goal_state))
        assert not np.array_equal(case.goal_pixels, before.goal_pixels)
        assert same.goal_png == before.goal_png
        assert np.array_equal(case.goal_state, before.goal_state)
        assert np.array_equal(case.start_state, before.start_state)  # nothing moves otherwise


def test_starts_are_where_the_lead_in_leads(drawn):
    damped = shift_cases(drawn, {"name": "damping", "magnitude": 2})
    for case, before in zip(damped.cases, drawn.cases, strict=True):
        assert len(before.lead_in) == 0 or not np.array_equal(case.start_state, before.start_state)

    def still(case):
        return SimpleNamespace(
            reset=lambda goal: None,
            observe=lambda seen, executed: None,
            act=lambda: np.zeros((5, 2), np.float32),
        )

    for row in run_cases(still, damped):
        assert row.lead_in_drift == 0 and row.failure is None
        assert row.distance_start == damped.cases[row.case].distance


def measured(world):
    """Rows of an agent that succeeds in every other case."""
    rows = [Row(i, 9, "warm", 0) for i in range(len(world.cases))]
    for row in rows[1::2]:
        row.success, row.steps_to_success = True, 7
    return rows


def test_a_sweep_measures_the_same_cases_at_every_magnitude(drawn):
    settings = {**own("damping"), "magnitudes": [0, 1]}
    moved = shift_worlds(settings, drawn)
    result = measure_sweep(moved, measured)
    assert result["magnitudes"] == [0, 1] and result["hashes"] == [w.hash for w in moved]
    assert [s["success"]["n"] for s in result["summaries"]] == [6, 6] and result["cases"] == 6
    assert [len(rows) for rows in result["rows"]] == [6, 6]
    assert any("replay is no upper bound" in note for note in remark_shift(moved))
    assert json.loads(json.dumps(result)) == result
    assert len(format_curve(result)) == 3 and "50%" in format_curve(result)[1]
    for wrong in ([], ["a"], [None], [True]):
        with pytest.raises(WmpcError, match="magnitudes"):
            shift_worlds({**settings, "magnitudes": wrong}, drawn)


def test_cases_that_begin_solved_in_a_shifted_world_leave_every_magnitude(drawn):
    """Without strength the lead-in leads nowhere: a goal where it begins is no goal."""
    case = drawn.cases[0]
    assert len(case.lead_in)
    easy = replace(case, goal_state=case.lead_in_state, distance=2.0)
    planted = replace(drawn, cases=(easy, *drawn.cases[1:]))
    settings = {**own("gain"), "magnitudes": [0, -1]}
    stopped = replace(easy, lead_in_state=np.array(easy.lead_in_state))
    stopped.lead_in_state[1 + 2 : 1 + 4] = 0  # no velocity
    planted = replace(drawn, cases=(stopped, *drawn.cases[1:]))
    weak = shift_cases(planted, {"name": "gain", "magnitude": -1})
    out = find_solved(weak)
    assert 0 in out and not find_solved(planted)
    moved = shift_worlds(settings, planted)
    result = measure_sweep(moved, measured)
    assert {s["success"]["n"] for s in result["summaries"]} == {6 - len(out)}
    assert any(f"solves them at one: {len(out)}" in note for note in remark_shift(moved))


def test_the_verb_sweeps(trained, wmpc, tmp_path):
    run = shutil.copytree(trained, tmp_path / "run")
    quick = ["cases.count=3", "cases.blocks=2", "cases.budget=2", "cold=0", "videos=0"]
    quick += ["reference.cases=0", "planner.samples=8", "planner.elites=2", "planner.iterations=1"]
    shift = ["shift=occlusion", "shift.magnitudes=[0,0.2]", "name=covered"]
    code, said = wmpc("eval", f"run={run}", *quick, *shift)
    assert code == 0 and "occlusion" in said, said
    content = json.loads((run / "eval" / "covered" / "results.json").read_text())
    assert content["shift"]["magnitudes"] == [0, 0.2] and len(content["shift"]["summaries"]) == 2
    assert content["shift"]["summaries"][0]["success"] == content["summary"]["success"]
    code, said = wmpc("eval", f"run={run}", *quick, "shift=colour", "shift.pattern=nowhere")
    assert code == 2 and "floor" in said
    assert jobs("eval", [f"run={run}"])[0].config.shift.name is None
