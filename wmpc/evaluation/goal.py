"""From what is said of a goal to what it means: a goal, its picture to look at, its state."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from wmpc.agents import goals
from wmpc.agents.agent import Goal
from wmpc.errors import WmpcError
from wmpc.system.npy_file import read_npy
from wmpc.wm.data import Episodes
from wmpc.wm.models.spec import DataSpec

KINDS = (
    "picture.png, frame:EPISODE:FRAME, state.npy, proprio:0.1,_,0.2, nearest:proprio:0.1,_,0.2 or "
    "nearest:state:FILE.npy"
)
FRAME = re.compile(r"frame:(\d+):(\d+)")
"""A recorded frame: its episode and its place there."""
DIM = 0.25
"""How bright that part of a goal's picture is shown that does not count."""


Said = str | Goal | np.ndarray
"""Words, a goal, a picture (H, W, 3) uint8, or proprioception (P,)."""


@dataclass(frozen=True)
class Stop:
    """A goal on the way."""

    goal: Goal
    pixels: np.ndarray
    """(H, W, 3), what it is shown as: what does not count is dimmed."""
    state: np.ndarray | None = None
    """(S,), where the goal is a whole state, so that success can be judged."""
    variation: np.ndarray | None = None
    """(V,), that the goal needs."""
    notes: list[str] = field(default_factory=list)
    """What to tell."""


@dataclass(frozen=True)
class Reader:
    """What the words may refer to."""

    spec: DataSpec
    task: Any
    """Draws states; None where nothing can."""
    episodes: Callable[[], Episodes]
    """Opens the dataset."""
    seed: int

    def stops(self, words: Any, mask: Any = None, crop: Any = None) -> list[Stop]:
        """Read the goals that `goal=`, `mask=` and `crop=` mean.

        Args:
            words: one goal or a list of them.
            mask: the file of a picture; only what is white there counts.
            crop: x0, y0, x1, y1; only this box counts.

        Returns:
            The goals, in their order.

        Raises:
            WmpcError: they mean none.
        """
        listed = list(words) if isinstance(words, list | tuple) else [words]
        if not listed:
            raise WmpcError(f"goal is an empty list: give {KINDS}")
        objects = (Goal, np.ndarray)
        stops = [self.given(w) if isinstance(w, objects) else self.read(str(w)) for w in listed]
        counts = self.counts(mask, crop)
        if counts is None:
            return stops
        if not any(stop.goal.observation.keys() & {*self.spec.cameras} for stop in stops):
            raise WmpcError("mask and crop are for pictures; no goal here is one: leave them out")
        return [self._masked(stop, counts) for stop in stops]

    def given(self, said: Goal | np.ndarray) -> Stop:
        """Take a goal that a program gives.

        Args:
            said: a goal, a picture (H, W, 3) uint8, or proprioception (P,), NaN where open.

        Returns:
            The goal, and what it is shown as.

        Raises:
            WmpcError: it has neither a picture nor proprioception, or another size.
        """
        if isinstance(said, np.ndarray):
            if said.ndim != 3:
                return self._proprio(said)
            said = goals.frame(said, self.spec.image_size, self.camera)
        seen = said.observation
        if self.camera in seen:
            state, variation = seen.get("state"), seen.get("variation")
            whole = said.weight is None
            return Stop(said, seen[self.camera], state if whole else None, variation)
        if "proprio" not in seen:
            raise WmpcError(
                f"a goal of {', '.join(seen) or 'nothing'} came; it has {self.camera} or proprio"
            )
        weight = (said.weight or {}).get("proprio")
        values = seen["proprio"]
        open_ones = values if weight is None else np.where(weight > 0, values, np.nan)
        return replace(self._proprio(open_ones), goal=said)

    def read(self, word: str) -> Stop:
        """Read one goal in words.

        Args:
            word: see `KINDS`.

        Returns:
            The goal, and what it is shown as.

        Raises:
            WmpcError: there is no such file or frame, or the word cannot be read.
        """
        if frame := FRAME.fullmatch(word):
            return self._frame(int(frame[1]), int(frame[2]))
        if word.startswith("proprio:"):
            return self._proprio(numbers(word, word.removeprefix("proprio:")))
        if word.startswith("nearest:proprio:"):
            wanted = numbers(word, word.removeprefix("nearest:proprio:"))
            return self._nearest(self._column("proprio"), wanted)
        if word.startswith("nearest:state:"):
            state = array(word.removeprefix("nearest:state:"))
            self._seen(state, None)  # which refuses what is no state of this task
            states = self.task.coordinates(self._column("state"))
            return self._nearest(states, self.task.coordinates(state))
        if word.split(":")[0] in ("frame", "nearest"):
            raise WmpcError(f"cannot read the goal {word}: a goal is {KINDS}")
        if not Path(word).is_file():
            raise WmpcError(f"there is no file {word}: a goal is {KINDS}")
        if word.endswith(".npy"):
            state = array(word)
            pixels = self._seen(state, None)
            return Stop(Goal({self.camera: pixels}), pixels, state)
        goal, note = goals.picture(word, self.spec.image_size, self.camera)
        return Stop(goal, goal.observation[self.camera], notes=[note] if note else [])

    @property
    def camera(self) -> str:
        """The camera that pictures are of."""
        return self.spec.cameras[0]

    def counts(self, mask: Any, crop: Any) -> np.ndarray | None:
        """Say how much each pixel of a goal's picture counts.

        Args:
            mask: the file of a picture.
            crop: x0, y0, x1, y1.

        Returns:
            (H, W), from 0 to 1; None: all, each once.

        Raises:
            WmpcError: both are given, or cannot be read.
        """
        if mask is not None and crop is not None:
            raise WmpcError("mask and crop came; give one of them")
        if mask is not None:
            return goals.mask(str(mask), self.spec.image_size)
        if crop is None:
            return None
        said = ",".join(map(str, crop)) if isinstance(crop, list) else str(crop)
        return goals.crop(numbers(f"crop {said}", said), self.spec.image_size)

    def _frame(self, episode: int, index: int) -> Stop:
        recorded = self.episodes().episode(episode)
        if index >= len(recorded[self.camera]):
            raise WmpcError(
                f"episode {episode} has frames 0 to {len(recorded[self.camera]) - 1}; there is no "
                f"frame {index}"
            )
        seen = {camera: np.array(recorded[camera][index]) for camera in self.spec.cameras}
        state = recorded["state"][index] if "state" in recorded else None
        return Stop(Goal(seen), seen[self.camera], state, recorded.get("variation"))

    def _nearest(self, recorded: np.ndarray, wanted: np.ndarray) -> Stop:
        found = goals.nearest(recorded, wanted)
        ends = self.episodes().ends
        episode = int(np.searchsorted(ends, found.row, side="right"))
        first = int(ends[episode - 1]) if episode else 0
        stop = self._frame(episode, found.row - first)
        told = [
            f"nearest is frame:{episode}:{found.row - first}, {found.distance:.3g} spreads away"
        ]
        return replace(stop, notes=[*told, *([found.note] if found.note else [])])

    def _proprio(self, wanted: np.ndarray) -> Stop:
        size = self.spec.proprio_size
        if size and len(wanted) != size:
            raise WmpcError(f"the goal has {len(wanted)} numbers; the proprioception has {size}")
        goal = goals.proprio(wanted)
        like = self._nearest(self._column("proprio"), wanted)  # to look at
        return replace(like, goal=goal, state=None, notes=like.notes[1:])

    def _column(self, name: str) -> np.ndarray:
        return np.asarray(self.episodes().frames(name))

    def _masked(self, stop: Stop, counts: np.ndarray) -> Stop:
        goal = stop.goal
        if self.camera not in goal.observation:
            return stop
        goal = goals.masked(Goal({self.camera: goal.observation[self.camera]}), counts, self.camera)
        shown = stop.pixels * (DIM + (1 - DIM) * counts[..., None])
        return replace(stop, goal=goal, pixels=shown.astype(np.uint8), state=None)

    def _seen(self, state: np.ndarray, variation: np.ndarray | None) -> np.ndarray:
        if self.task is None:
            raise WmpcError(
                "a state came for a goal, and no environment is there to draw it: give a picture, "
                "frame:EPISODE:FRAME or proprio:NUMBERS"
            )
        options = {"goal_state": state, "variation": variation}
        given = {name: value for name, value in options.items() if value is not None}
        return self.task.reset(seed=self.seed, options=given)[1]["goal"]["pixels"]


def numbers(word: str, said: str) -> np.ndarray:
    """Read numbers with commas between.

    Args:
        word: what messages call them.
        said: such as "0.1,_,nan"; `_` and nan leave a number open.

    Returns:
        (n,) float64, NaN where open.

    Raises:
        WmpcError: something else stands there.
    """
    try:
        return np.array([np.nan if x.strip() == "_" else float(x) for x in said.split(",")])
    except ValueError:
        raise WmpcError(
            f"cannot read {word}: give numbers with commas between, _ for one left open"
        ) from None


def array(path: str) -> np.ndarray:
    """Read an array.

    Args:
        path: of a `.npy` file.

    Returns:
        The array.

    Raises:
        WmpcError: there is no such file, or no array in it.
    """
    if not Path(path).is_file():
        raise WmpcError(f"there is no file {path}: a goal is {KINDS}")
    return read_npy(path)
