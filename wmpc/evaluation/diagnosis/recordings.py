"""The diagnostics that need recordings alone, and the probe that those of decisions need too."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from wmpc.envs.simulator import Simulator
from wmpc.errors import WmpcError
from wmpc.wm.data import Episodes, Windows
from wmpc.wm.diagnostics import Finding, alignment, latents, ranking, resolution, rollouts
from wmpc.wm.diagnostics.sample import Sample, draw
from wmpc.wm.models.world_model import WorldModel, trained_on
from wmpc.wm.probe import Probe

Describe = Callable[[np.ndarray], np.ndarray]
"""States (..., S) -> variables (..., V)."""
AHEAD = 7
"""Blocks that rollouts are imagined for, at most."""
FRAMES = 6000
"""Training frames that probes are fitted to."""
WINDOWS = 300
"""Held-out windows."""
REPLAYED = 100
"""Training windows that are replayed in the simulator."""


def examine(
    model: WorldModel,
    episodes: Episodes,
    task: Any,
    simulator: Simulator,
    block: int,
    *,
    steps: int = 1000,
    seed: int = 0,
) -> tuple[list[Finding], Probe]:
    """Run the diagnostics that need recordings alone.

    Args:
        model: the world model.
        episodes: with states; probes are fitted to training episodes and judged on held-out ones.
        task: says what is described and what counts.
        simulator: of the task; recorded actions are replayed in it.
        block: simulator actions of a block.
        steps: of a probe's fit.
        seed: of probes, and of the actions and pairs that are drawn.

    Returns:
        The findings, and a probe that reads the task's coordinates (..., C), in tolerances, off
        latents.

    Raises:
        WmpcError: the episodes are too short for a rollout, or for shifted actions.
    """
    m = int(episodes.meta["m"])
    stride, h = block // m, model.context
    room = (int(np.max(episodes.lengths[episodes.held_out_ids])) // stride) + 1 - h
    if room < 1:
        raise WmpcError(f"the held-out episodes of {episodes.path} are too short for a rollout")
    train = draw(model, episodes, trained_on(model, episodes), h, stride, FRAMES // h)
    held = draw(model, episodes, episodes.held_out_ids, h + min(AHEAD, room), stride, WINDOWS)
    every = range(h - 1, held.states.shape[1], 2)  # frames whose context of h was seen
    seen = [held.latents[:, t - h + 1 : t + 1] for t in every]
    at = [held.states[:, t] for t in every]

    def fitted(describe: Describe, names: Sequence[str], last: int) -> tuple[Finding, Probe]:
        return latents.probes(
            (train.latents[:, -last:], describe(train.states[:, -1])),
            (torch.cat(seen)[:, -last:], describe(np.concatenate(at))),
            names,
            steps=steps,
            seed=seed,
        )

    described, _ = fitted(task.describe, task.describe_names, h)
    coordinates, probe = fitted(task.coordinates, task.coordinate_names, 1)
    coordinates = replace(
        coordinates,
        name="probe_r2_coordinates",
        title="What of the task's coordinates can be read off the latents",
    )
    imagined, here = rollouts.imagine(model, held), task.coordinates(held.states)
    findings = [
        rollouts.latent_error(model, held, imagined),
        rollouts.state_error(model, held, imagined, probe, here),
        rollouts.action_sensitivity(model, held, imagined, seed),
        described,
        coordinates,
        latents.spectrum(held.latents.flatten(0, 1)),
        resolution.within_share(held.latents, here),
        *filter(
            None, [resolution.resolution(held.latents, imagined, held.states, here, task.distance)]
        ),
        aligned(episodes, task, simulator, m),
        seen_alignment(model, episodes, m, held if stride == 1 else None),
        ranking.pair_ranking(
            held.latents,
            held.states,
            lambda z, g: (z - g).square().sum((-2, -1)),
            task.distance,
            seed=seed,
        ),
    ]
    return findings, probe


def aligned(episodes: Episodes, task: Any, simulator: Simulator, m: int) -> Finding:
    """Replay recorded actions, shifted in time, to see whether they belong to their frames.

    Args:
        episodes: with states; the training episodes count.
        task: describes states.
        simulator: of the task.
        m: simulator actions a recorded step.

    Returns:
        The finding of `wmpc.wm.diagnostics.alignment.replayed`.
    """
    varied = ["variation"] if "variation" in episodes.columns else []
    windows = Windows(episodes, episodes.train_ids, _length(episodes), 1, ["state", *varied])
    recorded = {name: [] for name in ("state", "action", "variation")}
    for window in windows.all(64, REPLAYED):
        for name in ("state", "action"):
            recorded[name].append(window[name])
        none = np.zeros((len(window["state"]), 0))
        recorded["variation"].append(window.get("variation", none))
    states, actions, variations = (np.concatenate(recorded[name]) for name in recorded)
    states = states.astype(np.float64)
    per_window = iter(np.repeat(variations, actions.shape[1] - 4, 0))

    def replay(starts: np.ndarray, shifted: np.ndarray) -> np.ndarray:
        latents = np.stack(
            [simulator.start({"state": s, "variation": next(per_window)}) for s in starts]
        )
        n, N, _, size = shifted.shape
        after = simulator.rollout(latents, shifted.reshape(n, N, 1, m * size))
        C = simulator.coordinates_size
        return task.describe(after[:, :, 0, C : after.shape[-1] - variations.shape[1]])

    return alignment.replayed(states, actions, task.describe(states), replay)


def seen_alignment(model: WorldModel, episodes: Episodes, m: int, held: Sample | None) -> Finding:
    """Regress recorded actions on the latents of recorded pictures, to see whether they belong.

    Args:
        model: encodes the pictures.
        episodes: the held-out ones count.
        m: simulator actions a recorded step.
        held: held-out windows a recorded step apart, where there are some; None: they are drawn.

    Returns:
        The finding of `wmpc.wm.diagnostics.alignment.regressed`.
    """
    if held is None:
        length = _length(episodes)
        held = draw(model, episodes, episodes.held_out_ids, length, 1, WINDOWS)
    actions = held.actions.cpu().numpy()
    return alignment.regressed(held.latents, actions.reshape(*actions.shape[:2], m, -1))


def _length(episodes: Episodes) -> int:
    """Frames of a window in which actions can be shifted by two steps either way."""
    longest = int(episodes.lengths.max()) + 1
    if longest < 6:
        raise WmpcError(
            f"the episodes of {episodes.path} have {longest} frames; comparing shifted actions "
            "needs 6"
        )
    return min(9, longest)
