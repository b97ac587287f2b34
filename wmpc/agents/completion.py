"""Goals said in part, completed from recordings to whole ones: any of them will do.

A picture is one latent, of which no entry belongs to a place, a limb or an object; so what part of
a latent a masked picture determines cannot be read off it. Recordings tell: among their frames,
those whose part that counts is most alike show what the rest may look like then. Their latents are
the goal, and a planner pursues the one nearest to the present (docs/goals.md, with what else was
tried; the idea of a set of goals that all satisfy is that of goal sets in planning, e.g. Berenson
et al., Task Space Regions, 2011).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wmpc.agents.meaning import Complete, GoalLike, meant
from wmpc.agents.nearest_frame import draw_frames, encode_frames
from wmpc.errors import WmpcError
from wmpc.planners.costs import Target
from wmpc.wm.data import Episodes
from wmpc.wm.models.world_model import LearnedModel, trained_on
from wmpc.wm.probe import Probe, fit_latents

FRAMES = 20_000
"""Recorded frames to complete from: a few seconds to encode."""
ALIKE = 8
"""Frames whose part that counts is most alike, which make the goal's set: so few that the part is
within tolerance in nine of ten of them, on Reacher and PushT (docs/lab-notes.md)."""
SHOWN = 0.5
"""Share of a number's variance below which the probe's error must be for pictures to show it."""
STEPS = 1000
"""Of fitting the probe."""
CHUNK = 1024
"""Frames looked at at once, so that a large dataset is never held."""


@dataclass(frozen=True, eq=False)
class Completion:
    """F recorded frames; calling it completes a goal, see `wmpc.agents.meaning.Complete`."""

    model: LearnedModel
    columns: Mapping[str, np.ndarray]
    """Cameras and `proprio`, if recorded, (rows, ...), memory-mapped."""
    rows: np.ndarray
    """(F,) int64, those of them that count."""
    episode: np.ndarray
    """(F,) int64, which episode each is of."""
    latents: Tensor
    """(F, K, D)"""
    alike: int = ALIKE
    pictures: bool = False
    """Whether a goal without a picture gets one even where the model has a slot that says it, for
    agents that know pictures only."""

    @classmethod
    def of(
        cls,
        model: LearnedModel,
        episodes: Episodes,
        *,
        frames: int = FRAMES,
        alike: int = ALIKE,
        pictures: bool = False,
        seed: int = 0,
    ) -> "Completion":
        """Encode recorded frames, drawn evenly from the episodes that the model was trained on.

        Args:
            model: what the goals are for.
            episodes: the recordings.
            frames: the most of them.
            alike: frames whose part that counts is most alike, which make a goal's set.
            pictures: whether a goal without a picture gets one even where the model has a token
                that says it, for agents that know pictures only.
            seed: of the draw.

        Returns:
            What completes goals.

        Raises:
            WmpcError: there is no such frame, a setting is out of range, or the dataset lacks what
                the model sees.
        """
        for name, value in {"frames": frames, "alike": alike}.items():
            if value < 1:
                raise WmpcError(f"{name} is {value}; it must be at least 1")
        rows = draw_frames(episodes, trained_on(model, episodes), frames, seed)
        names = {*model.spec.cameras, *(["proprio"] if "proprio" in episodes.columns else [])}
        columns = {name: episodes.frames(name) for name in sorted(names)}
        episode = np.searchsorted(episodes.ends, rows, side="right")
        latents = encode_frames(model, episodes, rows)
        return cls(model, columns, rows, episode, latents, alike, pictures)

    @torch.no_grad()
    def __call__(self, goal: GoalLike) -> Target:
        """Complete a goal.

        Args:
            goal: what to reach, perhaps said in part.

        Returns:
            Its latents (M, K, D) and their weight; or for proprioception alone numbers (1, 1, P),
            their weight (1, P) and what reads such off latents. A goal that is said as a whole
            stays what it is, and M is 1.

        Raises:
            WmpcError: the goal says nothing that was recorded, or all of its weight is zero.
        """
        if whole(self.model, goal, self.pictures):
            return meant(self.model, goal)
        said, weight = goal.observation, getattr(goal, "weight", None)
        self._check(goal)
        if not self.pictures and not set(self.model.spec.cameras) & set(said):
            return self._read(goal)
        rows, seen = self.rows[self.nearest(goal)], {}
        for name in (c for c in self.columns if c in self.model.columns):
            seen[name] = self.columns[name][rows]
            if name in said:  # what the goal says is exact, the recorded only alike
                counts = _weight(weight, name, said[name])
                seen[name] = _blend(np.asarray(said[name]), seen[name], counts)
        latents = self.model.encode({name: x[None] for name, x in seen.items()})[0]
        counts, left = self.model.known(said, weight)
        if left:  # now that they are completed, all pictures count as a whole
            parts = {name: w for name, w in (weight or {}).items() if name == "proprio"}
            counted = [*self.model.spec.cameras, *(["proprio"] if "proprio" in said else [])]
            counts, _ = self.model.known(dict.fromkeys(counted), parts)
        return Target(latents, counts)

    def nearest(self, goal: GoalLike) -> np.ndarray:
        """Find the frames whose part that counts is nearest to the goal's, each column by its
        spread.

        Args:
            goal: what to reach, perhaps said in part.

        Returns:
            (alike,) int64, which of the F frames, the nearest first.
        """
        weight = getattr(goal, "weight", None)
        total = np.zeros(len(self.rows))
        for name in self._check(goal):
            wanted = np.asarray(goal.observation[name], np.float32)
            counts = _weight(weight, name, wanted)
            if name == "proprio":
                away = self._proprio_distance(wanted, counts)
            else:
                away = self._picture_distance(name, wanted, counts)
            total += away / max(float(away.mean()), 1e-12)
        return np.argsort(total, kind="stable")[: self.alike]

    def _check(self, goal: GoalLike) -> list[str]:
        """The recorded columns of which something counts; WmpcError where there is none, or one is
        not as recorded."""
        weight, counted = getattr(goal, "weight", None), []
        for name in (name for name in self.columns if name in goal.observation):
            wanted, recorded = np.asarray(goal.observation[name]), self.columns[name].shape[1:]
            if wanted.shape != recorded:
                raise WmpcError(f"the goal's {name} is {wanted.shape}; recorded were {recorded}")
            if _weight(weight, name, wanted).any():
                counted.append(name)
        if not counted:
            raise WmpcError(
                f"nothing of the goal counts that was recorded: it has "
                f"{', '.join(sorted(goal.observation)) or 'nothing'}, the recordings "
                f"{', '.join(self.columns)}; give a part with a weight above 0"
            )
        return counted

    @cached_property
    def probe(self) -> tuple[Probe, Tensor]:
        """What reads `proprio` off a frame's latent, and its squared error (P,) as a share of the
        mean's: 1 where the picture does not show it, as none shows a velocity.

        Both errors are on every tenth of the episodes, or the last of fewer. Neither was fitted
        to a frame of them, for a frame's neighbours in time look like it.
        """
        proprio = self._proprio()
        found, which = np.unique(self.episode, return_inverse=True)
        apart = which % 10 == min(9, len(found) - 1)
        if len(found) < 2:
            raise WmpcError(
                f"{len(self.rows)} recorded frames of one episode are too few to learn what "
                "pictures show of the proprioception: record at least two episodes to learn from"
            )
        z = self.model.layout.of(self.latents, "pixels")
        probe = fit_latents(z[~apart], proprio[~apart], steps=STEPS)
        wrong = probe(z[apart]).cpu().numpy() - proprio[apart]
        blind = proprio[~apart].mean(0) - proprio[apart]
        share = np.square(wrong).mean(0) / np.square(blind).mean(0).clip(min=1e-12)
        return probe, torch.as_tensor(share, dtype=z.dtype, device=z.device).clamp(1e-4, 1)

    def _read(self, goal: GoalLike) -> Target:
        """Proprioception alone, of a model that sees pictures only: compared where the probe reads
        it, each number by how well it can be read."""
        wanted, proprio = np.asarray(goal.observation["proprio"]), self._proprio()
        mean, std = proprio.mean(0), proprio.std(0).clip(min=1e-6)
        probe, share = self.probe
        shift, scale = (torch.as_tensor(x).to(share) for x in (mean, std))
        counts = _weight(getattr(goal, "weight", None), "proprio", wanted)
        counts = torch.as_tensor(counts.copy()).to(share)
        weight = counts / share
        if not bool((counts * (share < SHOWN)).any()):
            raise WmpcError(
                "none of the numbers that count is shown by the pictures this model sees (a "
                "velocity?): give a goal that also says others, or train with model.proprio=true"
            )
        target = (torch.as_tensor(wanted).to(share) - shift) / scale

        def read(latents: Tensor) -> Tensor:
            return (probe(self.model.layout.of(latents, "pixels")) - shift) / scale

        return Target(target[None, None], weight[None] / weight.max(), read)

    def _proprio(self) -> np.ndarray:
        return self.columns["proprio"][self.rows].astype(np.float64)

    def _proprio_distance(self, wanted: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """(F,), squared and in units of the spread, of what counts and pictures show."""
        proprio = self._proprio()
        if "proprio" not in self.model.layout or self.pictures:
            weight = weight * (1 - self.probe[1].cpu().numpy())
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


def whole(model: LearnedModel, goal: GoalLike, pictures: bool = False) -> bool:
    """Ask whether a goal says all that a model needs.

    Args:
        model: what the goal is for.
        goal: what to reach.
        pictures: whether it must say every picture, too.

    Returns:
        True where nothing is left to be completed.
    """
    weight = getattr(goal, "weight", None)
    lacking = pictures and not set(model.spec.cameras) <= set(goal.observation)
    return not model.known(goal.observation, weight)[1] and not lacking


def when_needed(
    model: LearnedModel, recorded: Callable[[], Episodes], pictures: bool = False
) -> Complete:
    """Complete goals as a `Completion` does that is made at the first goal that needs it.

    Args:
        model: what the goals are for.
        recorded: opens the recordings; not called before they are needed.
        pictures: see `Completion.of`.

    Returns:
        What completes goals.
    """
    made = cache(lambda: Completion.of(model, recorded(), pictures=pictures))

    @torch.no_grad()
    def complete(goal: GoalLike) -> Target:
        return meant(model, goal) if whole(model, goal, pictures) else made()(goal)

    return complete


def _weight(weight: Mapping[str, Any] | None, name: str, value: np.ndarray) -> np.ndarray:
    """A column's weight: (H, W) of a picture, (P,) of numbers; ones where there is none."""
    value = np.asarray(value)
    shape = value.shape[:2] if value.ndim == 3 else value.shape
    given = np.asarray((weight or {}).get(name, 1.0), np.float32)
    if given.shape not in ((), shape) or not np.all((given >= 0) & (given <= 1)):
        raise WmpcError(
            f"the weight of {name} is {given.shape}, {given.min():g} to {given.max():g}; it must "
            f"be {shape}, 0 to 1"
        )
    return np.broadcast_to(given, shape)


def _blend(said: np.ndarray, recorded: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """What is said (...) where it counts, over each of the recorded (M, ...)."""
    weight = weight[..., None] if recorded.ndim == 4 else weight
    mixed = weight * said.astype(np.float32) + (1 - weight) * recorded.astype(np.float32)
    return (np.rint(mixed) if recorded.dtype == np.uint8 else mixed).astype(recorded.dtype)
