"""Find the results that an evaluation would give where they were measured already."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wmpc.errors import WmpcError
from wmpc.evaluation.preparation import ELSEWHERE
from wmpc.evaluation.read_results import read_results


def read_standing(
    file: Path, config: Mapping[str, Any], checkpoint: str | None
) -> dict[str, Any] | None:
    """Read results if they are those of an evaluation.

    Args:
        file: a `results.json`, or where one would be.
        config: of the evaluation, plain values; keys that no row depends on may differ.
        checkpoint: `checkpoint_hash` of the run.

    Returns:
        Its content, as `read_results` gives it; None where there is none, it cannot be read, or
        it was measured with another configuration or other weights. The dataset is not compared.
    """
    if not file.exists():
        return None
    try:
        kept = read_results(file)
    except (OSError, WmpcError):
        return None
    same = all(
        kept.get("config", {}).get(key) == value
        for key, value in config.items()
        if key not in ELSEWHERE
    )
    return kept if same and kept.get("checkpoint") == checkpoint else None
