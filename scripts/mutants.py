"""Break the code on purpose, one change at a time, and see whether the tests notice.

    python scripts/mutants.py [--list] [--only NAME ...] [--jobs 1] [--timeout 600]

What is changed, and the tests that should notice first, stands in `scripts/mutations.toml`. Each
change is made in a copy of the tree, never in place, and its tests run there until one fails. Ends
with a table; exit code 1 where a mutant survived or ran out of time, 2 where a mutation no longer
applies or the tests fail without any.
"""

import argparse
import multiprocessing
import os
import re
import shutil
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import wait
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("wmpc", "wm", "planners", "envs", "configs", "tests", "scripts", "pyproject.toml")
"""Of the tree; what else there is, such as README.md and docs, is linked."""
NOT_COPIED = shutil.ignore_patterns("__pycache__", ".*_cache", "*.pyc")
PRELOADED = ("torch", "scipy.stats", "hydra", "lightning_fabric", "pytest", "numpy.testing")
"""What takes longest to import: done once, and had by every process of tests, which are forked. Not
MuJoCo, which looks at the environment when it is imported."""
TIMED_OUT = "out of time"
"""Where tests took too long: perhaps the mutant hangs, perhaps the machine is busy."""
FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Mutation:
    """One change: `text`, which stands exactly once in `file`, becomes another."""

    name: str
    file: str
    text: str
    becomes: str
    tests: tuple[str, ...]
    """Files or node ids of the tests that should notice."""

    def apply(self, source: str) -> str:
        """The source of `file`, changed; ValueError where nothing changes or it cannot compile."""
        if (count := source.count(self.text)) != 1 or self.text == self.becomes:
            raise ValueError(
                f"{self.name}: its text stands {count} times in {self.file}, once is allowed: "
                "mend scripts/mutations.toml"
            )
        changed = source.replace(self.text, self.becomes)
        try:
            compile(changed, self.file, "exec")
        except SyntaxError as error:
            raise ValueError(f"{self.name}: {self.file} no longer compiles: {error}") from error
        return changed


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant."""

    mutation: Mutation
    killer: str | None
    """The first test that failed; None where all passed."""
    seconds: float


def mutations(file: Path = ROOT / "scripts" / "mutations.toml") -> list[Mutation]:
    """All of them, as they stand in a file."""
    entries = tomllib.loads(file.read_text())["mutation"]
    return [Mutation(**entry | {"tests": tuple(entry["tests"])}) for entry in entries]


def copy_tree(to: Path) -> Path:
    """A copy of this tree that tests can run in, in a new folder."""
    to.mkdir()
    for entry in ROOT.iterdir():
        if entry.name in COPIED and entry.is_dir():
            shutil.copytree(entry, to / entry.name, symlinks=True, ignore=NOT_COPIED)
        elif entry.name in COPIED:
            shutil.copy(entry, to)
        elif not entry.name.startswith("."):
            (to / entry.name).symlink_to(entry)
    return to


class Running:
    """Tests that run in a tree, in a process of their own."""

    def __init__(self, tree: Path, tests: Sequence[str], timeout: float) -> None:
        self.tree, self.tests, self.timeout, self.late = tree, tests, timeout, False
        self.began, self.said = time.perf_counter(), tree.with_suffix(".log")
        self.process = FORK.Process(target=_run_pytest, args=(tree, tests, self.said))
        self.process.start()

    @property
    def over(self) -> bool:
        """Whether they ended, or took so long that they were ended."""
        if self.process.is_alive() and time.perf_counter() - self.began > self.timeout:
            self.late = True
            self.process.kill()
            self.process.join()
        return not self.process.is_alive()

    def failed(self) -> str | None:
        """The first test that failed, None where all passed; RuntimeError where none ran."""
        self.process.join()
        said = self.said.read_text(errors="replace")
        if self.process.exitcode == 0:
            return None
        if found := re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", said, re.MULTILINE):
            return found[1]
        if self.process.exitcode is not None and self.process.exitcode < 0:
            if self.late:
                return TIMED_OUT
            return f"signal {-self.process.exitcode}"
        raise RuntimeError(f"no test ran ({' '.join(self.tests)}):\n{said[-3000:]}")


def _run_pytest(tree: Path, tests: Sequence[str], said: Path) -> None:
    """In the process: run the tests of a tree, of its code, until one fails."""
    import pytest

    out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.chdir(tree)
    os.environ["PYTHONPATH"] = str(tree)
    sys.path[0] = str(tree)
    sys.dont_write_bytecode = True
    assert Path(str(import_module("wmpc").__file__)).is_relative_to(tree)
    plugins = ["-p", "no:cacheprovider", "-p", "no:xdist"]
    code = pytest.main(["-x", "-q", "-rfE", "--tb=line", *plugins, *tests])
    sys.stdout.flush()
    os._exit(int(code))


def outcomes(chosen: Sequence[Mutation], trees: list[Path], timeout: float) -> Iterator[Outcome]:
    """What becomes of each, as it is known; as many at once as there are trees."""
    todo, running = list(chosen), {}
    while todo or running:
        while todo and trees:
            mutation, tree = todo.pop(0), trees.pop()
            file = tree / mutation.file
            whole = file.read_text()
            file.write_text(mutation.apply(whole))
            running[mutation.name] = mutation, file, whole, Running(tree, mutation.tests, timeout)
        wait([tests.process.sentinel for *_, tests in running.values()], timeout=1)
        for mutation, file, whole, tests in list(running.values()):
            if tests.over:
                del running[mutation.name]
                file.write_text(whole)
                trees.append(tests.tree)
                yield Outcome(mutation, tests.failed(), time.perf_counter() - tests.began)


def table(found: Sequence[Outcome]) -> str:
    """A line a mutant, in Markdown."""
    lines = ["| mutant | file | seconds | killed by |", "|---|---|---|---|"]
    for one in found:
        killer = one.killer or "**survived**"
        lines.append(
            f"| {one.mutation.name} | {one.mutation.file} | {one.seconds:.0f} | {killer} |"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true", help="only name the mutations")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="those whose name contains it")
    parser.add_argument("--jobs", type=int, default=1, help="at once, each in a tree of its own")
    parser.add_argument(
        "--timeout", type=float, default=600.0, help="seconds a file of tests may take"
    )
    parser.add_argument(
        "--unchecked", action="store_true", help="do not first run the tests unbroken"
    )
    options = parser.parse_args()
    chosen = [
        m for m in mutations() if not options.only or any(name in m.name for name in options.only)
    ]
    try:
        for mutation in chosen:
            mutation.apply((ROOT / mutation.file).read_text())
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.list or not chosen:
        print("\n".join(f"{m.name}: {m.file}" for m in chosen) or "no mutation of that name")
        return 0 if chosen else 2
    os.environ["OMP_NUM_THREADS"] = "1"
    for name in PRELOADED:
        import_module(name)
    with tempfile.TemporaryDirectory(prefix="mutants") as folder:
        trees = [copy_tree(Path(folder).resolve() / str(i)) for i in range(max(1, options.jobs))]
        if not options.unchecked:
            tests = list(dict.fromkeys(test for mutation in chosen for test in mutation.tests))
            whole = Running(trees[0], tests, 10 * options.timeout)
            if failed := whole.failed():
                print(f"{failed} fails although nothing is broken", file=sys.stderr)
                return 2
        found = []
        for one in outcomes(chosen, trees, options.timeout):
            found.append(one)
            line = f"{one.mutation.name} ({one.seconds:.0f} s): {one.killer or 'SURVIVED'}"
            print(line, flush=True)
    killed = sum(one.killer not in (None, TIMED_OUT) for one in found)
    print(f"\n{table(found)}\n\n{killed} of {len(found)} were killed.")
    return 0 if killed == len(found) else 1


if __name__ == "__main__":
    sys.exit(main())
