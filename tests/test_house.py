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


def test_no_file_outgrows_300_lines():
    assert not [name(path) for path in SOURCES if len(path.read_text().splitlines()) > 300]


def prints(text):
    """Whether a module calls `print`."""
    if "print" not in text:
        return False
    called = {node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)}
    return "print" in {node.id for node in called if isinstance(node, ast.Name)}


def test_the_library_is_finished_and_quiet():
    unfinished = re.compile(r"NotImplementedError|\bTODO\b|\bFIXME\b")
    assert not [name(path) for path in LIBRARY if unfinished.search(path.read_text())]
    others = (path for path in LIBRARY if not path.is_relative_to(ROOT / "wmpc" / "cli"))
    assert not [name(path) for path in others if prints(path.read_text())]


def test_what_is_slow_to_import_waits_until_it_is_needed():
    """scipy.stats takes a second and a half of every process that imports it."""
    slow = re.compile(r"^(?:from|import) scipy\b.*\bstats\b", re.MULTILINE)
    assert not [name(path) for path in LIBRARY if slow.search(path.read_text())]


def test_tests_are_no_package_and_skip_nothing():
    assert not list((ROOT / "tests").rglob("__init__.py"))
    skips = re.compile(r"pytest\.(skip|importorskip|xfail)|mark\.(skip|skipif|xfail)")
    extra = ROOT / "tests" / "envs" / "test_worlds.py"  # packages that a checkout may lack
    others = (path for path in SOURCES if path not in (Path(__file__), extra))
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


def names_a_model_class(path):
    """Whether a module asks for JEPA, or, outside wm, imports it."""
    text, room = path.read_text(), path.relative_to(ROOT).parts[0]
    asks = re.search(r"isinstance\([^)]*\bJEPA\b", text)
    return asks or (room != "wm" and re.search(r"import .*\bJEPA\b|models\.jepa\b(?!\.)", text))


def test_a_model_is_known_by_what_it_can_do():
    """The protocols of `wm/models/world_model.py` are what others know of one."""
    named = {ROOT / "wmpc" / "system" / "renamed.py"}  # where artefacts call it by an old name
    assert not [path for path in LIBRARY if path not in named and names_a_model_class(path)]


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


def untold(tree, path=""):
    """Public functions whose docstrings lack a section that they need, and which, in words."""
    for node in tree.body:
        name = getattr(node, "name", "_")
        if isinstance(node, ast.ClassDef) and not name.startswith("_"):
            yield from untold(node, f"{path}{name}.")
        if not isinstance(node, ast.FunctionDef) or name.startswith("_"):
            continue
        if {"property", "cached_property", "overload"} & {*map(ast.unparse, node.decorator_list)}:
            continue
        told, given = ast.get_docstring(node) or "", node.args
        taken = {a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)}
        lacking = {
            "Args:": bool(taken - {"self", "cls"}),
            "Returns:": node.returns is not None and ast.unparse(node.returns) != "None",
            "Raises:": any(isinstance(n, ast.Raise) and n.exc for n in ast.walk(node)),
        }
        told = told.replace("Yields:", "Returns:")
        if missing := [
            section for section, needed in lacking.items() if needed and section not in told
        ]:
            yield f"{path}{name}", missing


def test_docstrings_tell_what_is_taken_given_and_raised():
    lacking = {
        (name(path), str(what)) for path in LIBRARY for what in untold(ast.parse(path.read_text()))
    }
    assert not lacking


FORBIDDEN = [
    ("wm", "from wmpc import envs"),
    ("planners", "from wmpc.wm.probe import Probe"),
    ("envs", "from wmpc import planners"),
    ("envs", "from wmpc.agents.agent import Goal"),
    ("envs", "import torch"),
    ("wm", "from omegaconf import OmegaConf"),
    ("wm/data", "from wmpc.wm.models.jepa import JEPA"),
    ("wm/models", "from wmpc.wm.training import run"),
    ("wmpc/system", "from wmpc.agents import agent"),
    ("wmpc/agents", "from wmpc.evaluation import row"),
    ("wmpc/evaluation", "from wmpc.reporting import film"),
    ("wmpc/reporting", "from wmpc.cli import main"),
    ("wmpc/reporting", "from wmpc.api import train"),
    ("wmpc/api", "from rich.console import Console"),
    ("wmpc/reporting", "import hydra"),
]
ALLOWED = [("wm", "import math"), ("wmpc/cli", "import hydra"), ("wmpc/reporting", "import rich")]


@pytest.fixture(scope="module")
def lint_planted(tmp_path_factory):
    """lint_planted(lines): lint-imports on a copy of the house in which line i is the module
    planted_i of its room: exit code, and what was said."""

    def lint(lines):
        folder = tmp_path_factory.mktemp("house")
        for package in PACKAGES:
            ignored = shutil.ignore_patterns("*.pyc")
            shutil.copytree(ROOT / package, folder / package, symlinks=True, ignore=ignored)
        shutil.copy(ROOT / "pyproject.toml", folder)
        for number, (room, line) in enumerate(lines):
            (folder / room / f"planted_{number}.py").write_text(line + "\n")
        command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        return done.returncode, done.stdout

    return lint


def test_the_import_law_is_enforced(lint_planted):
    code, said = lint_planted([*FORBIDDEN, *ALLOWED])
    assert code == 1, said
    named = {int(number) for number in re.findall(r"planted_(\d+)", said)}
    assert named == {*range(len(FORBIDDEN))}, said


def test_what_the_import_law_allows_is_kept(lint_planted):
    code, said = lint_planted(ALLOWED)
    assert code == 0 and "planted" not in said, said


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.exists(), f"{target} leads nowhere"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", other.read_text(), re.MULTILINE)
            slugs = [re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings]
            assert anchor in slugs, f"{target}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_pages_name_what_exists(page):
    """Paths in backticks that begin in a folder of ours, make targets and verbs of wmpc."""
    text = page.read_text()
    folders = "|".join((*PACKAGES, "tests", "docs", "examples", "benchmarks", "scripts"))
    paths = re.findall(rf"`((?:{folders})/[a-z_][\w./-]*)`", text)
    assert not [path for path in paths if not (ROOT / path).exists()]
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert words_after("make", text) <= targets
    assert words_after("wmpc", text) <= {*VERBS}


def words_after(command: str, text: str) -> set[str]:
    """What follows `command` in the code of a page."""
    code = re.findall(r"^```.*?^```|`[^`\n]+`", text, re.DOTALL | re.MULTILINE)
    return {word for span in code for word in re.findall(rf"\b{command} ([a-z]+)", span)}


def test_the_readme_gives_the_two_commands_and_every_verb():
    text = (ROOT / "README.md").read_text()
    assert {"demo", "test"} <= words_after("make", text)
    assert words_after("wmpc", text) == {*VERBS}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_its_module_and_its_configuration(verb):
    assert find_spec(f"wmpc.cli.{verb}")
    assert (ROOT / "configs" / f"{verb}.yaml").exists()


@pytest.mark.parametrize(
    "modules",
    [
        "wmpc.wm.data",
        "wmpc.wm.recordings.formats",
        "wmpc.wm.recordings.importing, wmpc.wm.recordings.direct, wmpc.wm.recordings.doctor",
    ],
)
def test_data_are_read_without_torch(modules):
    code = f"import sys, {modules}; assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
