import pytest
from doctor_sets import record


@pytest.fixture(scope="session")
def recorded():
    """recorded(task): the same clean set each time, not to be changed."""
    kept = {}

    def get(task):
        if task not in kept:
            kept[task] = record(task)
        return kept[task]

    return get
