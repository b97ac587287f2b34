"""Find the runs that lie in the package itself, each with a few recordings, by `shipped:NAME`.

`shipped/NAME` in the package is the folder of a run as any other; its dataset is the folder `data`
in it. Nothing is written there (`is_shipped` is asked), and it is read like a stranger's.
`scripts/ship.py` makes one anew.
"""

from importlib.resources import files
from pathlib import Path

from wmpc.errors import WmpcError

PREFIX = "shipped:"
"""How the name of a shipped run begins; a folder of such a name is ./shipped:NAME."""
SHIPPED = Path(str(files("wmpc"))) / "shipped"
DATA = "data"


def list_shipped() -> list[str]:
    """List the shipped runs.

    Returns:
        Their names, sorted.
    """
    return sorted(path.parent.name for path in SHIPPED.glob("*/config.json"))


def locate_run(run: str | Path) -> Path:
    """Find the folder of a run.

    Args:
        run: its folder, or `shipped:NAME`.

    Returns:
        The folder, which need not exist unless it is shipped.

    Raises:
        WmpcError: no such run is shipped.
    """
    if not str(run).startswith(PREFIX):
        return Path(run)
    name, known = str(run).removeprefix(PREFIX), list_shipped()
    if name not in known:
        raise WmpcError(
            f"there is no {run}; shipped with wmpc: {', '.join(PREFIX + each for each in known)} "
            f"(a folder of that name is ./{run})"
        )
    return SHIPPED / name


def locate_data(data: str | Path) -> Path:
    """Find the folder of a dataset.

    Args:
        data: its folder, or `shipped:NAME`, the recordings that lie beside that run.

    Returns:
        The folder, which need not exist unless it is shipped.
    """
    return locate_run(data) / DATA if str(data).startswith(PREFIX) else Path(data)


def refuse_shipped(place: str | Path, what: str) -> None:
    """Refuse to write to what is shipped.

    Args:
        place: where it would be written.
        what: completes "... goes to a folder of yours", such as "a run".

    Raises:
        WmpcError: it is shipped.
    """
    if str(place).startswith(PREFIX):
        raise WmpcError(f"{place} is shipped with wmpc and never changed: {what} goes elsewhere")


def is_shipped(folder: str | Path) -> bool:
    """Tell whether a folder lies in what is shipped.

    Args:
        folder: the folder.

    Returns:
        Whether it does.
    """
    return Path(folder).resolve().is_relative_to(SHIPPED.resolve())
