"""What each extra adds to a base install, in megabytes as installed here: python scripts/extras.py

Counts every file that the packages of an extra, and what those need, put on the disk, less what
the base install has anyway. docs/data.md quotes it.
"""

from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement


def packages(name: str, extras: set[str], seen: set[tuple[str, frozenset[str]]]) -> set[str]:
    """The installed distributions that `name[extras]` needs, itself included."""
    name, key = name.lower().replace("_", "-"), (name.lower(), frozenset(extras))
    if key in seen:
        return set()
    seen.add(key)
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return set()
    needed = {name}
    for text in found.requires or []:
        requirement = Requirement(text)
        wanted = requirement.marker is None or any(
            requirement.marker.evaluate({"extra": extra}) for extra in (extras or {""})
        )
        if wanted:
            needed |= packages(requirement.name, set(requirement.extras), seen)
    return needed


def megabytes(name: str) -> float:
    """Of all files of an installed distribution."""
    files = distribution(name).files or []
    paths = [file.locate() for file in files]
    return sum(path.stat().st_size for path in paths if path.is_file()) / 1e6


def main() -> None:
    """One line an extra: the packages it adds and their megabytes."""
    base = packages("wmpc", set(), set())
    for extra in ("data", "lance", "worlds", "pusht"):
        added = sorted(packages("wmpc", {extra}, set()) - base - {"wmpc"})
        sizes = {name: megabytes(name) for name in added}
        listed = ", ".join(f"{name} {size:.0f}" for name, size in sizes.items())
        print(f"wmpc[{extra}]: {sum(sizes.values()):.0f} MB ({listed})")
    print(f"base: {sum(map(megabytes, base)):.0f} MB, of which torch {megabytes('torch'):.0f}")


if __name__ == "__main__":
    main()
