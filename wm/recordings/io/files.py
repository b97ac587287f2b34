"""Files of a recording, local or behind an fsspec URL, and what can go wrong with them."""

import errno
import glob
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO, Protocol

import fsspec

from wmpc.errors import WmpcError
from wmpc.system.disk import REFUSALS
from wmpc.system.json_file import JSON_BYTES, parse_json
from wmpc.system.links import refuse_outside

MACHINE = REFUSALS.keys() - {errno.EINVAL, errno.ENOENT, errno.EISDIR, errno.ENOTDIR}
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES}
"""Of these, what a library that has errors of its own says only of a file that it writes."""
LARGEST = 2**30
"""Bytes that one column of one episode may take, pictures apart: more is taken for damage."""


class Place:
    """A file or folder on any filesystem that fsspec knows.

    Args:
        path: a path, or a URL such as `s3://bucket/set`.
    """

    def __init__(self, path: str) -> None:
        self.path = str(path)
        try:
            self.system, self.root = fsspec.core.url_to_fs(self.path)
        except (ImportError, ValueError) as error:
            raise WmpcError(f"{self.path} cannot be opened: {error}") from error

    @property
    def is_local(self) -> bool:
        protocol = self.system.protocol
        return "file" in ((protocol,) if isinstance(protocol, str) else protocol)

    def name(self, inside: str = "") -> str:
        """Spell the filesystem's own name of the place, or of a file inside it.

        Args:
            inside: a name relative to the place; empty: the place itself.

        Returns:
            The name, without the URL's protocol.
        """
        return f"{self.root.rstrip('/')}/{inside}" if inside else self.root

    def exists(self, inside: str = "") -> bool:
        """Say whether the place, or a file inside it, exists.

        Args:
            inside: a name relative to the place; empty: the place itself.

        Returns:
            Whether it does.
        """
        return self.system.exists(self.name(inside))

    def is_folder(self) -> bool:
        """Say whether the place is a folder.

        Returns:
            Whether it is.
        """
        return self.system.isdir(self.root)

    def size(self, inside: str = "") -> int:
        """Ask for the size of a file.

        Args:
            inside: a name relative to the place; empty: the place itself.

        Returns:
            Bytes.
        """
        return int(self.system.size(self.name(inside)) or 0)

    def glob(self, pattern: str) -> list[str]:
        """Find names inside this folder.

        Args:
            pattern: with `*` and `?` within a folder; `**` crosses folders.

        Returns:
            The names that match, relative to the place, sorted.
        """
        root = glob.escape(self.root.rstrip("/"))  # a folder may be called "set [v2]"
        found = self.system.glob(f"{root}/{pattern}")
        return sorted(str(name)[len(self.root.rstrip("/")) + 1 :] for name in found)

    def check(self, inside: str) -> None:
        """Refuse a name that leads out of this folder.

        Args:
            inside: a name relative to the place.

        Raises:
            WmpcError: the name, or a link that it goes through, leads elsewhere.
        """
        if ".." in inside.split("/") or "\0" in inside:
            raise WmpcError(f"{self.path} names {inside!r}, which leads out of it: not read")
        if inside and self.is_local:
            refuse_outside(Path(self.name(inside)), Path(self.root))

    def open(self, inside: str = "") -> BinaryIO:
        """Open a file for reading.

        Args:
            inside: a name relative to the place; empty: the place itself.

        Returns:
            A stream of bytes, to be closed by the caller.

        Raises:
            WmpcError: there is no such file, or it lies elsewhere.
        """
        self.check(inside)
        try:
            return self.system.open(self.name(inside), "rb")
        except (FileNotFoundError, IsADirectoryError):
            raise WmpcError(
                f"{self.path} lacks {inside or 'what it names'}: no such file"
            ) from None

    def read(self, inside: str = "", limit: int = LARGEST) -> bytes:
        """Read a whole small file.

        Args:
            inside: a name relative to the place; empty: the place itself.
            limit: bytes it may have.

        Returns:
            Its bytes.

        Raises:
            WmpcError: there is no such file, it lies elsewhere, or has more than `limit` bytes.
        """
        with self.open(inside) as stream:
            data = stream.read(limit + 1)
        if len(data) > limit:
            raise WmpcError(
                f"{self.name(inside)} has more than {limit} bytes: not what it should be"
            )
        return data

    def json(self, inside: str) -> dict[str, Any]:
        """Read a JSON object.

        Args:
            inside: the name of a file in this folder.

        Returns:
            What it holds.

        Raises:
            WmpcError: the file is missing, too large, or holds no object.
        """
        stated = parse_json(self.read(inside, JSON_BYTES), self.name(inside))
        if not isinstance(stated, dict):
            raise WmpcError(f"{self.name(inside)} is damaged: it holds no JSON object")
        return stated


class Closable(Protocol):
    """Something that holds files open."""

    def close(self) -> None:
        """Close them."""


@contextmanager
def closed_on_error(reader: Closable) -> Iterator[None]:
    """Close a reader whose opening fails: HDF5 would give the next one what it remembers of it.

    Args:
        reader: what is being opened in this context.

    Yields:
        Nothing.
    """
    try:
        yield
    except BaseException:
        reader.close()
        raise


@contextmanager
def damage(what: str) -> Iterator[None]:
    """Turn whatever a format's library raises in this context into a WmpcError.

    Libraries raise anything at all over damaged bytes; a bug of ours would look the same, so the
    cause is chained (WMPC_DEBUG=1 shows it). What the system refuses is no damage; but FFmpeg
    calls what it finds in a file by names of the system's too, all but those of a full disk.

    Args:
        what: what is being read, for the sentence.

    Yields:
        Nothing.

    Raises:
        WmpcError: something was raised that is no refusal of the system's.
    """
    try:
        yield
    except WmpcError:
        raise
    except Exception as error:
        builtin = type(error).__module__ == "builtins"
        if isinstance(error, OSError) and error.errno in (MACHINE if builtin else FULL):
            raise
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise WmpcError(f"{what} is damaged or not what it should be: {reason}") from error


def extra(module: str, purpose: str, name: str = "data") -> ModuleType:
    """Import a module that an extra installs.

    Args:
        module: its name.
        purpose: what it is needed for, the beginning of the sentence.
        name: of the extra.

    Returns:
        The module.

    Raises:
        WmpcError: it is not installed; the sentence has the command to run.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise WmpcError(
            f"{purpose} needs {module.split('.')[0]}, which is not installed: "
            f"pip install 'wmpc[{name}]'"
        ) from None
