"""A submission: results, their cases and every action in one file, which anybody can check.

It holds no weights: whoever has it tries the actions again in the simulator (`verification`), and
need not have the model that chose them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from wmpc.errors import WmpcError
from wmpc.evaluation.manifest import Manifest, hash_content, load_manifest, read_manifest
from wmpc.evaluation.offline.headline import is_offline
from wmpc.evaluation.read_results import RESULTS, read_results
from wmpc.system.disk import replace_file
from wmpc.system.json_file import read_json

FORMAT, VERSION = "wmpc-submission", 1
LEFT_OUT = ("media", "evaluation", "folder", "name", "diagnosis", "shift")
"""Of results, what no rate depends on."""
PATHS = ("run", "data", "folder")
"""Of a configuration, folders of whoever measured it: their names are kept, not where they are."""


@dataclass(frozen=True, eq=False)
class Submission:
    """What a file holds."""

    results: Mapping[str, Any]
    """As `read_results` gives them, without what no rate depends on."""
    manifest: Manifest
    """The cases themselves."""


def write_submission(folder: Path, out: Path) -> None:
    """Write results and their cases into one file.

    Args:
        folder: of a results.json.
        out: the file.

    Raises:
        WmpcError: there are no such results, they are of an earlier version or of recordings
            alone, or their cases are not there any more.
    """
    results = read_results(folder / RESULTS)
    if is_offline(results):
        raise WmpcError(f"{folder} holds offline scores: nothing was tried that could be checked")
    if any("actions" not in row for row in results["rows"] if row["start"] == results["start"]):
        raise WmpcError(
            f"{folder} is of an earlier version, which did not keep the actions: evaluate again, "
            "overwrite=true"
        )
    file = Path(results["manifest"]["file"])
    manifest = load_manifest(file)
    if manifest.hash != results["manifest"]["hash"]:
        raise WmpcError(f"{file} holds other cases than {folder} was measured on: evaluate again")
    kept = {key: value for key, value in results.items() if key not in LEFT_OUT}
    kept["run"] = _name(kept["run"])
    kept["manifest"] = {**kept["manifest"], "file": _name(kept["manifest"]["file"])}
    kept["config"] = kept["config"] | {key: _name(kept["config"].get(key)) for key in PATHS}
    content = {
        "format": FORMAT,
        "version": VERSION,
        "results": kept,
        "manifest": {**manifest.content, "hash": manifest.hash},
    }
    text = json.dumps({**content, "hash": hash_content(content)})
    out.parent.mkdir(parents=True, exist_ok=True)
    replace_file(out, text.encode() + b"\n")


def read_submission(path: Path) -> Submission:
    """Read a submission, which anybody may have written.

    Args:
        path: its file.

    Returns:
        What it holds.

    Raises:
        WmpcError: it is missing, foreign, damaged or altered.
    """
    if not path.is_file():
        raise WmpcError(
            f"There is no submission at {path}: `wmpc report submit RESULTS` writes one."
        )
    content = read_json(path, "submission")
    if (content.get("format"), content.get("version")) != (FORMAT, VERSION):
        raise WmpcError(
            f"{path} is no submission: it does not say format {FORMAT!r}, version {VERSION}"
        )
    stated = content.pop("hash", None)
    try:
        altered = stated != hash_content(content)
    except ValueError:
        altered = True
    if altered:
        raise WmpcError(f"{path} was altered or damaged: its content has not the hash it states")
    results, cases = content.get("results"), content.get("manifest")
    if not isinstance(results, dict) or not isinstance(cases, dict):
        raise WmpcError(f"{path} is damaged: it lacks results or cases")
    return Submission(results, read_manifest(cases, f"the manifest in {path}"))


def _name(path: Any) -> Any:
    return None if path is None else PurePath(str(path)).name
