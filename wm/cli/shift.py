"""`wmpc eval shift=...`: success against the magnitude of a shift, on the same cases."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from envs.evaluate import Row
from envs.manifest import Manifest
from envs.shift import SHIFTS, pre_solved, shifted
from envs.statistics import summary
from wm.errors import WmError


def sweep(
    settings: Mapping[str, Any], drawn: Manifest, measure: Callable[[Manifest], Sequence[Row]]
) -> tuple[dict[str, Any], list[str]]:
    """`results["shift"]`, and what to know of it.

    Args:
        settings: the config group `shift`: name, pattern, magnitudes, goal, seed.
        drawn: the unshifted cases.
        measure: runs the agent on the cases of a manifest, in the task that it makes.

    One evaluation a magnitude, on the same cases for all: those that begin solved in any of the
    shifted worlds are left out of every one.
    """
    magnitudes = [float(magnitude) for magnitude in settings["magnitudes"]]
    if not magnitudes:
        raise WmError("shift.magnitudes is empty: give some, such as shift.magnitudes=[0,0.5,1]")
    own = {key: settings[key] for key in ("name", "pattern", "goal", "seed")}
    worlds = [shifted(drawn, {**own, "magnitude": magnitude}) for magnitude in magnitudes]
    left_out = set[int]().union(*map(pre_solved, worlds))
    if len(left_out) == len(drawn.cases):
        raise WmError(f"every case begins solved in a world shifted by {own['name']}")
    worlds = [_without(world, left_out) for world in worlds]
    result = {
        **own,
        "unit": SHIFTS[own["name"]].unit,
        "magnitudes": magnitudes,
        "cases": len(drawn.cases) - len(left_out),
        "summaries": [summary([row.as_dict() for row in measure(world)]) for world in worlds],
        "hashes": [world.hash for world in worlds],
    }
    return result, notes(own, len(left_out))


def notes(settings: Mapping[str, Any], left_out: int) -> list[str]:
    """What a reader of the curve must know."""
    goal = {
        "seen": "Goal pictures were drawn in the shifted world",
        "recorded": "Goal pictures are those of the unshifted world",
    }[settings["goal"]]
    said = [f"{goal}; every magnitude was measured on the same cases, with the same agent."]
    if SHIFTS[settings["name"]].moves:
        said.append(
            "The shift changes how things move: recorded actions need not lead to their goals any "
            "more, so a goal may be out of reach, and replay is no upper bound. Starts are where "
            "the recorded lead-in led in the shifted world."
        )
    if left_out:
        said.append(
            f"Left out at every magnitude, as solved at the start in a shifted world: {left_out}."
        )
    return said


def table(result: Mapping[str, Any]) -> list[str]:
    """The curve as lines: magnitude, successes, rate and its 95% interval."""
    lines = [f"{result['name']} ({result['unit']}) of {result['pattern']}"]
    for magnitude, total in zip(result["magnitudes"], result["summaries"], strict=True):
        found = total["success"]
        low, high = (round(100 * bound) for bound in found["interval"])
        lines.append(
            f"{magnitude:>8g}  {found['successes']:>4}/{found['n']}  {100 * found['rate']:>4.0f}%  "
            f"({low}-{high}%)"
        )
    return lines


def _without(world: Manifest, left_out: set[int]) -> Manifest:
    """A shifted manifest without some of its cases, and a count of them."""
    if not left_out:
        return world
    kept = tuple(case for index, case in enumerate(world.cases) if index not in left_out)
    excluded = {**world.excluded, "solved_in_a_shifted_world": len(left_out)}
    return replace(world, cases=kept, excluded=excluded)
