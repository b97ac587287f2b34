"""Say whether A is better than B on the same cases, and what does not follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmpc.api.evaluate import Evaluation
from wmpc.evaluation.evidence.comparison import compare_results
from wmpc.evaluation.evidence.result import Result, find_result
from wmpc.reporting.damage import damaged

Side = str | Path | Evaluation | Sequence["str | Path | Evaluation"]
"""One result, or those of several seeds: a folder of results, a run (its latest), an evaluation."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two sides on the same cases."""

    difference: float
    """The rate of A less that of B, -1 to 1."""
    interval: tuple[float, float]
    """Its 95% interval."""
    significant: bool
    """Whether chance is no explanation at the 5% level."""
    headline: str
    """One sentence."""
    may: tuple[str, ...]
    """What may be concluded."""
    may_not: tuple[str, ...]
    """What may not."""
    content: Mapping[str, Any]
    """All of it, see `wmpc.evaluation.evidence.comparison.compare_results`."""


def compare(a: Side, b: Side, *, difference: float | None = None) -> Comparison:
    """Compare two methods, each one result or those of several seeds.

    Args:
        a: one side.
        b: the other.
        difference: the one to count the cases for, 0.05 is 5 points; None: as seen.

    Returns:
        The difference, its interval, and what follows.

    Raises:
        WmpcError: the sides were not measured on the same cases, one mixes methods, a result comes
            twice, or is damaged.
    """
    with damaged("one of the results"):
        found = compare_results(_results(a), _results(b), difference)
    low, high = found["interval"]
    return Comparison(
        found["difference"], (low, high), found["significant"], found["headline"],
        tuple(found["may"]), tuple(found["may_not"]), found,
    )  # fmt: skip


def _results(side: Side) -> list[Result]:
    listed = [side] if isinstance(side, str | Path | Evaluation) else side
    return [find_result(one.folder if isinstance(one, Evaluation) else one) for one in listed]
