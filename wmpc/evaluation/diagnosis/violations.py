"""Violations of physics in recorded episodes, drawn beside what really happened.

The intuitive-physics test asks whether a model is surprised where the world breaks its own laws
(Piloto et al., Nature Human Behaviour 6, 2022; V-JEPA: Garrido et al., arXiv 2502.11831). A clip
and its intact twin share every frame before the violation, and all actions.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np

from wmpc.envs.goal_env import StateSampler, require
from wmpc.envs.shift import looks
from wmpc.envs.shift.names import find
from wmpc.errors import WmpcError

VIOLATIONS = ("teleport", "vanish", "recolour", "through_wall")
JUMP = 3.0
"""Least distance of a teleport, and of what passed through a wall from what did not, tolerances."""
OVERLAP = -1e-3
"""How deep in m an object may stand in another where it was teleported to."""
TRIES = 50


@dataclass(frozen=True, eq=False)
class Clip:
    """T frames, n simulator actions apart, of what was violated and of its intact twin."""

    violation: str
    thing: str
    """Which of the task's objects, or "wall"."""
    episode: int
    moment: int
    """The first frame that shows the violation."""
    action: np.ndarray
    """(T - 1, n, A)"""
    violated: Mapping[str, np.ndarray]
    intact: Mapping[str, np.ndarray]
    """`pixels` (T, H, W, 3) uint8 and `proprio` (T, P), as the simulator gives them."""


@dataclass(frozen=True, eq=False)
class _Moment:
    """A piece of a recorded episode."""

    episode: int
    states: np.ndarray
    """(T, S)"""
    action: np.ndarray
    """(T - 1, n, A)"""
    variation: np.ndarray
    at: int
    """The frame from which on physics may be violated."""


def offered(task: Any) -> list[tuple[str, str]]:
    """List the violations that a task offers.

    Args:
        task: names its `objects` and `walls`.

    Returns:
        (violation, thing): three of each object, and `through_wall` where there are walls.
    """
    found = [(what, thing) for what in VIOLATIONS[:-1] for thing in task.objects]
    return found + ([("through_wall", "wall")] if task.walls else [])


def clips(
    task: Any,
    episodes: Any,
    violation: str,
    thing: str,
    *,
    ids: Sequence[int] | np.ndarray,
    count: int = 20,
    before: int = 4,
    after: int = 4,
    action_block: int = 5,
    seed: int = 0,
) -> list[Clip]:
    """Make clips of one violation and of their intact twins, at most one from each episode.

    - teleport: the object is at once where another sampled state has it, at least `JUMP` tolerances
      away and overlapping nothing, and goes on from there under the same actions;
    - vanish, recolour: it is invisible, or of another colour, from that frame on;
    - through_wall: the walls stop nothing any more, where they did stop something on the record.

    Args:
        task: is stepped and drawn; it is left in another state.
        episodes: the recordings, with states.
        violation: one of `VIOLATIONS`.
        thing: which of the task's objects, or "wall".
        ids: the episodes to choose from.
        count: the most clips.
        before: frames of a clip before the violation.
        after: frames from it on.
        action_block: n, a multiple of the dataset's actions a frame.
        seed: of the moments, places and colours.

    Returns:
        The clips; fewer than `count` where fewer episodes lend themselves to it.

    Raises:
        WmpcError: the task does not offer the violation.
    """
    if (violation, thing) not in offered(task):
        listed = ", ".join(f"{what} of {which}" for what, which in offered(task)) or "none"
        raise WmpcError(f"{task.id} offers no {violation} of {thing!r}; there is {listed}.")
    rng = np.random.default_rng(seed)
    task.reset(seed=0)  # so that it may be stepped
    made: list[Clip] = []
    for index in rng.permutation(np.asarray(ids)).tolist():
        episode = episodes.episode(int(index))
        stride = action_block // episode["action"].shape[1]
        for moment in _moments(index, episode, stride, before, after, rng):
            clip = _clip(task, moment, violation, thing, rng)
            if clip is not None:
                made.append(clip)
                break
        if len(made) == count:
            break
    return made


def _moments(
    index: int,
    episode: Mapping[str, np.ndarray],
    stride: int,
    before: int,
    after: int,
    rng: np.random.Generator,
) -> Iterator[_Moment]:
    """Pieces of an episode, in random order."""
    frames, steps = before + after, len(episode["action"])
    for first in rng.permutation(max(0, steps - (frames - 1) * stride + 1)).tolist():
        last = first + (frames - 1) * stride
        action = np.array(episode["action"][first:last], np.float32)
        yield _Moment(
            episode=index,
            states=np.array(episode["state"][first : last + 1 : stride], np.float64),
            action=action.reshape(frames - 1, -1, action.shape[-1]),
            variation=np.array(episode.get("variation", np.zeros(0)), np.float64),
            at=before,
        )


def _clip(
    task: Any, moment: _Moment, violation: str, thing: str, rng: np.random.Generator
) -> Clip | None:
    """The clip, or None where this moment does not lend itself to it."""
    model, states, at = task.model, moment.states, moment.at
    task.set_state(states[0], moment.variation)
    pattern = task.walls if violation == "through_wall" else task.objects[thing]
    geoms = find(model, "geom", pattern)
    if violation == "teleport":
        after = _teleported(task, moment, pattern, rng)
    elif violation == "through_wall":
        with _kept(model.geom_contype, model.geom_conaffinity):
            model.geom_contype[geoms] = model.geom_conaffinity[geoms] = 0
            after = _passed(task, moment)
    else:
        after = states[at:]
    if after is None:
        return None
    intact = _seen(task, states, moment.variation)
    with _kept(model.geom_rgba):
        if violation == "vanish":
            looks.hide(model, geoms)
        elif violation == "recolour":
            looks.colour(model, geoms, 1.0, rng)
        changed = _seen(task, after, moment.variation)
    violated = {name: np.concatenate([intact[name][:at], changed[name]]) for name in intact}
    return Clip(
        violation, thing, moment.episode, at, moment.action, violated=violated, intact=intact
    )


def _teleported(
    task: Any, moment: _Moment, pattern: str, rng: np.random.Generator
) -> np.ndarray | None:
    """States (after, S) from the violation on, or None where no free place was found."""
    model, here = task.model, moment.states[moment.at]
    bodies = find(model, "body", pattern)
    joints = [joint for joint in range(model.njnt) if int(model.jnt_bodyid[joint]) in bodies]
    address = np.append(model.jnt_qposadr, model.nq)
    places = [q for joint in joints for q in range(address[joint], address[joint + 1])]
    geoms = find(model, "geom", pattern)
    for _ in range(TRIES):
        there = here.copy()
        task.layout.qpos(there)[places] = task.layout.qpos(
            require(task, StateSampler).sample_state(rng)
        )[places]
        if task.distance(there, here) < JUMP:
            continue
        task.set_state(there, moment.variation)
        mujoco.mj_forward(model, task.data)
        pairs = zip(task.data.contact.geom.tolist(), task.data.contact.dist, strict=True)
        if all(depth > OVERLAP for pair, depth in pairs if set(pair) & set(geoms)):
            return _continued(task, moment, there, moment.at)
    return None


def _passed(task: Any, moment: _Moment) -> np.ndarray | None:
    """States (after, S) from the violation on, in a task whose walls stop nothing; None where
    they had stopped nothing just then, or little."""
    at, states = moment.at, moment.states
    first = _continued(task, moment, states[at - 1], at - 1, blocks=1)
    if first is None or np.allclose(first[1], states[at], atol=1e-6):
        return None
    after = _continued(task, moment, first[1], at)
    far = after is not None and task.distance(after[-1], states[-1]) >= JUMP
    return after if far else None


def _continued(
    task: Any, moment: _Moment, state: np.ndarray, frame: int, blocks: int | None = None
) -> np.ndarray | None:
    """States from `state` at `frame` on, under the recorded actions (all, or some `blocks`); None
    where it breaks."""
    task.set_state(state, moment.variation)
    states = [state]
    for block in moment.action[frame:][:blocks]:
        if any(task.advance(action)["failure"] for action in block):
            return None
        states.append(task.get_state())
    return np.stack(states)


def _seen(task: Any, states: np.ndarray, variation: np.ndarray) -> dict[str, np.ndarray]:
    """`pixels` and `proprio` of states (T, S)."""
    return {
        "pixels": np.stack([task.render_state(state, variation) for state in states]),
        "proprio": np.stack([task.proprio(state) for state in states]),
    }


@contextmanager
def _kept(*fields: np.ndarray) -> Iterator[None]:
    """Put `fields` of a model back as they were."""
    before = [field.copy() for field in fields]
    try:
        yield
    finally:
        for field, value in zip(fields, before, strict=True):
            field[:] = value
