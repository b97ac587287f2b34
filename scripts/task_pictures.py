"""Draw the tasks of this package in a row for docs/tasks.md: task_pictures.py.

Every picture is the first of an episode, enlarged without smoothing.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from wmpc import envs

WORLDS = (
    ("wmpc/Reacher-v0", {}),
    ("wmpc/TwoRoom-v0", {}),
    ("wmpc/FarDoor-v0", {}),
    ("wmpc/PushT-v0", {}),
    ("wmpc/PushTwo-v0", {}),
    ("wmpc/Maze-v0", {"layout": "u"}),
    ("wmpc/Maze-v0", {"layout": "large"}),
    ("wmpc/Maze-v0", {"layout": "large", "view": "riding"}),
)
SEED, SIZE, MARGIN = 6, 192, 6


def main() -> None:
    """Write docs/images/tasks.png."""
    row = []
    for env_id, kwargs in WORLDS:
        task = envs.make(env_id, **kwargs)
        observation, _ = task.reset(seed=SEED)
        picture = Image.fromarray(observation["pixels"]).resize(
            (SIZE, SIZE), Image.Resampling.NEAREST
        )
        row.append(np.pad(np.array(picture), ((0, 0), (0, MARGIN), (0, 0)), constant_values=255))
        task.close()
    rows = [np.concatenate(row[start : start + 4], 1) for start in (0, 4)]
    gap = np.full((MARGIN, rows[0].shape[1], 3), 255, np.uint8)
    picture = Image.fromarray(np.concatenate([rows[0], gap, rows[1]]))
    picture.quantize(64).save(Path(__file__).parents[1] / "docs" / "images" / "tasks.png")


if __name__ == "__main__":
    main()
