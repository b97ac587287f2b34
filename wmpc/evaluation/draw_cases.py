"""Drawing a manifest from held-out episodes, seeded, each case possible and none solved already."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from wmpc.envs.goal_env import GoalEnv, StateSampler, Walkable, require
from wmpc.errors import WmpcError
from wmpc.evaluation.exclusions import find_exclusion, find_filter
from wmpc.evaluation.manifest import Case, Manifest
from wmpc.evaluation.manifest_values import encode_png
from wmpc.evaluation.strata import stratify

TRIES = 20
"""Goals elsewhere that are drawn for one start before another start is taken."""


class Recorded(Protocol):
    """What is needed of a dataset."""

    @property
    def meta(self) -> Mapping[str, Any]: ...
    @property
    def hash(self) -> str: ...
    @property
    def held_out_ids(self) -> Sequence[int] | np.ndarray: ...
    def episode(self, index: int) -> Mapping[str, np.ndarray]:
        """Read an episode.

        Args:
            index: of the episode.

        Returns:
            Its columns.
        """
        ...


@dataclass(frozen=True)
class _Draw:
    """The settings of a draw; see `draw_manifest`."""

    episodes: Recorded
    task: Any
    blocks: int | None
    actions: int
    lead_in: int
    stride: int
    filter: str | None
    goals: str
    seed: int

    def of(self, index: int) -> Iterator[Case | str]:
        """Cases of one episode at random frames, and the reasons of those that are none.

        No two share frames between start and goal, or between the lead-in and the start.
        """
        episode = self.episodes.episode(index)
        steps, stride = len(episode["action"]), self.stride
        ahead = (self.blocks or 0) * stride
        if steps < ahead:
            yield "too_short"
            return
        rng = np.random.default_rng([self.seed, index])
        first = min(self.lead_in * stride, steps - ahead)
        apart = max(ahead, self.lead_in * stride, stride)
        taken: list[int] = []
        for start in rng.permutation(np.arange(first, steps - ahead + 1)).tolist():
            if any(abs(start - other) < apart for other in taken):
                continue
            for goal in self._goals(index, episode, start, rng):
                case = goal if isinstance(goal, str) else self._case(index, episode, start, goal)
                yield case
                if isinstance(case, Case):
                    taken.append(start)
                    break

    def _goals(
        self, index: int, episode: Mapping[str, np.ndarray], start: int, rng: np.random.Generator
    ) -> Iterator[tuple[int, int] | np.ndarray | str]:
        """Candidates: (episode, frame) of a recorded goal, or a sampled state (S,); or a reason."""
        if self.blocks is not None:
            yield index, start + self.blocks * self.stride
            return
        variation = _variation(episode)
        others = [i for i in self.episodes.held_out_ids if i != index]
        for _ in range(TRIES):
            if self.goals == "sampled":
                self.task.set_state(episode["state"][start], variation)
                yield require(self.task, StateSampler).sample_state(rng)
            elif others:
                other = int(rng.choice(others))
                there = self.episodes.episode(other)
                alike = np.array_equal(_variation(there), variation)
                yield (other, int(rng.integers(len(there["state"])))) if alike else "other_layout"

    def _case(
        self,
        index: int,
        episode: Mapping[str, np.ndarray],
        start: int,
        goal: tuple[int, int] | np.ndarray,
    ) -> Case | str:
        """The case, or why it is none."""
        stride, task, variation = self.stride, self.task, _variation(episode)
        blocks = (-1, stride * episode["action"].shape[1], episode["action"].shape[2])
        begin = start - min(self.lead_in, start // stride) * stride
        lead_in, replay = (
            np.array(episode["action"][first:stop], np.float32).reshape(blocks)
            for first, stop in ((begin, start), (start, start + (self.blocks or 0) * stride))
        )
        start_state = np.array(episode["state"][start], np.float64)
        there = self.episodes.episode(goal[0]) if isinstance(goal, tuple) else None
        frame = goal[1] if isinstance(goal, tuple) else None
        goal_state = np.array(there["state"][frame] if there else goal, np.float64)
        reason = find_exclusion(
            task,
            start_state,
            goal_state,
            variation,
            filter=self.filter,
            actions=self.actions,
            replay=replay.reshape(-1, blocks[2]) if self.blocks else None,
        )
        if reason is not None:
            return reason
        pixels = there["pixels"][frame] if there else task.render_state(goal_state, variation)
        return Case(
            episode=index,
            frame=start,
            goal_episode=goal[0] if isinstance(goal, tuple) else None,
            goal_frame=frame,
            variation=variation,
            lead_in_state=np.array(episode["state"][begin], np.float64),
            lead_in=lead_in,
            start_state=start_state,
            goal_state=goal_state,
            goal_png=encode_png(np.array(pixels)),
            replay=replay if self.blocks else None,
            distance=_distance(task, start_state, goal_state, variation),
            seed=int(np.random.SeedSequence([self.seed, index, start]).generate_state(1)[0]),
        )


def draw_manifest(
    episodes: Recorded,
    task: Any,
    *,
    kind: Literal["ahead", "elsewhere"] = "ahead",
    blocks: int = 5,
    action_block: int = 5,
    budget: int = 10,
    count: int = 100,
    lead_in: int = 3,
    per_episode: int = 5,
    filter: str | None = None,
    goals: Literal["recorded", "sampled"] = "sampled",
    seed: int = 0,
) -> Manifest:
    """Draw cases from the held-out episodes, a case an episode at a time.

    What is no case, and why, see `wmpc.evaluation.exclusions`: doing nothing reaches no goal, and
    the recorded actions reach every goal that is ahead.

    Args:
        episodes: of the dataset.
        task: of the same environment.
        kind: "ahead": the goal is the frame `blocks` blocks later in the same episode;
            "elsewhere": a state of its own, by `goals`: "sampled" by the task, or "recorded" in
            another held-out episode of the same variation.
        blocks: from start to goal, kind "ahead" only.
        action_block: n, simulator actions of a block.
        budget: blocks that an agent may act for.
        count: how many cases.
        lead_in: recorded blocks before the start, fewer where the episode has fewer.
        per_episode: how many of one episode at most.
        filter: a name in `task.filters` that every case must pass; see
            `wmpc.evaluation.exclusions.find_filter`.
        goals: see `kind`.
        seed: of all that is drawn.

    Returns:
        The manifest.

    Raises:
        WmpcError: the dataset is of another task or has too few cases, or a setting makes no sense.
    """
    m = _check(episodes, task, kind, goals, action_block)
    filter = find_filter(task, filter)
    for name, value, least in (
        ("blocks", blocks, 1),
        ("budget", budget, 1),
        ("count", count, 1),
        ("per_episode", per_episode, 1),
        ("lead_in", lead_in, 0),
    ):
        if value < least:
            raise WmpcError(f"{name}={value} came; it must be at least {least}.")
    ahead = blocks if kind == "ahead" else None
    if ahead is not None and budget < ahead:
        raise WmpcError(f"budget={budget} blocks came, fewer than the {ahead} to the goal.")
    actions, stride = budget * action_block, action_block // m
    draw = _Draw(episodes, task, ahead, actions, lead_in, stride, filter, goals, seed)
    ids = np.random.default_rng(seed).permutation(np.asarray(episodes.held_out_ids)).tolist()
    drawn, excluded = _take([draw.of(index) for index in ids], count, per_episode)
    if len(drawn) < count:
        refused = ", ".join(f"{reason} {n}" for reason, n in sorted(excluded.items())) or "none"
        raise WmpcError(
            f"{count} cases were asked for, {len(drawn)} could be had from {len(ids)} held-out "
            f"episodes, at most {per_episode} from each (refused: {refused}): ask for "
            f"count={max(len(drawn), 1)}, allow more per_episode, or collect more episodes."
        )
    return Manifest(
        env=task.id,
        kwargs=dict(episodes.meta.get("kwargs") or {}),
        render=dict(task.render_settings),
        dataset=episodes.hash,
        kind=kind,
        goals="recorded" if kind == "ahead" else goals,
        blocks=ahead,
        action_block=action_block,
        budget=budget,
        filter=filter,
        seed=seed,
        excluded=dict(sorted(excluded.items())),
        cases=stratify(drawn, task),
    )


def _take(
    streams: Sequence[Iterator[Case | str]], cases: int, rounds: int
) -> tuple[list[Case], Counter[str]]:
    """One case a stream in each round, until there are enough; the reasons of those refused."""
    drawn: list[Case] = []
    excluded: Counter[str] = Counter()
    for _ in range(rounds):
        for stream in streams:
            if len(drawn) == cases:
                return drawn, excluded
            for candidate in stream:
                if isinstance(candidate, Case):
                    drawn.append(candidate)
                    break
                excluded[candidate] += 1
    return drawn, excluded


def _check(episodes: Recorded, task: Any, kind: str, goals: str, action_block: int) -> int:
    """m, the dataset's actions a frame; WmpcError where the arguments do not fit each other."""
    meta = episodes.meta
    require(task, GoalEnv)
    if kind not in ("ahead", "elsewhere"):
        raise WmpcError(f"No kind of manifest {kind!r}; there are 'ahead' and 'elsewhere'.")
    if goals not in ("recorded", "sampled"):
        raise WmpcError(f"Goals {goals!r} came; they are 'recorded' or 'sampled'.")
    if meta["env"] != task.id:
        raise WmpcError(f"The dataset was recorded in {meta['env']}, the task is {task.id}.")
    if dict(meta.get("render") or {}) != dict(task.render_settings):
        raise WmpcError(
            f"The dataset was drawn with {meta.get('render')}, {task.id} draws with "
            f"{task.render_settings}: make the task with the dataset's settings."
        )
    if not len(episodes.held_out_ids):
        raise WmpcError("The dataset has no held-out episode yet; every tenth is: collect 10.")
    missing = {"state", "pixels", "action"} - set(episodes.episode(int(episodes.held_out_ids[0])))
    if missing:
        raise WmpcError(f"The dataset has no column {sorted(missing)}; a manifest needs it.")
    m = int(meta["m"])
    if action_block < 1 or action_block % m:
        raise WmpcError(
            f"action_block={action_block} came; the dataset has a frame every {m} simulator "
            f"actions, so it must be a multiple of {m}."
        )
    return m


def _distance(task: Any, start: np.ndarray, goal: np.ndarray, variation: np.ndarray) -> float:
    """From start to goal, in tolerances, by the way that there is."""
    if isinstance(task, Walkable):
        here, there = (require(task, GoalEnv).coordinates(state) for state in (start, goal))
        return float(task.walk(here, there, variation))
    return float(task.distance(start, goal))


def _variation(episode: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.array(episode.get("variation", np.zeros(0)), np.float64)
