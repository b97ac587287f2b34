"""Break the code on purpose, one change at a time, and see whether the tests notice.

    python scripts/mutants.py [--list] [--only NAME ...] [--jobs 1] [--timeout 600]

What is changed, and the tests that should notice first, stands in `scripts/mutations.toml`. Each
change is made in a copy of the tree, never in place, and its tests run there until one fails. Ends
with a table; exit code 1 where a mutant survived, 2 where a mutation no longer applies or the tests
fail without any.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("wm", "planners", "envs", "configs", "tests", "scripts", "pyproject.toml")
"""Of the tree; what else there is, such as README.md and docs, is linked."""
NOT_COPIED = shutil.ignore_patterns("__pycache__", ".*_cache", "*.pyc")


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


def run_tests(tree: Path, tests: Sequence[str], timeout: float) -> str | None:
    """The first test that fails in a tree, None where all pass; RuntimeError where none ran."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
    ]
    environment = os.environ | {
        "PYTHONPATH": str(tree),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
    }
    try:
        done = subprocess.run(
            command,
            cwd=tree, env=environment, timeout=timeout, capture_output=True, text=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"timeout of {timeout:g} s"
    if done.returncode == 0:
        return None
    if found := re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE):
        return found[1]
    raise RuntimeError(
        f"no test ran ({' '.join(tests)}):\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    )


def attempt(mutation: Mutation, trees: SimpleQueue[Path], timeout: float) -> Outcome:
    """Break one of the trees, run the mutation's tests there, and mend it."""
    tree, began = trees.get(), time.perf_counter()
    file = tree / mutation.file
    whole = file.read_text()
    try:
        file.write_text(mutation.apply(whole))
        killer = None
        for tests in mutation.tests:
            killer = killer or run_tests(tree, [tests], timeout)
    finally:
        file.write_text(whole)
        trees.put(tree)
    return Outcome(mutation, killer, time.perf_counter() - began)


def check_whole(tree: Path, chosen: Sequence[Mutation], timeout: float) -> str | None:
    """The first of the tests that fails although nothing is broken. RuntimeError where the tests
    would see other code than the tree's."""
    program = "import wm, planners, envs; print(wm.__file__, planners.__file__, envs.__file__)"
    seen = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tree, env=os.environ | {"PYTHONPATH": str(tree)}, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    if len(seen) != 3 or not all(Path(file).is_relative_to(tree) for file in seen):
        raise RuntimeError(f"the tests would see {' '.join(seen)} and not {tree}")
    return run_tests(tree, list(dict.fromkeys(t for m in chosen for t in m.tests)), timeout)


def table(outcomes: Sequence[Outcome]) -> str:
    """A line a mutant, in Markdown."""
    lines = ["| mutant | file | seconds | killed by |", "|---|---|---|---|"]
    for one in outcomes:
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
    with tempfile.TemporaryDirectory(prefix="mutants") as folder:
        trees: SimpleQueue[Path] = SimpleQueue()
        for index in range(max(1, options.jobs)):
            trees.put(copy_tree(Path(folder).resolve() / str(index)))
        if not options.unchecked:
            first = trees.get()
            if failed := check_whole(first, chosen, 10 * options.timeout):
                print(f"{failed} fails although nothing is broken", file=sys.stderr)
                return 2
            trees.put(first)
        outcomes = []
        with ThreadPoolExecutor(max(1, options.jobs)) as pool:
            for one in pool.map(lambda m: attempt(m, trees, options.timeout), chosen):
                outcomes.append(one)
                print(
                    f"{one.killer or 'SURVIVED':60} {one.mutation.name} ({one.seconds:.0f} s)",
                    flush=True,
                )
    survivors = [one for one in outcomes if one.killer is None]
    print(
        f"\n{table(outcomes)}\n\n{len(outcomes) - len(survivors)} of {len(outcomes)} were killed."
    )
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
