"""What the base install and each extra take, in megabytes: the table of docs/install.md.

    python scripts/extras.py            print it, as measured here
    python scripts/extras.py --write    put it into the page

Counts every file on the disk of the packages that an extra of pyproject.toml needs, and of what
those need, less what the base install has anyway. What is not installed here is installed by pip
into a temporary folder, within constraints.txt.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PAGE, PYPROJECT = ROOT / "docs" / "install.md", ROOT / "pyproject.toml"
BEGIN, END = "<!-- scripts/extras.py -->", "<!-- end -->"
NAMED = 5
"""The largest packages of an extra, which are named."""


class Installed:
    """The packages that are here, and those that pip puts into a folder when they are not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found = {key(each.name): each for each in distributions()}

    def find(self, requirement: Requirement) -> Distribution:
        """The installed package that a requirement names, after installing it if need be."""
        name = key(requirement.name)
        if name not in self.found:
            wanted = ["-c", str(ROOT / "constraints.txt"), str(requirement)]
            pip = [sys.executable, "-m", "pip", "install", "-q", "--target", str(self.folder)]
            subprocess.run([*pip, *wanted], check=True)
            there = {key(each.name): each for each in distributions(path=[str(self.folder)])}
            self.found = {**there, **self.found}
        return self.found[name]

    def closure(self, texts: Iterable[str]) -> set[str]:
        """The names of all packages that some requirements need."""
        todo, seen, needed = list(map(Requirement, texts)), set(), set()
        while todo:
            requirement = todo.pop()
            mark = (key(requirement.name), frozenset(requirement.extras))
            if mark in seen:
                continue
            seen.add(mark)
            package = self.find(requirement)
            needed.add(mark[0])
            for inner in map(Requirement, package.requires or []):
                chosen = requirement.extras or {""}
                if inner.marker is None or any(inner.marker.evaluate({"extra": e}) for e in chosen):
                    todo.append(inner)
        return needed

    def megabytes(self, name: str) -> float:
        """Of all files of a package."""
        paths = [Path(str(file.locate())) for file in self.found[name].files or []]
        return sum(path.stat().st_size for path in paths if path.is_file()) / 1e6


def key(name: str) -> str:
    """The name of a package as all its spellings have it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements(extra: str, extras: dict[str, list[str]]) -> list[str]:
    """The requirements of an extra, those of our own extras among them written out."""
    found = []
    for text in extras[extra]:
        own = re.fullmatch(r"wmpc\[(.*)\]", text)
        for inner in own[1].split(",") if own else ():
            found += requirements(inner.strip(), extras)
        found += [] if own else [text]
    return found


def measure(folder: Path) -> str:
    """The table, in Markdown."""
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    extras, here = project["optional-dependencies"], Installed(folder)
    base = here.closure(project["dependencies"])
    ours = sum(f.stat().st_size for f in files_of_ours()) / 1e6
    rows = [("`wmpc`", ours, {name: here.megabytes(name) for name in base})]
    for extra in extras:
        added = here.closure(requirements(extra, extras)) - base
        rows.append((f"`wmpc[{extra}]`", 0.0, {name: here.megabytes(name) for name in added}))
    lines = ["| install | adds | of which |", "|---|---|---|"]
    for name, own, sizes in rows:
        largest = sorted(sizes, key=lambda each: -sizes[each])[:NAMED]
        listed = [f"{each} {sizes[each]:.0f}" for each in largest if sizes[each] >= 0.5]
        listed += [f"wmpc itself {own:.1f}"] if own else []
        more = len(sizes) - len(largest)
        listed += [f"{more} more packages"] if more > 0 else []
        lines.append(f"| {name} | {own + sum(sizes.values()):.0f} MB | {', '.join(listed)} |")
    return "\n".join(lines)


def files_of_ours() -> list[Path]:
    """What of this checkout a wheel holds."""
    rooms = [ROOT / name for name in ("wmpc", "wm", "planners", "envs", "configs")]
    return [f for r in rooms for f in r.rglob("*") if f.is_file() and f.suffix != ".pyc"]


def main() -> None:
    """Print the table, or put it into the page."""
    with tempfile.TemporaryDirectory() as folder:
        table = measure(Path(folder))
    print(table)
    if "--write" in sys.argv[1:]:
        head, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(f"{head}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
