"""Recording episodes: one after another, or in processes that each keep their own environment.

Episode i is a function of (seed, i) and comes i-th, so what is recorded does not depend on the
number of processes. Episodes are plain mappings of arrays; whoever iterates stores them.
"""

import multiprocessing
import time
import traceback
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import numpy as np

from wmpc import envs
from wmpc.envs.goal_env import Scripted, require
from wmpc.envs.policies import Policy, RandomPolicy
from wmpc.errors import WmpcError
from wmpc.system.asking import LONGEST_S, WORLD, Failed, ask
from wmpc.system.lifeline import end, ending, start

POLICIES = ("random", "scripted", "mixed")
MIXED_TURN = 10
"""Episodes after which `mixed` turns its order about: every tenth is held out of training, and
those should be of both policies."""
ATTEMPTS = 20
"""An episode that fails this often shows a task that is broken, not bad luck."""
THREADS = {"LP_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""One thread a process: llvmpipe, and numpy's BLAS."""
TIMEOUT_S = 60.0
"""Seconds after which a recorded step counts as hung."""
GRACE_S, LOOK_S = 5.0, 0.5
"""How much later than its own alarm a hung process is ended, and how often it is looked at."""


class Recording(NamedTuple):
    """One episode, and why earlier attempts at it were thrown away."""

    episode: dict[str, np.ndarray]
    failures: tuple[str, ...]


@dataclass(frozen=True)
class Recipe:
    """How episodes are made: `steps` recorded steps of `m` simulator actions each."""

    env_id: str
    env_kwargs: dict[str, Any]
    policy: str
    steps: int
    m: int
    seed: int

    timeout_s: float | None = TIMEOUT_S
    """Seconds that a recorded step, or a reset, may take; None: any."""

    def __post_init__(self) -> None:
        if self.policy not in POLICIES:
            raise WmpcError(f"No policy {self.policy!r}; there are {', '.join(POLICIES)}.")
        if self.steps < 1 or self.m < 1 or self.seed < 0:
            raise WmpcError(
                f"steps={self.steps}, m={self.m}, seed={self.seed} came; steps and m (simulator "
                "actions a frame) are at least 1, the seed is not negative."
            )
        if self.timeout_s is not None and not 0 < self.timeout_s <= LONGEST_S:
            raise WmpcError(
                f"timeout_s={self.timeout_s} came; it is seconds a step, more than 0 and at most "
                f"{LONGEST_S:.0f}, or None."
            )


def settings(task: Any, env_kwargs: dict[str, Any], m: int) -> dict[str, Any]:
    """Describe what all episodes of one dataset share: the `meta` of a dataset.

    Args:
        task: which they are recorded in.
        env_kwargs: what it was made with, beside its id.
        m: simulator actions between two recorded frames.

    Returns:
        Plain values by name.
    """
    return {
        "env": task.id,
        "kwargs": dict(env_kwargs),
        "render": task.render_settings,
        "m": m,
        "fps": 1.0 / (m * task.dt),
        "action_low": task.action_space.low.tolist(),
        "action_high": task.action_space.high.tolist(),
    }


def record_episodes(
    recipe: Recipe, first: int, stop: int, workers: int = 0
) -> Generator[Recording, None, None]:
    """Record episodes in order; an attempt in which the simulation failed is repeated with another
    seed.

    Args:
        recipe: how they are made.
        first: index of the first.
        stop: index after the last.
        workers: processes that record ahead, each at most two episodes; 0 records in this process.

    Yields:
        Each episode with the reasons of its failed attempts.

    Raises:
        WmpcError: settings make no sense, an episode failed `ATTEMPTS` times, a process died, or
            the environment hangs, which is noticed in this process if its main thread iterates, or
            in workers.
    """
    if workers < 0:
        raise WmpcError(f"{workers} workers came; there may be 0 (no other process) or more.")
    if workers == 0:
        with closing(envs.make(recipe.env_id, **recipe.env_kwargs)) as task:
            for index in range(first, stop):
                yield record(task, recipe, index)
        return
    workers = max(1, min(workers, stop - first))
    clocks = [multiprocessing.get_context("spawn").RawArray("d", 3) for _ in range(workers)]
    started = [
        start(_work, recipe, range(first + w, stop, workers), clock, environment=THREADS)
        for w, clock in enumerate(clocks)
    ]
    try:
        for index in range(first, stop):
            (process, pipe), clock = (some[(index - first) % workers] for some in (started, clocks))
            while not pipe.poll(LOOK_S):
                _look_at(clock, recipe)
            try:
                result = pipe.recv()
            except (EOFError, ConnectionError):
                process.join()
                raise WmpcError(
                    f"The process that recorded episode {index} {ending(process.exitcode)}."
                ) from None
            if isinstance(result, BaseException):
                raise result
            yield result
    finally:
        for process, pipe in started:
            end(process, pipe)


def record(task: Any, recipe: Recipe, index: int, clock: Any = None) -> Recording:
    """Record one episode, again and again until the simulation holds.

    Args:
        task: in which.
        recipe: how it is made.
        index: of the episode.
        clock: (3,), is told the episode, the step and since when; None: nobody looks.

    Returns:
        The episode and the reasons of its failed attempts.

    Raises:
        WmpcError: it failed `ATTEMPTS` times, or the environment hangs.
    """
    failures: list[str] = []
    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng((recipe.seed, index, attempt))
        episode, failure = _attempt(task, recipe, index, rng, clock)
        if failure is None:
            return Recording(episode, tuple(failures))
        failures.append(failure)
    raise WmpcError(
        f"Episode {index} of {recipe.env_id} failed {ATTEMPTS} times, last: {failures[-1]}."
    )


def policy_of(policy: str, index: int) -> str:
    """Name the policy that records an episode.

    Args:
        policy: random, scripted, or mixed: every second episode each, beginning with random, in the
            other order in every second ten of them.
        index: of the episode.

    Returns:
        random or scripted.
    """
    if policy != "mixed":
        return policy
    return ("random", "scripted")[(index + index // MIXED_TURN) % 2]


def _attempt(
    task: Any, recipe: Recipe, index: int, rng: np.random.Generator, clock: Any
) -> tuple[dict[str, np.ndarray], str | None]:
    """One attempt: its columns, and None or why it failed."""
    recording = _steps(task, recipe, policy_of(recipe.policy, index), rng)
    frames, blocks = [], []
    for step in range(recipe.steps + 1):
        if clock is not None:
            clock[:] = index, step, time.monotonic()
        try:
            frame, block, failure = ask(
                recipe.timeout_s, next, recording, who=WORLD, passing=(Exception,)
            )
        except Failed as failed:
            raise _hung(recipe, index, step, str(failed)) from None
        if failure is not None:
            return {}, failure
        frames.append(frame)
        blocks.append(block)
    columns = {name: np.stack([f[name] for f in frames]) for name in frames[0]}
    columns["action"] = np.asarray(blocks[1:], np.float32)
    columns["variation"] = np.array(task.variation, np.float64)
    return columns, None


def _steps(
    task: Any, recipe: Recipe, name: str, rng: np.random.Generator
) -> Iterator[tuple[dict[str, np.ndarray], list[np.ndarray], str | None]]:
    """The frame after a reset, then after each recorded step; the actions before it, and a reason
    where the simulation failed; with the policy of that `name`."""
    observation, _ = task.reset(seed=int(rng.integers(2**31)))
    policy = make_policy(task, name, rng)
    yield observation, [], None
    while True:
        block: list[np.ndarray] = []
        for _ in range(recipe.m):
            info = task.advance(policy(privileged(task)))
            if info["failure"]:
                yield {}, block, info["failure"]
                return
            block.append(info["action"])
        yield task.observe_state(task.get_state()), block, None


def _look_at(clock: Any, recipe: Recipe) -> None:
    """WmpcError where a process hangs that does not hear its own alarm."""
    index, step, since = clock
    if since and recipe.timeout_s is not None:
        seconds = time.monotonic() - since
        if seconds > recipe.timeout_s + GRACE_S:
            raise _hung(recipe, int(index), int(step), f"it hangs since {seconds:.0f} s")


def _hung(recipe: Recipe, index: int, step: int, how: str) -> WmpcError:
    place = f"step {step}" if step else "the reset"
    return WmpcError(
        f"{recipe.env_id} hangs in episode {index}, {place} ({how}): the episodes before it are "
        f"kept; timeout_s=... allows more than {recipe.timeout_s:g} s a step."
    )


def make_policy(task: Any, name: str, rng: np.random.Generator) -> Policy:
    """Make the policy that records an episode.

    Args:
        task: in which.
        name: random or scripted.
        rng: where all chance of the episode comes from.

    Returns:
        From what `privileged` gives to one simulator action.

    Raises:
        WmpcError: the task has no such policy.
    """
    if name == "scripted":
        policy = require(task, Scripted).scripted_policy(rng)
    else:
        policy = RandomPolicy(task.action_space.low, task.action_space.high)
    policy.reset(rng)
    return policy


def privileged(task: Any) -> dict[str, np.ndarray]:
    """Read what a collecting policy sees: no pictures, which cost more than the simulation.

    Args:
        task: in the state that is seen.

    Returns:
        Its `state` (S,) and, where it has one, `variation` (V,).
    """
    varied = {"variation": task.variation} if task.variation_names else {}
    return {"state": task.get_state(), **varied}


def _work(pipe: Connection, recipe: Recipe, indices: range, clock: Any) -> None:
    """In the process: record and send until done, or until nobody listens any more."""
    try:
        with closing(envs.make(recipe.env_id, **recipe.env_kwargs)) as task:
            for index in indices:
                pipe.send(record(task, recipe, index, clock))
    except BrokenPipeError:
        return
    except Exception as error:
        error.add_note(traceback.format_exc())
        pipe.send(error)
