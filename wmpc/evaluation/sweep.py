"""`wmpc eval shift=...`: success against the magnitude of a shift, on the same cases."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from wmpc.envs.shift import SHIFTS
from wmpc.errors import WmpcError
from wmpc.evaluation.manifest import Manifest
from wmpc.evaluation.run_cases import Row
from wmpc.evaluation.shift_cases import find_solved, shift_cases
from wmpc.evaluation.statistics.success import summary

LEFT_OUT = "solved_in_a_shifted_world"
"""Why a case is left out at every magnitude: doing nothing solves it at one of them."""


def shift_worlds(settings: Mapping[str, Any], drawn: Manifest) -> list[Manifest]:
    """Shift cases by each of the magnitudes that are asked for.

    The same cases for all: those that doing nothing solves in any of the worlds are left out of
    every one.

    Args:
        settings: the keys of the config group `shift`.
        drawn: the cases.

    Returns:
        A manifest a magnitude.

    Raises:
        WmpcError: the settings make no sense, or doing nothing solves every case.
    """
    magnitudes = list(settings["magnitudes"])
    if not magnitudes or not all(type(value) in (int, float) for value in magnitudes):
        raise WmpcError(
            f"shift.magnitudes={magnitudes} came: give numbers, such as shift.magnitudes=[0,0.5,1]"
        )
    own = {key: settings[key] for key in ("name", "pattern", "goal", "seed")}
    made = [shift_cases(drawn, {**own, "magnitude": float(value)}) for value in magnitudes]
    left_out = set[int]().union(*map(find_solved, made))
    if len(left_out) == len(drawn.cases):
        raise WmpcError(f"doing nothing solves every case in some world shifted by {own['name']}")
    return [_without(world, left_out) for world in made]


def measure_sweep(
    worlds: Sequence[Manifest], measure: Callable[[Manifest], Sequence[Row]]
) -> dict[str, Any]:
    """Measure an agent in each world.

    Args:
        worlds: the same cases, shifted ever more.
        measure: runs the agent on the cases of a manifest, in the task that it makes.

    Returns:
        What results.json has under `shift`.
    """
    shifts = [world.shift or {} for world in worlds]
    rows = [[row.as_dict() for row in measure(world)] for world in worlds]
    kept = ("case", "success", "steps_to_success", "distance_end", "failure")
    return {
        **{key: shifts[0][key] for key in ("name", "pattern", "goal", "seed")},
        "unit": SHIFTS[shifts[0]["name"]].unit,
        "magnitudes": [shift["magnitude"] for shift in shifts],
        "cases": len(worlds[0].cases),
        "summaries": [summary(some) for some in rows],
        "hashes": [world.hash for world in worlds],
        "rows": [[{key: row[key] for key in kept} for row in some] for some in rows],
    }


def remark_shift(worlds: Sequence[Manifest]) -> list[str]:
    """Say what a reader of the curve must know.

    Args:
        worlds: the same cases, shifted ever more.

    Returns:
        Sentences.
    """
    settings, left_out = worlds[0].shift or {}, worlds[0].excluded.get(LEFT_OUT, 0)
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
            f"Left out at every magnitude, as doing nothing solves them at one: {left_out}."
        )
    return said


def format_curve(result: Mapping[str, Any]) -> list[str]:
    """Write the curve as lines.

    Args:
        result: what `measure_sweep` gave.

    Returns:
        A heading, then a line a magnitude: successes, rate and its 95% interval.
    """
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
    excluded = {**world.excluded, LEFT_OUT: len(left_out)}
    return replace(world, cases=kept, excluded=excluded)
