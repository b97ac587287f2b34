"""Set how long torch's threads wait for each other before they sleep.

A thread that has done its share of an operation spins until the others have done theirs. With the
OpenMP library's default it spins for milliseconds; where two processes share cores, each spins on
the core that the other needs; both fall to a quarter of their speed or less. Asleep at once, they
lose a third of it alone, for waking takes longer than a small model's operations. In between lies a
number at which both are well (docs/lab-notes.md, benchmarks/together.py). How long threads wait
changes no bit of a result, unlike how many they are.
"""

import os
import sys

SPINS = "2600"
"""Rounds of libgomp's waiting loop, some ten microseconds; its default is 300,000."""
SETTINGS = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")


def wait_briefly() -> None:
    """Let threads sleep after `SPINS` rounds, in this process and its children.

    The library reads the setting when torch is imported: after that, nothing is changed. Neither is
    what the person has set.
    """
    if "torch" not in sys.modules and not any(name in os.environ for name in SETTINGS):
        os.environ["GOMP_SPINCOUNT"] = SPINS
