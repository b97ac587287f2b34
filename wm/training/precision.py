"""The numbers that a training computes with, and the fabric that casts them."""

from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.single_device import SingleDeviceStrategy

from wmpc.errors import WmpcError

PRECISIONS = ("32-true", "bf16-mixed", "16-mixed", "64-true")
"""Mixed ones keep weights in 32 bits; 16-mixed needs a GPU."""


def fabric_on(device: torch.device, precision: Any) -> Fabric:
    """Make a lightning-fabric for this process alone, on one device.

    Several processes know each other by `wmpc.wm.processes`, not by it.

    Args:
        device: where to compute; one that is neither cuda nor mps counts as the CPU.
        precision: one of `PRECISIONS`.

    Returns:
        The fabric.

    Raises:
        WmpcError: there is no such precision, or it is 16-mixed on the CPU.
    """
    if precision not in PRECISIONS:
        raise WmpcError(f"train.precision is {precision!r}; it may be {', '.join(PRECISIONS)}")
    if precision == "16-mixed" and device.type == "cpu":
        raise WmpcError(
            "train.precision is 16-mixed, which needs a GPU: give bf16-mixed or 32-true"
        )
    kind = device.type if device.type in ("cuda", "mps") else "cpu"
    return Fabric(
        accelerator=kind, strategy=SingleDeviceStrategy(device), devices=1, precision=precision
    )
