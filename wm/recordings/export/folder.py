"""An export appears when it is complete, or not at all, and leaves nothing when it is killed."""

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wmpc.errors import WmpcError
from wmpc.system.disk import REFUSALS, TAIL, TEMPORARY, flush


@contextmanager
def new_folder(path: str | Path) -> Iterator[Path]:
    """Give a hidden sibling to write to, which becomes `path` at the end; an error removes it.

    Args:
        path: the folder that is to be.

    Yields:
        The folder to write to meanwhile.

    Raises:
        WmpcError: `path` exists and is not an empty folder, or another process is exporting to it.
    """
    path = Path(path)
    with _unfinished(path) as temporary:  # which sweeps, also where the export was complete
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise WmpcError(
                f"{path} exists already and is not empty: an export goes to a new folder"
            )
        yield temporary
        for file in temporary.rglob("*"):
            flush(file)
        os.replace(temporary, path)


@contextmanager
def new_file(path: str | Path) -> Iterator[Path]:
    """Give a hidden file to write to, which becomes `path` at the end; an error removes it.

    Args:
        path: the file that is to be.

    Yields:
        Where to write meanwhile.

    Raises:
        WmpcError: `path` exists, or another process is exporting to it.
    """
    path = Path(path)
    with _unfinished(path) as temporary:
        if path.exists():
            raise WmpcError(f"{path} exists: choose a new file, such as {path.stem}-2{path.suffix}")
        yield temporary / path.name
        flush(temporary / path.name)
        try:
            os.link(temporary / path.name, path)  # unlike a renamed file, it replaces nothing
        except FileExistsError:
            raise
        except OSError:  # some filesystems have no links
            os.replace(temporary / path.name, path)


@contextmanager
def _unfinished(path: Path) -> Iterator[Path]:
    """A new hidden folder beside `path`, removed at the end, and by the next export if this one
    is killed: it is locked while the process lives. What goes wrong inside is named as `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        temporary, fd = _begin(path)
        try:
            yield temporary
            flush(path.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            os.close(fd)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.EISDIR):
            raise WmpcError(f"{path} was written by another process meanwhile") from error
        if error.errno in REFUSALS:
            raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
        raise


def _begin(path: Path) -> tuple[Path, int]:
    """Remove what killed exports to `path` left; make and lock the folder of this one. The parent
    is locked meanwhile, so that nobody removes a folder between its making and its locking."""
    parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(parent, fcntl.LOCK_EX)
        for left in path.parent.glob(f"{TEMPORARY}{'[0-9a-f]' * 16}-*"):
            if left.name[len(TEMPORARY) + 17 :] == path.name[-TAIL:] and not left.is_symlink():
                _sweep(left, path)
        temporary = path.with_name(f"{TEMPORARY}{secrets.token_hex(8)}-{path.name[-TAIL:]}")
        temporary.mkdir()
        fd = os.open(temporary, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        _lock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(parent)
    return temporary, fd


def _sweep(left: Path, path: Path) -> None:
    if not left.is_dir():
        return
    fd = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if _lock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB):
            shutil.rmtree(left, ignore_errors=True)
    except BlockingIOError:
        raise WmpcError(f"another process is exporting to {path}: wait until it ends") from None
    finally:
        os.close(fd)


def _lock(fd: int, how: int) -> bool:
    """Lock a folder and say whether its filesystem can. BlockingIOError: another holds it."""
    try:
        fcntl.flock(fd, how)
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True
