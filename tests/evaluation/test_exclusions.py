"""A case asks something of an agent and is possible: what is refused, and that the reason is said.

By enumeration over tasks and manifest presets: doing nothing reaches no goal, from warm and cold
starts, and the recording reaches every goal ahead."""

from functools import cache

import numpy as np
import pytest
from omegaconf import OmegaConf

from wmpc import envs
from wmpc.agents.baselines import ReplayAgent, ZeroAgent
from wmpc.cli.compose import jobs
from wmpc.collecting.collect import Recipe, record
from wmpc.configs import list_presets
from wmpc.errors import WmpcError
from wmpc.evaluation.draw_cases import draw_manifest
from wmpc.evaluation.exclusions import REASONS, find_exclusion
from wmpc.evaluation.run_cases import run_cases

PRESETS = list_presets("cases")


class Recorded:
    """Twelve held-out episodes of 30 blocks, half of them scripted, recorded when asked for."""

    def __init__(self, env, **kwargs):
        self.task = envs.make(env, image_size=16, **kwargs)
        self.meta = {"env": env, "kwargs": {"image_size": 16, **kwargs}, "m": 5}
        self.meta["render"] = self.task.render_settings
        self.hash, self.held_out_ids = f"of {env}", range(9, 120, 10)
        self.recipe = Recipe(env, self.meta["kwargs"], "mixed", steps=30, m=5, seed=0)
        self.episode = cache(lambda index: record(self.task, self.recipe, index).episode)


@cache
def recorded(env):
    return Recorded(env)


@cache
def drawn(env, preset):
    settings = OmegaConf.to_container(jobs("eval", [f"cases={preset}"])[0].config.cases)
    del settings["path"]
    episodes = recorded(env)
    return draw_manifest(episodes, episodes.task, **{**settings, "count": 4, "action_block": 5})


def has_filter(env, preset):
    """Whether a task can draw such cases: not each has a filter by which goals are far to go."""
    chosen = jobs("eval", [f"cases={preset}"])[0].config.cases.filter
    return chosen in (None, "any", "hard", *recorded(env).task.filters)


@pytest.mark.parametrize("env", envs.ids())
@pytest.mark.parametrize("preset", PRESETS)
def test_doing_nothing_reaches_no_goal_and_the_recording_each_one_ahead(env, preset):
    if not has_filter(env, preset):
        with pytest.raises(WmpcError, match="no filter 'far'; it has"):
            drawn(env, preset)
        return
    task = recorded(env).task
    if preset == "across" and task.variation_names:  # goals of other episodes of the same layout
        with pytest.raises(WmpcError, match=r"refused: other_layout"):
            drawn(env, preset)
        return
    manifest = drawn(env, preset)
    nothing = ZeroAgent(task.action_space.shape[0], block=5)
    for start in ("warm", "cold"):
        assert not any(row.success for row in run_cases(nothing, manifest, task, start=start))
    if manifest.kind == "ahead":
        rows = list(run_cases(lambda case: ReplayAgent(case.replay), manifest, task))
        assert all(row.success and row.lead_in_drift == 0 for row in rows)
        assert all(0 < row.path_efficiency <= 1 for row in rows)


@pytest.mark.parametrize("env", envs.ids())
def test_every_task_names_its_hard_cases_and_their_strata_are_recorded(env):
    manifest, task = drawn(env, "hard"), recorded(env).task
    assert manifest.filter == task.hard_filter
    assert all(task.hard_filter in case.strata for case in manifest.cases)
    assert set(manifest.excluded) <= set(REASONS) | {task.hard_filter}
    order = sorted(manifest.cases, key=lambda case: case.distance)
    assert [case.strata[0] for case in order] == ["near", "near", "middle", "far"]


@pytest.mark.parametrize("env", envs.ids())
def test_usual_cases_pass_the_usual_filter_and_any_may_pass_none(env):
    episodes, task = recorded(env), recorded(env).task
    usual = drawn(env, "ahead")
    assert usual.filter == task.usual_filter
    assert all(task.usual_filter in (None, *case.strata) for case in usual.cases)
    every = draw_manifest(episodes, task, filter="any", count=4)
    assert every.filter is None
    if task.usual_filter is None:
        assert every.hash == draw_manifest(episodes, task, count=4).hash
    else:
        assert not all(task.usual_filter in case.strata for case in every.cases)


def test_presets_are_told_apart_by_name():
    names = {preset: drawn("wmpc/Maze-v0", preset).name for preset in PRESETS}
    assert names == {
        "ahead": "ahead", "ahead10": "ahead10", "ahead20": "ahead20", "hard": "ahead10",
        "across": "across", "elsewhere": "elsewhere",
        "far": "elsewhere",  # whose folder ends in the filter
    }  # fmt: skip


@pytest.mark.parametrize("env", ["wmpc/Maze-v0", "wmpc/FarDoor-v0", "wmpc/TwoRoom-v0"])
def test_the_distance_of_a_case_is_the_way_that_there_is(env):
    task = recorded(env).task
    for case in drawn(env, "elsewhere").cases:
        start, goal = case.start_state, case.goal_state
        way = task.distance(start, goal)
        if env != "wmpc/TwoRoom-v0":
            here, there = task.coordinates(start), task.coordinates(goal)
            way = task.walk(here, there, case.variation)
        assert case.distance == pytest.approx(way)


@pytest.fixture
def spinning():
    """A Reacher, a start with velocity, and where it drifts to within 20 actions."""
    task = envs.make("wmpc/Reacher-v0", image_size=16)
    start = task.layout.at_rest(np.zeros(2))
    start[3:5] = 3.0, -2.0
    task.reset(options={"state": start, "goal_state": task.layout.at_rest(np.full(2, 3.0))})
    for _ in range(20):
        task.advance(np.zeros(2))
    return task, start, task.get_state()


def test_a_start_that_drifts_to_its_goal_within_the_budget_is_no_case(spinning):
    task, start, goal = spinning
    why = {"filter": None, "variation": np.zeros(0), "replay": None}
    assert find_exclusion(task, start, goal, actions=25, **why) == "drift_solved"
    assert find_exclusion(task, start, goal, actions=5, **why) is None
    assert find_exclusion(task, start, start, actions=25, **why) == "pre_solved"


def test_a_recording_that_misses_its_goal_is_no_case(spinning):
    task, start, _ = spinning
    task.set_state(start)
    pushes = np.ones((20, 2), np.float32)
    for push in pushes:
        task.advance(push)
    why = {"filter": None, "variation": np.zeros(0), "actions": 20}
    goal = task.get_state()
    assert find_exclusion(task, start, goal, replay=pushes, **why) is None
    assert find_exclusion(task, start, goal, replay=-pushes, **why) == "not_replayable"


@pytest.mark.parametrize(("env", "inside"), [("wmpc/TwoRoom-v0", 0.93), ("wmpc/PushT-v0", 0.45)])
def test_states_beyond_the_joints_limits_are_no_case(env, inside):
    task = envs.make(env, image_size=16)
    start = task.layout.at_rest(np.zeros(task.model.nq))
    for goal, bounded in ((inside, True), (inside + 0.05, False)):
        state = task.layout.at_rest(np.full(task.model.nq, goal))
        assert task.in_bounds(state) == bounded
        why = find_exclusion(task, start, state, np.zeros(0), filter=None, actions=1, replay=None)
        assert (why == "out_of_bounds") == (not bounded)


def test_goals_of_another_layout_are_counted():
    rooms = Recorded("wmpc/TwoRoom-v0", variation="random")
    with pytest.raises(WmpcError, match=r"0 could be had .* \(refused: other_layout \d+\)"):
        draw_manifest(rooms, rooms.task, kind="elsewhere", goals="recorded", count=1, per_episode=1)


def test_a_task_without_hard_cases_says_so(line):
    with pytest.raises(WmpcError, match=r"does not say what its hard cases are.*\['far'\]"):
        draw_manifest(line.Recording(), line.Task(), filter="hard", action_block=4)
