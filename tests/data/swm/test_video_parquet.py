"""Logs of videos that are parquet files: what is read of them, and damage that ends in words."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from films import film

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats import open_source
from wmpc.wm.recordings.io.parquet_footer import Compact, count_values


def test_a_parquet_that_holds_more_than_numbers(tmp_path):
    film(tmp_path / "a.mp4", 4)
    lists = pa.FixedSizeListArray.from_arrays(pa.array(np.arange(8.0)), 2)
    columns = {
        "action": lists,
        "word": ["a", "b", "c", "d"],
        "when": pa.array([1, 2, 3, 4], pa.timestamp("s")),
        "ragged": [[1.0], [1.0, 2.0], [], [3.0]],
        "flag": pa.array([True, None, False, True]),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    with open_source(str(tmp_path)) as source:
        episode = source.episode(0)
        assert episode["action"][:, 0].tolist() == [[0, 1], [2, 3], [4, 5]]
        assert np.isnan(episode["flag"][1]) and episode["flag"][3] == 1
        assert source.about.left_out.keys() == {"word", "when", "ragged"}
    one = pa.table({"action": pa.array([[0.0] * 20_000] * 4_000), "time": range(4_000)})
    pq.write_table(one, tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 2**18
    with pytest.raises(WmpcError, match="states 1280064000 bytes; a table has at most"):
        open_source(str(tmp_path))
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    data = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(data[:-20])
    with pytest.raises(WmpcError, match=r"a.parquet is damaged"):
        open_source(str(tmp_path))


def test_a_parquet_whose_columns_are_stated_otherwise_ends_in_words(tmp_path):
    """pyarrow counts levels of a column that may be empty; asked about it, it would abort."""
    film(tmp_path / "a.mp4", 4)
    pq.write_table(pa.table({"action": [0.0, 1.0, 2.0, 3.0]}), tmp_path / "a.parquet")
    optional, required = b"\x25\x02\x18\x06action", b"\x25\x00\x18\x06action"
    data = (tmp_path / "a.parquet").read_bytes()
    assert data.count(optional) == 1
    (tmp_path / "a.parquet").write_bytes(data.replace(optional, required))
    with pytest.raises(WmpcError, match=r"a.parquet"):
        open_source(str(tmp_path))


def test_the_footer_states_as_many_values_as_pyarrow_reads_of_it(tmp_path):
    path = tmp_path / "a.parquet"
    table = pa.table(
        {
            "number": pa.array([1.0, None, 3.0] * 50),
            "word": ["x", "y", "z"] * 50,
            "list": [[1.0, 2.0], [], [3.0]] * 50,
            "inside": [{"a": 1, "b": [True]}, {"a": 2, "b": []}, None] * 50,
        },
        metadata={"key": "value"},
    )
    for options in ({}, {"row_group_size": 40}, {"write_statistics": False, "version": "1.0"}):
        pq.write_table(table, path, **options)
        meta = pq.read_metadata(path)
        groups = [meta.row_group(g) for g in range(meta.num_row_groups)]
        stated = sum(g.column(c).num_values for g in groups for c in range(g.num_columns))
        with path.open("rb") as file:
            assert count_values(file, "a.parquet", 2**20) == stated > 600


def test_a_footer_that_is_none_ends_in_words(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"list": [[1.0, 2.0], [3.0]]}), path)
    data = path.read_bytes()

    def counted(damaged, largest=2**20):
        return count_values(io.BytesIO(damaged), "a.parquet", largest)

    said = set()
    for at in range(len(data) - 400, len(data)):
        for value in (0, 0x1C, 0x9F, 0xFF, data[at] ^ 1):
            try:
                assert counted(data[:at] + bytes([value]) + data[at + 1 :]) >= 0
            except WmpcError as error:
                said.add(str(error))
    assert said == {
        "a.parquet is damaged: it does not end as a parquet file does",
        "a.parquet is damaged: its footer cannot be read",
    }
    for short in (b"", b"PAR1", data[-8:], data[:-1]):
        with pytest.raises(WmpcError, match="does not end"):
            counted(short)
    with pytest.raises(WmpcError, match="at most 10"):
        counted(data, 10)
    nested = b"\x1c" * 1000  # structures within structures
    with pytest.raises(WmpcError, match="cannot be read"):
        counted(nested + len(nested).to_bytes(4, "little") + b"PAR1")


def test_numbers_are_zigzag_and_of_any_length():
    for value, written in ((0, "00"), (-1, "01"), (1, "02"), (-64, "7f"), (64, "8001")):
        data = bytes.fromhex(f"16{written}00")  # field 1, a whole number of 64 bits
        assert Compact(data).struct() == {1: value}
    with pytest.raises(ValueError, match="without an end"):
        Compact(b"\x16" + b"\xff" * 20).struct()
