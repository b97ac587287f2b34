"""What was recorded above what was imagined, as files beside offline scores."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wmpc.evaluation.offline.strips import Strip
from wmpc.reporting.pictures import strip as draw_strip
from wmpc.reporting.pictures import write_png


def draw_media(folder: Path, strips: Sequence[Strip], token: str) -> list[dict[str, Any]]:
    """Draw what was recorded, and what was imagined, as pictures.

    Args:
        folder: where the files go.
        strips: what to draw.
        token: of the evaluation, a part of the files' names.

    Returns:
        A dict a strip, for `results.json`: `episode`, `frame`, `moments`, and the files' names
        `real` and `imagined`.
    """
    media = []
    for number, strip in enumerate(strips):
        names = {}
        for kind, pictures in (("real", strip.real), ("imagined", strip.imagined)):
            names[kind] = f"strip{number:03d}-{token}-{kind}.png"
            picture = draw_strip(None, list(pictures), [False] * len(pictures))
            write_png(folder / names[kind], picture)
        known = {"episode": strip.episode, "frame": strip.frame, "moments": list(strip.moments)}
        media.append({**known, **names})
    return media
