import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for `doctor_sets` and `planting`


@pytest.fixture(scope="session")
def recorded():
    """recorded(task): the same clean set each time, not to be changed."""
    from doctor_sets import record

    kept = {}

    def get(task):
        if task not in kept:
            kept[task] = record(task)
        return kept[task]

    return get
