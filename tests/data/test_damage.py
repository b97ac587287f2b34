"""Damaged, truncated and foreign folders: one sentence each, or the intact episodes; no crash."""

import json
import os
import shutil
import warnings

import numpy as np
import pytest

from wmpc.errors import WmpcError, WmpcWarning
from wmpc.wm.data import EpisodeWriter, open_episodes

COUNT = 4


@pytest.fixture
def dataset(tmp_path, meta, make_episode):
    with EpisodeWriter(tmp_path / "set", meta) as writer:
        for index in range(COUNT):
            writer.append(make_episode(index))
    return tmp_path / "set"


def read_or_refuse(path, make_episode, same):
    """Open and verify; whatever is accepted must be what was written, less is said."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            episodes = open_episodes(path)
            episodes.verify()
        except WmpcError as error:
            assert len(str(error).splitlines()) == 1
            return 0
    assert (len(episodes) < COUNT) <= len(said)
    for index in range(len(episodes)):
        same(episodes.episode(index), make_episode(index))
    return len(episodes)


FILES = "meta.json episode_ends.npy digests.npy pixels.npy action.npy state.npy variation.npy"


@pytest.mark.parametrize("name", FILES.split())
def test_truncation_at_any_offset_leaves_the_longest_whole_prefix(
    dataset, make_episode, same, name
):
    whole = (dataset / name).read_bytes().rstrip()  # the last newline of meta.json is no content
    columns = {column.file: column for column in open_episodes(dataset).columns.values()}
    ends = open_episodes(dataset).ends
    for cut in sorted({0, 1, 6, 60, 127, 128, 255, 256, *range(0, len(whole), 97), len(whole) - 1}):
        if cut >= len(whole):
            continue
        (dataset / name).write_bytes(whole[:cut])
        expected = 0  # without a header, or of meta.json and episode_ends.npy, nothing is left
        if cut >= 256 and name in columns:
            column = columns[name]
            stops = [column.span(ends, index)[1] * column.row_bytes for index in range(COUNT)]
            expected = sum(256 + stop <= cut for stop in stops)
        elif cut >= 256 and name == "digests.npy":
            expected = (cut - 256) // 32
        assert read_or_refuse(dataset, make_episode, same) == expected
        if expected == 0:
            with pytest.raises(WmpcError, match=f"(?s){dataset}.*"):
                open_episodes(dataset)


@pytest.mark.parametrize("name", FILES.split()[2:])
def test_what_is_short_is_named_and_the_next_writer_goes_on_there(
    dataset, meta, make_episode, same, name
):
    os.truncate(dataset / name, (dataset / name).stat().st_size - 1)
    sentence = f"{name} ends within episode {COUNT - 1} of {COUNT}.*the {COUNT - 1} before it"
    with pytest.warns(WmpcWarning, match=sentence):
        assert len(open_episodes(dataset)) == COUNT - 1
    with pytest.warns(WmpcWarning), EpisodeWriter(dataset, meta) as writer:
        assert writer.append(make_episode(COUNT - 1)) == COUNT - 1
        assert writer.append(make_episode(COUNT)) == COUNT
    episodes = open_episodes(dataset)
    episodes.verify()
    for index in range(COUNT + 1):
        same(episodes.episode(index), make_episode(index))


def test_what_counts_an_episode_waits_for_its_rows(tmp_path, meta, make_episode, monkeypatch):
    """After a power cut a file has what was flushed, and only that, whatever was written."""
    path, flushed = tmp_path / "set", {}

    def flush(fd):
        name = os.path.basename(os.readlink(f"/proc/self/fd/{fd}"))
        flushed[name] = os.fstat(fd).st_size

    def count(source, target):
        if os.path.basename(target) == "episode_ends.npy":
            for file in set(FILES.split()) - {"meta.json", "episode_ends.npy"}:
                assert flushed[file] == (path / file).stat().st_size
            flushed.clear()
        replace(source, target)

    replace = os.replace
    monkeypatch.setattr("os.fsync", flush)
    monkeypatch.setattr("os.fdatasync", flush, raising=False)
    monkeypatch.setattr("os.replace", count)
    with EpisodeWriter(path, meta) as writer:
        for index in range(3):
            writer.append(make_episode(index))
    assert len(open_episodes(path)) == 3


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
    with pytest.raises(WmpcError, match=r"is missing|has no"):
        open_episodes(dataset)


def test_each_wrong_folder_has_its_own_sentence(tmp_path, dataset):
    def sentence(path):
        with pytest.raises(WmpcError) as caught:
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
    with pytest.raises(WmpcError, match=f"episode {COUNT - 1} .* damaged"):
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
