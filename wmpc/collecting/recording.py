"""A recording of another format as the command line sees it: a view, its home, its settings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wmpc.collecting.environment import Home, home_of, rate_of
from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats import Source, open_source
from wmpc.wm.recordings.importing import Survey, measured_bounds
from wmpc.wm.recordings.rate import pace
from wmpc.wm.recordings.roles import Roles
from wmpc.wm.recordings.view import View

LOOKS = ("size", "fit", "fps", "recorded_fps", "cameras", "columns", "proprio", "actions")
"""The keys that say what is seen of a recording."""
READS = ("time", "gap_s")
"""Those that say how it is read."""


@dataclass
class Recording:
    """A recording, opened and looked at; see `look`."""

    path: str
    asked: Mapping[str, Any]
    looks: Mapping[str, Any]
    view: View
    home: Home

    @property
    def format(self) -> str:
        return self.view.source.format

    @property
    def acted(self) -> bool:
        """Whether its episodes have actions."""
        return "action" in self.view.columns

    def again(self) -> View:
        """Open the same view anew.

        Returns:
            A view that shares nothing with this one.
        """
        return View(_open(self.path, self.asked), **self.looks)

    def close(self) -> None:
        self.view.close()
        if self.home.task is not None:
            self.home.task.close()

    def sentences(self) -> Iterator[str]:
        """Say what is to be known before the recording is used.

        Yields:
            One sentence after the other.
        """
        yield from self.view.about.notes
        for name, why in self.view.about.left_out.items():
            if name in self.view.source.unfit:
                yield f"{name} is left out: {why}."
        if self.asked["fps"] is None and (said := pace(self.view.source)):
            yield f"{said[0].upper()}{said[1:]}."
        yield from self.home.says
        if self.view.about.fps is None:
            yield "Its frames a second are not known: recorded_fps=... states them."
        view = self.view
        bare = [i for i in np.flatnonzero(view.lengths == 0).tolist() if i not in view.unreadable]
        if bare:
            some = ", ".join(map(str, bare[:5])) + ", ..." * (len(bare) > 5)
            yield f"Episodes of a single frame hold no step and are left out: {some}."
        if self.view.about.splits and self.asked["episodes"] is None:
            names = ", ".join(f"{name} {len(i)}" for name, i in self.view.about.splits.items())
            yield f"Its splits ({names}) are taken together: episodes=NAME takes one."
        timing = self.view.timing
        if timing.by_time:
            yield (
                f"Its frames are not evenly spaced in time: those nearest to {timing.fps:g} even "
                "times a second are taken, each with the action in force."
            )
        elif not timing.is_whole:
            yield (
                f"{timing.fps:g} frames a second do not divide those recorded: the frames nearest "
                "in time are taken, each with the action in force. That is right for actions that "
                "are targets, wrong for increments."
            )
        elif timing.stride > 1:
            f = int(timing.stride)
            yield f"Every {f} recorded steps become one, with all their actions between two frames."

    def meta(self, found: Survey, also: Mapping[str, Any]) -> dict[str, Any]:
        """Describe the dataset that the recording becomes, before anything is written.

        Args:
            found: what all its episodes were found to be.
            also: what is told of its source beside how it was looked at.

        Returns:
            The `meta` that `EpisodeWriter` takes.

        Raises:
            WmpcError: an episode cannot be stored, or actions do not fit their bounds.
        """
        _refuse(found, self.path)
        low, high = self._bounds(found)
        read = {key: self.asked[key] for key in READS}
        origin = {"format": self.format, "recording": Path(self.path).name, **self.looks, **read}
        return {
            "env": self.home.id,
            "kwargs": self.home.kwargs,
            "render": self.home.render,
            "m": self.view.columns["action"].shape[0] if self.acted else 1,
            "fps": self.view.about.fps,
            "action_low": low,
            "action_high": high,
            "source": {
                **origin,
                **also,
                "clip": self.asked["clip"],
                "bounds": self.asked["bounds"],
            },
        }

    def _bounds(self, found: Survey) -> tuple[list[float], list[float]]:
        """Bounds (A,): the recording's, its environment's, or else the range recorded. A model
        knows nothing of actions far out of that range, and a planner would try them."""
        if self.asked["bounds"] == "recorded" or not self.acted:
            return measured_bounds(found)
        about, task = self.view.about, self.home.task
        low, high = about.action_low, about.action_high
        if (low is None or high is None) and task is not None:
            low, high = task.action_space.low.tolist(), task.action_space.high.tolist()
        if low is None or high is None or not np.all(np.isfinite([*low, *high])):
            return measured_bounds(found)
        if len(low) != len(found.low):
            raise WmpcError(
                f"actions have {len(found.low)} numbers, {self.home.id} takes {len(low)}"
            )
        floor, ceiling = np.asarray(low, np.float32), np.asarray(high, np.float32)
        outside = (found.low < floor) | (found.high > ceiling)
        if outside.any() and not self.asked["clip"]:
            a = int(np.argmax(outside))
            raise WmpcError(
                f"action {a} was recorded from {found.low[a]:.4g} to {found.high[a]:.4g}, its "
                f"bounds are {low[a]:.4g} to {high[a]:.4g}: clip=true puts actions on the bounds, "
                "as most environments do themselves"
            )
        return [float(v) for v in low], [float(v) for v in high]


def look(path: str, asked: Mapping[str, Any]) -> Recording:
    """Open a recording and look at it.

    Args:
        path: where it lies.
        asked: the keys `format`, `exclude`, those of `LOOKS` and `READS`, `env_id`, `env_kwargs`,
            `clip` and `bounds` of `configs/data.yaml`.

    Returns:
        The recording, to be closed.

    Raises:
        WmpcError: it cannot be opened, has no pictures, or does not fit what is asked.
    """
    if asked["bounds"] not in ("stated", "recorded"):
        raise WmpcError(f"bounds={asked['bounds']} came; they are stated or recorded")
    looks = {key: asked[key] for key in LOOKS}
    plain = _open(path, asked)
    try:
        if not plain.cameras:
            raise WmpcError(f"{path} has no pictures: a world model learns from pixels")
        if looks["recorded_fps"] is None and plain.about.fps is None:
            looks["recorded_fps"] = rate_of(plain, asked["env_id"], asked["env_kwargs"])
        view = View(plain, **looks)
        if not view.cameras:
            raise WmpcError("cameras=[] came: a world model learns from pixels")
        home = home_of(view, asked["env_id"], asked["env_kwargs"])
        if not view.timing.is_whole:
            home.render = {}
            home.says = ["It cannot be evaluated: actions were left out between the frames taken."]
    except BaseException:
        plain.close()
        raise
    return Recording(path, asked, looks, view, home)


def _open(path: str, asked: Mapping[str, Any]) -> Source:
    roles = Roles.of(*(asked[key] for key in ("actions", "proprio", *READS)))
    return open_source(path, asked["format"], asked["exclude"], roles)


def _refuse(found: Survey, path: str) -> None:
    """Say of every episode that cannot be stored why."""
    if not found.refused:
        return
    some = "; ".join(f"{index}: {why}" for index, why in list(found.refused.items())[:5])
    more = f" and {len(found.refused) - 5} more" if len(found.refused) > 5 else ""
    ids = ",".join(map(str, found.refused))
    raise WmpcError(
        f"{len(found.refused)} episodes of {path} cannot be stored ({some}{more}): mend them, or "
        f'leave them out with "exclude=[{ids}]"'
    )
