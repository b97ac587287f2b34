"""The device that a person names, checked."""

import torch

from wmpc.errors import WmpcError

AUTO = ("cuda", "mps", "cpu")
"""What `auto` takes: the first of these that is there."""


def find_device(name: str, key: str = "device") -> torch.device:
    """Find the device that a person names.

    Args:
        name: auto (the first of `AUTO` that is there), cpu, cuda, gpu (the same as cuda), cuda:1,
            mps.
        key: the setting that it was given as, for the message.

    Returns:
        The device, with a number only where the name has one.

    Raises:
        WmpcError: when it is unknown or not in this machine; the message says what there is.
    """
    if name == "auto":
        return torch.device(next(kind for kind in AUTO if _count(kind)))
    try:
        device = torch.device(name.replace("gpu", "cuda", 1) if name[:3] == "gpu" else name)
    except (RuntimeError, AttributeError, TypeError):
        raise _missing(name, key) from None
    if not (device.index or 0) < _count(device.type):
        raise _missing(name, key)
    return device


def describe_device(device: torch.device) -> str:
    """Describe a device in words.

    Args:
        device: any; one of kind cuda is in this machine.

    Returns:
        Its name and, of a GPU of kind cuda, what it is: cuda:0 (NVIDIA H100 80GB HBM3).
    """
    known = f" ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else ""
    return f"{device}{known}"


def _count(kind: str) -> int:
    """How many devices of a kind this machine has."""
    if kind == "cpu":
        return 1
    try:
        module = torch.get_device_module(kind)
        return module.device_count() if module.is_available() else 0
    except (RuntimeError, AttributeError):
        return 0


def _missing(name: str, key: str) -> WmpcError:
    there = [*("mps" for _ in range(_count("mps"))), *(f"cuda:{i}" for i in range(_count("cuda")))]
    return WmpcError(
        f"{key} is {name!r}; this machine has cpu{''.join(f', {x}' for x in there)}: give one of "
        "these, or auto"
    )
