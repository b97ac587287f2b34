"""Offline scores on a page: bars beside their floors, curves by horizon, and imagined strips."""

from collections.abc import Mapping
from typing import Any

from wmpc.evaluation.offline.headline import FLOORS
from wmpc.reporting import charts
from wmpc.reporting.evaluation import agent
from wmpc.reporting.facts import embed
from wmpc.reporting.wording import is_finite

GUESSES = {
    "model": "the model",
    "shuffled": "the model, actions of another window",
    "repeat": "nothing changes",
    "mean": "the mean training frame",
    "probe": "the probe on the true latent",
}
"""Who guesses what comes, in words."""


def offline(results: Mapping[str, Any]) -> dict[str, Any]:
    """Arrange offline scores for the page.

    Args:
        results: as `read_results` gives them, of the kind "offline".

    Returns:
        What the template `offline.html` names: `agent`, `scores`, `actions`, `ranks`, `retrieval`
        and `surprise` as bars, `charts`, `strips` and `readout`.
    """
    scores = results["offline"]
    return {
        "agent": agent(results),
        "scores": scores,
        "actions": [_actions(found, agent(results)) for found in scores["actions"]],
        "retrieval": _retrieval(scores["retrieval"]),
        "surprise": _surprise(scores["surprise"]),
        "charts": _curves(scores["rollouts"]),
        "strips": _strips(results),
    }


def _bar(label: str, found: Mapping[str, Any], who: str, most: float = 1.0) -> dict[str, Any]:
    """A bar of an estimate: lengths are shares of `most`."""
    ends = found["interval"]
    return {
        "label": label,
        "who": who,
        "value": found["value"],
        "length": found["value"] / most,
        "interval": None if ends is None else [end / most for end in ends],
    }


def _actions(found: Mapping[str, Any], who: str) -> dict[str, Any]:
    """Bars of the agent and its floors, for goals at one distance, and whom it is ahead of."""
    listed = [(who, found["agent"], "agent")]
    listed += [(FLOORS[name], found["floors"][name], "floor") for name in FLOORS
               if name in found["floors"]]  # fmt: skip
    reach: list[float] = [end for _, x, _ in listed for end in (x["value"], *(x["interval"] or []))]
    most = max(1.0, *reach)
    sides: dict[str, list[str]] = {"better": [], "worse": [], "unclear": []}
    for name, words in FLOORS.items():
        if ends := found["ahead_of"].get(name, {}).get("interval"):
            side = "better" if ends[0] > 0 else "worse" if ends[1] < 0 else "unclear"
            sides[side].append(words)
    bars = [_bar(label, x, kind, most) for label, x, kind in listed]
    return {"blocks": found["blocks"], "bars": bars, "decisions": found["agent"]["n"], **sides}


def _retrieval(found: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    if found is None:
        return []
    bars = [
        _bar(GUESSES[name], found[name], "agent" if name == "model" else "floor")
        for name in ("model", "shuffled", "repeat")
    ]
    return [*bars, _bar("chance", {"value": found["chance"], "interval": None}, "floor")]


def _surprise(found: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    if found is None:
        return []
    missing = found["missing"]
    return [
        _bar(f"cut: {missing} block{'s' if missing > 1 else ''} left out", found["cut"], "agent"),
        _bar("frames out of order", found["shuffled"], "agent"),
        _bar("chance", {"value": 0.5, "interval": None}, "floor"),
    ]


def _curves(found: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Charts of errors by horizon, and the names of their lines."""
    if found is None:
        return []
    drawn = []
    for kind, y, title in (
        ("latent", "error / variance", "Squared error of imagined latents by horizon"),
        ("probe", "error (std)", "Error of what a probe reads off imagined latents by horizon"),
    ):
        curves = found[kind]
        names = [name for name in GUESSES if curves and name in curves]
        if not names or not all(is_finite(x["value"]) for name in names for x in curves[name]):
            continue
        ahead = range(1, len(curves["model"]) + 1)
        series = {GUESSES[name]: (ahead, [x["value"] for x in curves[name]]) for name in names}
        bands = [x["interval"] for x in curves["model"]]
        picture = charts.lines(
            series, "blocks ahead", y, title, intervals=[] if None in bands else bands
        )
        drawn.append({"kind": kind, "picture": picture, "names": tuple(series)})
    return drawn


def _strips(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Strips whose pictures are there, embedded."""
    found = []
    for entry in results["media"]:
        refused: list[str] = []
        pictures = {k: embed(results["folder"], entry[k], refused) for k in ("real", "imagined")}
        found.append({**entry, **pictures, "refused": refused})
    return found
