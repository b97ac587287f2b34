"""Where something is written that belongs into a folder which may be read-only."""

import warnings
from pathlib import Path

from wmpc.errors import WmpcWarning
from wmpc.system.disk import writable
from wmpc.system.links import refuse_links
from wmpc.system.shipped import is_shipped


def in_or_instead(folder: Path, name: str, instead: str | Path) -> Path:
    """Choose where to write what belongs into a folder that may be read-only.

    A WmpcWarning says so where it is not that folder, unless that is shipped with wmpc.

    Args:
        folder: where it belongs.
        name: of the file or folder in it.
        instead: a folder in the working directory, for where the first cannot be written to.

    Returns:
        The path of `name` in one of the two.
    """
    if writable(folder):
        return refuse_links(folder / name, folder)
    path = refuse_links(Path(instead) / name, Path())
    if is_shipped(folder):
        return path
    warnings.warn(
        f"{folder} cannot be written to: {path} is used instead", WmpcWarning, stacklevel=2
    )
    return path
