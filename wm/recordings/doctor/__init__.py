"""The dataset doctor: is a recording sound? Every episode is read once, in bounded memory.

One kind of check a file. `columns` and `clock` look at an episode's columns as they are read; the
others at what `seen` keeps of all of them.
"""

from wmpc.wm.recordings.doctor.examine import KINDS, examine
from wmpc.wm.recordings.doctor.fault import Examination, Fault

__all__ = ["KINDS", "Examination", "Fault", "examine"]
