"""Damaged, truncated and foreign folders: one sentence each, or the intact episodes; no crash."""

import json
import shutil

import numpy as np
import pytest

from wm.data import EpisodeWriter, open_episodes
from wm.errors import WmError

COUNT = 4


@pytest.fixture
def dataset(tmp_path, meta, make_episode):
    with EpisodeWriter(tmp_path / "set", meta) as writer:
        for index in range(COUNT):
            writer.append(make_episode(index))
    return tmp_path / "set"


def read_or_refuse(path, make_episode, same):
    """Open and verify; whatever is accepted must be what was written."""
    try:
        episodes = open_episodes(path)
        episodes.verify()
    except WmError as error:
        assert len(str(error).splitlines()) == 1
        return 0
    for index in range(len(episodes)):
        same(episodes.episode(index), make_episode(index))
    return len(episodes)


FILES = "meta.json episode_ends.npy digests.npy pixels.npy action.npy state.npy variation.npy"


@pytest.mark.parametrize("name", FILES.split())
def test_truncation_at_any_offset(dataset, make_episode, same, name):
    whole = (dataset / name).read_bytes().rstrip()  # the last newline of meta.json is no content
    for cut in sorted({0, 1, 6, 60, 127, 128, 255, 256, *range(0, len(whole), 97), len(whole) - 1}):
        if cut < len(whole):
            (dataset / name).write_bytes(whole[:cut])
            with pytest.raises(WmError, match=f"(?s){dataset}.*"):
                open_episodes(dataset)


@pytest.mark.parametrize("name", FILES.split())
def test_garbage_anywhere(dataset, make_episode, same, name):
    whole = (dataset / name).read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(60):
        start = int(rng.integers(len(whole)))
        length = int(rng.integers(1, 40))
        garbage = rng.bytes(length) if rng.random() < 0.7 else bytes(length)
        (dataset / name).write_bytes(whole[:start] + garbage + whole[start + length :])
        read_or_refuse(dataset, make_episode, same)
    for content in (b"", b"PK\x03\x04" + rng.bytes(100), rng.bytes(1000), b"{}", b"[]"):
        (dataset / name).write_bytes(content)
        assert read_or_refuse(dataset, make_episode, same) == 0


@pytest.mark.parametrize("name", FILES.split())
def test_missing_file(dataset, name):
    (dataset / name).unlink()
    with pytest.raises(WmError, match=r"is missing|has no"):
        open_episodes(dataset)


def test_each_wrong_folder_has_its_own_sentence(tmp_path, dataset):
    def sentence(path):
        with pytest.raises(WmError) as caught:
            open_episodes(path)
        return str(caught.value).replace(str(path), "PATH")

    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "info.json").write_text("{}")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "meta.json").write_text('{"format": "lerobot"}')
    shutil.copytree(dataset, tmp_path / "newer")
    meta = json.loads((dataset / "meta.json").read_text())
    (tmp_path / "newer" / "meta.json").write_text(json.dumps({**meta, "version": 99}))
    shutil.copytree(dataset, tmp_path / "begun")
    (tmp_path / "begun" / "episode_ends.npy").unlink()
    names = ("nowhere", "empty", "file", "foreign", "other", "newer", "begun")
    assert len({sentence(tmp_path / name) for name in names}) == len(names)


def test_a_flipped_bit_is_found_and_named(dataset):
    with (dataset / "pixels.npy").open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)[0]
        file.seek(-1, 2)
        file.write(bytes([last ^ 1]))
    with pytest.raises(WmError, match=f"episode {COUNT - 1} .* damaged"):
        open_episodes(dataset).verify()


def test_what_an_interrupted_writer_left_is_cut_off(dataset, meta, make_episode, same):
    for file in dataset.glob("*.npy"):
        if file.name != "episode_ends.npy":
            with file.open("ab") as stream:
                stream.write(b"half an episode")
    assert read_or_refuse(dataset, make_episode, same) == COUNT
    with EpisodeWriter(dataset, meta) as writer:
        writer.append(make_episode(COUNT))
    assert read_or_refuse(dataset, make_episode, same) == COUNT + 1
    rows = len(np.load(dataset / "pixels.npy"))
    assert (dataset / "pixels.npy").stat().st_size == 256 + rows * 4 * 4 * 3
