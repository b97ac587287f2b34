"""What a report tells, gathered from the files of a run; whatever is missing is None."""

import base64
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from wmpc.errors import WmpcError
from wmpc.evaluation.read_results import RESULTS, read_results
from wmpc.reporting.wording import is_finite
from wmpc.system.json_file import read_bytes, read_json
from wmpc.system.links import refuse_outside
from wmpc.system.shipped import locate_data
from wmpc.wm.training.checkpoint import CONFIG, read_config
from wmpc.wm.training.log import LOG, read_log

MIME = {
    ".png": ("image/png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ".mp4": ("video/mp4", re.compile(rb"....ftyp", re.DOTALL)),
}
"""By the end of a file's name: what it is, and how such a file begins."""
EMBEDDED_BYTES = 2**24
"""The largest file that goes onto the page (16 MiB)."""
MOST_POINTS = 160
"""Of a curve; more are averaged in groups."""


def embed(folder: Path, name: Any, refused: list[str] | None = None) -> str | None:
    """Read a picture or video into a data URI.

    Only a PNG or MP4 in the folder itself, of at most `EMBEDDED_BYTES`, is taken: the page is for
    others, and the name may have come from others.

    Args:
        folder: where it lies.
        name: the file's name; anything that results may hold.
        refused: gets a sentence where there is such a file that may not be taken.

    Returns:
        The URI; None where there is no such file, or where it may not be taken.
    """
    if isinstance(name, str) and name == Path(name).name and not os.path.lexists(folder / name):
        return None
    try:
        return _data_uri(folder, name)
    except (WmpcError, OSError) as error:
        if refused is not None:
            refused.append(f"{error}: left out")
        return None


def _data_uri(folder: Path, name: Any) -> str:
    if not isinstance(name, str) or name != Path(name).name or name in ("", "..") or "\0" in name:
        raise WmpcError(f"{str(name)[:80]!r} is no name of a file in {folder}")
    if (folder / name).is_symlink() or Path(name).suffix not in MIME:
        raise WmpcError(f"{name} is a link, or no PNG or MP4")
    data = read_bytes(folder / name, EMBEDDED_BYTES)
    kind, begins = MIME[Path(name).suffix]
    if not begins.match(data):
        raise WmpcError(f"{name} does not hold what its name says")
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def results_of(
    run: Path, name: str | None, beside: Path | None = None
) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Find the evaluation to show, and all of them. What cannot be read is left out.

    Args:
        run: a run's folder, or one that holds results alone.
        name: the evaluation's name; None for the latest.
        beside: where results of a run are that nobody may write to.

    Returns:
        The results to show (None where there are none), and all, the latest first.

    Raises:
        WmpcError: there is none of that name, or what is asked for, or all there is, cannot be
            read.
    """
    homes = [run, *([] if beside is None else [beside])]
    files = [(file, home) for home in homes for file in home.glob(f"eval/*/{RESULTS}")]
    files += [(file, run) for file in run.glob(RESULTS)]
    files.sort(key=lambda pair: pair[0].stat().st_mtime, reverse=True)
    found: list[dict[str, Any]] = []
    errors: list[WmpcError] = []
    for file, home in files:
        try:
            found.append(read_results(refuse_outside(file, home)))
        except WmpcError as error:
            if file.parent.name == name:
                raise
            errors.append(error)
    if errors and not found:
        raise errors[0]
    if name is None:
        return (found[0] if found else None), found
    for results in found:
        if results["name"] == name:
            return results, found
    known = ", ".join(results["name"] for results in found) or "none yet"
    raise WmpcError(f"{run} has no evaluation {name!r}; it has {known}")


def training_log(run: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Read the log of a run's training.

    Args:
        run: the run's folder.

    Returns:
        The lines of kind "step" and those of kind "eval", each a dict.

    Raises:
        WmpcError: the log is a link out of the folder.
    """
    refuse_outside(run / LOG, run)
    lines = read_log(run)
    steps = [line for line in lines if line["kind"] == "step"]
    return steps, [line for line in lines if line["kind"] == "eval"]


def curves(lines: Sequence[Mapping[str, Any]], prefix: str) -> dict[str, tuple[list, list]]:
    """Collect what a log says by step.

    Args:
        lines: of the log, each with its `step`.
        prefix: of the keys to collect.

    Returns:
        By key without the prefix: steps and values, averaged in groups to at most `MOST_POINTS`,
        without those that are not finite.
    """
    names = sorted({key for line in lines for key in line if key.startswith(prefix)})
    found = {}
    for name in names:
        points = [(line["step"], line[name]) for line in lines if is_finite(line.get(name))]
        if not points:
            continue
        size = -(-len(points) // MOST_POINTS)
        groups = [points[i : i + size] for i in range(0, len(points), size)]
        found[name.removeprefix(prefix)] = (
            [group[-1][0] for group in groups],
            [sum(value for _, value in group) / len(group) for group in groups],
        )
    return found


def config_of(folder: Path) -> dict[str, Any] | None:
    """Read the config of a run.

    Args:
        folder: of the run.

    Returns:
        The config; None for a folder that holds only results, such as those of an agent that nobody
        trained here.

    Raises:
        WmpcError: it is neither.
    """
    alone = (folder / RESULTS).is_file() and not (folder / CONFIG).is_file()
    return None if alone else read_config(folder)


def dataset_of(
    config: Mapping[str, Any] | None, results: Mapping[str, Any] | None, data: str | None
) -> Path | None:
    """Find the folder of the dataset.

    Args:
        config: of the run; None where there is none.
        results: of the evaluation that is shown; None where there is none.
        data: the folder, if the person named it; else the run's is meant or, where it was trained
            on several or is not known, the one that the results name.

    Returns:
        The folder; None where it is not known or not there.

    Raises:
        WmpcError: there is no folder `data`.
    """
    several = config is None or config["data"].get("others")
    evaluated = ((results or {}).get("config") or {}).get("data") if several else None
    trained = config["train"].get("data") if config and not (several and evaluated) else None
    for path in [evaluated, trained] if data is None else [data]:
        with suppress(WmpcError, OSError):  # of a file that anybody may have written
            if isinstance(path, str) and (folder := locate_data(path)).is_dir():
                return folder
    if data is not None:
        raise WmpcError(f"there is no dataset at {data}")
    return None


def sources(dataset: Path) -> list[dict[str, Any]]:
    """Read with which policy, seed and versions a dataset was recorded.

    Args:
        dataset: its folder.

    Returns:
        A dict a recording session, as far as `meta.json` says so; empty where it does not.
    """
    file = dataset / "meta.json"
    try:
        given = read_json(file).get("sources")
    except (OSError, WmpcError):
        return []
    given = given if isinstance(given, list) else []
    return [source for source in given if isinstance(source, dict)]
