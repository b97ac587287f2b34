"""JSON that anybody wrote is read within bounds; whatever is wrong with it is one kind of error."""

import json
import os

import pytest

from wmpc.errors import WmpcError
from wmpc.system import json_file

BAD = {
    "empty": b"",
    "cut": b'{"a": [1, 2',
    "no UTF-8": b'{"a": "\xff\xfe"}',
    "deep for the parser": b"[" * 100_000,
    "deep for who walks": b'{"a":' * 400 + b"1" + b"}" * 400,
    "one key twice": b'{"a": 1, "a": 2}',
    "half a character": b'{"a": "\\ud800"}',
    "NUL": b'{"a": "\\u0000"}',
    "digits": b'{"a": ' + b"9" * 5000 + b"}",
    "list": b"[1, 2]",
    "number": b"1",
    "null": b"null",
    "string": b'"{}"',
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_one_error_that_names_the_file(name, tmp_path):
    (tmp_path / "odd.json").write_bytes(BAD[name])
    with pytest.raises(WmpcError, match=r"odd\.json"):
        json_file.read_json(tmp_path / "odd.json")


def test_what_is_right_comes_as_it_was_written(tmp_path):
    value = {"a": [1, 2.5, None, True, "ä 🙂"], "b": {"c": float("inf")}, "big": 2**70}
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        (tmp_path / "a.json").write_text(text)
        assert json_file.read_json(tmp_path / "a.json") == value


def test_more_values_or_bytes_than_the_bound_are_not_parsed(tmp_path, monkeypatch):
    monkeypatch.setattr(json_file, "JSON_VALUES", 1000)
    (tmp_path / "a.json").write_bytes(b'{"a": [' + b"[]," * 2000 + b"1]}")
    monkeypatch.setattr(json_file.json, "loads", lambda *_, **__: pytest.fail("it was parsed"))
    with pytest.raises(WmpcError, match="more than 1000 values"):
        json_file.read_json(tmp_path / "a.json")
    monkeypatch.setattr(json_file, "JSON_BYTES", 100)
    with pytest.raises(WmpcError, match="more than 100 bytes"):
        json_file.read_json(tmp_path / "a.json")


def test_what_is_no_regular_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.json")
    with pytest.raises(WmpcError, match="no regular file"):
        json_file.read_json(tmp_path / "a.json")
    with pytest.raises((WmpcError, OSError)):
        json_file.read_json(tmp_path)
