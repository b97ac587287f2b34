"""Every command that a page shows is one that `wmpc` takes, with these very words."""

import os
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from wmpc.cli import compose
from wmpc.cli.main import VERBS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
INSTALL = ROOT / "docs" / "install.md"
CODE = re.compile(r"^```(?:sh|)\n(.*?)^```|`(wmpc [^`]+)`", re.DOTALL | re.MULTILINE)


def commands(page: Path) -> list[str]:
    """The lines of a page's code that begin with wmpc, without comments; not those with an
    ellipsis, which stands for words."""
    found = []
    for block, span in CODE.findall(page.read_text()):
        for line in [" ".join(span.split())] if span else block.replace("\\\n", " ").splitlines():
            line = re.sub(r"\s+#.*", "", line).strip()
            if line.startswith("wmpc ") and "..." not in line and "…" not in line:
                found.append(line)
    return found


def modules(page: Path) -> dict[str, str]:
    """The files that a page shows, by the name in their first line."""
    shown = re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```", page.read_text(), re.DOTALL | re.M)
    return dict(shown)


ALL = sorted({line for page in PAGES for line in commands(page)})
COMMANDS = list({re.sub(r"=\S*", "=", line): line for line in ALL}.values())
"""One of those that differ in values alone."""


def test_there_are_commands():
    assert len(ALL) > 40 and len(COMMANDS) > 25


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_a_page_is_taken(line, tmp_path, monkeypatch):
    for file, text in (item for page in PAGES for item in modules(page).items()):
        (tmp_path / file).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    _, verb, *words = (os.path.expanduser(word) for word in shlex.split(line))
    if verb.startswith("-") or {"--help", "-h"} & set(words) or not words:
        assert verb in ("--help", "--version", *VERBS)
        return
    assert compose.jobs(verb, words)


def test_the_megabytes_of_every_extra_stand_on_the_page():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    rows = re.findall(r"^\| `(wmpc.*?)` \| (\d+) MB \|", INSTALL.read_text(), re.MULTILINE)
    names = ["wmpc", *(f"wmpc[{extra}]" for extra in project["optional-dependencies"])]
    assert [name for name, _ in rows] == names, "python scripts/extras.py --write measures them"
