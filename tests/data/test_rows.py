"""However rows are taken, from the map, by position or from memory: the same bits."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from wmpc.errors import WmpcError
from wmpc.wm.data import EpisodeWriter, Windows, open_episodes, rows

COLUMNS = ("pixels", "proprio", "state", "variation")
CPU = torch.device("cpu")


@pytest.fixture
def episodes(tmp_path, meta, make_episode):
    with EpisodeWriter(tmp_path / "set", meta) as writer:
        for index in range(12):
            writer.append(make_episode(index, 9))
    return open_episodes(tmp_path / "set")


def same(left, right):
    assert left.keys() == right.keys()
    for name in left:
        assert torch.equal(*(torch.as_tensor(np.asarray(x[name])) for x in (left, right)))


@pytest.mark.parametrize("length, stride", [(1, 1), (4, 1), (3, 2)])
def test_by_position_as_from_the_map(episodes, length, stride, monkeypatch):
    mapped = Windows(episodes, episodes.train_ids, length, stride, COLUMNS)
    monkeypatch.setattr(rows, "MAPPED", 0)
    read = Windows(episodes, episodes.train_ids, length, stride, COLUMNS)
    for step in range(3):
        same(mapped.sample((0, step), 16), read.sample((0, step), 16))
    for one, two in zip(mapped.all(5), read.all(5), strict=True):
        same(one, two)


@pytest.mark.parametrize("resident", ["no", "auto", "ram", "device"])
def test_where_columns_are_kept_changes_no_bit(episodes, resident):
    plain = Windows(episodes, episodes.train_ids, 4, 1, COLUMNS)
    kept = Windows(episodes, episodes.train_ids, 4, 1, COLUMNS)
    kept.keep(resident, CPU)
    for unique in (False, True):
        batch = kept.sample((0, 7), 16, unique)
        same(plain.sample((0, 7), 16, unique), batch)
        assert isinstance(batch["pixels"], torch.Tensor) == (resident == "device")


def test_what_does_not_fit_stays_where_it_is(episodes, monkeypatch):
    windows = Windows(episodes, episodes.train_ids, 4)
    with pytest.raises(
        WmpcError, match=r"train.resident is 'gpu'; it may be auto, no, ram, device"
    ):
        windows.keep("gpu", CPU)
    monkeypatch.setattr(rows, "SHARE", 1e-12)
    windows.keep("auto", CPU)
    for resident in ("ram", "device"):
        with pytest.raises(WmpcError, match="choose resident=no"):
            windows.keep(resident, CPU)


def test_a_file_that_shrinks_is_named(episodes, monkeypatch):
    monkeypatch.setattr(rows, "MAPPED", 0)
    windows = Windows(episodes, episodes.train_ids, 4)
    os.truncate(episodes.path / "pixels.npy", 300)
    with pytest.raises(WmpcError, match="was truncated while it was read"):
        windows.sample((0, 0), 16)


def test_sampling_a_large_set_leaves_nothing_resident(tmp_path, meta, monkeypatch):
    monkeypatch.setattr(rows, "MAPPED", 0)
    shape = (256, 256, 256, 3)
    with EpisodeWriter(tmp_path / "large", meta) as writer:
        pixels = np.arange(shape[0], dtype=np.uint8).reshape(-1, 1, 1, 1).repeat(256, 1)
        pixels = np.broadcast_to(pixels, shape)
        for _ in range(4):
            writer.append({"pixels": pixels, "action": np.zeros((255, 1, 2), np.float32)})
    episodes = open_episodes(tmp_path / "large")
    windows = Windows(episodes, episodes.train_ids, 4)

    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    windows.sample((0, 0), 16)
    before = resident()
    for step in range(100):
        windows.sample((0, step), 16)
    assert resident() - before < 40e6, "of 200 MB that were read"


def test_shared_frames_come_once(episodes):
    windows = Windows(episodes, episodes.train_ids, 4, 1, COLUMNS)
    plain, unique = windows.sample((0, 3), 32), windows.sample((0, 3), 32, unique=True)
    index = unique.pop("rows")
    assert index.shape == (32, 4) and index.max() + 1 == len(unique["pixels"]) < 32 * 4
    assert len(np.unique(unique["state"], axis=0)) == len(unique["state"])
    for name in ("pixels", "proprio", "state"):
        unique[name] = unique[name][index]
    same(plain, unique)
    alone = windows.sample((0, 0), 1, unique=True)
    assert alone["rows"].tolist() == [[0, 1, 2, 3]]
    same({"pixels": windows.sample((0, 0), 1)["pixels"][0]}, {"pixels": alone["pixels"]})
