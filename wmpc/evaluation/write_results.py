"""Write what `wmpc eval` leaves: claim a folder, then commit `results.json` in it."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

from wmpc.errors import TakenError, WmpcError
from wmpc.evaluation.manifest import Manifest
from wmpc.evaluation.read_results import RESULTS, task_name
from wmpc.evaluation.rows_file import ROWS, RowsFile, read_token
from wmpc.system.disk import hold, remove_leftovers, replace_file
from wmpc.system.json_file import read_json
from wmpc.system.links import refuse_links
from wmpc.system.place import in_or_instead
from wmpc.system.shipped import locate_run

UNTRAINED = "evals"
"""Where results go that are no run's."""


def result_folders(config: Mapping[str, Any], named: str) -> Iterator[Path]:
    """The folders that results may go to, the first choice first.

    Args:
        config: the keys of `wmpc eval`.
        named: the folder's name where `config` gives none, see `name_results`.

    Yields:
        Existing folders and new ones.

    Raises:
        WmpcError: a link leads to one.
    """
    run = config["run"]
    if config["folder"] is not None:
        base = Path(str(config["folder"]))
    elif run is None:
        base = refuse_links(Path(UNTRAINED), Path())
    else:
        folder = locate_run(run)
        base = in_or_instead(folder, "eval", Path(UNTRAINED) / folder.resolve().name)
    for name in _names(config, named):
        yield refuse_links(base / name, base)


def name_results(config: Mapping[str, Any], drawn: Manifest, agent: str) -> str:
    """Name the results of an evaluation on cases.

    Args:
        config: the keys of `wmpc eval`.
        drawn: the cases.
        agent: its name.

    Returns:
        Such as "ahead-mpc-cold".
    """
    parts = [task_name(drawn.env)] if config["run"] is None else []
    parts += [drawn.name, agent, drawn.filter, config["shift"]["name"]]
    parts += ["cold" * (config["start"] == "cold"), "late" * bool(config["latency"])]
    return join_words(parts)


def join_words(parts: Iterable[str | None]) -> str:
    """Make a folder's name of words.

    Args:
        parts: the words; empty ones do not count.

    Returns:
        Letters, digits, dots and dashes.
    """
    return "-".join(re.sub(r"[^\w.]+", "-", part) for part in parts if part)


def _names(config: Mapping[str, Any], named: str) -> Iterator[str]:
    if config["name"] is not None:
        yield str(config["name"])  # a name such as 1 or nan is read as a number
        return
    yield named
    if not config["overwrite"]:
        yield from (f"{named}-{number}" for number in count(2))


@contextmanager
def claim_folder(
    folders: Iterable[Path], identity: Mapping[str, Any], overwrite: bool
) -> Iterator[RowsFile]:
    """Hold the first folder where this evaluation may write, as long as the context lasts.

    That is one without results (unless `overwrite`), without rows of another evaluation, and that
    no other process holds.

    Args:
        folders: at least one, the first choice first.
        identity: whatever the rows depend on, in plain JSON values.
        overwrite: replace results, and rows of another evaluation.

    Yields:
        The rows so far, in their file.

    Raises:
        TakenError: there is none; it says why not.
    """
    refused = None
    for folder in folders:
        with ExitStack() as stack:
            try:
                rows = stack.enter_context(_held(folder, identity, overwrite))
            except TakenError as error:
                refused = error
                continue
            yield rows
            return
    assert refused is not None
    raise refused


def refuse_results(folder: Path, overwrite: bool) -> None:
    """Refuse a folder that holds results which are not to be replaced.

    What their evaluation would have removed, had it not been killed right after they were written,
    is removed first.

    Args:
        folder: where results would go.
        overwrite: they may be replaced.

    Raises:
        TakenError: it holds some.
    """
    if (folder / RESULTS).exists() and not overwrite:
        with suppress(OSError, WmpcError):
            results, token = read_json(folder / RESULTS), read_token(folder / ROWS)
            if token is not None and results.get("evaluation") == token:
                _remove_replaced(folder, results)
        raise TakenError(
            f"{folder} holds results: give another name=..., or overwrite=true to replace them"
        )


@contextmanager
def _held(folder: Path, identity: Mapping[str, Any], overwrite: bool) -> Iterator[RowsFile]:
    refuse_results(folder, overwrite)
    folder.mkdir(parents=True, exist_ok=True)
    with hold(folder, "evaluating in"):
        refuse_results(folder, overwrite)
        remove_leftovers(folder)
        rows = RowsFile(folder, identity, overwrite)
        if rows.token == _committed(folder):  # killed right after its results were written
            rows.close()
            rows.done()
            rows = RowsFile(folder, identity, overwrite)
        with closing(rows):
            yield rows


def commit_results(rows: RowsFile, results: Mapping[str, Any]) -> None:
    """Write results.json, then remove what it replaces.

    Args:
        rows: so far, which are part of the results; it lies in the folder.
        results: plain JSON values.
    """
    folder = rows.path.parent
    content = {**results, "evaluation": rows.token}
    replace_file(folder / RESULTS, json.dumps(content, indent=1).encode())
    _remove_replaced(folder, content)


def _remove_replaced(folder: Path, results: Mapping[str, Any]) -> None:
    """Remove the rows, which are in the results now, and pictures that these do not name."""
    named = [name for entry in results["media"] for name in entry.values()]
    for old in (*folder.glob("case*.*"), *folder.glob("strip*.png")):
        if old.suffix in (".png", ".mp4") and old.name not in named:
            old.unlink(missing_ok=True)
    (folder / ROWS).unlink(missing_ok=True)


def _committed(folder: Path) -> str | None:
    """The token of the evaluation whose results are in `folder`."""
    try:
        return read_json(folder / RESULTS).get("evaluation")
    except (OSError, WmpcError):
        return None
