"""What a parquet file's footer states of its columns, read without pyarrow.

pyarrow ends the process when it is asked about a column whose metadata are damaged (`column` of a
row group lets a C++ exception through), and reads any number of values that a column states.
"""

from typing import Any, BinaryIO

from wmpc.errors import WmpcError

DEEPEST = 32
"""Structures within one another, at most; those of parquet are 6 deep."""
TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
"""Types of the protocol that are more than a whole number."""
ROW_GROUPS, COLUMNS, META_DATA, NUM_VALUES = 4, 1, 3, 5
"""Fields of FileMetaData, RowGroup, ColumnChunk and ColumnMetaData in parquet.thrift."""


def count_values(file: BinaryIO, what: str, largest: int) -> int:
    """Count the values that all columns of a parquet file state.

    Args:
        file: it can be sought.
        what: the file's name, for errors.
        largest: bytes of a footer, at most.

    Returns:
        The sum over row groups and columns, those of lists counted one by one.

    Raises:
        WmpcError: the footer is too large, or is none.
    """
    end = file.seek(0, 2)
    file.seek(max(0, end - 8))
    tail = file.read(8)
    size = int.from_bytes(tail[:4], "little")
    if tail[4:] != b"PAR1" or size > end - 8:
        raise WmpcError(f"{what} is damaged: it does not end as a parquet file does")
    if size > largest:
        raise WmpcError(f"{what} has a footer of {size} bytes; it has at most {largest}")
    file.seek(end - 8 - size)
    try:
        groups = Compact(file.read(size)).struct()[ROW_GROUPS]
        chunks = [chunk[META_DATA] for group in groups for chunk in group[COLUMNS]]
        return sum(max(int(chunk[NUM_VALUES]), 0) for chunk in chunks)
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise WmpcError(f"{what} is damaged: its footer cannot be read") from error


class Compact:
    """Reads Thrift's compact protocol (thrift-compact-protocol.md) from bytes, from their start.

    Whatever is damaged raises IndexError or ValueError.
    """

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def struct(self, deep: int = 0) -> dict[int, Any]:
        """Read a structure.

        Args:
            deep: structures around it.

        Returns:
            Its values by the numbers of their fields; structures and lists within one another.
        """
        fields, number = {}, 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._whole()
            kind = head & 15
            fields[number] = kind == TRUE if kind in (TRUE, FALSE) else self._value(kind, deep + 1)
        return fields

    def _value(self, kind: int, deep: int) -> Any:
        if deep > DEEPEST:
            raise ValueError("structures within one another without end")
        if kind == STRUCT:
            return self.struct(deep)
        if kind in (LIST, SET):
            head = self._byte()
            count, inner = head >> 4, head & 15
            count = self._varint() if count == 15 else count
            return [self._value(inner, deep + 1) for _ in range(self._there(count))]
        if kind == MAP:
            count = self._there(self._varint())
            key, value = divmod(self._byte() if count else 0, 16)
            pairs = [
                (self._value(key, deep + 1), self._value(value, deep + 1)) for _ in range(count)
            ]
            return pairs
        if kind in (BINARY, DOUBLE):
            return self._bytes(self._varint() if kind == BINARY else 8)
        if kind in (TRUE, FALSE, BYTE):
            return self._byte()
        return self._whole()

    def _there(self, count: int) -> int:
        """A count of values of at least a byte each, which are there."""
        if count > len(self._data) - self._at:
            raise ValueError("more values than bytes")
        return count

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _bytes(self, count: int) -> bytes:
        self._at += self._there(count)
        return self._data[self._at - count : self._at]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("a number without an end")

    def _whole(self) -> int:
        """A signed number, zigzag."""
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
