"""What a reader of a rate or of latencies must know about how they were measured."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from wmpc.evaluation.row import Row
from wmpc.evaluation.run_cases import Latency, waiting_actions


def remark_latency(latency: Latency, task: Any) -> list[str]:
    """Say with which latency of the agent a rate was measured.

    Args:
        latency: seconds, or "measured".
        task: that it was measured in.

    Returns:
        A sentence, or none where there was no latency.
    """
    if not latency:
        return []
    if latency == "measured":
        return ["The robot repeated its last action for as long as each decision really took."]
    return [
        f"Each decision was taken to last {latency:g} s ({waiting_actions(latency, task)} "
        "simulator actions), in which the robot repeated its last action."
    ]


def remark_workers(workers: int) -> list[str]:
    """Say in how many processes latencies were measured.

    Args:
        workers: processes.

    Returns:
        A sentence, or none where there was one process.
    """
    if workers == 1:
        return []
    return [
        f"{workers} processes ran cases at once, which changes no row but its latencies: those of "
        "an agent alone are measured with workers=1."
    ]


def remark_overhead(rows: Sequence[Row]) -> list[str]:
    """Say what passing pictures to an agent's own process took.

    Args:
        rows: of the evaluation.

    Returns:
        A sentence, or none where it had none.
    """
    spent = [row.overhead_ms for row in rows if row.overhead_ms > 0]
    if not spent:
        return []
    return [
        "The agent ran in a process of its own; its latencies leave out what passing pictures and "
        f"actions took, {np.median(spent):.1f} ms a decision."
    ]
