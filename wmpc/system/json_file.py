"""Read JSON that anybody may have written: bounded, and any damage is one kind of error."""

import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wmpc.errors import WmpcError

JSON_BYTES = 2**28
"""The largest file that is read (256 MiB). The text takes up to four times as much."""
JSON_VALUES = 5_000_000
"""The most values in a file. One takes up to 200 bytes: 1 GiB in all."""
DEEPEST = 200
"""Values within values."""
ESCAPES = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


def read_json(path: str | Path, what: str = "JSON object") -> dict[str, Any]:
    """Read the JSON object in a file.

    Args:
        path: a regular file; a FIFO or device is refused, not waited for.
        what: what the file should be, for the message: "a dataset's meta.json".

    Returns:
        The object.

    Raises:
        WmpcError: the file is no regular file, too large, not UTF-8, not JSON, nested too deeply,
            names one key twice, or its top level is no object.
        OSError: as `open`, FileNotFoundError among them.
    """
    value = parse_json(read_bytes(path, JSON_BYTES), str(path))
    if not isinstance(value, dict):
        raise WmpcError(f"{path} is no {what}: its top level is a {type(value).__name__}")
    return value


def parse_json(data: bytes, name: str) -> Any:
    """Parse a JSON value.

    Args:
        data: its bytes.
        name: what messages begin with.

    Returns:
        The value.

    Raises:
        WmpcError: they hold none, or one that is too large or nested too deeply.
    """
    try:
        values = sum(map(data.count, (b",", b"[", b"{")))
        if values > JSON_VALUES:
            raise ValueError(f"it has more than {JSON_VALUES} values")
        value = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_object)
        _check_depth(value)
        if ESCAPES.search(data):  # halves of characters, NUL: no name or path can hold them
            text = json.dumps(value, ensure_ascii=False).encode()
            if b"\\u0000" in text:
                raise ValueError("it holds the character NUL")
        return value
    except (ValueError, RecursionError) as error:
        raise WmpcError(f"{name} is damaged: it is not JSON that can be read ({error})") from None


def read_bytes(path: str | Path, limit: int) -> bytes:
    """Read a whole regular file.

    Args:
        path: of the file; a FIFO is not waited for.
        limit: bytes that it may have.

    Returns:
        Its bytes.

    Raises:
        WmpcError: it is no regular file, or larger.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a FIFO would wait
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise WmpcError(f"{path} is no regular file")
    with open(fd, "rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise WmpcError(f"{path} has more than {limit} bytes: it is not what it should be")
    return data


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("it names one key twice")
    return found


def _check_depth(value: Any) -> None:
    """ValueError where values are nested so deeply that what walks through them would fail."""
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise ValueError(f"its values are nested more than {DEEPEST} deep")


def _inside(value: Any) -> Iterator[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (one for one in inner if isinstance(one, dict | list))
