"""A report of what somebody sent: it takes in no file from elsewhere, and no word becomes a tag."""

import base64
import copy
import json
import os
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from made_up import made_up_run

from wmpc.errors import WmpcError
from wmpc.reporting.facts import EMBEDDED_BYTES
from wmpc.reporting.run_page import page

SECRET = b"\x89PNG\r\n\x1a\n secret of somebody"
PAYLOAD = "<script>evil()</script>\"'><img src=x onerror=evil()> javascript:evil() {{ 7*7 }}"
FILE = Path("eval", "made-up", "results.json")
SUCH = ("script", "iframe", "object", "embed", "link", "form", "base", "a")
"""Tags that no page of ours has."""
HERE = ("data:", "#")
"""How what is in the page itself is named."""


class Tags(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text):
        super().__init__()
        self.bad, self.sources, self.words = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        if tag in SUCH:
            self.bad.append(tag)
        for name, value in attributes:
            if name.startswith("on") or (name in ("src", "href") and not value.startswith(HERE)):
                self.bad.append((tag, name, value))
            if name == "src":
                self.sources.append(value)

    handle_startendtag = handle_starttag

    def handle_data(self, data):
        self.words += data


@pytest.fixture(scope="module")
def made(trained, tmp_path_factory):
    return made_up_run(trained, tmp_path_factory.mktemp("made") / "run")


@pytest.fixture
def run(made, tmp_path, charts_drawn_once):
    return shutil.copytree(made, tmp_path / "run")


def results_of(run):
    return json.loads((run / FILE).read_text())


def strings(node, path=()):
    """Paths of all strings inside JSON values."""
    inner = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in inner:
        if isinstance(value, str):
            yield (*path, key)
        elif isinstance(value, dict | list):
            yield from strings(value, (*path, key))


def planted(value, path, text):
    changed = copy.deepcopy(value)
    at = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = text
    return changed


def shown(run, results, paths):
    """How many of the strings at `paths` stand on the page as the payload, as words."""
    original = results
    for path in paths:
        results = planted(results, path, PAYLOAD)
    (run / FILE).write_text(json.dumps(results))
    try:
        text = page(run)
    except WmpcError:  # one of them names something: try each alone
        return 0 if len(paths) == 1 else sum(shown(run, original, [p]) for p in paths)
    found = Tags(text)
    assert found.bad == [], paths
    return found.words.count(PAYLOAD)


def test_no_string_of_the_results_becomes_a_tag(run):
    original = results_of(run)
    paths = [path for path in strings(original) if path[0] not in ("rows", "format", "start")]
    paths += [path for path in strings(original) if path[:2] == ("rows", 9)]
    groups = [paths[at : at + 5] for at in range(0, len(paths), 5)]
    assert sum(shown(run, original, group) for group in groups) > 20


def test_no_key_of_the_results_becomes_a_tag(run):
    original = results_of(run)

    def renamed(node):
        if isinstance(node, list):
            return [renamed(value) for value in node]
        if not isinstance(node, dict):
            return node
        return {key: renamed(value) for key, value in node.items()} | (
            {PAYLOAD: next(iter(node.values()))} if node else {}
        )

    for key in original:
        (run / FILE).write_text(json.dumps(original | {key: renamed(original[key])}))
        try:
            text = page(run)
        except WmpcError:
            continue
        assert Tags(text).bad == [], key


def test_no_word_of_the_training_becomes_a_tag(run):
    whole = (run / "train.jsonl").read_text().splitlines()[:3]
    lines = [json.loads(line) for line in whole]
    lines[0] = {**lines[0], PAYLOAD: 1.0, f"loss/{PAYLOAD}": 1.0}
    lines += [[], {"kind": "step", "step": "x"}, {"kind": "eval", "step": 2, "rankme": PAYLOAD}]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (run / "train.jsonl").write_text(text + "{" * 5000 + "\n")
    config = json.loads((run / "config.json").read_text())
    config["versions"] = {PAYLOAD: PAYLOAD}
    (run / "config.json").write_text(json.dumps(config))
    assert Tags(page(run)).bad == []


def names(tmp_path, run):
    """Names of a file outside, and other files that no page should hold."""
    folder = (run / FILE).parent
    secret = tmp_path / "secret.png"
    secret.write_bytes(SECRET)
    (folder / "link.png").symlink_to(secret)
    (folder / "inner").mkdir()
    (folder / "inner" / "secret.png").write_bytes(SECRET)
    (folder / "words.png").write_bytes(b"root:x:0:0:secret")
    (folder / "secret.txt").write_bytes(SECRET)
    (folder / "folder.png").mkdir()
    os.mkfifo(folder / "fifo.png")
    with open(folder / "huge.png", "wb") as huge:
        huge.write(SECRET)
        huge.truncate(EMBEDDED_BYTES + 1)
    return [
        *("../../../secret.png", str(secret), "link.png", "inner/secret.png", "words.png"),
        *("secret.txt", "folder.png", "fifo.png", "huge.png", "", "..", ".", 3, None),
    ]


def test_only_pictures_in_the_folder_itself_are_taken_in(run, tmp_path):
    original = results_of(run)
    whole = len(Tags(page(run)).sources)
    for name in names(tmp_path, run):
        changed = copy.deepcopy(original)
        for entry in changed["media"]:
            entry.update({kind: name for kind in ("strip", "imagined", "video") if kind in entry})
        for finding in changed["diagnosis"]["findings"]:
            if (finding["figure"] or {}).get("kind") == "picture":
                finding["figure"]["file"] = name
        (run / FILE).write_text(json.dumps(changed))
        try:
            text = page(run)
        except WmpcError:
            continue
        found = Tags(text)
        assert len(found.sources) < whole, name
        for source in found.sources:
            data = base64.b64decode(source.partition(",")[2])
            assert b"secret" not in data, name
        assert "left out" in found.words, name


@pytest.mark.parametrize("linked", ["eval", "eval/made-up", str(FILE), "train.jsonl"])
def test_results_and_logs_elsewhere_are_not_shown(run, tmp_path, linked):
    shutil.move(run / linked, tmp_path / "elsewhere")
    (run / linked).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WmpcError, match="leads out of"):
        page(run)
