"""Keep the memory that a training step or a rollout frees, for the next one to take.

The largest tensors of a step, tens of megabytes each, are above malloc's threshold for asking the
system: every step faulted all its pages in anew, which took a fifth of a small model's time on a
CPU (docs/lab-notes.md).
"""

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
LARGE = 1 << 30  # bytes


def keep_freed_memory() -> None:
    """Let this process's malloc hold on to blocks of up to 1 GiB. Where the C library is not
    glibc (or is one that refuses), nothing happens."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGE)
        mallopt(M_TRIM_THRESHOLD, LARGE)
