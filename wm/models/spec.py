"""What a model must know about its data: sizes, statistics, bounds, and what identifies them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data import Episodes, column_statistics
from wmpc.wm.data.format import FITS, is_camera
from wmpc.wm.data.subset import Subset, draw_subset

LARGEST_STEP = 2**16
"""Of pictures in pixels, and of a model step in frames and actions."""
LARGEST_COUNT = 2**48
"""Of episodes."""
OF_EACH = {"env": dict, "render": dict, "dataset": str}
"""The fields that each dataset has for itself, where several are trained on, and their types."""


@dataclass(frozen=True)
class DataSpec:
    """Fixed when training begins and saved with the weights."""

    cameras: list[str]
    """Picture columns: `pixels` or `pixels/<camera>`."""
    image_size: int
    actions_per_frame: int
    """m, simulator actions between recorded frames."""
    stride: int
    """Recorded frames a model step spans."""
    action_low: list[float]
    """(A,); no number in any list of actions where the data have none, as videos."""
    action_high: list[float]
    action_mean: list[float]
    action_std: list[float]
    proprio_mean: list[float] = field(default_factory=list)
    proprio_std: list[float] = field(default_factory=list)
    env: dict[str, Any] = field(default_factory=dict)
    """Environment id and arguments the data come from."""
    render: dict[str, Any] = field(default_factory=dict)
    dataset: str = ""
    """The dataset's hash."""
    fit: str = "squash"
    """How pictures of the recording were made square, see `wmpc.wm.recordings.view`."""
    subset: float | int | None = None
    """Which of the training episodes were trained on, see `wmpc.wm.data.subset.Subset`."""
    subset_seed: int = 0
    """Of drawing them."""
    others: list[dict[str, Any]] = field(default_factory=list)
    """`env`, `render` and `dataset` of each further dataset that was trained on with this one."""

    @property
    def action_block(self) -> int:
        """n, simulator actions of a model step."""
        return self.stride * self.actions_per_frame

    @property
    def action_size(self) -> int:
        """Numbers in a block of actions."""
        return self.action_block * len(self.action_low)

    @property
    def has_actions(self) -> bool:
        """Whether the data have actions: without, nothing can be planned."""
        return bool(self.action_low)

    @property
    def proprio_size(self) -> int:
        return len(self.proprio_mean)

    def statistics(self) -> dict[str, np.ndarray]:
        """Return the bounds and statistics of actions and proprioception as arrays.

        Returns:
            float32 arrays by the names of the fields: `action_low`, `action_high`, `action_mean`
            and `action_std` of one length, `proprio_mean` and `proprio_std` of one length, which is
            0 where the data have no proprioception.
        """
        names = ("action_low", "action_high", "action_mean", "action_std")
        names += ("proprio_mean", "proprio_std")
        return {name: np.asarray(getattr(self, name), np.float32) for name in names}

    def trained_in(self, env: str, dataset: str = "") -> "DataSpec":
        """Return the spec as of one of the datasets that were trained on.

        Args:
            env: id of its environment.
            dataset: its hash, which decides where several come from that environment.

        Returns:
            That of the dataset with this hash, or else of the first from this environment, or else
            this one; with no `others`.
        """
        each = [{name: getattr(self, name) for name in OF_EACH}, *self.others]
        each.sort(key=lambda of: (of["dataset"] != dataset, of["env"].get("id") != env))
        return replace(self, **each[0], others=[])

    def as_dict(self) -> dict[str, Any]:
        """Return the fields in plain values, as a run's config states them.

        Returns:
            By name; without `fit` where it is "squash", without `subset` and its seed where all
            were trained on, and without `others` where there are none, as runs of earlier versions
            have it.
        """
        unsaid: dict[str, Any] = {"fit": "squash", "others": []}
        unsaid |= {"subset": None, "subset_seed": 0} if self.subset is None else {}
        return {k: v for k, v in asdict(self).items() if k not in unsaid or v != unsaid[k]}


def read_spec(values: Any) -> DataSpec:
    """Return the spec that a run's config states.

    Args:
        values: a mapping of the fields of `DataSpec`, as read from a file; anything may come.

    Returns:
        The spec.

    Raises:
        WmpcError: when that is no mapping, has unknown or missing fields, or a field's type, range
            or length makes no sense.
    """
    if not isinstance(values, dict):
        raise WmpcError(f"a run's data description is a {type(values).__name__}, not a mapping")
    try:
        spec = DataSpec(**values)
    except TypeError as error:
        raise WmpcError(f"the run's data description is not readable: {error}") from error
    cameras = isinstance(spec.cameras, list) and bool(spec.cameras)
    if not cameras or not all(isinstance(c, str) and is_camera(c) for c in spec.cameras):
        raise _senseless("cameras", spec.cameras, "names of picture columns, such as pixels")
    for name in ("image_size", "actions_per_frame", "stride"):
        value = getattr(spec, name)
        if type(value) is not int or not 1 <= value <= LARGEST_STEP:
            raise _senseless(name, value, f"a whole number from 1 to {LARGEST_STEP}")
    for kind, of in (("action", ("low", "high", "mean", "std")), ("proprio", ("mean", "std"))):
        size = None
        for name in (f"{kind}_{which}" for which in of):
            numbers = getattr(spec, name)
            if not isinstance(numbers, list) or not all(map(_is_number, numbers)):
                raise _senseless(name, numbers, "a list of finite numbers")
            if size not in (None, len(numbers)):
                raise _senseless(name, numbers, f"as long as the other lists of {kind}")
            if name.endswith("std") and not all(number > 0 for number in numbers):
                raise _senseless(name, numbers, "above 0")
            size = len(numbers)
    if spec.fit not in FITS:
        raise _senseless("fit", spec.fit, f"one of {', '.join(FITS)}")
    chosen = spec.subset
    most = 1 if isinstance(chosen, float) else LARGEST_COUNT
    if chosen is not None and not (_is_number(chosen) and 0 < chosen <= most):
        raise _senseless("subset", chosen, "a share or a number of the training episodes")
    if type(spec.subset_seed) is not int or not 0 <= spec.subset_seed < 2**63:
        raise _senseless("subset_seed", spec.subset_seed, "a whole number from 0 to 2**63 - 1")
    for name, kind in OF_EACH.items():
        if not isinstance(getattr(spec, name), kind):
            raise _senseless(name, getattr(spec, name), f"a {kind.__name__}")
    if not isinstance(spec.others, list) or not all(map(_is_other, spec.others)):
        raise _senseless("others", spec.others, f"a list of {', '.join(OF_EACH)} of each dataset")
    return spec


def _is_other(values: Any) -> bool:
    """Whether it says what a further dataset has for itself."""
    if not isinstance(values, dict) or values.keys() != OF_EACH.keys():
        return False
    return all(isinstance(values[name], kind) for name, kind in OF_EACH.items())


def _is_number(value: Any) -> bool:
    """Whether it is a number that float32 can hold."""
    kind = isinstance(value, int | float) and not isinstance(value, bool)
    return kind and abs(value) <= float(np.finfo(np.float32).max)


def _senseless(name: str, value: Any, allowed: str) -> WmpcError:
    return WmpcError(f"the run's data description has {name}={str(value)[:80]}; it is {allowed}")


def describe_data(
    episodes: Episodes, stride: int = 1, subset: Subset = None, seed: int = 0
) -> DataSpec:
    """Return the spec of a dataset for a model that steps `stride` recorded frames at a time.

    Means and deviations are those of the episodes that are trained on. A constant entry is left
    unscaled: its deviation is given as 1.

    Args:
        episodes: of the dataset.
        stride: recorded frames that a model step spans, from 1.
        subset: which of the training episodes are trained on.
        seed: of drawing them.

    Returns:
        The spec; without statistics of actions or proprioception where the dataset has none.

    Raises:
        WmpcError: when the dataset has no pictures, or pictures that are not square or not of one
            size.
    """
    meta = episodes.meta
    cameras = sorted(name for name in episodes.columns if is_camera(name))
    shapes = {episodes.columns[name].shape for name in cameras}
    if len(shapes) != 1 or (shape := shapes.pop())[0] != shape[1]:
        raise WmpcError(
            f"{episodes.path} has pictures {sorted(shapes) or 'none'}; a model takes square "
            "pictures of one size: record them so"
        )
    kinds = ("action", "proprio")
    ids = draw_subset(episodes.train_ids, subset, seed)
    statistics: dict[str, Any] = {f"{k}_{x}": [] for k in kinds for x in ("mean", "std")}
    for name in kinds:
        if name in episodes.columns:
            mean, std = column_statistics(episodes, name, ids)
            statistics[f"{name}_mean"] = mean.tolist()
            statistics[f"{name}_std"] = np.where(std > 1e-6, std, 1.0).tolist()
    parts = getattr(episodes, "parts", [episodes])
    of_each = [_of_each(part) for part in parts]
    fits = [_fit(part.meta) for part in parts]
    if len(set(fits)) > 1:
        paths = ", ".join(str(part.path) for part in parts)
        raise WmpcError(
            f"the pictures of {paths} were made square in several ways ({', '.join(fits)}): import "
            "them with the same fit"
        )
    return DataSpec(
        cameras=cameras,
        image_size=shape[0],
        actions_per_frame=meta["m"],
        stride=stride,
        action_low=meta["action_low"],
        action_high=meta["action_high"],
        **of_each[0],
        others=of_each[1:],
        fit=fits[0],
        subset=subset,
        subset_seed=0 if subset is None else seed,
        **statistics,
    )


def _fit(meta: Mapping[str, Any]) -> str:
    """How the pictures of a dataset were made square."""
    sources = [*meta.get("sources", []), meta.get("source") or {}]
    return next((s["fit"] for s in sources if s.get("fit") in FITS), "squash")


def _of_each(episodes: Episodes) -> dict[str, Any]:
    """What a dataset has for itself, see `OF_EACH`."""
    meta = episodes.meta
    env = {"id": meta.get("env"), **(meta.get("kwargs") or {})}
    return {"env": env, "render": meta.get("render") or {}, "dataset": episodes.hash}
