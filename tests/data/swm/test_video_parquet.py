"""Logs of videos that are parquet files: what is read of them, and damage that ends in words."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from films import film

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats import open_source


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
