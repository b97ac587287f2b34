"""Offline scores in a sentence, from `results.json`."""

from collections.abc import Mapping
from typing import Any

KIND = "offline"
"""What `results.json` says of itself where no simulator took part."""
FLOORS = {
    "cloning": "cloning",
    "previous": "the previous block",
    "mean": "the mean action",
    "random": "random recorded ones",
}
"""Beside the agent's action score, in this order."""


def is_offline(results: Mapping[str, Any]) -> bool:
    """Tell whether results are offline scores.

    Args:
        results: the content of a results.json.

    Returns:
        False where goals were pursued in a simulator.
    """
    return results.get("kind") == KIND


def offline_headline(results: Mapping[str, Any]) -> str:
    """Say in one sentence what recordings tell.

    Args:
        results: the content of a results.json that `is_offline`.

    Returns:
        The action score beside its floors, and the retrieval; of those that are there.
    """
    scores, parts = results["offline"], []
    if scores["actions"]:
        found = scores["actions"][0]
        beside = ", ".join(
            f"{words} {found['floors'][name]['value']:.2f}"
            for name, words in FLOORS.items()
            if name in found["floors"]
        )
        parts.append(
            f"first actions towards goals {_blocks(found['blocks'])} ahead are "
            f"{_number(found['agent'])} standard deviations from the recorded ones, {beside}"
        )
    if (found := scores["retrieval"]) is not None:
        share, chance = found["model"], found["chance"]
        low_high = _interval(share, 100, "{:.0f}")
        parts.append(
            f"the next frame is found among {found['candidates']} in {100 * share['value']:.0f}%"
            f"{low_high}, chance {100 * chance:.0f}%"
        )
    if not parts and scores["readout"] is not None:
        read = scores["readout"]
        parts.append(f"a linear probe reads {read['column']} with an R² of {_number(read['r2'])}")
    n = len(scores["episodes"])
    episodes = "1 held-out episode" if n == 1 else f"{n} held-out episodes"
    said = "; ".join(parts) or "nothing could be scored"
    return f"Offline, {episodes}, no simulator: {said}"


def _blocks(k: int) -> str:
    return "1 block" if k == 1 else f"{k} blocks"


def _number(found: Mapping[str, Any]) -> str:
    return f"{found['value']:.2f}{_interval(found, 1, '{:.2f}')}"


def _interval(found: Mapping[str, Any], scale: float, form: str) -> str:
    if found["interval"] is None:
        return ""
    low, high = (form.format(scale * end) for end in found["interval"])
    return f" (95% interval {low}-{high})"
