"""What a model must know about its data: sizes, statistics, bounds, and what identifies them."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np


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
