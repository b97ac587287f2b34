"""The cases of a manifest in a shifted world."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from wmpc.agents.baselines import ZeroAgent
from wmpc.envs.shift.apply import apply, complete
from wmpc.envs.shift.table import SHIFTS
from wmpc.errors import WmpcError
from wmpc.evaluation.manifest import Case, Manifest
from wmpc.evaluation.manifest_values import encode_png
from wmpc.evaluation.run_cases import run_cases


def shift_cases(manifest: Manifest, shift: Mapping[str, Any]) -> Manifest:
    """Shift the cases of a manifest.

    Where the shift changes how things move, a start is where the recorded lead-in now leads. Goal
    states stay; goal pictures are drawn again unless the shift's `goal` is "recorded". What was
    excluded was excluded in the unshifted world: a recording need no longer lead to its goal, and a
    case may ask nothing (`find_solved`).

    Args:
        manifest: the cases, not shifted yet.
        shift: see `wmpc.envs.shift`; it is recorded, and so part of the hash.

    Returns:
        The same cases, shifted.

    Raises:
        WmpcError: the manifest is shifted already.
    """
    given = complete(shift)
    if manifest.shift is not None:
        raise WmpcError(f"This manifest is shifted already, by {manifest.shift}: shift its origin.")
    task = manifest.make()
    try:
        apply(task, given)
        cases = manifest.cases
        if given["magnitude"] != 0:
            cases = tuple(_case(task, case, given) for case in cases)
    finally:
        task.close()
    return replace(manifest, cases=cases, shift=given)


def find_solved(manifest: Manifest) -> set[int]:
    """Find the cases that begin within the tolerances, or come there without any action.

    Args:
        manifest: the cases.

    Returns:
        Their indices.
    """
    found = {index for index, case in enumerate(manifest.cases) if case.distance <= 1}
    if manifest.shift is None or not SHIFTS[manifest.shift["name"]].moves:
        return found
    task = manifest.make()
    try:
        nothing = ZeroAgent(task.action_space.shape[0], manifest.action_block)
        rows = run_cases(nothing, manifest, task, stop_at_success=True)
        return found | {row.case for row in rows if row.success}
    finally:
        task.close()


def _case(task: Any, case: Case, shift: Mapping[str, Any]) -> Case:
    start, picture = case.start_state, case.goal_png
    if SHIFTS[shift["name"]].moves:
        case.begin(task)
        actions = case.lead_in.reshape(-1, case.lead_in.shape[-1])
        if not any(task.advance(action)["failure"] for action in actions):
            start = task.get_state()  # else the evaluation meets the failure, and says so
    if shift["goal"] == "seen":
        picture = encode_png(task.render_state(case.goal_state, case.variation))
    distance = float(task.distance(start, case.goal_state))
    return replace(case, start_state=start, goal_png=picture, distance=distance)
