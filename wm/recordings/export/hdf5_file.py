"""The file that HDF5 is written to, which survives a full disk.

HDF5 keeps what could not be written, tries again when the file is closed and when the process ends,
and crashes there. So it is told that all is well; whoever writes asks `check`.
"""

import io
import os
from pathlib import Path


class HDF5File(io.RawIOBase):
    """A new file for `h5py.File`. After the first write that fails nothing more is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.error: OSError | None = None
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        self._place = 0

    def check(self) -> None:
        """Report a write that failed.

        Raises:
            OSError: of the first one, with the file's name.
        """
        if self.error is not None:
            raise OSError(self.error.errno, self.error.strerror, str(self.path)) from self.error

    def write(self, data) -> int:  # type: ignore[override]
        """Write at the present place; a write that fails is kept for `check`.

        Args:
            data: bytes.

        Returns:
            How many there are, as if all were written.
        """
        view = memoryview(data).cast("B")
        try:
            done = len(view) if self.error else 0
            while done < len(view):
                done += os.pwrite(self._fd, view[done:], self._place + done)
        except OSError as error:
            self.error = error
        self._place += len(view)
        return len(view)

    def readinto(self, buffer) -> int:  # type: ignore[override]
        """Read from the present place.

        Args:
            buffer: to fill; zeros stand for what was not written.

        Returns:
            Its size in bytes.
        """
        view = memoryview(buffer).cast("B")
        data = os.pread(self._fd, len(view), self._place)
        view[: len(data)] = data
        view[len(data) :] = bytes(len(view) - len(data))  # of what was not written
        self._place += len(view)
        return len(view)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the file.

        Args:
            offset: bytes from where `whence` says.
            whence: the start, the present place or the end, as in `os`.

        Returns:
            The place.
        """
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place}.get(whence)
        self._place = (os.fstat(self._fd).st_size if start is None else start) + offset
        return self._place

    def tell(self) -> int:
        """Say where in the file the next bytes go.

        Returns:
            The place.
        """
        return self._place

    def truncate(self, size: int | None = None) -> int:
        """Set the size of the file.

        Args:
            size: in bytes; None: up to the present place.

        Returns:
            The size.
        """
        size = self._place if size is None else size
        try:
            if self.error is None:
                os.ftruncate(self._fd, size)
        except OSError as error:
            self.error = error
        return size

    def readable(self) -> bool:
        """Say that it can be read.

        Returns:
            True.
        """
        return True

    def writable(self) -> bool:
        """Say that it can be written.

        Returns:
            True.
        """
        return True

    def seekable(self) -> bool:
        """Say that one can go to any place in it.

        Returns:
            True.
        """
        return True

    def close(self) -> None:
        if not self.closed:
            os.close(self._fd)
        super().close()
