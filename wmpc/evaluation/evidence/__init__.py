"""What several results say together: compared, over seeds, over tasks."""

from collections.abc import Sequence

from wmpc.errors import WmpcError
from wmpc.evaluation.evidence.results import VERSUS, Result, find


def sides(words: Sequence[str]) -> list[list[Result]]:
    """The results on each side of the word vs; one side where it is not there."""
    if words.count(VERSUS) > 1:
        raise WmpcError(f"{VERSUS} came {words.count(VERSUS)} times: there are two sides")
    at = words.index(VERSUS) if VERSUS in words else None
    groups = [words] if at is None else [words[:at], words[at + 1 :]]
    if not all(groups):
        raise WmpcError("no results came: name their folders, such as runs/reacher/eval/ahead-mpc")
    return [[find(word) for word in group] for group in groups]
