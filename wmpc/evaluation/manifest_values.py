"""What a manifest's file states, held against what its fields are.

Whatever does not fit is an WmpcError that says which field it is.
"""

import base64
import binascii
import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from PIL import Image

from wmpc.errors import WmpcError
from wmpc.system.picture_file import decode_picture

LARGEST = 10**6
"""Of budgets and blocks, in simulator actions."""
SEEDS = 2**63
LARGEST_SIDE = 4096
"""Of a picture, in pixels."""
PNG = b"\x89PNG\r\n\x1a\n"

Check = Callable[[Any], bool]


def _whole(low: int, high: int) -> Check:
    return lambda value: type(value) is int and low <= value <= high


def _or_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _text(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable()


def _mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


OWN: dict[str, Check] = {
    "env": _text,
    "kwargs": _mapping,
    "render": lambda value: (
        _mapping(value) and all(map(_whole(1, LARGEST_SIDE), map(value.get, ("width", "height"))))
    ),
    "dataset": _text,
    "kind": _text,
    "goals": _text,
    "blocks": _or_none(_whole(0, LARGEST)),
    "action_block": _whole(1, LARGEST),
    "budget": _whole(1, LARGEST),
    "filter": _or_none(_text),
    "seed": _whole(0, SEEDS),
    "excluded": lambda value: (
        _mapping(value) and all(_text(k) and type(n) is int for k, n in value.items())
    ),
    "shift": _or_none(_mapping),
}
CASE: dict[str, Check] = {
    "episode": _whole(-1, SEEDS),
    "frame": _whole(-1, SEEDS),
    "goal_episode": _or_none(_whole(-1, SEEDS)),
    "goal_frame": _or_none(_whole(-1, SEEDS)),
    "distance": lambda value: type(value) in (int, float) and abs(value) < 1e300,
    "seed": _whole(0, SEEDS),
    "strata": lambda value: isinstance(value, list) and all(map(_text, value)),
}
ARRAYS = ("variation", "lead_in_state", "start_state", "goal_state")
BLOCKS = ("lead_in", "replay")


def read_own(content: Mapping[str, Any]) -> dict[str, Any]:
    """Read the fields of a manifest but its cases.

    Args:
        content: the object in its file.

    Returns:
        The fields by name.

    Raises:
        WmpcError: one is missing or does not fit.
    """
    own = _checked(content, OWN, "it")
    if own["budget"] * own["action_block"] > LARGEST:
        raise WmpcError(f"its budget is more than {LARGEST} simulator actions")
    return own


def read_case(values: Any, own: Mapping[str, Any]) -> dict[str, Any]:
    """Read the fields of a case.

    Args:
        values: the object in the file.
        own: the manifest's fields, from `read_own`.

    Returns:
        The fields by name, the picture as bytes.

    Raises:
        WmpcError: one is missing or does not fit.
    """
    action_block, render = own["action_block"], own["render"]
    if not isinstance(values, Mapping):
        raise WmpcError(f"a case is {str(values)[:40]!r}")
    case = _checked({"strata": [], **values}, CASE, "a case")
    for name in ARRAYS:
        case[name] = _numbers(values.get(name), np.float64, name)
    for name in BLOCKS:
        blocks = values.get(name)
        if blocks is None and name == "replay":
            case[name] = None
            continue
        shape = blocks.get("shape") if isinstance(blocks, Mapping) else None
        if (
            not isinstance(shape, list)
            or len(shape) != 3
            or not all(map(_whole(0, LARGEST), shape))
        ):
            raise WmpcError(f"{name} of a case has the shape {str(shape)[:40]}; it has three sizes")
        numbers = _numbers(dict(blocks or {}).get("values"), np.float32, name)
        if (shape[0] and shape[1] != action_block) or len(numbers) != shape[0] * shape[1] * shape[
            2
        ]:
            raise WmpcError(
                f"{name} of a case has {len(numbers)} numbers of shape {shape} and blocks of "
                f"{action_block} simulator actions, which do not fit"
            )
        case[name] = numbers.reshape(shape)
    try:
        case["goal_png"] = base64.b64decode(values.get("goal_png") or b"", validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise WmpcError("the goal's picture of a case is not in base64") from None
    shape = decode_png(case["goal_png"]).shape
    if shape[:2] != (render["height"], render["width"]):
        raise WmpcError(f"the goal's picture of a case is {shape}; pictures are drawn as {render}")
    return case


def decode_png(data: bytes) -> np.ndarray:
    """Decode the picture in a PNG file.

    Args:
        data: its bytes.

    Returns:
        (H, W, 3) uint8.

    Raises:
        WmpcError: it is none, too large, or not RGB.
    """
    sides = [int.from_bytes(data[at : at + 4], "big") for at in (16, 20)]
    if not data.startswith(PNG) or not all(map(_whole(1, LARGEST_SIDE), sides)):
        raise WmpcError(f"a goal's picture is no PNG of at most {LARGEST_SIDE} pixels a side")
    picture, given = decode_picture(data, "a goal's picture")
    if not given.endswith("mode RGB"):
        raise WmpcError(f"a goal's picture is {given}; it is RGB")
    return np.array(picture)


def encode_png(pixels: np.ndarray) -> bytes:
    """Encode a picture without loss.

    Args:
        pixels: (H, W, 3) uint8.

    Returns:
        The bytes of a PNG file.
    """
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    return buffer.getvalue()


def _checked(given: Mapping[str, Any], checks: Mapping[str, Check], whose: str) -> dict[str, Any]:
    for name, check in checks.items():
        if name not in given:
            raise WmpcError(f"{whose} lacks {name}")
        if not check(given[name]):
            raise WmpcError(f"{whose} has {name}={str(given[name])[:60]}")
    return {name: given[name] for name in checks}


def _numbers(values: Any, dtype: type, name: str) -> np.ndarray:
    """A flat list of finite numbers as an array."""
    largest = float(np.finfo(dtype).max)
    if not isinstance(values, list) or not all(
        type(value) in (int, float) and abs(value) <= largest for value in values
    ):
        raise WmpcError(f"{name} of a case is {str(values)[:40]}; it is a list of finite numbers")
    return np.array(values, dtype)
