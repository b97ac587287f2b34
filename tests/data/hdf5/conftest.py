"""Recordings in HDF5, Arrow and npz: Minari's by Minari itself, the others made by hand.

robomimic, D4RL and OGBench do not install beside this project: their files are made here with h5py
and numpy as their documentation lays them out.
"""

import warnings

import gymnasium
import h5py
import minari
import numpy as np
import pytest
from gymnasium import spaces

from wmpc import envs  # noqa: F401 (registers this project's environments)

EPISODES = 12


class Odd(gymnasium.Env):
    """Every space that Minari can serialise; four steps an episode, samples of the spaces."""

    def __init__(self):
        self.observation_space = spaces.Dict(
            front=spaces.Box(0, 255, (40, 48, 3), np.uint8),
            planes=spaces.Box(0, 255, (3, 8, 9), np.uint8),
            grey=spaces.Box(0, 255, (33, 34), np.uint8),
            proprio=spaces.Box(-9, 9, (4,), np.float64),
            pair=spaces.Tuple((spaces.Discrete(5, start=2), spaces.Box(-1, 1, (2, 3), np.float64))),
            flags=spaces.MultiBinary(3),
            kinds=spaces.MultiDiscrete([3, 4]),
            level=spaces.Box(-1, 1, (), np.float32),
            said=spaces.Text(5),
        )
        grip = spaces.Tuple((spaces.Discrete(3, start=1), spaces.Box(-1, 1, (1,), np.float32)))
        self.action_space = spaces.Dict(arm=spaces.Box(-2, 2, (2,), np.float32), grip=grip)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        self.time = 0
        return self.observation_space.sample(), self._info()

    def step(self, action):
        self.time += 1
        return self.observation_space.sample(), 0.5 * self.time, False, self.time >= 4, self._info()

    def _info(self):
        return {"pose": np.arange(3.0) + self.time, "deep": {"count": self.time}}


@pytest.fixture(scope="session")
def record(tmp_path_factory):
    """record(env, name, ...) -> (folder, minari's dataset): recorded by Minari's DataCollector."""
    root = tmp_path_factory.mktemp("minari")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINARI_DATASETS_PATH", str(root))

        def run(env, name, episodes=EPISODES, **kwargs):
            collector = minari.DataCollector(env, **kwargs)
            collector.action_space.seed(0)
            for index in range(episodes):
                collector.reset(seed=index)
                ended = False
                while not ended:
                    _, _, terminated, truncated, _ = collector.step(collector.action_space.sample())
                    ended = terminated or truncated
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that nobody is named as the author
                return root / name, collector.create_dataset(name)

        yield run


@pytest.fixture(scope="session")
def odd_env():
    return Odd


@pytest.fixture(scope="session", params=["hdf5", "arrow", "parquet"])
def data_format(request):
    return request.param


@pytest.fixture(scope="session", params=[True, False], ids=["jpeg", "raw"])
def odd(request, record, data_format):
    """(folder, minari's dataset) of the odd environment, with infos."""
    name = f"odd-{data_format}-{int(request.param)}-v0"
    return record(
        Odd(), name, data_format=data_format, jpeg_encoding=request.param, record_infos=True
    )


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def write_hdf5(tmp_path):
    """write_hdf5(name, arrays, attributes): an HDF5 file of datasets, and attributes by group."""

    def write(name, arrays, attributes=None):
        path = tmp_path / name
        with h5py.File(path, "w") as file:
            for key, array in arrays.items():
                file[key] = array
            for key, values in (attributes or {}).items():
                file.require_group(key).attrs.update(values)
        return str(path)

    return write
