"""Recorded episodes: a folder of memory-mapped columns, written atomically, read in windows."""

from wm.data.prefetch import prefetch
from wm.data.reader import Episodes, open_episodes
from wm.data.statistics import action_statistics, column_statistics
from wm.data.windows import Windows
from wm.data.writer import EpisodeWriter

__all__ = [
    "EpisodeWriter",
    "Episodes",
    "Windows",
    "action_statistics",
    "column_statistics",
    "open_episodes",
    "prefetch",
]
