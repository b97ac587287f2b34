"""Where something is written that belongs into a folder which may be read-only."""

import warnings
from pathlib import Path

from wmpc.errors import WmpcWarning
from wmpc.system.disk import writable
from wmpc.system.links import refuse_links


def in_or_instead(folder: Path, name: str, instead: str | Path) -> Path:
    """The path `name` in `folder`; where that cannot be written to, in the folder `instead` of the
    working directory, which a WmpcWarning says."""
    if writable(folder):
        return refuse_links(folder / name, folder)
    path = refuse_links(Path(instead) / name, Path())
    warnings.warn(
        f"{folder} cannot be written to: {path} is used instead", WmpcWarning, stacklevel=2
    )
    return path
