"""Act towards one goal, or several in turn, for one episode, and keep it as a video."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from wmpc import envs
from wmpc.agents.agent import Agent, Goal, Observation
from wmpc.agents.entrant import Beginning, Setting
from wmpc.agents.goals import in_turn
from wmpc.api.plan_recorded import plan_recorded
from wmpc.api.planned import PLAN, Plan, plan_folder
from wmpc.api.settings import PLAIN, describe_settings
from wmpc.collecting.environment import NOWHERE, environment_of
from wmpc.envs.goal_env import GoalEnv, require
from wmpc.errors import WmpcError
from wmpc.evaluation.compatibility import check_task
from wmpc.evaluation.find_manifest import open_later
from wmpc.evaluation.goal import Reader, Said, Stop
from wmpc.evaluation.numbers import check_numbers
from wmpc.evaluation.provenance import versions
from wmpc.evaluation.row import Row
from wmpc.evaluation.run_cases import play_episode
from wmpc.evaluation.trial import find_model, make_entrant
from wmpc.planners.costs import GoalCost
from wmpc.planners.problem import Planner
from wmpc.reporting import film
from wmpc.system import construct
from wmpc.system.asking import Failed
from wmpc.system.disk import replace_file
from wmpc.system.progress import Progress, Tell, quiet
from wmpc.system.threads import sensible_threads
from wmpc.wm.training.checkpoint import checkpoint_hash
from wmpc.wm.training.devices import describe_device

BOUNDS = {"budget": (1, 1e6), "seed": (0, 1e18), "agent.deadline": (1e-3, 1e6)}


class _Followed:
    """An agent whose stage is noted at every decision."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.stages: list[int] = []
        self.actions: list[int] = []

    def reset(self, goal: Goal) -> None:
        self.stages, self.actions = [], []
        self.agent.reset(goal)

    def observe(self, observation: Observation, executed: np.ndarray | None) -> None:
        self.agent.observe(observation, executed)

    def act(self) -> np.ndarray:
        chunk = self.agent.act()
        self.stages.append(getattr(self.agent, "stage", -1))
        self.actions.append(len(chunk))
        return chunk

    def at(self, actions: int) -> np.ndarray:
        """(actions + 1,), the stage pursued from each simulator action to the next."""
        stages = np.repeat(self.stages, self.actions)[:actions]
        return np.append(stages, stages[-1])


def plan(
    run: str | Path,
    goal: Said | Sequence[Said],
    *,
    mask: str | Path | None = None,
    crop: str | Sequence[float] | None = None,
    data: str | Path | None = None,
    agent: str | Mapping[str, Any] = "mpc",
    planner: str | Mapping[str, Any] | Planner = "icem",
    cost: str | Mapping[str, Any] | GoalCost = "latent_distance",
    device: str = "cpu",
    start: str | None = None,
    seed: int = 0,
    budget: int = 10,
    allow: Sequence[str] = (),
    env_id: str | None = None,
    env_kwargs: Mapping[str, Any] | None = None,
    name: str | None = None,
    progress: Tell = quiet,
) -> Plan:
    """Play one episode towards a goal in the task of a run; write video.mp4, strip.png, plan.json.

    Where the data name no environment, or a `start` is given, the agent plans once from a recorded
    frame and nothing is executed: strip.png shows what it imagines, plan.json has the actions.

    Args:
        run: the trained run's folder, or "shipped:reacher".
        goal: a `Goal`; a picture (H, W, 3) uint8; proprioception (P,), NaN for what is left open;
            words as docs/goals.md has them, such as "frame:19:12"; or a list of these, in turn.
        mask: of pictures only what is white in this file counts.
        crop: of pictures only the box x0, y0, x1, y1 counts, in pixels or fractions of the side.
        data: the dataset's folder, for frames and goals said in part; None: the run's.
        agent: a name under `configs/agent`, or its keys.
        planner: a name under `configs/planner`, its keys, or a planner.
        cost: of a goal: a name under `configs/cost`, its keys, or a `wmpc.planners.GoalCost`.
        device: of the model: cpu, cuda, cuda:1, ..., or auto.
        start: the recorded frame to plan from, "frame:EPISODE:FRAME"; None: of a goal that is a
            frame, the one as many blocks earlier as the agent plans ahead.
        seed: of the start that a task draws, and of the agent.
        budget: blocks the agent may act for.
        allow: modules or packages of yours that the files may name, such as ["mine"].
        env_id: module:Name-v0, where files name an environment whose module may be imported.
        env_kwargs: its arguments, where files name some that are paths.
        name: of the folder in RUN/plan; None: a number.
        progress: told what is being done.

    Returns:
        What happened, and where it is kept.

    Raises:
        WmpcError: the goal cannot be read or pursued, the folder is taken, or the episode failed.
    """
    settings = dict(locals())
    progress = settings.pop("progress")
    said = settings.pop("goal")
    config, given = describe_settings("plan", settings)
    listed = isinstance(said, list | tuple)
    words = [str(x) if isinstance(x, PLAIN) else type(x).__name__ for x in said] if listed else None
    config["goal"] = words or (said if isinstance(said, PLAIN) else type(said).__name__)
    check_numbers(config, BOUNDS)
    construct.allow(allow)
    envs.allow(env_id, env_kwargs)
    model = find_model(config, given)
    if model is None:
        raise WmpcError("run=null came; plans are made with a trained model: give run=FOLDER")
    opened = open_later(config["run"], config["data"])
    spec = model.spec
    if spec.others and config["data"] is not None:  # which of the worlds that it was trained in
        home = environment_of(opened())["id"]
        spec = spec.trained_in(home, opened().hash)
        if spec.env.get("id") != home:
            raise WmpcError(f"{run} was not trained in {home}, where {opened().path} is from")
    if start is not None or spec.env.get("id") == NOWHERE:
        return plan_recorded(config, given, model, said, opened, progress)
    task: Any = envs.make_recorded(spec.env)
    try:
        require(task, GoalEnv)
        check_task(spec, task, str(run))
        stops = Reader(model.spec, task, cache(opened), seed).stops(said, mask, crop)
        route, target = in_turn([stop.goal for stop in stops]), stops[-1]
        _one_layout(stops)
        folder = plan_folder(run, None if name is None else str(name))
        setting = Setting(task, model.spec.action_block, model, episodes=opened)
        entrant = make_entrant(config, setting, given)
        if entrant.privileged and (target.state is None or len(stops) > 1):
            raise WmpcError(
                "this agent needs the goal's state, and pursues one: give a recorded frame or a "
                "state.npy, without mask or crop"
            )
        followed = _Followed(entrant.make(Beginning(seed)))
        if not entrant.privileged:
            followed.reset(route)  # so that what it cannot pursue is said before anything runs
        row, variation = Row(0, -1, "cold", seed), _begin(task, target, seed)
        pursued = Goal(task.goal) if entrant.privileged else route
        progress(Progress("planning"))
        try:
            with sensible_threads(model):
                play_episode(
                    task, followed, pursued, row, actions=budget * model.spec.action_block,
                    action_block=model.spec.action_block, privileged=entrant.privileged,
                    timeout_s=None,
                )  # fmt: skip
        except Failed as failed:
            raise WmpcError(f"the episode failed: {failed}") from failed
        known = target.state is not None
        if not known:  # a part, or a picture alone, does not say which state is meant
            row.successes = [False] * len(row.successes)
            row.steps_to_success = None
        folder.mkdir(parents=True, exist_ok=True)
        shown = np.stack([stop.pixels for stop in stops])
        film.write_film(folder / "video.mp4", row, task, shown[followed.at(row.steps)], variation)
        film.write_strip(folder / "strip.png", row, task, shown, variation, film.moments(row))
    finally:
        task.close()
    content = {
        **{key: config[key] for key in ("goal", "mask", "crop")},
        "stages": followed.stages,
        "checkpoint": checkpoint_hash(config["run"]),
        "config": config,
        "outcome": _outcome(row) if known else None,
        "latencies_ms": row.latencies_ms,
        "device": describe_device(model.device),
        "versions": versions(),
    }
    replace_file(folder / PLAN, json.dumps(content, indent=1).encode())
    return Plan(folder, row, known, tuple(note for stop in stops for note in stop.notes))


def _one_layout(stops: list[Stop]) -> None:
    """WmpcError where goals belong to different variations of the task."""
    given = [stop.variation for stop in stops if stop.variation is not None]
    if any(not np.array_equal(given[0], other) for other in given[1:]):
        raise WmpcError(
            "the goals belong to different layouts of the task: take frames of one episode, or of "
            "episodes with the same layout"
        )


def _begin(task: Any, target: Stop, seed: int) -> np.ndarray:
    """Reset the task to a start sampled with `seed` and the goal; returns the variation (V,)."""
    options = {"goal_state": target.state, "variation": target.variation}
    task.reset(seed=seed, options={k: v for k, v in options.items() if v is not None})
    return np.array(task.variation)


def _outcome(row: Row) -> dict[str, Any]:
    """What a row says of an episode whose goal state is known."""
    names = ("success", "success_strict", "success_end", "steps_to_success", "distance_start")
    names += ("distance_best", "distance_end", "errors_end")
    return {name: getattr(row, name) for name in names}
