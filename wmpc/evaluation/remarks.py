"""What a reader of a rate or of latencies must know about how they were measured."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from wmpc.evaluation.row import Row
from wmpc.evaluation.run_cases import Latency, waiting_actions


def remark_measuring(
    latency: Latency, task: Any, workers: int, rows: Sequence[Row]
) -> Iterator[str]:
    """Say how a rate and its latencies were measured, where that was not plainly.

    Args:
        latency: with which latency of the agent, in seconds, or "measured".
        task: in which.
        workers: in how many processes.
        rows: what came out.

    Yields:
        Sentences.
    """
    if latency == "measured":
        yield "The robot repeated its last action for as long as each decision really took."
    elif latency:
        yield (
            f"Each decision was taken to last {latency:g} s ({waiting_actions(latency, task)} "
            "simulator actions), in which the robot repeated its last action."
        )
    if workers > 1:
        yield (
            f"{workers} processes ran cases at once, which changes no row but its latencies: those "
            "of an agent alone are measured with workers=1."
        )
    if spent := [row.overhead_ms for row in rows if row.overhead_ms > 0]:
        yield (
            "The agent ran in a process of its own; its latencies leave out what passing pictures "
            f"and actions took, {np.median(spent):.1f} ms a decision."
        )
