"""What a model must know about its data: sizes, statistics, bounds, and what identifies them."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from wm.data import Episodes, column_statistics
from wm.data.format import is_camera
from wm.errors import WmError


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

    @property
    def action_block(self) -> int:
        """n, simulator actions of a model step."""
        return self.stride * self.actions_per_frame

    @property
    def action_size(self) -> int:
        """Numbers in a block of actions."""
        return self.action_block * len(self.action_low)

    @property
    def proprio_size(self) -> int:
        return len(self.proprio_mean)

    def statistics(self) -> dict[str, np.ndarray]:
        """The arrays of the spec, float32, by name."""
        names = ("action_low", "action_high", "action_mean", "action_std")
        names += ("proprio_mean", "proprio_std")
        return {name: np.asarray(getattr(self, name), np.float32) for name in names}

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def describe_data(episodes: Episodes, stride: int = 1) -> DataSpec:
    """The spec of a dataset for a model that steps `stride` recorded frames at a time.

    Statistics are those of the training episodes. A constant entry is left unscaled.
    """
    meta = episodes.meta
    cameras = sorted(name for name in episodes.columns if is_camera(name))
    shapes = {episodes.columns[name].shape for name in cameras}
    if len(shapes) != 1 or (shape := shapes.pop())[0] != shape[1]:
        raise WmError(
            f"{episodes.path} has pictures {sorted(shapes) or 'none'}; a model takes square "
            "pictures of one size: record them so"
        )
    statistics: dict[str, list[float]] = {"proprio_mean": [], "proprio_std": []}
    for name in ("action", "proprio"):
        if name in episodes.columns:
            mean, std = column_statistics(episodes, name)
            statistics[f"{name}_mean"] = mean.tolist()
            statistics[f"{name}_std"] = np.where(std > 1e-6, std, 1.0).tolist()
    return DataSpec(
        cameras=cameras,
        image_size=shape[0],
        actions_per_frame=meta["m"],
        stride=stride,
        action_low=meta["action_low"],
        action_high=meta["action_high"],
        env={"id": meta.get("env"), **(meta.get("kwargs") or {})},
        render=meta.get("render") or {},
        dataset=episodes.hash,
        **statistics,
    )
