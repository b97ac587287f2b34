"""Recorded episodes: a folder of memory-mapped columns, written atomically, read in windows."""

from wmpc.wm.data.batch import Batch
from wmpc.wm.data.hindsight import Pairs
from wmpc.wm.data.masks import Masks
from wmpc.wm.data.prefetch import prefetch
from wmpc.wm.data.reader import Episodes, open_episodes
from wmpc.wm.data.statistics import column_statistics
from wmpc.wm.data.windows import Windows
from wmpc.wm.data.writer import EpisodeWriter

__all__ = [
    "Batch",
    "EpisodeWriter",
    "Episodes",
    "Masks",
    "Pairs",
    "Windows",
    "column_statistics",
    "open_episodes",
    "prefetch",
]
