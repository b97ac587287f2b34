"""The rows of an evaluation in progress, a line each in FOLDER/rows.jsonl as they come.

Its first line says of which evaluation they are. The same evaluation goes on from them; what a kill
or a full disk left half written at the end is cut off.
"""

import json
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from wmpc.errors import TakenError
from wmpc.evaluation.row import Row
from wmpc.system.disk import naming, settle
from wmpc.system.links import open_in_place

ROWS = "rows.jsonl"
FORMAT, VERSION = "wmpc-rows", 1


class Rows:
    """Rows by the part of the evaluation that they belong to, and their case."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, int], Row] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def missing(self, part: str, cases: Iterable[int]) -> list[int]:
        """List the cases that have no row yet.

        Args:
            part: of the evaluation.
            cases: of which.

        Returns:
            Some of them, in their order.
        """
        return [case for case in cases if (part, case) not in self._rows]

    def of(self, part: str, cases: Iterable[int]) -> list[Row]:
        """Look up rows.

        Args:
            part: of the evaluation.
            cases: that have one.

        Returns:
            A row a case.
        """
        return [self._rows[part, case] for case in cases]

    def add(self, part: str, row: Row) -> None:
        """Keep one more row.

        Args:
            part: of the evaluation.
            row: of one of its cases.
        """
        self._rows[part, row.case] = row


class RowsFile(Rows):
    """Rows that are kept in `folder`, which this process holds, until they are `done`.

    `identity` is whatever rows depend on, in plain JSON values. Rows of another evaluation are
    removed if `anew`, else a TakenError says that they are there. `taken` is how many were there;
    `token` is drawn when an evaluation begins and stays with it.
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any], anew: bool) -> None:
        super().__init__()
        self.path = folder / ROWS
        self._fd = open_in_place(self.path)
        try:
            identity = json.loads(json.dumps({"format": FORMAT, "version": VERSION, **identity}))
            head, *lines = self._read().split(b"\n")
            header = _parsed(head) if lines else None
            self.token = str(header.pop("token", "")) if header else ""
            if header == identity:
                self._size = len(head) + 1 + self._take(lines[:-1])
            elif header is None or anew or len(lines) == 1:
                self._size, self.token = 0, secrets.token_hex(4)
            else:
                raise TakenError(
                    f"{folder} holds {len(lines) - 1} rows of another evaluation that was not "
                    f"finished (other {_difference(header, identity)}): give another name=..., or "
                    "overwrite=true to begin anew"
                )
            self.taken = len(self)
            os.ftruncate(self._fd, self._size)
            if not self._size:
                self._append({**identity, "token": self.token})
        except BaseException:
            self.close()
            raise

    def add(self, part: str, row: Row) -> None:
        """Keep one more row, on the disk too.

        Args:
            part: of the evaluation.
            row: of one of its cases.
        """
        super().add(part, row)
        self._append({"part": part, **row.as_record()})

    def close(self) -> None:
        """Close the file, which stays."""
        os.close(self._fd)

    def done(self) -> None:
        """Remove the file: the rows are kept elsewhere."""
        self.path.unlink(missing_ok=True)

    def _read(self) -> bytes:
        parts = []
        while part := os.read(self._fd, 1 << 20):
            parts.append(part)
        return b"".join(parts)

    def _take(self, lines: list[bytes]) -> int:
        """Take over the rows up to the first line that holds none; returns their bytes."""
        size = 0
        for line in lines:
            content = _parsed(line) or {}
            try:
                part = str(content.pop("part"))
                super().add(part, Row.from_record(content))
            except (KeyError, TypeError, ValueError):
                break
            size += len(line) + 1
        return size

    def _append(self, content: Mapping[str, Any]) -> None:
        line = json.dumps(content).encode() + b"\n"
        with naming(self.path):
            try:
                written = 0
                while written < len(line):
                    written += os.pwrite(self._fd, line[written:], self._size + written)
                settle(self._fd)
            except OSError:
                os.ftruncate(self._fd, self._size)
                raise
        self._size += len(line)


def read_token(path: Path) -> str | None:
    """Read of which evaluation the rows in a file are.

    Args:
        path: of the file.

    Returns:
        Its token; None where the first line is none.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as stream:
        header = _parsed(stream.readline(1 << 20))
    return None if header is None else str(header.get("token"))


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """What tells two evaluations apart, by name."""
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return ", ".join(sorted(names))
