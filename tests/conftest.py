"""One torch thread a process: tests run side by side, and small tensors gain nothing from two."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
