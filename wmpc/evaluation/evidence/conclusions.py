"""A comparison in words: what may be concluded from it, and what may not."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

LEVEL = 0.05
"""A p below this counts as significant."""
FEW = 5
"""Trainings a side, below which the bootstrap sees clearly too little of their variance."""
EXTREME = 0.95
"""A rate from here up, or as near to 0, leaves few cases that could tell the sides apart."""


def conclusions(found: Mapping[str, Any]) -> dict[str, Any]:
    """Put a comparison into words.

    Args:
        found: what `wmpc.evaluation.evidence.comparison.compare_results` gives, but for these.

    Returns:
        `headline` (a sentence), `may` and `may_not` (lists of sentences).
    """
    return {
        "headline": headline(found),
        "may": list(_may(found)),
        "may_not": list(_may_not(found)),
    }


def headline(found: Mapping[str, Any]) -> str:
    """Say in one sentence what came out.

    Args:
        found: see `conclusions`.

    Returns:
        Who reaches more, by how much, and how sure that is.
    """
    low, high = found["interval"]
    sides = f"{percent(found['a']['rate'])} against {percent(found['b']['rate'])}"
    test = "" if found["p"] is None else f", exact McNemar p = {found['p']:.2g}"
    numbers = f"{sides}; 95% interval of the difference {span(low, high)}{test}"
    if not found["significant"]:
        return f"These {found['cases']} cases do not tell A and B apart ({numbers})."
    more = "more" if found["difference"] > 0 else "less"
    by = points(abs(found["difference"]))
    return f"A reaches {by} {more} than B on these {found['cases']} cases ({numbers})."


def points(share: float) -> str:
    """Write a difference of rates.

    Args:
        share: such as 0.034.

    Returns:
        Such as "3.4 points".
    """
    text = f"{100 * share:.1f}".removesuffix(".0")
    return f"{text} point" if text == "1" else f"{text} points"


def percent(share: float) -> str:
    """Write a rate.

    Args:
        share: such as 0.934.

    Returns:
        Such as "93.4%".
    """
    return points(share).split()[0] + "%"


def span(low: float, high: float) -> str:
    """Write an interval of differences.

    Args:
        low: its lower end, a share.
        high: its upper end.

    Returns:
        Such as "1.2 to 3.4 points".
    """
    return f"{points(low).split()[0]} to {points(high)}"


def _may(found: Mapping[str, Any]) -> Iterator[str]:
    low, high = found["interval"]
    counts = found["table"]
    if not found["significant"]:
        worse, better = points(max(0.0, -low)), points(max(0.0, high))
        yield f"That A is unlikely to be over {better} better than B, or over {worse} worse."
        return
    better, other = ("A", "B") if found["difference"] > 0 else ("B", "A")
    if counts is not None:
        alone = {"A": counts["only_a"], "B": counts["only_b"]}
        yield (
            f"That on cases drawn like these, this {better} reaches more than this {other}: "
            f"{alone[better]} cases were reached by {better} alone, {alone[other]} by {other} "
            "alone, and chance seldom divides them so unequally."
        )
    else:
        yield (
            f"That on cases and with seeds drawn like these ({_seeds(found)}), {better} reaches "
            f"more than {other}."
        )
    if len(found["differs"]) == 1 and _one_checkpoint(found):
        (only,) = found["differs"]
        yield (
            f"That this is due to the {only['what']} ({only['a']} against {only['b']}): nothing "
            "else differs, and the checkpoints are the same."
        )


def _may_not(found: Mapping[str, Any]) -> Iterator[str]:
    if not found["significant"]:
        yield f"That A and B are equally good. {_advice(found)}"
    if found["p"] is not None and (found["p"] < LEVEL) != _excludes_zero(found):
        yield "Anything firm: the test and the interval disagree, so this is on the edge."
    yield from _about_seeds(found)
    kinds = [entry["what"] for entry in found["differs"]]
    if len(kinds) > 1:
        yield f"What makes the difference: the sides differ in {_listed(kinds)} at once."
    elif not kinds and _unknown(found):
        yield "That one side has the better method: nothing on record differs but their seeds."
    elif not kinds:
        yield (
            "That one side has the better method: nothing but their seeds differs, so a difference "
            "is the luck of the seed."
        )
    for side in "ab":
        if broken := found[side]["failures"]:
            yield (
                f"That {side.upper()}'s rate is all {side.upper()} can do: {broken} of its cases "
                "broke with an error and count as not reached."
            )
    yield from _about_extremes(found)


def _about_seeds(found: Mapping[str, Any]) -> Iterator[str]:
    trainings = {side: len(found[side]["checkpoints"]) for side in "ab"}
    if unknown := _unknown(found):
        yield (
            f"Anything about other trainings of {' and '.join(unknown)}: these results name no "
            "checkpoint."
        )
        for side in "ab":
            if side.upper() not in unknown and trainings[side] == 1:
                yield f"Anything about {side.upper()}'s method: {side.upper()} is one training."
    elif trainings == {"a": 1, "b": 1}:
        if _one_checkpoint(found):
            yield "That it holds for other trainings: both sides used one and the same checkpoint."
        else:
            yield (
                "Anything about the methods: each side is one training, so this compares two "
                "checkpoints, and other seeds of the same recipes may order them the other way. "
                "Evaluate several trainings of each: "
                "`wmpc report compare A0 A1 A2 vs B0 B1 B2`."
            )
    elif 1 in trainings.values():
        one = "A" if trainings["a"] == 1 else "B"
        yield f"Anything about {one}'s method: {one} is one training, only the other side varies."
    elif min(trainings.values()) < FEW:
        few = min(trainings.values())
        yield (
            f"That the interval is wide enough: of {few} trainings a side the bootstrap sees only "
            f"{few - 1}/{few} of the variance between them."
        )
    planners = [found[side]["planner_seeds"] for side in "ab"]
    if max(map(len, planners)) == 1 and planners != [[None], [None]]:
        seeded = [side for side in "ab" if found[side]["planner_seeds"] != [None]]
        planning = all(found[side]["seed_of"] == "planner" for side in seeded)
        others = "other seeds of the planner" if planning else "other agent seeds"
        yield (
            f"That {others} give the same: each side used one a training. Evaluate again with "
            "another agent.seed=..."
        )


def _about_extremes(found: Mapping[str, Any]) -> Iterator[str]:
    rates = [found[side]["rate"] for side in "ab"]
    if min(rates) >= EXTREME:
        yield (
            "That they are alike on harder cases: both are at the ceiling, where few cases are "
            "left to tell them apart. Compare on goals farther away, elsewhere, or with half the "
            "budget."
        )
    elif max(rates) <= 1 - EXTREME:
        yield (
            "That they are alike on easier cases: both are at the floor, where few cases are "
            "reached at all. Compare on nearer goals or with a larger budget."
        )


def _advice(found: Mapping[str, Any]) -> str:
    """How many cases would show the difference."""
    needed = found["needed"]
    d, cases = needed["difference"], needed["cases"]
    if found["table"] is None:
        if not d:
            return "The two rates are the same: name a difference=... to count the cases for."
        if cases is None:
            return (
                f"No number of cases would show {points(d)} four times in five with so few seeds: "
                "the seeds differ too much among themselves, so train more of them."
            )
        return f"With these seeds, {points(d)} would show four times in five on {cases} cases."
    found_here = f"These {found['cases']} show {points(needed['detectable'])} four times in five"
    if not d or cases is None:
        return f"{found_here}; name a difference=... to count the cases for a smaller one."
    return (
        f"{found_here}; a difference of {points(d)} takes {cases} cases, or {needed['unpaired']} "
        "for each side if they are not the same ones."
    )


def _seeds(found: Mapping[str, Any]) -> str:
    told = []
    for side in "ab":
        it = found[side]
        known = side.upper() not in _unknown(found)
        trainings = f"{len(it['checkpoints'])} trainings x " if known else ""
        told.append(f"{side.upper()} {trainings}{len(it['planner_seeds'])} {it['seed_of']} seeds")
    return ", ".join(told)


def _unknown(found: Mapping[str, Any]) -> list[str]:
    """The sides whose results name no checkpoint."""
    return [side.upper() for side in "ab" if None in found[side]["checkpoints"]]


def _one_checkpoint(found: Mapping[str, Any]) -> bool:
    """Whether both sides are known to have used the same checkpoints."""
    return not _unknown(found) and found["a"]["checkpoints"] == found["b"]["checkpoints"]


def _excludes_zero(found: Mapping[str, Any]) -> bool:
    low, high = found["interval"]
    return not low <= 0 <= high


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + f" and {words[-1]}"
