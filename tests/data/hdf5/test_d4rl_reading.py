"""D4RL's layout, made by h5py as its code reads it: episodes are cut where flags are set."""

import fsspec
import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats.d4rl.reader import D4RL

ROWS = 12


def lay_out(rng, following=False, **changes):
    """Twelve rows: four that end in a terminal, five in a timeout, three that do not end."""
    observations = rng.normal(size=(ROWS, 3)).astype(np.float32)
    arrays = {
        "observations": observations,
        "actions": rng.uniform(-1, 1, (ROWS, 2)).astype(np.float32),
        "rewards": np.arange(ROWS, dtype=np.float32),
        "terminals": np.arange(ROWS) == 3,
        "timeouts": np.arange(ROWS) == 8,
        "infos/qpos": rng.normal(size=(ROWS, 4)),
        "infos/action_log_probs": rng.normal(size=ROWS),
        "metadata/algorithm": np.bytes_("SAC"),
    }
    if following:
        arrays["next_observations"] = np.roll(observations, -1, 0)
        arrays["next_observations"][[3, 8, 11]] = rng.normal(size=(3, 3))
    return {key: array for key, array in {**arrays, **changes}.items() if array is not None}


def test_the_last_row_of_an_episode_is_an_observation_and_no_step(write_hdf5, rng):
    arrays = lay_out(rng)
    path = write_hdf5("flat.hdf5", arrays)
    assert D4RL.recognises(path)
    with D4RL(path) as source:
        assert source.lengths.tolist() == [3, 4, 2]
        assert any("not finished" in note for note in source.about.notes)
        assert set(source.about.left_out) == {"terminals", "timeouts", "metadata/algorithm"}
        for index, (first, stop) in enumerate([(0, 4), (4, 9), (9, 12)]):
            episode = source.episode(index)
            np.testing.assert_array_equal(episode["proprio"], arrays["observations"][first:stop])
            np.testing.assert_array_equal(
                episode["action"], arrays["actions"][first : stop - 1, None]
            )
            np.testing.assert_array_equal(episode["reward"], np.arange(first, stop - 1))
            np.testing.assert_array_equal(episode["infos/qpos"], arrays["infos/qpos"][first:stop])
            assert len(episode["infos/action_log_probs"]) == stop - 1 - first
            assert episode["infos/qpos"].dtype == np.float64


def test_with_next_observations_every_row_is_a_step(write_hdf5, rng):
    arrays = lay_out(rng, following=True)
    with D4RL(write_hdf5("flat.hdf5", arrays)) as source:
        assert source.lengths.tolist() == [4, 5, 3]
        episode = source.episode(1)
    seen = np.concatenate([arrays["observations"][4:9], arrays["next_observations"][8:9]])
    np.testing.assert_array_equal(episode["proprio"], seen)
    np.testing.assert_array_equal(episode["action"], arrays["actions"][4:9, None])
    assert episode["timeouts"].tolist() == [False] * 4 + [True]
    assert len(episode["infos/qpos"]) == 5


def test_next_observations_that_do_not_follow_name_the_row(write_hdf5, rng):
    arrays = lay_out(rng, following=True)
    arrays["next_observations"][6] += 1
    with D4RL(write_hdf5("flat.hdf5", arrays)) as source:
        source.episode(0)
        with pytest.raises(WmpcError, match="of row 6 is not the observation of row 7"):
            source.episode(1)


def test_pictures_and_their_successors(write_hdf5, rng):
    pictures = rng.integers(0, 256, (ROWS, 5, 6, 3), dtype=np.uint8)
    following = np.roll(pictures, -1, 0)
    arrays = lay_out(rng, observations=pictures, next_observations=following)
    with D4RL(write_hdf5("flat.hdf5", arrays)) as source:
        assert source.cameras == ["pixels"] and source.columns["pixels"].shape == (5, 6, 3)
        seen = source.episode(1)["pixels"]
        np.testing.assert_array_equal(seen[:], pictures[4:10])
        np.testing.assert_array_equal(seen[[5, 0]], pictures[[9, 4]])
    following[7] = 0
    with (
        D4RL(write_hdf5("shifted.hdf5", lay_out(rng, **{**arrays}))) as source,
        pytest.raises(WmpcError, match="of row 7"),
    ):
        source.episode(1)


def test_rows_alone_hold_no_step(write_hdf5, rng):
    ends = np.isin(np.arange(ROWS), [0, 5])
    with D4RL(write_hdf5("flat.hdf5", lay_out(rng, terminals=ends, timeouts=None))) as source:
        assert source.lengths.tolist() == [4, 5]
        assert any("1 episodes" in note for note in source.about.notes)


@pytest.mark.parametrize("follows", [True, False])
@pytest.mark.parametrize("flags", ["terminals", "timeouts"])
def test_an_end_that_stays_flagged_is_one_end(write_hdf5, rng, flags, follows):
    """As at a goal: the terminal flag stays set until the episode is over."""
    ends = np.isin(np.arange(ROWS), [2, 3, 4, 9, 10, 11])
    arrays = lay_out(rng, **{"terminals": None, "timeouts": None, flags: ends})
    if follows:
        arrays["next_observations"] = np.roll(arrays["observations"], -1, 0)
    with D4RL(write_hdf5("flat.hdf5", arrays)) as source:
        assert source.lengths.tolist() == ([5, 7] if follows else [4, 6])
        assert any("flagged for up to 3 rows" in note for note in source.about.notes)


def test_a_time_out_ends_an_episode_within_flagged_rows(write_hdf5, rng):
    arrays = lay_out(
        rng,
        terminals=np.isin(np.arange(ROWS), [3, 4, 5, 6, 7, 11]),
        timeouts=np.arange(ROWS) == 5,
    )
    with D4RL(write_hdf5("flat.hdf5", arrays)) as source:
        assert source.lengths.tolist() == [5, 1, 3]


def test_a_file_of_ends_alone_holds_no_episode(write_hdf5, rng):
    ends = np.ones(ROWS, bool)
    with pytest.raises(WmpcError, match="no episode"):
        D4RL(write_hdf5("flat.hdf5", lay_out(rng, terminals=ends, timeouts=None)))


def test_missing_values_and_numbers_for_flags_are_read(write_hdf5, rng):
    arrays = lay_out(rng, terminals=(np.arange(ROWS) == 11).astype(np.float32), timeouts=None)
    arrays["observations"] = arrays["observations"].astype(np.float64)
    arrays["observations"][2] = np.nan
    arrays["actions"] = np.arange(ROWS) % 3
    with D4RL(write_hdf5("flat.hdf5", arrays)) as source:
        episode = source.episode(0)
        assert source.columns["action"].shape == (1, 1)
        assert {"observations are float64: kept as float32"} <= set(source.about.notes)
    assert np.isnan(episode["proprio"][2]).all() and episode["action"][4, 0, 0] == 1


FAULTS = {
    "timeouts": {"timeouts": np.full(ROWS, 7)},
    "lacks actions": {"actions": None},
    "no terminals, no timeouts": {"terminals": None, "timeouts": None},
    "next_observations": {"next_observations": np.zeros((ROWS, 9), np.float32)},
    "should be": {"actions": np.zeros((ROWS, 2, 2))},
}


@pytest.mark.parametrize("message", FAULTS)
def test_what_does_not_fit_is_named(write_hdf5, rng, message):
    with pytest.raises(WmpcError, match=message):
        D4RL(write_hdf5("flat.hdf5", lay_out(rng, **FAULTS[message])))


def test_columns_of_another_length_are_left_out_with_the_reason(write_hdf5, rng):
    odd = {"rewards": np.zeros(ROWS - 1), "infos/qpos": np.zeros((3, 4))}
    arrays = {**lay_out(rng), **odd, "goals": np.zeros((2, 2)), "note": np.bytes_("x")}
    with D4RL(write_hdf5("flat.hdf5", arrays)) as source:
        assert odd.keys() <= source.about.left_out.keys()
        assert "2 rows" in source.about.left_out["goals"] and "note" in source.about.left_out


def test_a_url_and_a_truncated_file(write_hdf5, rng):
    path = write_hdf5("flat.hdf5", lay_out(rng))
    with open(path, "rb") as stream:
        data = stream.read()
    memory = fsspec.filesystem("memory")
    memory.pipe("/flat.hdf5", data)
    assert D4RL.recognises("memory://flat.hdf5")
    with D4RL("memory://flat.hdf5") as far, D4RL(path) as near:
        for name in near.columns:
            np.testing.assert_array_equal(far.episode(2)[name], near.episode(2)[name])
    for size in np.linspace(0, len(data) - 1, 12).astype(int):
        memory.pipe("/flat.hdf5", data[:size])
        with pytest.raises(WmpcError, match="flat"):
            D4RL("memory://flat.hdf5")
