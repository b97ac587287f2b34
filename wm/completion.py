"""Goals said in part, completed from recordings to whole ones: any of them will do.

A picture is one latent, of which no entry belongs to a place, a limb or an object; so what part of
a latent a masked picture determines cannot be read off it. Recordings tell: among their frames,
those whose part that counts is most alike show what the rest may look like then. Their latents are
the goal, and a planner pursues the one nearest to the present (docs/goals.md, with what else was
tried; the idea of a set of goals that all satisfy is that of goal sets in planning, e.g. Berenson
et al., Task Space Regions, 2011).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wm.data import Episodes
from wm.errors import WmError
from wm.history import GoalLike
from wm.model import JEPA
from wm.nearest_frame import draw_frames, encode_frames

FRAMES = 20_000
"""Recorded frames to complete from: a few seconds to encode."""
ALIKE = 64
"""Frames whose part that counts is most alike, which make the goal's set."""
CHUNK = 1024
"""Frames looked at at once, so that a large dataset is never held."""


@dataclass(frozen=True, eq=False)
class Completion:
    """F recorded frames; calling it completes a goal, see `planners.mpc.Complete`."""

    model: JEPA
    columns: Mapping[str, np.ndarray]
    """Cameras and `proprio`, if recorded, (rows, ...), memory-mapped."""
    rows: np.ndarray
    """(F,) int64, those of them that count."""
    latents: Tensor
    """(F, K, D)"""
    alike: int = ALIKE

    @classmethod
    def of(
        cls,
        model: JEPA,
        episodes: Episodes,
        *,
        frames: int = FRAMES,
        alike: int = ALIKE,
        seed: int = 0,
    ) -> "Completion":
        """From at most `frames` frames drawn evenly from the episodes that are not held out.

        WmError where there is none, a setting is out of range, or the dataset lacks what the model
        sees.
        """
        for name, value in {"frames": frames, "alike": alike}.items():
            if value < 1:
                raise WmError(f"{name} is {value}; it must be at least 1")
        rows = draw_frames(episodes, frames, seed)
        names = {*model.spec.cameras, *(["proprio"] if "proprio" in episodes.columns else [])}
        columns = {name: episodes.frames(name) for name in sorted(names)}
        return cls(model, columns, rows, encode_frames(model, episodes, rows), alike)

    @torch.no_grad()
    def __call__(self, goal: GoalLike) -> tuple[Tensor, Tensor]:
        """latents (M, K, D) and their weight, broadcastable to (K, D). A goal that is said as a
        whole stays what it is, and M is 1.

        WmError where the goal says nothing that was recorded, or all of its weight is zero.
        """
        said = dict(goal.observation)
        weight = getattr(goal, "weight", None)
        if self.model.unsaid(said, weight) or not set(self.model.spec.cameras) <= set(said):
            rows, seen = self.rows[self.nearest(goal)], {}
            for name in (c for c in self.columns if c in self.model.columns):
                seen[name] = self.columns[name][rows]
                if name in said:  # what the goal says is exact, the recorded only alike
                    seen[name] = _blend(said[name], seen[name], _weight(weight, name, said[name]))
            latents = self.model.encode({name: x[None] for name, x in seen.items()})[0]
        else:
            whole = {name: np.asarray(x)[None, None] for name, x in said.items()}
            latents = self.model.encode(whole)[:, 0]
        if self.model.unsaid(said, weight):  # now they are said
            said |= {camera: None for camera in self.model.spec.cameras}
            weight = {name: w for name, w in (weight or {}).items() if name == "proprio"} or None
        return latents, self.model.known(said, weight)

    def nearest(self, goal: GoalLike) -> np.ndarray:
        """Of the F frames, the `alike` whose part that counts is nearest to the goal's: first the
        nearest. Each column counts by its own spread."""
        weight = getattr(goal, "weight", None)
        total = np.zeros(len(self.rows))
        counted = False
        for name in self.columns:
            if name not in goal.observation:
                continue
            wanted = np.asarray(goal.observation[name], np.float32)
            counts = _weight(weight, name, wanted)
            if wanted.shape != self.columns[name].shape[1:]:
                raise WmError(
                    f"the goal's {name} is {wanted.shape}; recorded were "
                    f"{self.columns[name].shape[1:]}: give it so"
                )
            if not counts.any():
                continue
            counted = True
            if name == "proprio":
                away = self._proprio_distance(wanted, counts)
            else:
                away = self._picture_distance(name, wanted, counts)
            total += away / max(float(away.mean()), 1e-12)
        if not counted:
            raise WmError(
                f"nothing of the goal counts that was recorded: it has "
                f"{', '.join(sorted(goal.observation)) or 'nothing'}, the recordings "
                f"{', '.join(self.columns)}; give a part with a weight above 0"
            )
        return np.argsort(total, kind="stable")[: self.alike]

    @cached_property
    def shown(self) -> np.ndarray:
        """(P,), how much of each number of `proprio` the pictures show, 0 to 1: the share of its
        variance that the frame of the nearest latent explains. A picture shows no velocity, and a
        goal that no picture shows can only mislead."""
        proprio = self._proprio()
        some = np.random.default_rng(0).permutation(len(self.rows))[:1000]
        apart = torch.cdist(self.latents[some, 0], self.latents[:, 0])
        apart[torch.arange(len(some)), torch.as_tensor(some)] = torch.inf  # itself
        other = apart.argmin(1).cpu().numpy()
        noise = np.square(proprio[some] - proprio[other]).mean(0) / 2
        return np.clip(1 - noise / proprio.var(0).clip(min=1e-12), 0, 1)

    def _proprio(self) -> np.ndarray:
        return self.columns["proprio"][self.rows].astype(np.float64)

    def _proprio_distance(self, wanted: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """(F,), squared and in units of the spread, of what counts and pictures show."""
        proprio = self._proprio()
        if self.model.slots == 1:
            weight = weight * self.shown
        return (np.square(proprio - wanted) / proprio.var(0).clip(min=1e-12)) @ weight

    def _picture_distance(self, name: str, wanted: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """(F,), squared, over the pixels that count."""
        ys, xs = np.nonzero(mask)
        box = np.s_[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
        inside = mask[box] > 0
        weight, goal = mask[box][inside], wanted[box][inside]
        away = []
        for first in range(0, len(self.rows), CHUNK):
            rows = self.rows[first : first + CHUNK]
            pixels = self.columns[name][(rows, *box)][:, inside].astype(np.float32)
            away.append(np.square(pixels - goal).sum(-1) @ weight)
        return np.concatenate(away).astype(np.float64)


def _weight(weight: Mapping[str, Any] | None, name: str, value: np.ndarray) -> np.ndarray:
    """A column's weight: (H, W) of a picture, (P,) of numbers; ones where there is none."""
    value = np.asarray(value)
    shape = value.shape[:2] if value.ndim == 3 else value.shape
    given = np.asarray((weight or {}).get(name, 1.0), np.float32)
    if given.shape not in ((), shape) or not np.all((given >= 0) & (given <= 1)):
        raise WmError(
            f"the weight of {name} is {given.shape}, {given.min():g} to {given.max():g}; it must "
            f"be {shape}, 0 to 1"
        )
    return np.broadcast_to(given, shape)


def _blend(said: np.ndarray, recorded: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """What is said (...) where it counts, over each of the recorded (M, ...)."""
    weight = weight[..., None] if recorded.ndim == 4 else weight
    mixed = weight * said.astype(np.float32) + (1 - weight) * recorded.astype(np.float32)
    return (np.rint(mixed) if recorded.dtype == np.uint8 else mixed).astype(recorded.dtype)
