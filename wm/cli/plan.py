"""`wmpc plan`: one episode towards a picture, a recorded frame or a state."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf
from PIL import Image, UnidentifiedImageError
from rich.console import Console

import envs
import wm
from envs.evaluate import Row, evaluate
from envs.manifest import Case, Manifest, png
from wm.checkpoint import checkpoint_hash
from wm.cli import film
from wm.cli.agents import Setting
from wm.cli.cases import agree, data_of, recorded
from wm.cli.measure import entrant_of
from wm.cli.results import versions
from wm.cli.threads import sensible_threads
from wm.data import open_episodes
from wm.data.format import replace_file
from wm.errors import WmError


@dataclass(frozen=True)
class Target:
    """A goal: its picture (H, W, 3), its state (S,), or both; and the variation (V,) it needs."""

    pixels: np.ndarray | None = None
    state: np.ndarray | None = None
    variation: np.ndarray | None = None


def run(cfg: Any) -> None:
    """Play the episode, write video.mp4, strip.png and plan.json, and say how it went."""
    console = Console(highlight=False)
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    model = wm.load(cfg.run)
    kwargs = {name: value for name, value in model.spec.env.items() if name != "id"}
    target = read_goal(cfg.goal, cfg.run, cfg.data, model.spec.image_size)
    task = envs.make(model.spec.env["id"], **kwargs)
    try:
        case = begin(task, target, cfg.seed)
        block = model.spec.action_block
        single = Manifest(
            env=task.id, kwargs=kwargs, render=dict(task.render_settings), dataset="",
            kind="plan", goals="given", blocks=None, action_block=block, budget=cfg.budget,
            filter=None, seed=cfg.seed, excluded={}, cases=(case,),
        )  # fmt: skip
        agree(model.spec, single, task, cfg.run)
        folder = plan_folder(Path(cfg.run) / "plan", None if cfg.name is None else str(cfg.name))
        entrant = entrant_of(
            config, Setting(task, block, model, episodes=recorded(cfg.run, cfg.data))
        )
        if entrant.privileged and target.state is None:
            raise WmError("this agent needs the goal's state: give a recorded frame or a state.npy")
        with console.status("planning"), sensible_threads(model.predictor):
            (row,) = evaluate(
                entrant.make, single, task, start="cold", privileged=entrant.privileged
            )
        if row.failure:
            raise WmError(f"the episode failed: {row.failure}")
        known = target.state is not None
        if not known:  # a picture alone does not say which state it shows
            row.successes = [False] * len(row.successes)
            row.steps_to_success = None
        folder.mkdir(parents=True, exist_ok=True)
        looks = (row, task, case.goal_pixels, case.variation)
        film.write_film(folder / "video.mp4", *looks)
        film.write_strip(folder / "strip.png", *looks, film.moments(row))
    finally:
        task.close()
    content = {
        "goal": cfg.goal,
        "checkpoint": checkpoint_hash(cfg.run),
        "config": config,
        "outcome": outcome(row) if known else None,
        "latencies_ms": row.latencies_ms,
        "versions": versions(),
    }
    replace_file(folder / "plan.json", json.dumps(content, indent=1).encode())
    console.print(f"[bold]{sentence(row, known)}[/]", soft_wrap=True)
    console.print(f"{folder / 'video.mp4'}", soft_wrap=True)


def read_goal(goal: str, run: str, data: str | None, size: int) -> Target:
    """The goal that the words mean; WmError where they mean none."""
    if frame := re.fullmatch(r"frame:(\d+):(\d+)", goal):
        episodes = open_episodes(data_of(run, data))
        episode, index = episodes.episode(int(frame[1])), int(frame[2])
        if index >= len(episode["pixels"]):
            raise WmError(
                f"episode {frame[1]} has frames 0 to {len(episode['pixels']) - 1}; there is no "
                f"frame {index}"
            )
        return Target(episode["pixels"][index], episode["state"][index], episode.get("variation"))
    path = Path(goal)
    if not path.is_file():
        raise WmError(
            f"there is no file {goal}: a goal is a picture, frame:EPISODE:FRAME, or a state.npy"
        )
    if path.suffix == ".npy":
        try:
            state = np.load(path, allow_pickle=False)
        except (ValueError, EOFError, OSError):
            raise WmError(f"{goal} is not an array that numpy can read") from None
        return Target(state=state)
    try:
        picture = Image.open(path)
        picture.load()
    except (UnidentifiedImageError, OSError):
        raise WmError(f"{goal} is not a picture that can be read: give a PNG") from None
    if picture.mode != "RGB" or picture.size != (size, size):
        raise WmError(
            f"{goal} is {picture.width} x {picture.height}, mode {picture.mode}; the model sees "
            f"{size} x {size} RGB: convert it, drawn as the dataset was"
        )
    return Target(np.asarray(picture))


def begin(task: Any, target: Target, seed: int) -> Case:
    """A start sampled with `seed`, and the goal."""
    options = {"goal_state": target.state, "variation": target.variation}
    given = {name: value for name, value in options.items() if value is not None}
    observation, info = task.reset(seed=seed, options=given)
    goal = info["goal"]
    pixels = goal["pixels"] if target.pixels is None else target.pixels
    return Case(
        episode=-1, frame=-1, goal_episode=None, goal_frame=None,
        variation=np.array(task.variation), lead_in_state=observation["state"],
        lead_in=np.zeros((0, 1, task.action_space.shape[0]), np.float32),
        start_state=observation["state"], goal_state=goal["state"], goal_png=png(pixels),
        replay=None, distance=task.distance(observation["state"], goal["state"]), seed=seed,
    )  # fmt: skip


def plan_folder(base: Path, name: str | None) -> Path:
    """A folder that does not exist yet."""
    if name is not None:
        if (base / name).exists():
            raise WmError(f"{base / name} exists already: give another name=...")
        return base / name
    number = 1
    while (base / f"{number:03d}").exists():
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
