"""Why an HDF5 file does not open, told by what h5py raises, and what to do about it."""

import errno
import re

NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP)
IN_USE = (errno.EAGAIN, errno.EWOULDBLOCK)
"""Error numbers of a filesystem without locks, and of a file that another process has locked."""


def error_number(error: Exception) -> int | None:
    """Find the system's error number in what h5py raised.

    Args:
        error: what it raised.

    Returns:
        The number; None where the system had no part in it.
    """
    stated = re.search(r"errno = (\d+)", str(error))
    return int(stated[1]) if stated else getattr(error, "errno", None)


def why_closed(error: Exception) -> str:
    """Say why HDF5 did not open a file, and what to do.

    Args:
        error: what h5py raised.

    Returns:
        The end of a sentence that begins with the file's name.
    """
    says = " ".join(str(error).split())
    if sizes := re.search(r"truncated file: eof = (\d+).*stored_eof = (\d+)", says):
        return (
            f"it is cut short, {sizes[1]} of {sizes[2]} bytes are there; copy or download it again"
        )
    if "already open for write" in says:
        return (
            "a program writes to it, or was stopped before it closed it. Close that program; if "
            "none is running, `h5clear -s FILE` of the HDF5 tools (hdf5-tools) mends it"
        )
    if error_number(error) in IN_USE:
        return (
            "another program has it open for writing, so that it may change while it is read; "
            "close that program, or read a copy"
        )
    if error_number(error) in (errno.EACCES, errno.EPERM):
        return "its permissions do not allow it to be read"
    return f"it is damaged or no HDF5 file ({says[:200]})"
