"""The rules of the house, checked on its own text: import law, sizes, links, and true documents."""

import ast
import io
import re
import shutil
import subprocess
import sys
import tokenize
from importlib.util import find_spec
from pathlib import Path

import pytest

import wmpc
from wmpc.cli.main import VERBS

ROOT = Path(__file__).parents[1]
ROOMS = ("wm", "planners", "envs", "configs")
PACKAGES = ("wmpc", *ROOMS)
OTHERS = ("tests", "examples", "benchmarks", "scripts")
SOURCES = [
    path for folder in (*PACKAGES, *OTHERS) for path in sorted((ROOT / folder).rglob("*.py"))
]
LIBRARY = [path for path in SOURCES if path.relative_to(ROOT).parts[0] in PACKAGES]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_no_file_outgrows_300_lines(path):
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize("path", LIBRARY, ids=name)
def test_the_library_is_finished_and_quiet(path):
    text = path.read_text()
    assert not re.search(r"NotImplementedError|\bTODO\b|\bFIXME\b", text)
    if not path.is_relative_to(ROOT / "wmpc" / "cli"):
        called = {node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)}
        assert "print" not in {node.id for node in called if isinstance(node, ast.Name)}


def test_tests_are_no_package_and_skip_nothing():
    assert not list((ROOT / "tests").rglob("__init__.py"))
    skips = re.compile(r"pytest\.(skip|importorskip|xfail)|mark\.(skip|skipif|xfail)")
    others = (path for path in SOURCES if path != Path(__file__))
    assert not [path for path in others if skips.search(path.read_text())]


def test_the_rooms_have_one_name():
    for room in ROOMS:
        assert (ROOT / "wmpc" / room).is_symlink() and (ROOT / "wmpc" / room).readlink() == Path(
            "..", room
        )
    ruff = [Path(sys.executable).with_name("ruff"), "check", "--no-cache", "--stdin-filename"]
    for room in ROOMS:
        done = subprocess.run(
            [*ruff, "wm/planted.py", "-"], cwd=ROOT, input=f"import {room}\n", text=True,
            capture_output=True,
        )  # fmt: skip
        assert "TID251" in done.stdout


def code_lines(text):
    """Lines of code: without blank ones, comments and docstrings."""
    told, nothing = set(), (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            told |= {*range(node.lineno, node.end_lineno + 1)}
    code = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in (*nothing, tokenize.INDENT, tokenize.DEDENT):
            code |= {*range(token.start[0], token.end[0] + 1)}
    return len(code - told)


VERB_FILES = [
    path for path in LIBRARY
    if path.parent == ROOT / "wmpc" / "cli" / "data" or path in
    {ROOT / "wmpc" / "cli" / f"{verb}.py" for verb in VERBS}
]  # fmt: skip


@pytest.mark.parametrize("path", VERB_FILES, ids=name)
def test_verbs_are_thin(path):
    assert code_lines(path.read_text()) <= 80


UNTOLD = 953
