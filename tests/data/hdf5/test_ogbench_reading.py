"""OGBench's npz files, made by numpy as its generators write them, and ways to break them."""

import io
import zipfile

import fsspec
import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats.ogbench.reader import OGBench
from wmpc.wm.recordings.io.npz import Npz

SAVE = {"stored": np.savez, "deflated": np.savez_compressed}
ROWS = 9


def lay_out(rng, rows=ROWS, **changes):
    """Rows of two episodes, the first of four observations."""
    arrays = {
        "observations": rng.normal(size=(rows, 5)).astype(np.float32),
        "actions": rng.uniform(-1, 1, (rows, 2)).astype(np.float32),
        "terminals": np.isin(np.arange(rows), [3, rows - 1]),
        "qpos": rng.normal(size=(rows, 4)).astype(np.float32),
        "qvel": rng.normal(size=(rows, 3)).astype(np.float32),
        "button_states": rng.integers(0, 2, (rows, 2)),
    }
    return {key: array for key, array in {**arrays, **changes}.items() if array is not None}


@pytest.fixture(params=SAVE)
def save(request, tmp_path):
    """save(name, arrays) -> path, stored or deflated."""

    def write(name, arrays):
        SAVE[request.param](tmp_path / name, **arrays)
        return str(tmp_path / name)

    return write


def test_the_validation_file_follows_as_a_split(save, rng):
    arrays, held = lay_out(rng), lay_out(rng, 12)
    path = save("cube-single-play-v0.npz", arrays)
    save("cube-single-play-v0-val.npz", held)
    assert OGBench.recognises(path)
    with OGBench(path) as source:
        assert source.lengths.tolist() == [3, 4, 3, 7]
        assert source.about.splits == {"train": [0, 1], "val": [2, 3]}
        assert source.about.env["id"] == "cube-single-v0"
        assert "terminals" in source.about.left_out
        for index, part, first, stop in [(0, arrays, 0, 4), (1, arrays, 4, 9), (3, held, 4, 12)]:
            episode = source.episode(index)
            np.testing.assert_array_equal(episode["proprio"], part["observations"][first:stop])
            actions = part["actions"][first : stop - 1, None]
            np.testing.assert_array_equal(episode["action"], actions)
            for key in ("qpos", "qvel", "button_states"):
                np.testing.assert_array_equal(episode[key], part[key][first:stop])
                assert episode[key].dtype == part[key].dtype


def test_pictures_are_read_row_by_row(save, rng):
    pictures = rng.integers(0, 256, (ROWS, 64, 64, 3), dtype=np.uint8)
    with OGBench(save("visual.npz", lay_out(rng, observations=pictures))) as source:
        assert source.cameras == ["pixels"] and "proprio" not in source.columns
        pixels = source.episode(1)["pixels"]
        np.testing.assert_array_equal(pixels[[4, 1, 1]], pictures[[8, 5, 5]])
        np.testing.assert_array_equal(pixels[:], pictures[4:])


def test_regular_files_have_a_step_a_row(save, rng):
    arrays = lay_out(rng, qpos=None, qvel=None, button_states=None, masks=np.ones(ROWS))
    following = np.roll(arrays["observations"], -1, 0)
    following[[3, 8]] = 7
    path = save("regular.npz", {**arrays, "next_observations": following})
    with OGBench(path) as source:
        assert source.lengths.tolist() == [4, 5]
        episode = source.episode(0)
        np.testing.assert_array_equal(episode["proprio"][:4], arrays["observations"][:4])
        assert (episode["proprio"][4] == 7).all() and len(episode["masks"]) == 4


def test_compact_files_with_valids_are_cut_where_those_are_zero(save, rng):
    terminals = np.isin(np.arange(ROWS), [2, 3, 7, 8]).astype(np.float32)
    valids = 1.0 - np.isin(np.arange(ROWS), [3, 8])
    path = save("compact.npz", lay_out(rng, terminals=terminals, valids=valids))
    with OGBench(path) as source:
        assert source.lengths.tolist() == [3, 4]


def test_an_unfinished_episode_is_kept_with_a_note(save, rng):
    with OGBench(save("cut.npz", lay_out(rng, terminals=np.arange(ROWS) == 3))) as source:
        assert source.lengths.tolist() == [3, 4]
        assert any("not finished" in note for note in source.about.notes)


FAULTS = {
    "next_observations .*8 rows": {"next_observations": np.zeros((8, 4), np.float32)},
    "terminals": {"terminals": np.full(ROWS, 3)},
    "lacks actions": {"actions": None},
    "not unpickled": {"actions": np.array([{}] * ROWS)},
    "no episode": {"terminals": np.ones(ROWS, bool)},
}


@pytest.mark.parametrize("message", FAULTS)
def test_what_does_not_fit_is_named(save, rng, message):
    with pytest.raises(WmpcError, match=message):
        OGBench(save("broken.npz", lay_out(rng, **FAULTS[message])))


def test_a_column_of_other_rows_is_left_out(save, rng):
    with OGBench(save("odd.npz", lay_out(rng, qpos=np.zeros((8, 4))))) as source:
        assert "qpos" not in source.columns and "8 rows" in source.about.left_out["qpos"]


def test_other_columns_are_never_unpickled(save, rng):
    path = save("odd.npz", lay_out(rng, remarks=np.array([{}] * ROWS)))
    with OGBench(path) as source:
        assert "not unpickled" in source.about.left_out["remarks"]


def test_a_validation_file_of_another_kind_is_refused(save, rng):
    path = save("a.npz", lay_out(rng))
    save("a-val.npz", lay_out(rng, qpos=np.zeros((ROWS, 9), np.float32)))
    with pytest.raises(WmpcError, match=r"qpos is .*\(4,\).*\(9,\)"):
        OGBench(path)


def test_a_url_and_a_truncated_file(save, rng, request):
    with open(save("whole.npz", lay_out(rng)), "rb") as stream:
        data = stream.read()
    memory, name = fsspec.filesystem("memory"), f"{request.node.name}.npz"
    memory.pipe(f"/{name}", data)
    assert OGBench.recognises(f"memory://{name}")
    with OGBench(f"memory://{name}") as source:
        assert source.episode(1)["qvel"].shape == (5, 3)
    for size in np.linspace(0, len(data) - 1, 12).astype(int):
        memory.pipe(f"/{name}", data[:size])
        with pytest.raises(WmpcError, match="damaged"):
            OGBench(f"memory://{name}")


def test_a_flipped_bit_fails_the_checksum(save, rng):
    pictures = rng.integers(0, 256, (ROWS, 64, 64, 3), dtype=np.uint8)
    path = save("flip.npz", lay_out(rng, observations=pictures))
    with open(path, "r+b") as stream:
        stream.seek(len(pictures.tobytes()) // 2)
        byte = stream.read(1)[0]
        stream.seek(-1, 1)
        stream.write(bytes([byte ^ 1]))
    with pytest.raises(WmpcError, match="observations"), OGBench(path) as source:
        np.asarray(source.episode(0)["pixels"])


def test_a_deflated_array_is_unpacked_beside_memory_and_let_go(tmp_path, monkeypatch, rng):
    import tracemalloc

    from wmpc.wm.recordings.io import npz

    monkeypatch.setattr(npz, "BLOCK", 2**16)
    pictures = np.zeros((3000, 64, 64, 3), np.uint8)
    pictures[:, 0, 0, 0] = np.arange(3000) % 251
    np.savez_compressed(tmp_path / "large.npz", observations=pictures)
    tracemalloc.start()
    file = Npz(npz.Place(str(tmp_path / "large.npz")))
    frames = file.arrays["observations"].frames(1000, 3000)
    assert frames[[7, 1999]][:, 0, 0, 0].tolist() == [1007 % 251, 2999 % 251]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    file.close()
    assert peak < 4e6 < pictures.nbytes


def test_too_little_room_to_unpack_is_said_before(tmp_path, monkeypatch, rng):
    from wmpc.wm.recordings.io import npz

    class Full:
        free = 10

    np.savez_compressed(tmp_path / "a.npz", **lay_out(rng))
    monkeypatch.setattr(npz.shutil, "disk_usage", lambda path: Full)
    with pytest.raises(WmpcError, match="TMPDIR"):
        OGBench(str(tmp_path / "a.npz"))


def test_an_array_cannot_state_more_than_the_file_holds(tmp_path, rng):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        for name, array in lay_out(rng).items():
            buffer = io.BytesIO()
            np.save(buffer, array)
            lie = buffer.getvalue().replace(b"(9, 5), }        ", b"(9, 999999999), }")
            file.writestr(f"{name}.npy", lie)
    with pytest.raises(WmpcError, match=r"observations of .*999999999"):
        OGBench(str(tmp_path / "a.npz"))
