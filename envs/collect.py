"""Recording episodes: one after another, or in processes that each keep their own environment.

Episode i is a function of (seed, i) and comes i-th, so what is recorded does not depend on the
number of processes. Episodes are plain mappings of arrays; whoever iterates stores them.
"""

import multiprocessing
import os
import signal
import traceback
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple

import numpy as np

import envs
from envs.errors import EnvError
from envs.policies import Policy, RandomPolicy

POLICIES = ("random", "scripted", "mixed")
MIXED_TURN = 10
"""Episodes after which `mixed` turns its order about: every tenth is held out of training, and
those should be of both policies."""
ATTEMPTS = 20
"""An episode that fails this often shows a task that is broken, not bad luck."""
THREADS = {"LP_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""One thread a process: llvmpipe, and numpy's BLAS."""


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

    def __post_init__(self) -> None:
        if self.policy not in POLICIES:
            raise EnvError(f"No policy {self.policy!r}; there are {', '.join(POLICIES)}.")
        if self.steps < 1 or self.m < 1 or self.seed < 0:
            raise EnvError(
                f"steps={self.steps}, m={self.m}, seed={self.seed} came; steps and m (simulator "
                "actions a frame) are at least 1, the seed is not negative."
            )


def settings(task: Any, env_kwargs: dict[str, Any], m: int) -> dict[str, Any]:
    """What all episodes of one dataset share, as plain values: the `meta` of a dataset."""
    return {
        "env": task.id,
        "kwargs": dict(env_kwargs),
        "render": task.render_settings,
        "m": m,
        "fps": 1.0 / (m * task.dt),
        "action_low": task.action_space.low.tolist(),
        "action_high": task.action_space.high.tolist(),
    }


def collect(
    recipe: Recipe, first: int, stop: int, workers: int = 0
) -> Generator[Recording, None, None]:
    """Yield episodes `first` to `stop - 1`, in order.

    `workers` processes record ahead, each at most two episodes; 0 records in this process. An
    attempt in which the simulation failed is thrown away, and the next one has another seed.
    Raises EnvError on bad settings, after `ATTEMPTS` failures, or when a process dies.
    """
    if workers < 0:
        raise EnvError(f"{workers} workers came; there may be 0 (no other process) or more.")
    if workers == 0:
        with closing(envs.make(recipe.env_id, **recipe.env_kwargs)) as task:
            for index in range(first, stop):
                yield record(task, recipe, index)
        return
    workers = max(1, min(workers, stop - first))
    started = [_start(recipe, range(first + w, stop, workers)) for w in range(workers)]
    try:
        for index in range(first, stop):
            process, pipe = started[(index - first) % workers]
            try:
                result = pipe.recv()
            except EOFError:
                process.join()
                raise EnvError(
                    f"The process that recorded episode {index} died (exit code "
                    f"{process.exitcode}; -9 often means too little memory)."
                ) from None
            if isinstance(result, BaseException):
                raise result
            yield result
    finally:
        for process, pipe in started:
            pipe.close()
            process.terminate()
            process.join()


def record(task: Any, recipe: Recipe, index: int) -> Recording:
    """Record episode `index` in `task`, again and again until the simulation holds."""
    failures: list[str] = []
    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng((recipe.seed, index, attempt))
        episode, failure = _attempt(task, policy_of(recipe.policy, index), recipe, rng)
        if failure is None:
            return Recording(episode, tuple(failures))
        failures.append(failure)
    raise EnvError(
        f"Episode {index} of {recipe.env_id} failed {ATTEMPTS} times, last: {failures[-1]}."
    )


def policy_of(policy: str, index: int) -> str:
    """The policy that records episode `index`: `mixed` is every second episode each, beginning with
    random, in the other order in every second ten of them."""
    if policy != "mixed":
        return policy
    return ("random", "scripted")[(index + index // MIXED_TURN) % 2]


def _attempt(
    task: Any, name: str, recipe: Recipe, rng: np.random.Generator
) -> tuple[dict[str, np.ndarray], str | None]:
    """One attempt with the policy of that name: its columns, and None or why it failed."""
    observation, _ = task.reset(seed=int(rng.integers(2**31)))
    policy = _policy(task, name, rng)
    frames, blocks = [observation], []
    for _ in range(recipe.steps):
        block = []
        for _ in range(recipe.m):
            info = task.advance(policy(_privileged(task)))
            if info["failure"]:
                return {}, info["failure"]
            block.append(info["action"])
        frames.append(task.observe_state(task.get_state()))
        blocks.append(block)
    columns = {name: np.stack([f[name] for f in frames]) for name in frames[0]}
    columns["action"] = np.asarray(blocks, np.float32)
    columns["variation"] = np.array(task.variation, np.float64)
    return columns, None


def _policy(task: Any, name: str, rng: np.random.Generator) -> Policy:
    space = task.action_space
    scripted = name == "scripted"
    policy = task.scripted_policy(rng) if scripted else RandomPolicy(space.low, space.high)
    policy.reset(rng)
    return policy


def _privileged(task: Any) -> dict[str, np.ndarray]:
    """What a collecting policy sees: no pictures, which would cost far more than the simulation."""
    varied = {"variation": task.variation} if task.variation_names else {}
    return {"state": task.get_state(), **varied}


def _start(recipe: Recipe, indices: range) -> tuple[BaseProcess, Connection]:
    """A process that records `indices` and sends them; it ends when its pipe is closed."""
    context = multiprocessing.get_context("spawn")
    pipe, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(recipe, indices, theirs), daemon=True)
    before = {name: os.environ.get(name) for name in THREADS}
    # Ctrl-C is for us alone: a blocked signal stays blocked in the process that is started.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.environ.update(THREADS)
    try:
        process.start()
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    theirs.close()
    return process, pipe


def _work(recipe: Recipe, indices: range, pipe: Connection) -> None:
    """In the process: record and send until done, or until nobody listens any more."""
    try:
        with closing(envs.make(recipe.env_id, **recipe.env_kwargs)) as task:
            for index in indices:
                pipe.send(record(task, recipe, index))
    except BrokenPipeError:
        return
    except Exception as error:
        error.add_note(traceback.format_exc())
        pipe.send(error)
