"""The page of an examination: one HTML file in the style of the report."""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from markupsafe import Markup
from PIL import Image

from wmpc.reporting.charts import counts, lines
from wmpc.reporting.pictures import CELL, png, row
from wmpc.reporting.strips import read_strips
from wmpc.reporting.template import render
from wmpc.wm.recordings.doctor import KINDS, Examination, Fault
from wmpc.wm.recordings.source import Source

SHOWN, FRAMES, SIDES = 3, 8, 6
"""Episodes whose pictures are shown, pictures of each, and cameras at most."""
ACTIONS = 24
"""Dimensions whose histogram is drawn at most."""
LOWEST = -0.5
"""R² below this is drawn here: worse than the mean is bad enough."""


def page(examination: Examination, source: Source) -> str:
    """Write the page of an examined recording.

    Args:
        examination: what `wmpc.wm.recordings.doctor.examine` found.
        source: the recording, from which the pictures of a few episodes are read.

    Returns:
        HTML that needs no other file.
    """
    evidence = examination.evidence
    names = source.about.names.get("action", ())
    actions = []
    for index, given in enumerate(evidence.get("actions", [])[:ACTIONS]):
        name = str(names[index]) if len(names) > index else f"action {index}"
        actions.append((name, counts(name, given["counts"], given["low"], given["high"])))
    total = examination.totals["episodes"]
    return render(
        "examination.html",
        name=examination.path.rstrip("/").split("/")[-1],
        found=examination,
        verdict=verdict(examination),
        faults=[(fault, places(fault, total)) for fault in examination.faults],
        kinds=KINDS,
        charts=[*_charts(evidence)],
        action_shift=evidence.get("action_shift"),
        actions=actions,
        strips=[*_strips(examination, source)],
        about=source.about,
        columns=source.columns.values(),
    )


def verdict(examination: Examination) -> str:
    """Say in one sentence what was found.

    Args:
        examination: what `wmpc.wm.recordings.doctor.examine` found.

    Returns:
        The sentence, without a capital letter.
    """
    errors, warnings = examination.errors, len(examination.faults) - examination.errors
    totals = examination.totals
    read = f"{totals['read']} episodes, {totals['frames']} frames"
    if not examination.faults:
        return f"none of {len(KINDS)} kinds of faults was found in {read}."
    many = [f"{n} {word}{'s' * (n > 1)}" for n, word in ((errors, "error"), (warnings, "warning"))]
    said = " and ".join(text for text, n in zip(many, (errors, warnings), strict=True) if n)
    end = "do not train on it as it is." if errors else "worth a look before training."
    return f"{said} in {read}: {end}"


def places(fault: Fault, total: int) -> str:
    """Say in which episodes a fault was found.

    Args:
        fault: the fault.
        total: episodes of the recording.

    Returns:
        How many, the first few by name, and the first step where it is known.
    """
    many = len(fault.episodes)
    if not many:
        return "the whole recording"
    first = ", ".join(map(str, fault.episodes[:5])) + (" ..." if many > 5 else "")
    step = "" if fault.step is None else f", first at step {fault.step}"
    return f"{many} of {total} episodes: {first}{step}"


def _charts(evidence: Mapping[str, Any]) -> Iterator[tuple[Markup, str]]:
    """Charts of R² by shift, each with its caption."""
    if given := evidence.get("action_shift"):
        words = "What happens from one frame to the next, explained by the action k steps later"
        yield _shift_chart(given, "k, steps", words), f"{words}. It should peak at 0."
    for camera, given in evidence.get("picture_shift", {}).items():
        words = f"The robot's numbers k frames later, told from {camera}"
        yield _shift_chart(given, "k, frames", words), f"{words}. It should peak at 0."


def _shift_chart(given: Mapping[str, Any], x_label: str, title: str) -> Markup:
    """R² by shift with its 95% interval, and without an action where that is known."""
    r2, low, high = (np.maximum(given[key], LOWEST) for key in ("r2", "low", "high"))
    series = {"R²": (given["shifts"], r2)}
    if "without" in given:
        without = np.full(len(r2), max(given["without"], LOWEST))
        series["without"] = (given["shifts"], without)
    least = min(float(values.min()) for values in (low, *(up for _, up in series.values())))
    return lines(
        series,
        x_label,
        "R² on other episodes",
        title,
        y_range=(min(0.0, least), 1.0),
        intervals=np.stack([low, high], 1).tolist(),
    )


def _strips(examination: Examination, source: Source) -> Iterator[dict[str, Any]]:
    """Pictures of the first faulty episodes, and of others: one strip a camera and episode."""
    faulty = [f.episode for f in examination.faults if f.episode is not None]
    spread = np.linspace(0, max(0, len(source) - 1), SHOWN).round().astype(int).tolist()
    chosen = list(dict.fromkeys([*faulty, *spread]))[:SHOWN] if len(source) else []
    wanted = ((index, camera) for index in sorted(chosen) for camera in source.cameras[:SIDES])
    for index, camera, rows, pictures in read_strips(source, wanted, FRAMES):
        strip = base64.b64encode(png(row([_small(picture) for picture in pictures], 2))).decode()
        found = {"episode": index, "camera": camera, "steps": rows, "faulty": index in faulty}
        yield {**found, "picture": f"data:image/png;base64,{strip}"}


def _small(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) in its proportions, about `CELL` high."""
    height, width = picture.shape[:2]
    if height <= CELL:
        return picture.repeat(CELL // height, 0).repeat(CELL // height, 1)
    size = max(1, round(width * CELL / height)), CELL
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))
