"""Write files whole or not at all, and let one process at a time write into a folder.

Everything that wmpc writes goes through here, so that these hold everywhere: a kill, a full disk or
a power cut leaves the old file or the new one; no symbolic link is followed and no file that
already exists is written into; two processes that write the same name never share a temporary file.
"""

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wmpc.errors import TakenError, WmpcError
from wmpc.system.shipped import is_shipped

TEMPORARY = ".wmpc-"
"""How the names of unfinished files and folders begin; a random part and the final name follow."""
TAIL = 100
"""Characters of the final name that follow, so that a long one does not become too long."""
LOCK = ".lock"
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP)


ELSEWHERE = "free some space, or write elsewhere"
REFUSALS = {
    errno.ENOSPC: f"the disk is full: {ELSEWHERE}",
    errno.EDQUOT: f"your share of the disk is used up: {ELSEWHERE}",
    errno.EFBIG: "the file grows past what the filesystem or `ulimit -f` allows: raise that",
    errno.EACCES: "permission denied: ask its owner, or choose another place",
    errno.EPERM: "the system does not permit it: ask the owner, or choose another place",
    errno.EROFS: "the filesystem is read-only: write elsewhere",
    errno.EIO: "the disk reports an error: it may be failing; copy what you have elsewhere",
    errno.ENXIO: "the device is gone: connect it again, or choose another place",
    errno.ENODEV: "the device is gone: connect it again, or choose another place",
    errno.ESTALE: "the file server lost it: mount the share again",
    errno.ENOENT: "there is no such file or folder: mind its spelling",
    errno.EEXIST: "it exists already: choose another name",
    errno.ENOTDIR: "a part of this path is a file where a folder is needed: choose another path",
    errno.EISDIR: "it is a folder where a file is needed: choose another path",
    errno.ENOTEMPTY: "the folder is not empty: choose another name",
    errno.ENAMETOOLONG: "the name is too long: choose a shorter one",
    errno.ELOOP: "symbolic links are not followed here, or lead in a circle: name the file itself",
    errno.EMFILE: "this process has too many files open: raise `ulimit -n`, or lower workers",
    errno.ENFILE: "the machine has too many files open: close other programs",
    errno.ENOMEM: "there is not enough memory: close other programs, or lower workers",
    errno.EAGAIN: "no more processes may be started: lower workers, or raise `ulimit -u`",
    errno.EBUSY: "something else is using it: close that, or choose another place",
    errno.ETXTBSY: "something else is using it: close that, or choose another place",
    errno.EINVAL: "the filesystem cannot do this: choose a folder on another one",
}
"""What the system refuses for reasons outside of this program, and what to do about each."""


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give the path of a new empty file beside `path`, which replaces `path` at the end.

    The file has an unforeseeable name with the suffix of `path`, was created exclusively, and is
    flushed to the disk before it takes its place. If the body raises, it is removed and `path`
    stays as it was.

    Args:
        path: of the file to replace.

    Yields:
        Where to write meanwhile.

    Raises:
        OSError: with the name of `path`, such as where the disk is full.
    """
    path = Path(path)
    temporary = path.with_name(f"{TEMPORARY}{secrets.token_hex(8)}-{path.name[-TAIL:]}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        os.close(os.open(temporary, flags, 0o666))
        try:
            yield temporary
            flush(temporary)
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        flush(path.parent)
    except OSError as error:
        if error.filename is None or Path(os.fsdecode(error.filename)).name == temporary.name:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def replace_file(path: str | Path, data: bytes) -> None:
    """Replace a file: a reader sees the old bytes or the new ones, whatever happens.

    Args:
        path: of the file.
        data: all of its new bytes.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(data)


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Name a file in an OSError that names none, as those of open files do.

    Args:
        path: of the file.

    Yields:
        Nothing.

    Raises:
        OSError: what the body raised, with the name.
    """
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def settle(fd: int) -> None:
    """Wait until what was written to an open file is on the disk.

    Args:
        fd: its descriptor.
    """
    getattr(os, "fdatasync", os.fsync)(fd)  # macOS has no fdatasync


def flush(path: Path) -> None:
    """Wait until what a file (or the list of names in a folder) holds is on the disk.

    Args:
        path: of the file or the folder.

    Raises:
        OSError: it cannot be written; a filesystem that cannot flush a folder is no error.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, *NO_LOCKS):  # some filesystems cannot flush a folder
            raise
    finally:
        os.close(fd)


@contextmanager
def hold(folder: str | Path, activity: str) -> Iterator[None]:
    """Hold an existing folder for writing while the context lasts.

    The kernel lets go when the process ends, however it ends.

    Args:
        folder: the folder.
        activity: completes "another process is ... FOLDER", such as "training in".

    Yields:
        Nothing.

    Raises:
        TakenError: another process holds it.
        WmpcError: its filesystem has no locks.
    """
    fd = acquire(folder, activity)
    try:
        yield
    finally:
        os.close(fd)


def acquire(folder: str | Path, activity: str) -> int:
    """Hold an existing folder for writing until a descriptor is closed.

    Args:
        folder: the folder.
        activity: completes "another process is ... FOLDER", such as "training in".

    Returns:
        The descriptor that holds the lock.

    Raises:
        TakenError: another process holds it.
        WmpcError: its filesystem has no locks.
    """
    path = Path(folder) / LOCK
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # NFS may have these
    except OSError as error:
        os.close(fd)
        if error.errno in (errno.EAGAIN, errno.EACCES):
            raise TakenError(
                f"another process is {activity} {folder}: wait until it ends"
            ) from None
        if error.errno in NO_LOCKS:
            raise WmpcError(
                f"the filesystem of {folder} has no locks, so two processes could write there at "
                "once and spoil each other's files: choose a folder on another filesystem"
            ) from error
        raise
    return fd


def writable(folder: str | Path) -> bool:
    """Say whether files can be made in a folder, or in the nearest folder above it that exists.

    Nobody writes to what is shipped, also where the system would permit it.

    Args:
        folder: the folder, which need not exist.

    Returns:
        Whether they can.
    """
    folder = Path(folder).absolute()
    while not folder.exists():
        folder = folder.parent
    return os.access(folder, os.W_OK | os.X_OK) and not is_shipped(folder)


def unfinished(name: str) -> bool:
    """Say whether a file says nothing of what a folder holds: a lock, or one half written.

    Args:
        name: of the file.

    Returns:
        Whether it is one of those.
    """
    return name == LOCK or name.startswith(TEMPORARY) or name.endswith(".json.tmp")


def remove_leftovers(folder: str | Path) -> None:
    """Remove what killed processes left unfinished; only for who holds the folder.

    Args:
        folder: the folder.
    """
    for path in Path(folder).glob(f"{TEMPORARY}*"):
        if path.is_file() or path.is_symlink():
            path.unlink(missing_ok=True)
