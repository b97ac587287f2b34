"""A manifest is the same for the same seed, never solved at its start, and notices any change."""

import json

import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.evaluation import manifest as manifests
from wmpc.evaluation.draw_cases import draw_manifest

SETTINGS = {"blocks": 3, "action_block": 4, "budget": 6, "count": 12, "lead_in": 2}


def test_same_seed_same_bytes_and_another_seed_others(line):
    one, two = (draw_manifest(line.Recording(), line.Task(), **SETTINGS) for _ in range(2))
    other = draw_manifest(line.Recording(), line.Task(), **SETTINGS, seed=1)
    assert one.hash == two.hash != other.hash


@pytest.mark.parametrize("kind", ["ahead", "elsewhere"])
def test_cases_are_held_out_unsolved_spread_and_true_to_the_recording(line, kind):
    recording, task = line.Recording(), line.Task()
    manifest = draw_manifest(recording, task, kind=kind, goals="recorded", **SETTINGS)
    episodes = [case.episode for case in manifest.cases]
    assert set(episodes) == set(recording.held_out_ids)  # 6 of them, two cases each
    for case in manifest.cases:
        episode = recording.episode(case.episode)
        assert not task.success(case.start_state, case.goal_state)
        assert case.distance == task.distance(case.start_state, case.goal_state)
        assert np.array_equal(case.start_state, episode["state"][case.frame])
        there = recording.episode(case.goal_episode)
        assert np.array_equal(case.goal_state, there["state"][case.goal_frame])
        assert np.array_equal(case.goal_pixels, there["pixels"][case.goal_frame])
        assert len(case.lead_in) == 2
        task.reset(options={"state": case.lead_in_state, "goal_state": case.goal_state})
        for action in case.lead_in.reshape(-1, 1):
            task.advance(action)
        assert np.array_equal(task.get_state(), case.start_state)
        if kind == "ahead":
            assert case.replay is not None
            for action in case.replay.reshape(-1, 1):
                task.advance(action)
            assert np.array_equal(task.get_state(), case.goal_state)
        else:
            assert case.replay is None and case.goal_episode != case.episode


def test_a_sampled_goal_is_drawn_and_a_filter_is_kept(line):
    manifest = draw_manifest(
        line.Recording(), line.Task(), kind="elsewhere", filter="far", **SETTINGS
    )
    assert all(abs(c.start_state[0] - c.goal_state[0]) > 0.35 for c in manifest.cases)
    assert all(c.goal_frame is None for c in manifest.cases)
    assert manifest.excluded.get("far", 0) > 0


def test_lead_in_is_as_long_as_the_episode_allows(line):
    recording = line.Recording(count=120, steps=7)  # three blocks ahead take 6 of 7 steps
    manifest = draw_manifest(recording, line.Task(), **{**SETTINGS, "count": 4, "lead_in": 3})
    assert {len(case.lead_in) for case in manifest.cases} == {0}
    assert manifest.cases[0].lead_in.shape == (0, 4, 1)


def test_survives_saving_bit_for_bit(line, tmp_path):
    manifest = draw_manifest(line.Recording(), line.Task(), **SETTINGS)
    manifest.save(tmp_path / "m.json")
    loaded = manifests.load_manifest(tmp_path / "m.json")
    assert loaded.hash == manifest.hash and loaded.content == manifest.content
    assert np.array_equal(loaded.cases[3].start_state, manifest.cases[3].start_state)
    assert loaded.cases[3].lead_in.dtype == np.float32
    loaded.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "m.json").read_bytes()


def test_notices_a_single_changed_number(line, tmp_path):
    path = tmp_path / "m.json"
    draw_manifest(line.Recording(), line.Task(), **SETTINGS).save(path)
    content = json.loads(path.read_text())
    content["cases"][2]["goal_state"][0] += 1e-12
    path.write_text(json.dumps(content))
    with pytest.raises(WmpcError, match="altered"):
        manifests.load_manifest(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[1, 2]", "no manifest: its top level is a list"),
        ('{"format": "wmpc-manifest", "version": 99}', "version 99"),
        ('{"format": "wmpc-manifest", "version": 1}', "version 1; this wmpc reads 2: draw it anew"),
        ('{"format": "wmpc-manifest", "version": 2}', "altered"),
        (b"\xff\xfe\x00", "not JSON"),
    ],
)
def test_garbage_is_named(tmp_path, text, message):
    path = tmp_path / "m.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(WmpcError, match=message):
        manifests.load_manifest(path)
    with pytest.raises(WmpcError, match="no manifest at"):
        manifests.load_manifest(tmp_path / "absent.json")


def test_says_how_many_cases_could_be_had(line):
    with pytest.raises(WmpcError, match=r"100 cases were asked for, \d+ could be had from 6"):
        draw_manifest(line.Recording(), line.Task(), **{**SETTINGS, "count": 100})
    still = line.Recording(move=0.01)  # goals ahead are where the point already is
    with pytest.raises(WmpcError, match="pre_solved"):
        draw_manifest(still, line.Task(), **SETTINGS)
    with pytest.raises(WmpcError, match="too_short 6"):
        draw_manifest(line.Recording(steps=3), line.Task(), **SETTINGS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "behind"}, "'ahead' and 'elsewhere'"),
        ({"goals": "dreamt"}, "'recorded' or 'sampled'"),
        ({"filter": "near"}, "has no filter 'near'"),
        ({"action_block": 3}, "multiple of 2"),
        ({"count": 0}, "at least 1"),
        ({"lead_in": -1}, "at least 0"),
    ],
)
def test_wrong_settings_are_named(line, change, message):
    with pytest.raises(WmpcError, match=message):
        draw_manifest(line.Recording(), line.Task(), **{**SETTINGS, **change})


def test_another_task_or_drawing_is_refused(line):
    manifest = draw_manifest(line.Recording(), line.Task(), **SETTINGS)
    for name, value in (("id", "test/Other"), ("render_settings", {"width": 9})):
        task, recording = line.Task(), line.Recording()
        setattr(task, name, value)
        with pytest.raises(WmpcError, match=r"not for test/Other|draws with"):
            manifest.check(task)
        with pytest.raises(WmpcError, match=r"the task is test/Other|draws with"):
            draw_manifest(recording, task, **SETTINGS)
    with pytest.raises(WmpcError, match="no held-out episode"):
        draw_manifest(line.Recording(count=5), line.Task(), **SETTINGS)
