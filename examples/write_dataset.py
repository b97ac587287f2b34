"""Your own recordings as a dataset: pictures, proprioception and actions as numpy arrays.

python examples/write_dataset.py data/mine
wmpc data inspect data=data/mine
"""

import sys

import numpy as np

from wmpc.wm.data import EpisodeWriter

rng = np.random.default_rng(0)
meta = {"env": "my-robot", "fps": 10, "action_low": [-1, -1], "action_high": [1, 1]}
with EpisodeWriter(sys.argv[1], meta) as writer:
    for _ in range(20):
        steps = 30
        # One frame more than steps: the first before any action, then one after each step.
        pixels = rng.integers(0, 256, (steps + 1, 64, 64, 3), dtype=np.uint8)
        proprio = rng.normal(size=(steps + 1, 4)).astype(np.float32)
        # Here one action (A = 2) between two frames; m of them would be (steps, m, 2).
        action = rng.uniform(-1, 1, (steps, 1, 2)).astype(np.float32)
        writer.append({"pixels": pixels, "proprio": proprio, "action": action})
