"""`train.jsonl`: what happened during a training, one line of JSON each. It decides nothing."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from wmpc.system.disk import replace_file

LOG = "train.jsonl"
LARGE = 2.0**63


def read_log(run: Path) -> list[dict[str, Any]]:
    """Read the lines of a run's log that are whole; whatever else stands there is left out.

    A line is whole if it is a JSON object with a `kind`, a `step` and values that can be drawn:
    finite numbers, lists of them and, by name, mappings to them. One of kind "eval" has what
    `wmpc.wm.training.monitor.evaluate` returns, any other has numbers only.

    Args:
        run: the folder.

    Returns:
        The lines in order, each as its object; none where there is no log.
    """
    return [line for _, line in _whole(run / LOG)]


def _whole(path: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    for text in path.read_bytes().split(b"\n") if path.is_file() else ():
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):  # cut short, no JSON, no UTF-8
            continue
        if isinstance(line, dict) and _is_whole(line):
            yield text, line


def _is_whole(line: dict[str, Any]) -> bool:
    values = {key: value for key, value in line.items() if key not in ("kind", "step")}
    if not isinstance(line.get("kind"), str) or not isinstance(line.get("step"), int):
        return False
    if line["kind"] != "eval":
        return all(_is_number(x) for x in (line["step"], *values.values()))
    names = ["spread", "rollout_error", "rollout_baseline"]
    if not {"rollout_error", "rollout_baseline"} & values.keys():  # of episodes without actions
        names = names[:1]
    lists = [values.pop(name, None) for name in names]
    if not all(isinstance(x, list) and x and all(map(_is_number, x)) for x in lists):
        return False
    numbers = [line["step"], values.pop("rankme", None)]
    for value in values.values():
        numbers += value.values() if isinstance(value, dict) else [value]
    return len({len(x) for x in lists[1:]}) < 2 and all(map(_is_number, numbers))


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < LARGE


class Log:
    """A run's log, open for appending, without the lines after the step that is resumed from."""

    def __init__(self, run: Path, done: int) -> None:
        self.path = run / LOG
        kept = [text + b"\n" for text, line in _whole(self.path) if line["step"] <= done]
        replace_file(self.path, b"".join(kept))
        flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        self.fd = os.open(self.path, flags)

    def append(self, line: Mapping[str, Any]) -> None:
        """Write one line.

        Args:
            line: an object of values that JSON can hold, its `kind` and `step` among them.

        Raises:
            OSError: when that fails, with the log's path.
        """
        rest = json.dumps(line).encode() + b"\n"
        try:
            while rest:
                rest = rest[os.write(self.fd, rest) :]
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from error

    def close(self) -> None:
        os.close(self.fd)
