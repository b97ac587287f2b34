from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from wmpc.wm.data.format import Column
from wmpc.wm.recordings.formats import About, Frames, Source

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


class Film(Frames):
    """Pictures that count how often they were decoded."""

    def __init__(self, pictures):
        super().__init__(pictures.shape)
        self.pictures, self.decoded = pictures, 0

    def decode(self, rows):
        for row in rows:
            self.decoded += 1
            yield self.pictures[row]


class Memory(Source):
    """Episodes in memory, as a reader would give them; `decoded` counts pictures."""

    format = "memory"

    def __init__(self, episodes: Sequence[dict[str, np.ndarray]], **about: Any):
        super().__init__("memory")
        self.episodes = [dict(episode) for episode in episodes]
        self.about = About(**about)
        self.lengths = np.array([len(episode["action"]) for episode in episodes])
        self.films: list[Film] = []
        for name, array in self.episodes[0].items():
            steps = len(array) == len(self.episodes[0]["action"])
            rows = "episode" if name == "variation" else "steps" if steps else "frames"
            shape = array.shape if rows == "episode" else array.shape[1:]
            self.columns = {**self.columns, name: Column(name, array.dtype, shape, rows)}

    @property
    def decoded(self):
        return sum(film.decoded for film in self.films)

    def _read(self, index, names):
        found = {}
        for name in names:
            found[name] = self.episodes[index][name]
            if name in self.cameras:
                found[name] = Film(found[name])
                self.films.append(found[name])
        return found


@pytest.fixture
def recording(make_episode):
    """recording(count, steps=12, **about): a `Source` in memory of two cameras and one action a
    frame, with an `effort` a frame and a `reward` a step."""

    def make(count, steps=12, size=10, **about):
        episodes = []
        for index in range(count):
            episode = make_episode(index, steps, size, m=1)
            episode["pixels/left"] = episode.pop("pixels")
            episode["pixels/right"] = 255 - episode["pixels/left"]
            episode["effort"] = np.arange(2.0 * (steps + 1)).reshape(-1, 2)
            episode["reward"] = np.arange(float(steps))
            del episode["variation"]
            episodes.append(episode)
        return Memory(episodes, **{"fps": 30.0, **about})

    return make
