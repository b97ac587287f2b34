"""The recipe of a training: how a module is fitted, by its names in `configs/train.yaml`."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from wmpc.errors import WmpcError
from wmpc.system.renamed import rename_keys
from wmpc.wm.training.augment import UNCHANGED, Augmentation

SCHEDULES = ("cosine", "linear")
FREE = ("stride", "subset", "resident", "evaluate_every", "save_every", "log_every")
FREE += ("accelerator", "devices", "precision")
"""Fields that a run may go on with other values of; `stride` and `subset` are frozen with what
the data are."""
EARLIER = {"schedule": "cosine", "unique": False, "augment": asdict(UNCHANGED)}
"""What recipes of version 0.1 meant where they did not say it."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a module is trained: by AdamW, a step a batch.

    The fields are the keys of `train` in `configs/train.yaml`, and `seed`. Whatever is trained
    needs the first ones; from `stride` on they are of the run of a world model.
    """

    minutes: float | None = 3.0
    """How long to train, where `steps` is None: a short calibration turns it into steps."""
    steps: int | None = None
    batch: int = 64
    """Samples a step, of all devices together."""
    lr: float = 2e-3
    """The peak learning rate."""
    weight_decay: float = 1e-3
    """Of what has two dimensions or more: weights and embeddings."""
    warmup: float = 0.05
    """The share of the steps in which the learning rate rises."""
    schedule: str = "cosine"
    """How it falls: one of `SCHEDULES`, see `wmpc.wm.training.schedule.learning_rate`."""
    clip: float | None = 1.0
    """The largest norm of the gradient; None: any."""
    seed: int = 0
    """Of weights, batches and everything random: 0 to 2**63 - 1."""
    stride: int = 1
    """Recorded frames that a model step spans."""
    subset: float | int | None = None
    """Which of the training episodes are trained on: a share, a number, or None for all."""
    unique: bool = False
    """Whether a frame that windows of a batch share is encoded once."""
    augment: Augmentation = UNCHANGED
    """How pictures are changed; or its fields by name."""
    resident: str = "auto"
    """Where the columns are kept, see `wmpc.wm.data.rows.kept`; changes no bit."""
    evaluate_every: int = 500
    """Steps."""
    save_every: int = 200
    """Steps: what a kill may cost. The state is saved when training stops, too."""
    log_every: int = 20
    """Steps."""
    accelerator: str = "auto"
    """auto, or the device as `wmpc.wm.training.devices.find_device` takes it."""
    devices: int = 1
    """Processes that train together, one a GPU or several on the CPU's cores; where torchrun
    started this process, those that it started."""
    precision: Any = "32-true"
    """One of `wmpc.wm.training.precision.PRECISIONS`."""

    def __post_init__(self) -> None:
        said: Any = self.augment
        if isinstance(said, Augmentation):
            return
        try:
            object.__setattr__(self, "augment", Augmentation(**said))
        except TypeError as error:
            may = ", ".join(asdict(UNCHANGED))
            raise WmpcError(f"train.augment is {said}; it may say {may}") from error

    def frozen(self) -> dict[str, Any]:
        """Return the fields that decide what is learned, as a run's config freezes them.

        Returns:
            Plain values by name; `minutes` is None where `steps` are given.
        """
        fields = {name: value for name, value in asdict(self).items() if name not in FREE}
        return fields | ({} if self.steps is None else {"minutes": None})

    def check(self) -> None:
        """Refuse a recipe of the run of a world model that makes no sense.

        Raises:
            WmpcError: a field is out of its range; the sentence names it as the command line does.
        """
        minutes, steps = self.minutes, self.steps
        if steps is None and (minutes is None or not 0 < minutes < math.inf):
            raise WmpcError(
                f"train.minutes is {minutes} and train.steps is not given: give one, above 0"
            )
        for name in ("evaluate_every", "save_every", "log_every"):
            if getattr(self, name) < 1:
                raise WmpcError(
                    f"train.{name} is {getattr(self, name)} steps; it must be at least 1"
                )
        if steps is not None and steps < 1:
            raise WmpcError(f"train.steps is {steps}; it must be at least 1")
        if not 0 <= self.seed < 2**63:
            raise WmpcError(f"seed={self.seed} came; a seed is a whole number from 0 to 2**63 - 1")
        if self.batch < 2 or self.lr <= 0:
            raise WmpcError(
                f"train.batch is {self.batch} (at least 2) and train.lr {self.lr} (above 0)"
            )
        if self.unique and self.augment.changes:
            raise WmpcError(
                "train.unique=true encodes a frame that windows share once, and train.augment "
                "changes it in each window otherwise: choose one of them"
            )
        if self.schedule not in SCHEDULES:
            raise WmpcError(
                f"train.schedule is {self.schedule!r}; it may be {' or '.join(SCHEDULES)}"
            )


def rename_fields(train: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the names that a recipe of an earlier version has by those of today.

    Args:
        train: the entry of a run's config; it is not changed.

    Returns:
        The same values as `Recipe.frozen` calls them, and those that went without saying.
    """
    return EARLIER | rename_keys(train, "train.")
