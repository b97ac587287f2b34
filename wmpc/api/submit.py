"""Write results into one file that anybody can check, and check such a file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wmpc.api.machine import Check
from wmpc.errors import WmpcError
from wmpc.evaluation.provenance import versions
from wmpc.evaluation.read_results import RESULTS, headline
from wmpc.evaluation.submission import Submission, read_submission, write_submission
from wmpc.evaluation.verification import (
    count_unfit,
    measure_floors,
    rates_differ,
    read_rows,
    try_again,
)
from wmpc.reporting.damage import damaged
from wmpc.system import construct

SHARE = 0.02
"""Of the cases, the most whose outcome may differ: contacts on another processor differ in the last
digits, which a case at the edge of its tolerance shows."""
MATTER = ("mujoco", "numpy", "wmpc", "torch")
"""What is named of the versions where it differs."""


@dataclass(frozen=True)
class Verification:
    """Whether a submission states what its actions lead to."""

    checks: tuple[Check, ...]
    """What each look found; what is fatal says why it does not hold."""
    sentence: str
    """The verdict."""

    @property
    def holds(self) -> bool:
        """Whether it does."""
        return not any(check.fatal for check in self.checks)


def submit(results: str | Path, out: str | Path | None = None) -> Path:
    """Write results, their cases and every action into one file, which `verify` checks.

    Args:
        results: a results.json, or its folder.
        out: the file; None: RESULTS/submission.json.

    Returns:
        The file.

    Raises:
        WmpcError: there are no such results, they are of an earlier version or of recordings
            alone, or their cases are not there any more.
    """
    path = Path(results)
    folder = path.parent if path.name == RESULTS else path
    if not (folder / RESULTS).is_file():
        raise WmpcError(f"{folder} holds no {RESULTS}: give the folder RUN/eval/NAME of one")
    file = folder / "submission.json" if out is None else Path(out)
    write_submission(folder, file)
    return file


def verify(submission: str | Path, *, allow: Sequence[str] = ()) -> Verification:
    """Check a submission: its cases ask something, its outcomes follow from its actions.

    The simulator is all that is needed. What cannot be checked without the model is who chose the
    actions.

    Args:
        submission: the file.
        allow: modules or packages of yours that it may name, such as ["mine"].

    Returns:
        What was found, and the verdict.

    Raises:
        WmpcError: it is missing, foreign, damaged or altered, or its environment cannot be made.
    """
    found = read_submission(Path(submission))
    construct.allow(allow)
    task = found.manifest.make()
    try:
        with damaged(str(submission)):
            checks = tuple(_looks(found, task))
            said = headline(found.results)
    finally:
        task.close()
    verdict = "does not hold" if any(check.fatal for check in checks) else "holds"
    return Verification(checks, f"this submission {verdict}: {said}")


def _looks(found: Submission, task: Any) -> Iterator[Check]:
    """What each part of the check found."""
    results, manifest = found.results, found.manifest
    count = len(manifest.cases)
    same = results["manifest"]["hash"] == manifest.hash
    yield Check("cases", f"{count} of {manifest.env}, {manifest.hash[:10]}", *_unless(
        same, "The results name other cases than the file holds."
    ))  # fmt: skip
    unfit = count_unfit(manifest, task)
    said = ", ".join(f"{n} {reason}" for reason, n in unfit.items())
    yield Check("starts", said or "none is solved by doing nothing", *_unless(
        not unfit, "Cases that doing nothing solves count for nobody: draw the cases anew."
    ))  # fmt: skip
    try:
        rows = read_rows(found)
    except WmpcError as error:
        yield Check("rows", str(error), "Evaluate again, and submit that.", True)
        return
    differ = rates_differ(found, rows)
    yield Check("rates", ", ".join(differ) or "those of the rows", *_unless(
        not differ, "These are not what the rows come to."
    ))  # fmt: skip
    outcomes = list(try_again(found, rows, task))
    other = [index for index, (stated, here) in enumerate(outcomes) if stated != here]
    lost = [i for i in other if outcomes[i][0].success != outcomes[i][1].success]
    yield Check(
        "outcomes",
        f"{count - len(other)} of {count} to the action",
        *_unless(
            len(lost) <= SHARE * count,
            f"In the cases {lost[:10]} the actions do not lead to what is stated.",
        ),
    )
    floors = measure_floors(manifest, task, results["start"] == "warm")
    stated = {n: e["summary"]["success"]["rate"] for n, e in results["reference"].items()}
    off = [n for n, rate in floors.items() if abs(rate - stated.get(n, np.inf)) > SHARE]
    said = ", ".join(f"{name} {rate:.0%}" for name, rate in floors.items())
    yield Check("floors", said, *_unless(not off, f"It states others: {stated}."))
    who = "the simulator's state" if results.get("privileged") else "pictures and proprioception"
    yield Check("agent", f"{results['agent']['name']}, which saw {who}")
    here, there = versions(), results.get("versions") or {}
    differing = [
        f"{n} {there.get(n)} (here {here.get(n)})" for n in MATTER if here.get(n) != there.get(n)
    ]
    yield Check("versions", ", ".join(differing) or "those of this machine")


def _unless(good: bool, fix: str) -> tuple[str, bool]:
    """`fix` and `fatal` of a check."""
    return ("", False) if good else (fix, True)
