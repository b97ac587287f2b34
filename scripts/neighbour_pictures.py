"""Draw which frames look alike to models: the nearest latents in other episodes.

    python scripts/neighbour_pictures.py OUT.png DATA RUN,RUN [DATA RUN,RUN ...]

A row for each DATA: held-out frames, and right of each its nearest one to the latents of each RUN,
in other held-out episodes. docs/objectives.md says which runs docs/images/neighbours.png is of.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import wmpc
from wmpc.wm.data import open_episodes

FRAMES = 3
"""Of a row."""
AT = 12
"""Of its episode, which each of them is."""
SIZE, GAP, SPACE = 112, 4, 24
"""Pixels: a picture's side, between a frame and its neighbours, between frames."""


@torch.no_grad()
def draw_row(data: Path, runs: list[Path]) -> np.ndarray:
    """Draw the frames of a dataset with their neighbours."""
    episodes, models = open_episodes(data), [wmpc.load(run) for run in runs]
    camera = models[0].spec.cameras[0]
    shots = [episodes.episode(int(i))[camera] for i in episodes.held_out_ids]
    frames = np.concatenate(shots)
    of = torch.as_tensor(np.repeat(np.arange(len(shots)), [len(x) for x in shots]))
    seen = {camera: torch.as_tensor(frames).unsqueeze(0)}
    latents = [model.encode(seen)[0].flatten(1) for model in models]
    row = []
    for episode in range(FRAMES):
        now = int((of == episode).nonzero()[AT])
        row.append(enlarge(frames[now]))
        for z in latents:
            apart = (z - z[now]).square().sum(1).masked_fill(of == episode, torch.inf)
            row += [white(GAP), enlarge(frames[int(apart.argmin())])]
        row.append(white(SPACE))
    return np.concatenate(row[:-1], 1)


def enlarge(picture: np.ndarray) -> np.ndarray:
    """Enlarge a picture without smoothing."""
    return np.array(Image.fromarray(picture).resize((SIZE, SIZE), Image.Resampling.NEAREST))


def white(width: int) -> np.ndarray:
    """A stripe between pictures."""
    return np.full((SIZE, width, 3), 255, np.uint8)


def main(out: Path, *words: str) -> None:
    """Write the rows as one picture."""
    rows = [
        draw_row(Path(data), [Path(run) for run in runs.split(",")])
        for data, runs in zip(words[::2], words[1::2], strict=True)
    ]
    gap = np.full((SPACE // 2, rows[0].shape[1], 3), 255, np.uint8)
    picture = np.concatenate([x for row in rows for x in (row, gap)][:-1])
    Image.fromarray(picture).quantize(128).save(out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
