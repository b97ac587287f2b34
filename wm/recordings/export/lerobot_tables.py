"""LeRobot's parquet files: tables of stated size, and what pandas expects of `tasks.parquet`."""

import io
import json
from pathlib import Path
from typing import Any

from wmpc.wm.recordings.io.files import extra


class TableFiles:
    """Appends tables to parquet files, one row group each, and begins another file at the limit.
    A file is written when it is complete.

    Args:
        folder: of the dataset.
        path: template with `chunk_index` and `file_index`.
        limit: bytes that a file may have, apart from a single table that is larger.
        chunks_size: files a folder.
    """

    def __init__(self, folder: Path, path: str, limit: float, chunks_size: int) -> None:
        self.folder, self.path, self.limit, self.chunks_size = folder, path, limit, chunks_size
        self._writer: Any = None
        self._number, self._bytes = -1, 0

    def place(self, size: int) -> tuple[int, int]:
        """Say where the next table goes.

        Args:
            size: of the table, in bytes.

        Returns:
            The numbers of the folder and of the file in it.
        """
        if self._writer is None or self._bytes + size > self.limit:
            self.close()
            self._number, self._bytes = self._number + 1, 0
        self._bytes += size
        return divmod(self._number, self.chunks_size)

    def append(self, table: Any) -> None:
        """Write a table where `place` said.

        Args:
            table: of pyarrow; the columns are those of all.
        """
        if self._writer is None:
            chunk, file = divmod(self._number, self.chunks_size)
            self._file = self.folder / self.path.format(chunk_index=chunk, file_index=file)
            parquet = extra("pyarrow.parquet", "writing parquet")
            self._buffer = io.BytesIO()  # its writer fails badly where the disk is full
            self._writer = parquet.ParquetWriter(
                self._buffer, table.schema, compression="snappy", write_page_checksum=True
            )
        self._writer.write_table(table)

    def close(self) -> None:
        """Complete the present file and write it."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_bytes(self._buffer.getbuffer())


def write_tasks(path: Path, tasks: list[str]) -> None:
    """Write the tasks by `task_index`, as a frame of pandas whose index are the words.

    Args:
        path: of the parquet file.
        tasks: in words.
    """
    pa, parquet = extra("pyarrow", "writing"), extra("pyarrow.parquet", "writing parquet")
    table = pa.table({"task_index": pa.array(range(len(tasks)), pa.int64()), "task": tasks})
    kinds = {"task_index": ("int64", "int64"), "task": ("unicode", "object")}
    frame = {
        "index_columns": ["task"],
        "column_indexes": [],
        "columns": [
            {"name": n, "field_name": n, "pandas_type": p, "numpy_type": d, "metadata": None}
            for n, (p, d) in kinds.items()
        ],
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.2.0",
    }
    parquet.write_table(table.replace_schema_metadata({"pandas": json.dumps(frame)}), str(path))
