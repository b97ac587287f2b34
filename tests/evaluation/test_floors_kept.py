"""Floors that are kept beside a manifest may have been written by anybody."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from wmpc.evaluation.references import _read
from wmpc.evaluation.statistics.success import summary


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"manifest": None},
        {"random": 3},
        {"random": {"settings": {}, "summary": {}}},
        {"random": {"settings": {}, "summary": {"success": "<script>"}}},
        {"random": {"settings": {}, "summary": summary([]) | {"success": {"rate": "1", "n": 1}}}},
        {"random": {"settings": {}, "summary": summary([]) | {"steps": "many"}}},
    ],
    ids=str,
)
def test_floors_that_somebody_wrote_otherwise_are_measured_anew(tmp_path, content):
    drawn = cast(Any, SimpleNamespace(hash="beef"))
    given = {"manifest": "beef", **content} if isinstance(content, dict) else content
    (tmp_path / "a.json").write_text(json.dumps(given))
    assert _read(tmp_path / "a.json", drawn) == {}
    whole = {"settings": {"cases": 1}, "summary": summary([])}
    (tmp_path / "a.json").write_text(json.dumps({"manifest": "beef", "random": whole}))
    assert _read(tmp_path / "a.json", drawn) == {"random": whole}
