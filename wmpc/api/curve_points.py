"""The points of a curve: on which episodes, seen through which columns, each run is trained."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmpc import envs
from wmpc.api.collect import collect
from wmpc.collecting.environment import NOWHERE, environment_of
from wmpc.errors import WmpcError
from wmpc.system.progress import Progress, Tell
from wmpc.wm.data import Episodes, open_episodes
from wmpc.wm.data.cutting import cut_episodes
from wmpc.wm.data.format import is_camera
from wmpc.wm.data.subset import count_subset

AXES = ("episodes", "quality", "observation")
LEAST = 2
"""Training episodes: of one, nothing says how episodes differ."""
WHOLE = "share=1"
"""The run of all training episodes as they were recorded, which every axis has."""


@dataclass(frozen=True)
class Point:
    """One point: what a run is trained on."""

    run: str
    """Its folder's name, to which the seed is added."""
    label: str
    data: Path
    subset: float | None = None
    """See `train.subset`."""
    cameras: tuple[str, ...] | None = None
    """Picture columns; None: all."""
    proprio: bool | None = None
    """Whether the model has proprioception; None: as its settings say."""

    def count(self, episodes: Episodes) -> int:
        """Count the episodes that a run is trained on.

        Args:
            episodes: those of `data`.

        Returns:
            How many.
        """
        return count_subset(self.subset, len(episodes.train_ids))


def plan_shares(data: Path, episodes: Episodes, shares: Sequence[float]) -> list[Point]:
    """List the points of growing shares of the training episodes.

    Args:
        data: the dataset's folder.
        episodes: those in it.
        shares: above 0 and at most 1, in any order.

    Returns:
        A point a share, the smallest first.

    Raises:
        WmpcError: a share makes no sense, leaves too few episodes, or there is none.
    """
    among = len(episodes.train_ids)
    if not shares:
        raise WmpcError("shares=[] came: give at least one, such as shares=[0.1,1]")
    for share in shares:
        number = isinstance(share, int | float) and not isinstance(share, bool)
        if not number or not 0 < share <= 1:
            raise WmpcError(
                f"shares has {share}; a share lies above 0 and is at most 1, which is all"
            )
        if (kept := count_subset(float(share), among)) < LEAST:
            raise WmpcError(
                f"shares has {share:g}, which leaves {kept} of the {among} training episodes of "
                f"{data}; at least {LEAST} are needed: give {LEAST / among:.2g} or more"
            )
    return [
        Point(f"share={share:g}", f"{100 * share:g}%", data, None if share == 1 else share)
        for share in sorted({float(share) for share in shares})
    ]


def plan_quality(
    data: Path, episodes: Episodes, short: float, random: str | None, folder: Path
) -> list[Point]:
    """List the points of worse episodes: as recorded, cut short and, of a simulator, random.

    Args:
        data: the dataset's folder.
        episodes: those in it.
        short: share of each training episode's steps that is left.
        random: a dataset of random actions; None: one in `folder`, which `make_dataset` collects
            where there is a simulator.
        folder: of the curve.

    Returns:
        The points, that as recorded last.

    Raises:
        WmpcError: the share makes no sense.
    """
    if not 0 < short < 1:
        raise WmpcError(f"short={short} came; it is a share of each episode, between 0 and 1")
    cut = Point(f"short={short:g}", f"{100 * short:g}% of each", folder / f"data-short={short:g}")
    points = [cut, Point(WHOLE, "as recorded", data)]
    simulated = environment_of(episodes)["id"] != NOWHERE
    if random is not None:
        return [Point("random-given", "random", Path(random)), *points]
    if simulated:
        return [Point("random", "random", folder / "data-random"), *points]
    return points


def plan_observation(data: Path, episodes: Episodes, model: Mapping[str, Any]) -> list[Point]:
    """List the points of what is seen: one camera or all, without proprioception and with.

    Args:
        data: the dataset's folder.
        episodes: those in it.
        model: the model's settings.

    Returns:
        The points, the most that is seen last.

    Raises:
        WmpcError: the dataset has one camera and no proprioception, so that there is one point.
    """
    cameras = sorted(name for name in episodes.columns if is_camera(name))
    felt = [False, True] if "proprio" in episodes.columns else [False]
    views: list[tuple[str, ...] | None] = [None] if len(cameras) < 2 else [(cameras[0],), None]
    if len(felt) * len(views) == 1:
        raise WmpcError(
            f"axis=observation came, but {data} has one camera ({', '.join(cameras)}) and no "
            "proprioception: there is nothing to leave out"
        )
    points = []
    for view in views:
        for proprio in felt:
            seen = len(cameras) if view is None else 1
            label = f"{seen} camera{'s' * (seen > 1)}{', proprio' * proprio}"
            run = f"cameras={seen}-proprio={str(proprio).lower()}"
            if view is None and proprio == bool(model.get("proprio", False)):
                run = WHOLE
            points.append(Point(run, label, data, cameras=view, proprio=proprio))
    return points


def make_dataset(
    point: Point, base: Episodes, short: float, workers: int, progress: Tell
) -> Episodes:
    """Open the dataset of a point; make it, or go on making it, where it is one of the curve's own.

    Args:
        point: whose dataset it is.
        base: the episodes that the curve is about.
        short: share of each episode's steps, for the one that is cut.
        workers: processes that collect.
        progress: told how far it is.

    Returns:
        The episodes.

    Raises:
        WmpcError: they cannot be made, or fit those of the curve in no way.
    """
    if point.data == base.path:
        return base
    if point.run.startswith("short="):
        return cut_episodes(
            base, point.data, short,
            progress=lambda n: progress(Progress("cutting episodes short", n, len(base))),
        )  # fmt: skip
    if point.run == "random":
        stated = environment_of(base)
        with closing(envs.make_recorded(stated)):  # refuses what a file may not name
            pass
        kwargs = {name: value for name, value in stated.items() if name != "id"}
        task = {
            "id": stated["id"], "kwargs": kwargs, "actions_per_frame": base.meta["m"],
            "episodes": len(base), "steps": int(base.lengths.max()), "policy": "random",
        }  # fmt: skip
        return collect(
            task, point.data, seed=1, workers=workers if workers > 1 else 0, progress=progress
        ).episodes
    return open_episodes(point.data)


def describe_point(point: Point, model: Mapping[str, Any]) -> dict[str, Any]:
    """Write the model's settings at a point.

    Args:
        point: which.
        model: its settings elsewhere.

    Returns:
        The settings.
    """
    return dict(model) if point.proprio is None else {**model, "proprio": point.proprio}
