"""The page of an examination: one HTML file in the style of the report."""

import base64
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from markupsafe import Markup
from PIL import Image

from wmpc.errors import WmpcError
from wmpc.reporting.charts import counts
from wmpc.reporting.examination.figures import shift_chart
from wmpc.reporting.pictures import CELL, row
from wmpc.reporting.template import render
from wmpc.wm.recordings.doctor import KINDS, Examination, Fault
from wmpc.wm.recordings.source import Source

SHOWN, FRAMES, SIDES = 3, 8, 6
"""Episodes whose pictures are shown, pictures of each, and cameras at most."""
ACTIONS = 24
"""Dimensions whose histogram is drawn at most."""


def page(examination: Examination, source: Source) -> str:
    """The page, which needs nothing else. Pictures of a few episodes are read from `source`."""
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
        charts=_charts(evidence),
        action_shift=evidence.get("action_shift"),
        actions=actions,
        strips=_strips(examination, source),
        about=source.about,
        columns=source.columns.values(),
    )


def verdict(examination: Examination) -> str:
    """One sentence."""
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
    """In which episodes, the first few by name."""
    many = len(fault.episodes)
    if not many:
        return "the whole recording"
    first = ", ".join(map(str, fault.episodes[:5])) + (" ..." if many > 5 else "")
    step = "" if fault.step is None else f", first at step {fault.step}"
    return f"{many} of {total} episodes: {first}{step}"


def _charts(evidence: Mapping[str, Any]) -> list[tuple[Markup, str]]:
    """Charts of R² by shift, each with its caption."""
    found = []
    if given := evidence.get("action_shift"):
        words = "What happens from one frame to the next, explained by the action k steps later"
        found.append((shift_chart(given, "k, steps", words), f"{words}. It should peak at 0."))
    for camera, given in evidence.get("picture_shift", {}).items():
        words = f"The robot's numbers k frames later, told from {camera}"
        found.append((shift_chart(given, "k, frames", words), f"{words}. It should peak at 0."))
    return found


def _strips(examination: Examination, source: Source) -> list[dict[str, Any]]:
    """Pictures of the first faulty episodes, and of others: one strip a camera and episode."""
    faulty = [f.episode for f in examination.faults if f.episode is not None]
    spread = np.linspace(0, max(0, len(source) - 1), SHOWN).round().astype(int).tolist()
    chosen = list(dict.fromkeys([*faulty, *spread]))[:SHOWN] if len(source) else []
    found = []
    for index in sorted(chosen):
        for camera in source.cameras[:SIDES]:
            try:
                pictures = source.episode(index, [camera])[camera]
                rows = np.unique(np.linspace(0, len(pictures) - 1, FRAMES).round().astype(int))
                shown = [_small(picture) for picture in pictures[rows]]
            except WmpcError:
                continue
            found.append(
                {
                    "episode": index,
                    "camera": camera,
                    "steps": rows.tolist(),
                    "picture": _embedded(row(shown, 2)),
                    "faulty": index in faulty,
                }
            )
    return found


def _small(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) in its proportions, about `CELL` high."""
    height, width = picture.shape[:2]
    if height <= CELL:
        return picture.repeat(CELL // height, 0).repeat(CELL // height, 1)
    size = max(1, round(width * CELL / height)), CELL
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))


def _embedded(picture: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "png", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
