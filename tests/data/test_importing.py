"""Imports: what is stored is what the view shows, whatever stops it and however often."""

import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.data import open_episodes
from wmpc.wm.recordings.importing import bytes_needed, import_episodes, measured_bounds, survey
from wmpc.wm.recordings.view import View

META = {"env": "none", "fps": 10.0, "action_low": [-1.0, -1.0], "action_high": [1.0, 1.0]}


def seen(recording, count=5):
    return View(recording(count), size=8, fps=10.0)


@pytest.mark.parametrize("workers", [1, 3])
def test_episodes_are_stored_as_seen_and_in_order(tmp_path, recording, same, workers):
    source = seen(recording)
    ids = [3, 0, 4]
    begun = import_episodes(
        source, tmp_path / "d", META, ids, opened=lambda: seen(recording), workers=workers
    )
    stored = open_episodes(tmp_path / "d")
    assert begun == 0 and len(stored) == 3
    stored.verify()
    for place, index in enumerate(ids):
        same(stored.episode(place), {k: np.asarray(v) for k, v in source.episode(index).items()})


def test_an_import_that_stopped_goes_on_to_the_same_bytes(tmp_path, recording):
    def stop(done, frames):
        if done == 2:
            raise KeyboardInterrupt

    for name in ("stopped", "whole"):
        progress = stop if name == "stopped" else lambda done, frames: None
        try:
            import_episodes(seen(recording), tmp_path / name, META, range(5), progress=progress)
        except KeyboardInterrupt:
            assert len(open_episodes(tmp_path / name)) == 2
            assert import_episodes(seen(recording), tmp_path / name, META, range(5)) == 2
    assert open_episodes(tmp_path / "stopped").hash == open_episodes(tmp_path / "whole").hash


def test_a_damaged_episode_stops_it_and_leaves_those_before(tmp_path, recording):
    source = recording(4)
    source.episodes[2]["pixels/left"] = source.episodes[2]["pixels/left"][:-1]
    with pytest.raises((WmpcError, IndexError)):
        import_episodes(View(source), tmp_path / "d", META, range(4))
    assert len(open_episodes(tmp_path / "d")) == 2


def test_a_survey_names_every_episode_that_cannot_be_stored(recording):
    source = recording(4)
    source.episodes[1]["proprio"][3, 1] = np.nan
    source.episodes[3]["action"][5] = np.inf
    found = survey(source, range(4))
    assert dict(found.refused) == {1: "proprio is nan at step 3", 3: "action is inf at step 5"}
    sound = np.concatenate([source.episodes[i]["action"].reshape(-1, 2) for i in (0, 2)])
    assert np.array_equal(found.low, sound.min(0)) and np.array_equal(found.high, sound.max(0))
    assert found.frames == 26 and source.decoded == 0


def test_measured_bounds_hold_every_action_and_are_no_point(recording):
    source = recording(3)
    for episode in source.episodes:
        episode["action"][..., 1] = 0.25
    low, high = measured_bounds(survey(source, range(3)))
    assert low[0] == min(e["action"][..., 0].min() for e in source.episodes)
    assert low[1] < 0.25 < high[1] and high[1] - low[1] < 0.01


def test_actions_out_of_bounds_are_refused_or_clipped(tmp_path, recording):
    source = recording(2)
    source.episodes[1]["action"][0] = 3.0
    with pytest.raises(WmpcError, match="outside its bounds"):
        import_episodes(source, tmp_path / "d", META, range(2))
    import_episodes(source, tmp_path / "d", META, range(2), clip=True)
    assert open_episodes(tmp_path / "d").episode(1)["action"][0].max() == 1.0


def test_the_estimate_is_what_it_takes(tmp_path, recording):
    source = seen(recording)
    import_episodes(source, tmp_path / "d", META, range(5))
    names = [f.name for f in (tmp_path / "d").glob("*.npy")]
    taken = sum((tmp_path / "d" / n).stat().st_size for n in names if "digests" not in n)
    assert bytes_needed(source, 25) == pytest.approx(taken, rel=0.02)


def test_a_full_disk_is_foreseen(tmp_path, recording, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("D", (), {"free": 1000}))
    with pytest.raises(WmpcError, match="smaller size"):
        import_episodes(seen(recording), tmp_path / "d", META, range(5))
    assert not (tmp_path / "d" / "meta.json").exists()
