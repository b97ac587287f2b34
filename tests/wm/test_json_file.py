"""JSON that anybody wrote is read within bounds; whatever is wrong with it is one kind of error."""

import json
import os
from pathlib import Path
from types import ModuleType

import pytest

import envs.json_file
import wm.json_file
from envs.errors import EnvError
from wm.errors import WmError

BOTH = pytest.mark.parametrize(
    ("module", "refused"), [(wm.json_file, WmError), (envs.json_file, EnvError)]
)
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


@BOTH
@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_one_error_that_names_the_file(
    module: ModuleType, refused, name, tmp_path
):
    (tmp_path / "odd.json").write_bytes(BAD[name])
    with pytest.raises(refused, match=r"odd\.json"):
        module.read_json(tmp_path / "odd.json")


@BOTH
def test_what_is_right_comes_as_it_was_written(module: ModuleType, refused, tmp_path):
    value = {"a": [1, 2.5, None, True, "ä 🙂"], "b": {"c": float("inf")}, "big": 2**70}
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        (tmp_path / "a.json").write_text(text)
        assert module.read_json(tmp_path / "a.json") == value


@BOTH
def test_more_values_or_bytes_than_the_bound_are_not_parsed(
    module: ModuleType, refused, tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "JSON_VALUES", 1000)
    (tmp_path / "a.json").write_bytes(b'{"a": [' + b"[]," * 2000 + b"1]}")
    monkeypatch.setattr(module.json, "loads", lambda *_, **__: pytest.fail("it was parsed"))
    with pytest.raises(refused, match="more than 1000 values"):
        module.read_json(tmp_path / "a.json")
    monkeypatch.setattr(module, "JSON_BYTES", 100)
    with pytest.raises(refused, match="more than 100 bytes"):
        module.read_json(tmp_path / "a.json")


@BOTH
def test_what_is_no_regular_file_is_not_waited_for(module: ModuleType, refused, tmp_path):
    os.mkfifo(tmp_path / "a.json")
    with pytest.raises(refused, match="no regular file"):
        module.read_json(tmp_path / "a.json")
    with pytest.raises((refused, OSError)):
        module.read_json(tmp_path)


def test_both_copies_say_the_same():
    texts = [Path(str(m.__file__)).read_text() for m in (wm.json_file, envs.json_file)]
    codes = [text.partition('"""\n')[2].replace("EnvError", "WmError") for text in texts]
    assert (
        codes[1]
        .replace("envs.errors", "wm.errors")
        .replace('"manifest"', '"a dataset\'s meta.json"')
        == codes[0]
    )
