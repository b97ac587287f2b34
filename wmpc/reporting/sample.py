"""What a recording looks like: a strip of pictures a camera, a histogram an action."""

import io
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from wmpc.reporting.pictures import row
from wmpc.reporting.strips import read_strips
from wmpc.system.disk import replace_file
from wmpc.wm.recordings.formats import Source
from wmpc.wm.recordings.view import square

EPISODES, MOMENTS, SIDE = 3, 8, 96
MOST_CAMERAS, MOST_ACTIONS = 6, 14


def draw(source: Source, actions: np.ndarray, path: Path) -> None:
    """Draw pictures of a few episodes, and a histogram of each action.

    Args:
        source: the recording.
        actions: (n, A) actions to count; those that are not finite are left out.
        path: the PNG to write.
    """
    cameras = source.cameras[:MOST_CAMERAS]
    good = [i for i, steps in enumerate(source.lengths) if steps and i not in source.unreadable]
    places = np.unique(np.linspace(0, len(good) - 1, min(len(good), EPISODES)).astype(int))
    wanted = ((good[place], camera) for camera in cameras for place in places)
    strips = [
        (f"{camera}, episode {e}", row([square(picture, SIDE, "pad") for picture in pictures], 2))
        for e, camera, _, pictures in read_strips(source, wanted, MOMENTS)
    ]
    shown = actions[:, :MOST_ACTIONS].T
    names = source.about.names.get("action", [])
    histogram_rows = -(-len(shown) // 7)
    heights = [1.0] * len(strips) + [1.6] * histogram_rows
    figure = Figure((9, 1.15 * sum(heights) + 0.3), layout="constrained")
    FigureCanvasAgg(figure)
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, (title, strip) in zip(parts, strips, strict=False):
        axes = part.subplots()
        axes.imshow(strip)
        axes.set_title(title, fontsize=8, loc="left")
        axes.axis("off")
    for line, part in enumerate(parts[len(strips) :]):
        for place, axes in enumerate(part.subplots(1, 7)):
            index = 7 * line + place
            if index >= len(shown):
                axes.axis("off")
                continue
            values = shown[index][np.isfinite(shown[index])]
            axes.hist(values, 30, color="#3b6ea5")
            name = names[index] if index < len(names) else f"action {index}"
            axes.set_title(name, fontsize=8)
            axes.set_yticks([])
            axes.tick_params(labelsize=7)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=120)
    replace_file(path, buffer.getvalue())
