"""The results that a command line names, on one side or on two."""

from collections.abc import Sequence

from wmpc.errors import WmpcError
from wmpc.evaluation.evidence.result import VERSUS, Result, find_result


def find_sides(words: Sequence[str]) -> list[list[Result]]:
    """Find the results on each side of the word vs.

    Args:
        words: results, see `find_result`, with or without that word.

    Returns:
        Two sides; one where the word is not there.

    Raises:
        WmpcError: the word comes twice, or a side has no results.
    """
    if words.count(VERSUS) > 1:
        raise WmpcError(f"{VERSUS} came {words.count(VERSUS)} times: there are two sides")
    at = words.index(VERSUS) if VERSUS in words else None
    groups = [words] if at is None else [words[:at], words[at + 1 :]]
    if not all(groups):
        raise WmpcError("no results came: name their folders, such as runs/reacher/eval/ahead-mpc")
    return [[find_result(word) for word in group] for group in groups]


def pair_sides(sides: list[list[Result]]) -> tuple[list[Result], list[Result]]:
    """Make two sides of one side of two results.

    Args:
        sides: one or two.

    Returns:
        Both.

    Raises:
        WmpcError: there is one, and not of two results.
    """
    if len(sides) == 1:
        if len(sides[0]) != 2:
            raise WmpcError(
                f"{len(sides[0])} results came: compare takes two, A B, or several seeds a side "
                f"around the word {VERSUS}, A0 A1 {VERSUS} B0 B1"
            )
        sides = [[result] for result in sides[0]]
    return sides[0], sides[1]
