import numpy as np
import pytest

META = {
    "env": "made-up",
    "kwargs": {"image_size": 4},
    "render": {"width": 4, "shadows": False},
    "fps": 10.0,
    "action_low": [-1.0, -1.0],
    "action_high": [1.0, 1.0],
}


@pytest.fixture
def meta():
    return {**META, "source": {"policy": "random", "seed": 0}}


@pytest.fixture
def make_episode():
    """make_episode(index, steps=None): always the same arrays for the same arguments."""

    def make(index, steps=None, size=4, m=3):
        rng = np.random.default_rng(index)
        steps = int(rng.integers(1, 8)) if steps is None else steps
        time = np.arange(steps + 1)
        return {
            "pixels": rng.integers(0, 256, (steps + 1, size, size, 3), dtype=np.uint8),
            "proprio": rng.normal(size=(steps + 1, 2)).astype(np.float32),
            "state": np.stack([np.full(steps + 1, index), time], 1).astype(np.float64),
            "action": rng.uniform(-1, 1, (steps, m, 2)).astype(np.float32),
            "variation": rng.normal(size=2),
        }

    return make


@pytest.fixture(scope="session")
def same():
    """Raises unless two episodes have the same columns, dtypes, shapes and bits."""

    def check(left, right):
        assert left.keys() == right.keys()
        for name in left:
            assert left[name].dtype == right[name].dtype and left[name].shape == right[name].shape
            assert left[name].tobytes() == right[name].tobytes()

    return check
