"""`wmpc plan`: one episode towards a goal, or several in turn."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf
from rich.console import Console
from rich.markup import escape

import wmpc
from wmpc import envs
from wmpc.agents.agent import Agent, Goal, Observation
from wmpc.agents.entrants import Setting
from wmpc.agents.goals import in_turn
from wmpc.errors import WmpcError
from wmpc.evaluation.drawing import agree, recorded
from wmpc.evaluation.evaluate import Row, evaluate
from wmpc.evaluation.goal import Reader, Stop
from wmpc.evaluation.manifest import Case, Manifest, png
from wmpc.evaluation.measure import entrant_of
from wmpc.evaluation.numbers import check_numbers
from wmpc.evaluation.results import versions
from wmpc.reporting import film
from wmpc.system.disk import replace_file
from wmpc.system.links import refuse_links
from wmpc.system.place import in_or_instead
from wmpc.system.threads import sensible_threads
from wmpc.wm.training.checkpoint import checkpoint_hash
from wmpc.wm.training.devices import describe_device

PLAN = "plan.json"
"""Written last."""


class Followed:
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


def run(cfg: Any) -> None:
    """Play the episode, write video.mp4, strip.png and plan.json, and say how it went."""
    console = Console(highlight=False)
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    check_numbers(config, {"budget": (1, 1e6), "seed": (0, 1e18), "agent.deadline": (1e-3, 1e6)})
    model = wmpc.load(cfg.run, cfg.device)
    kwargs = {name: value for name, value in model.spec.env.items() if name != "id"}
    envs.allow(config["env_id"], config["env_kwargs"])
    task = envs.make_recorded(model.spec.env)
    try:
        reader = Reader(model.spec, task, cache(recorded(cfg.run, cfg.data)), cfg.seed)
        stops = reader.stops(*(config[key] for key in ("goal", "mask", "crop")))
        goal, target = in_turn([stop.goal for stop in stops]), stops[-1]
        one_layout(stops)
        for note in (note for stop in stops for note in stop.notes):
            console.print(f"[yellow]{escape(note)}[/]", soft_wrap=True)
        case = begin(task, target, cfg.seed)
        block = model.spec.action_block
        single = Manifest(
            env=task.id, kwargs=kwargs, render=dict(task.render_settings), dataset="",
            kind="plan", goals="given", blocks=None, action_block=block, budget=cfg.budget,
            filter=None, seed=cfg.seed, excluded={}, cases=(case,),
        )  # fmt: skip
        agree(model.spec, single, task, cfg.run)
        run = Path(cfg.run)
        base = in_or_instead(run, "plan", Path("plans") / run.resolve().name)
        name = None if cfg.name is None else str(cfg.name)
        folder = refuse_links(plan_folder(base, name), base)
        entrant = entrant_of(
            config, Setting(task, block, model, episodes=recorded(cfg.run, cfg.data))
        )
        if entrant.privileged and (target.state is None or len(stops) > 1):
            raise WmpcError(
                "this agent needs the goal's state, and pursues one: give a recorded frame or a "
                "state.npy, without mask or crop"
            )
        followed = Followed(entrant.make(case))
        if not entrant.privileged:
            followed.reset(goal)  # so that what it cannot pursue is said before anything runs
        with console.status("planning"), sensible_threads(model.predictor):
            (row,) = evaluate(
                followed, single, task, start="cold", privileged=entrant.privileged, patience=None,
                goal=None if entrant.privileged else lambda case: goal,
            )  # fmt: skip
        if row.failure:
            raise WmpcError(f"the episode failed: {row.failure}")
        known = target.state is not None
        if not known:  # a part, or a picture alone, does not say which state is meant
            row.successes = [False] * len(row.successes)
            row.steps_to_success = None
        folder.mkdir(parents=True, exist_ok=True)
        shown = np.stack([stop.pixels for stop in stops])
        pursued = shown[followed.at(row.steps)]
        film.write_film(folder / "video.mp4", row, task, pursued, case.variation)
        moments = film.moments(row)
        film.write_strip(folder / "strip.png", row, task, shown, case.variation, moments)
    finally:
        task.close()
    content = {
        **{key: config[key] for key in ("goal", "mask", "crop")},
        "stages": followed.stages,
        "checkpoint": checkpoint_hash(cfg.run),
        "config": config,
        "outcome": outcome(row) if known else None,
        "latencies_ms": row.latencies_ms,
        "device": describe_device(model.device),
        "versions": versions(),
    }
    replace_file(folder / PLAN, json.dumps(content, indent=1).encode())
    console.print(f"[bold]{sentence(row, known)}[/]", soft_wrap=True)
    console.print(f"{folder / 'video.mp4'}", soft_wrap=True)


def one_layout(stops: list[Stop]) -> None:
    """WmpcError where goals belong to different variations of the task."""
    given = [stop.variation for stop in stops if stop.variation is not None]
    if any(not np.array_equal(given[0], other) for other in given[1:]):
        raise WmpcError(
            "the goals belong to different layouts of the task: take frames of one episode, or of "
            "episodes with the same layout"
        )


def begin(task: Any, target: Stop, seed: int) -> Case:
    """A start sampled with `seed`, and the goal."""
    options = {"goal_state": target.state, "variation": target.variation}
    given = {name: value for name, value in options.items() if value is not None}
    observation, info = task.reset(seed=seed, options=given)
    goal = info["goal"]
    return Case(
        episode=-1, frame=-1, goal_episode=None, goal_frame=None,
        variation=np.array(task.variation), lead_in_state=observation["state"],
        lead_in=np.zeros((0, 1, task.action_space.shape[0]), np.float32),
        start_state=observation["state"], goal_state=goal["state"], goal_png=png(target.pixels),
        replay=None, distance=task.distance(observation["state"], goal["state"]), seed=seed,
    )  # fmt: skip


def plan_folder(base: Path, name: str | None) -> Path:
    """A folder in which no plan is; one whose episode was never finished is taken again."""
    if name is not None:
        if (base / name / PLAN).exists():
            raise WmpcError(f"{base / name} exists already: give another name=...")
        return base / name
    number = 1
    while (base / f"{number:03d}" / PLAN).exists():
        number += 1
    return base / f"{number:03d}"


def outcome(row: Row) -> dict[str, Any]:
    """What a row says of an episode whose goal state is known."""
    names = ("success", "success_strict", "success_end", "steps_to_success", "distance_start")
    names += ("distance_best", "distance_end", "errors_end")
    return {name: getattr(row, name) for name in names}


def sentence(row: Row, known: bool) -> str:
    """How it went."""
    pace = f"decision p50 {np.median(row.latencies_ms):.0f} ms"
    if not known:
        return f"{row.steps} actions towards the picture; {pace}; judge by the video."
    if row.success:
        return f"Reached after {row.steps_to_success} of {row.steps} actions; {pace}."
    return (
        f"Not reached in {row.steps} actions: {row.distance_best:.1f} tolerances away at best, "
        f"{row.distance_start:.1f} at the start; {pace}."
    )
