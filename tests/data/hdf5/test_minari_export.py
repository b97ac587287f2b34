"""Native episodes as a Minari dataset: Minari reads them, and so do we, to the bit."""

import gymnasium
import minari
import numpy as np
import pytest

from wmpc import envs  # noqa: F401 (registers this project's environments)
from wmpc.errors import WmpcError
from wmpc.wm.data import EpisodeWriter, open_episodes
from wmpc.wm.recordings.export.minari import export_minari
from wmpc.wm.recordings.formats.minari.reader import Minari

FORMATS = pytest.mark.parametrize("data_format", ["hdf5", "arrow"])
FLOOR = 35.0
"""dB; pictures of smooth shading, which is what JPEG is for."""


@pytest.fixture
def native(tmp_path, meta, make_episode, rng):
    """native(variation=2): twelve episodes of two cameras, m = 3, and columns of many kinds."""

    def write(variation=2):
        path = tmp_path / f"native-{variation}"
        settings = {"env": "wmpc/Reacher-v0", "kwargs": {"image_size": 40}, "fps": 12.5}
        with EpisodeWriter(path, {**meta, **settings}) as writer:
            for index in range(12):
                episode = make_episode(index, size=40)
                steps, top = len(episode["action"]), episode.pop("pixels")
                shade = np.linspace(0, 200, 40)[:, None, None] + np.linspace(0, 55, 48)[:, None]
                shade = np.broadcast_to(shade, (steps + 1, 40, 48, 3)).astype(np.uint8)
                episode["variation"] = episode["variation"][:variation]
                writer.append(
                    {
                        **episode,
                        "pixels/top": top,
                        "pixels/side": shade,
                        "reward": rng.normal(size=steps).astype(np.float32),
                        "touch": rng.integers(0, 2, (steps + 1, 2)).astype(bool),
                        "count": rng.integers(0, 9, steps + 1),
                        "force": rng.normal(size=(steps, 3)),
                    }
                )
        return open_episodes(path)

    return write


@FORMATS
@pytest.mark.parametrize("variation", [2, 0])
def test_what_is_exported_comes_back_to_the_bit(native, same, tmp_path, data_format, variation):
    episodes, done = native(variation), []
    path = tmp_path / "made" / "reacher-v0"
    export_minari(episodes, path, data_format=data_format, progress=done.append)
    assert done == list(range(1, 13)) and [p.name for p in path.parent.iterdir()] == ["reacher-v0"]
    with Minari(str(path)) as source:
        assert source.columns == episodes.columns
        assert source.lengths.tolist() == episodes.lengths.tolist()
        for index in range(len(episodes)):
            episode = source.episode(index)
            same({n: np.asarray(a) for n, a in episode.items()}, episodes.episode(index))
        about, meta = source.about, episodes.meta
        assert about.env == {"id": meta["env"], "kwargs": meta["kwargs"]} and about.fps == 12.5
        bounds = (about.action_low, about.action_high)
        assert bounds == (meta["action_low"], meta["action_high"])
        assert source.recorded["render"] == meta["render"] and not about.left_out


@FORMATS
def test_minari_reads_it_and_recovers_the_environment(native, tmp_path, monkeypatch, data_format):
    episodes = native()
    export_minari(episodes, tmp_path / "mine/reacher-v3", data_format=data_format)
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "mine"))
    assert list(minari.list_local_datasets()) == ["reacher-v3"]
    theirs = minari.load_dataset("reacher-v3")
    assert theirs.total_episodes == 12 and theirs.total_steps == episodes.lengths.sum()
    for index, seen in enumerate(theirs.iterate_episodes()):
        ours = episodes.episode(index)
        np.testing.assert_array_equal(seen.observations["pixels"]["top"], ours["pixels/top"])
        for name in ("proprio", "state", "touch", "count"):
            np.testing.assert_array_equal(seen.observations[name], ours[name])
        np.testing.assert_array_equal(seen.actions.reshape(ours["action"].shape), ours["action"])
        np.testing.assert_array_equal(seen.rewards, ours["reward"])
        assert seen.truncations.tolist() == [False] * (len(seen) - 1) + [True]
        assert theirs.observation_space.contains(
            {
                **{name: ours[name][0] for name in ("proprio", "state", "touch")},
                "count": np.asarray(ours["count"][0]),
                "pixels": {name: ours[f"pixels/{name}"][0] for name in ("top", "side")},
            }
        )
    stated = next(iter(theirs.storage.get_episode_metadata([3])))
    np.testing.assert_array_equal(stated["variation"], episodes.episode(3)["variation"])
    entry = gymnasium.spec("wmpc/Reacher-v0").entry_point
    assert (theirs.env_spec.entry_point, theirs.env_spec.kwargs) == (entry, {"image_size": 40})
    recovered = theirs.recover_environment()
    assert recovered.observation_space["pixels"].shape == (40, 40, 3)
    recovered.close()


@FORMATS
def test_jpeg_keeps_numbers_to_the_bit_and_pictures_nearly(
    native, tmp_path, monkeypatch, data_format
):
    episodes = native()
    export_minari(episodes, tmp_path / "mine/lossy-v0", jpeg=True, data_format=data_format)
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "mine"))
    with Minari(str(tmp_path / "mine/lossy-v0")) as source:
        ours, recorded = source.episode(11), episodes.episode(11)
        np.testing.assert_array_equal(ours["state"], recorded["state"])
        side = np.asarray(ours["pixels/side"])
        theirs = minari.load_dataset("lossy-v0")[11].observations["pixels"]
        np.testing.assert_array_equal(theirs["side"], side)
        np.testing.assert_array_equal(theirs["top"], np.asarray(ours["pixels/top"]))
    error = np.mean((side.astype(float) - recorded["pixels/side"]) ** 2)
    assert 10 * np.log10(255**2 / error) > FLOOR


def test_small_pictures_are_never_jpeg(tmp_path, meta, make_episode, same):
    with EpisodeWriter(tmp_path / "small", meta) as writer:
        writer.append(make_episode(0))
    export_minari(open_episodes(tmp_path / "small"), tmp_path / "small-v0", jpeg=True)
    with Minari(str(tmp_path / "small-v0")) as source:
        same({n: np.asarray(a) for n, a in source.episode(0).items()}, make_episode(0))


def test_an_environment_that_gymnasium_does_not_know_is_named_all_the_same(
    tmp_path, meta, make_episode, monkeypatch
):
    with EpisodeWriter(tmp_path / "small", meta) as writer:
        writer.append(make_episode(0))
    export_minari(open_episodes(tmp_path / "small"), tmp_path / "small-v0")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    assert minari.load_dataset("small-v0").env_spec.id == "made-up"


def test_columns_inside_each_other_have_no_place_in_a_dict(tmp_path, meta, make_episode):
    with EpisodeWriter(tmp_path / "both", meta) as writer:
        episode = make_episode(0)
        writer.append({**episode, "pixels/top": episode["pixels"]})
    with pytest.raises(WmpcError, match="cannot both be kept"):
        export_minari(open_episodes(tmp_path / "both"), tmp_path / "both-v0")
    assert not (tmp_path / "both-v0").exists()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("unversioned", {}, "NAME-v0"),
        ("a-v0", {"dataset_id": "group/b-v0"}, "NAME-v0"),
        ("a-v0", {"data_format": "tar"}, "hdf5, arrow"),
        ("full-v0", {}, "not empty"),
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_nothing(
    native, tmp_path, name, options, message
):
    (tmp_path / "out/full-v0").mkdir(parents=True)
    (tmp_path / "out/full-v0/mine").touch()
    with pytest.raises(WmpcError, match=message):
        export_minari(native(), tmp_path / "out" / name, **options)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["full-v0"]


def test_an_export_that_breaks_off_leaves_nothing(native, tmp_path):
    def stop(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_minari(native(), tmp_path / "out/a-v0", progress=stop)
    assert list((tmp_path / "out").iterdir()) == []
