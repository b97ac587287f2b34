"""Plan from a recorded frame to a goal, and show what is imagined; nothing is executed."""

import json
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wmpc.agents.entrant import Beginning, Given, set_on_recordings
from wmpc.agents.mpc import MPCAgent
from wmpc.agents.nearest_frame import frame_bank
from wmpc.api.planned import PLAN, Plan, plan_folder
from wmpc.errors import WmpcError
from wmpc.evaluation.goal import FRAME, Reader, Stop
from wmpc.evaluation.provenance import versions
from wmpc.evaluation.trial import make_entrant
from wmpc.planners.costs import Target
from wmpc.planners.knots import hold
from wmpc.reporting.pictures import strip, write_png
from wmpc.system.disk import replace_file
from wmpc.system.progress import Progress, Tell
from wmpc.system.threads import sensible_threads
from wmpc.wm.data import Episodes
from wmpc.wm.models.world_model import LearnedModel, seen_columns
from wmpc.wm.training.checkpoint import checkpoint_hash
from wmpc.wm.training.devices import describe_device


def plan_recorded(
    config: dict[str, Any],
    given: Given,
    model: LearnedModel,
    said: Any,
    opened: Callable[[], Episodes],
    progress: Tell,
) -> Plan:
    """Plan once from a recorded frame; write strip.png and plan.json.

    Args:
        config: the keys of `wmpc plan`.
        given: objects that stand for some of them.
        model: of the run.
        said: the goal, as `wmpc.plan` takes it.
        opened: opens the dataset.
        progress: told what is being done.

    Returns:
        The plan, in the units of the data, and where it is kept.

    Raises:
        WmpcError: the goal or the start cannot be read, the agent does not plan, or the folder is
            taken.
    """
    run, episodes = str(config["run"]), opened()
    stops = Reader(model.spec, None, cache(lambda: episodes), config["seed"]).stops(
        said, config["mask"], config["crop"]
    )
    if len(stops) > 1:
        raise WmpcError(
            f"{len(stops)} goals came; a plan that is not executed pursues one: give the first"
        )
    folder = plan_folder(run, None if config["name"] is None else str(config["name"]))
    agent = _planning(config, given, model, opened)
    episode, frame = _start(config, episodes, model, said, agent.horizon)
    progress(Progress("planning"))
    agent.reset(stops[0].goal)
    _look(agent, model, episodes, episode, frame)
    began = time.perf_counter()
    with sensible_threads(model):
        agent.act()
    seconds = time.perf_counter() - began
    assert agent.plan is not None
    blocks = hold(agent.plan.actions[0], agent.times, agent.size)
    actions = model.denormalise(blocks).reshape(-1, len(model.spec.action_low))
    latents = torch.cat([agent.history.now, agent.plan.latents[0]])
    distances = _distances(agent.route.aim(agent.history.now, 0), latents)
    folder.mkdir(parents=True, exist_ok=True)
    _draw(folder / "strip.png", model, episodes, episode, frame, latents[1:], stops[0])
    content = {
        **{key: config[key] for key in ("goal", "mask", "crop")},
        "executed": False,
        "start": f"frame:{episode}:{frame}",
        "actions": actions.tolist(),
        "action_block": model.action_block,
        "distances": distances,
        "recorded": _recorded(episodes, model, episode, frame, len(distances) - 1),
        "checkpoint": checkpoint_hash(str(run)),
        "config": config,
        "seconds": seconds,
        "device": describe_device(model.device),
        "versions": versions(),
    }
    replace_file(folder / PLAN, json.dumps(content, indent=1).encode())
    notes = list(stops[0].notes)
    if episode in episodes.train_ids:
        notes.append(
            f"episode {episode} is one that models are trained on; every tenth (9, 19, ...) is not"
        )
    return Plan(folder, None, False, tuple(notes), actions, tuple(distances))


def _planning(
    config: dict[str, Any], given: Given, model: LearnedModel, opened: Callable[[], Episodes]
) -> MPCAgent:
    """The agent, which plans."""
    if config["agent"]["_target_"].endswith(".simulator"):
        raise WmpcError("agent=simulator came, and nothing is executed here: give agent=mpc")
    agent = make_entrant(config, set_on_recordings(model, opened), given).make(
        Beginning(config["seed"])
    )
    if not isinstance(agent, MPCAgent):
        raise WmpcError(
            f"a {type(agent).__name__} came; a plan that is not executed needs an agent that "
            "plans, such as agent=mpc"
        )
    return agent


def _start(
    config: dict[str, Any], episodes: Episodes, model: LearnedModel, said: Any, horizon: int
) -> tuple[int, int]:
    """Episode and frame to plan from."""
    goal = FRAME.fullmatch(str(said[0] if isinstance(said, list | tuple) else said))
    words = config["start"]
    if words is None and goal is not None:
        episode, frame = int(goal[1]), int(goal[2])
        if frame < model.spec.stride:
            raise WmpcError(
                f"{goal[0]} has no block before it to begin at: give start=frame:EPISODE:FRAME"
            )
        steps = min(horizon, frame // model.spec.stride)
        return episode, frame - steps * model.spec.stride
    found = FRAME.fullmatch(str(words))
    if found is None:
        raise WmpcError(
            f"start={words} came; nothing is executed here, so a plan begins at a recorded frame: "
            "give start=frame:EPISODE:FRAME"
        )
    episode, frame = int(found[1]), int(found[2])
    if episode >= len(episodes) or frame > episodes.lengths[episode]:
        raise WmpcError(f"start={words} came; {episodes.path} has no such frame")
    return episode, frame


def _look(
    agent: MPCAgent, model: LearnedModel, episodes: Episodes, episode: int, frame: int
) -> None:
    """Show the agent the context that was recorded before a frame, as far as it goes."""
    stride, recorded = model.spec.stride, episodes.episode(episode)
    back = min(model.context - 1, frame // stride)
    for at in range(frame - back * stride, frame + 1, stride):
        block = recorded["action"][at - stride : at] if at > frame - back * stride else None
        seen = {name: np.array(recorded[name][at]) for name in seen_columns(model)}
        agent.observe(seen, None if block is None else block.reshape(-1, block.shape[-1]))


def _distances(target: Target, latents: Tensor) -> list[float]:
    """Latent distance (H + 1,) of latents (H + 1, K, D) to a goal, root mean square an entry."""
    read, weight = target.read, target.weight
    seen = latents if read is None else read(latents).unsqueeze(-2)
    counts = torch.ones_like(target.latents[0]) if weight is None else weight
    counts = counts.expand_as(target.latents[0])
    squares = ((seen - target.latents) ** 2 * counts).flatten(1).sum(1) / counts.sum()
    return squares.sqrt().tolist()


def _recorded(
    episodes: Episodes, model: LearnedModel, episode: int, frame: int, blocks: int
) -> list[list[float]]:
    """The actions recorded from the frame on, as many as were planned or there are."""
    actions = episodes.episode(episode)["action"][frame : frame + blocks * model.spec.stride]
    return actions.reshape(-1, actions.shape[-1]).tolist()


def _draw(
    path: Path,
    model: LearnedModel,
    episodes: Episodes,
    episode: int,
    frame: int,
    latents: Tensor,
    stop: Stop,
) -> None:
    """The goal, the start, then the recorded frame nearest to each imagined latent (H, K, D)."""
    bank = frame_bank(model, episodes)
    start = episodes.episode(episode)[model.spec.cameras[0]][frame]
    imagined = bank.pixels[bank.nearest(latents)[0]]
    write_png(path, strip(stop.pixels, [start, *imagined], [False] * (1 + len(imagined))))
