"""The file that HDF5 is written to, which survives a full disk.

HDF5 keeps what could not be written, tries again when the file is closed and when the process ends,
and crashes there. So it is told that all is well; whoever writes asks `check`.
"""

import io
import os
from pathlib import Path


class HDF5File(io.FileIO):
    """A new file for `h5py.File`. After the first write that fails nothing more is written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "x+")
        self.path = path
        self.error: OSError | None = None

    def check(self) -> None:
        """Report a write that failed.

        Raises:
            OSError: of the first one, with the file's name.
        """
        if self.error is not None:
            raise OSError(self.error.errno, self.error.strerror, str(self.path)) from self.error

    def write(self, data) -> int:  # type: ignore[override]
        """Write at the present place; a failure is kept for `check`.

        Args:
            data: bytes.

        Returns:
            How many there are, as if all were written.
        """
        view = memoryview(data).cast("B")
        place = self.tell()
        try:
            done = len(view) if self.error else 0
            while done < len(view):
                done += os.pwrite(self.fileno(), view[done:], place + done)
        except OSError as error:
            self.error = error
        self.seek(place + len(view))
        return len(view)

    def readinto(self, buffer) -> int:  # type: ignore[override]
        """Read from the present place.

        Args:
            buffer: to fill; zeros stand for what was not written.

        Returns:
            Its size in bytes.
        """
        view = memoryview(buffer).cast("B")
        end = self.tell() + len(view)
        done = super().readinto(view) or 0
        view[done:] = bytes(len(view) - done)
        self.seek(end)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Set the size of the file; a failure is kept for `check`.

        Args:
            size: in bytes; None: up to the present place.

        Returns:
            The size.
        """
        size = self.tell() if size is None else size
        try:
            if self.error is None:
                super().truncate(size)
        except OSError as error:
            self.error = error
        return size
