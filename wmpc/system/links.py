"""Keep to the folder that was named: nothing is written or read elsewhere through a link in it.

Folders come from others by git and tar, and symbolic links in them survive that. The folder that
was named may itself be one.
"""

import errno
import os
import stat
from pathlib import Path

from wmpc.errors import WmpcError


def refuse_links(path: Path, root: Path) -> Path:
    """Refuse a path that leads through a symbolic link.

    Args:
        path: to write to.
        root: the folder that was named, which may be a link itself.

    Returns:
        The path.

    Raises:
        WmpcError: it, or a folder from the root to it, is a link.
    """
    for part in (path, *path.parents):
        if part == root:
            break
        if part.is_symlink():
            raise WmpcError(
                f"{part} is a symbolic link, and nothing is written through links inside {root}: "
                "remove the link, or name the folder that it leads to"
            )
    return path


def open_in_place(path: Path, flags: int = os.O_RDWR) -> int:
    """Open or create a file to change it where it lies.

    Args:
        path: of the file.
        flags: of `os.open`, besides those that keep to this file.

    Returns:
        Its descriptor.

    Raises:
        WmpcError: it is a symbolic link, no regular file, or has other names (hard links), by which
            a file elsewhere would change.
    """
    keep = os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        fd = os.open(path, flags | keep, 0o644)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENXIO):
            raise
        raise WmpcError(f"{path} is a link or no regular file: remove it") from None
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(fd)
        what = "has other names (hard links)" if found.st_nlink > 1 else "is no regular file"
        raise WmpcError(f"{path} {what}, and would be changed in place: put a copy there")
    return fd


def refuse_outside(path: Path, folder: Path) -> Path:
    """Refuse a file that a link leads out of its folder.

    Links to `blobs` beside the `snapshots` that hold the folder are how the Hugging Face cache
    keeps a folder, and are followed.

    Args:
        path: of a file to read.
        folder: that it should be in.

    Returns:
        The path.

    Raises:
        WmpcError: it is elsewhere.
    """
    real, home = os.path.realpath(path), os.path.realpath(folder)
    if os.path.basename(os.path.dirname(home)) == "snapshots":
        blobs = os.path.join(os.path.dirname(os.path.dirname(home)), "blobs")
        if real.startswith(blobs + os.sep):
            return path
    if real != home and not real.startswith(home.rstrip(os.sep) + os.sep):
        raise WmpcError(
            f"{path} leads out of {folder} by a symbolic link, and is not read: put a copy there"
        )
    return path
