"""What an examination reports, beside the faults: score, order, places; and how it reads."""

import numpy as np
import pytest
from doctor_sets import Memory

from wmpc.errors import WmpcError
from wmpc.wm.data import EpisodeWriter
from wmpc.wm.recordings.doctor import Examination, Fault, examine
from wmpc.wm.recordings.doctor.seen import look
from wmpc.wm.recordings.formats.native.reader import Native
from wmpc.wm.recordings.source import Frames


def fault(severity, *episodes):
    return Fault("kind", severity, None, "Says.", "Do.", episodes=episodes)


def scored(*faults):
    return Examination("x", "memory", faults, {"episodes": 10}).score


def test_the_score_is_what_the_rule_says():
    assert scored() == 100
    assert scored(fault("error", 3, 4)) == 100 - 15 - 7
    assert scored(fault("warning", *range(10))) == 100 - 3 - 7
    assert scored(fault("error")) == 50 and scored(fault("warning")) == 90
    assert scored(fault("error"), fault("error"), fault("error")) == 0


def test_one_finding_a_kind_and_column_with_its_first_place(recorded):
    spoiled = recorded("reacher").copy()
    for e in (12, 3, 8):
        spoiled.episodes[e]["proprio"][e, 1] = np.nan
    spoiled.episodes[3]["state"][1, 0] = np.inf
    found = [f for f in examine(spoiled).faults if f.kind == "not_finite"]
    places = [(f.column, f.episode, f.step, f.episodes) for f in found]
    assert places == [("proprio", 3, 3, (3, 8, 12)), ("state", 3, 1, (3,))]


def test_errors_come_before_warnings(recorded):
    spoiled = recorded("reacher").copy()
    for episode in spoiled.episodes:
        episode["action"][..., 1] = 0
    spoiled.episodes[3]["proprio"][1, 0] = np.nan
    assert [f.severity for f in examine(spoiled).faults] == ["error", "warning"]


def test_progress_limit_and_context(recorded):
    seen = []
    found = examine(recorded("reacher"), progress=seen.append, limit=5)
    assert seen == [1, 2, 3, 4, 5] and found.totals["read"] == 5
    assert found.totals["episodes"] == 20 and found.totals["frames"] == 5 * 21
    with pytest.raises(WmpcError, match="context=0"):
        examine(recorded("reacher"), context=0)
    short = [f.kind for f in examine(recorded("reacher"), context=21).faults]
    assert short == ["too_short"]


def test_where_nothing_can_be_read_that_is_said():
    source = Memory([{"action": np.zeros((3, 1, 1), np.float32)}])
    source.episodes[0] = {**source.episodes[0], "broken": True}
    found = examine(source)
    assert [f.kind for f in found.faults] == ["unreadable"] and found.totals["read"] == 0


def test_a_damaged_dataset_of_ours_is_told_by_its_digests(tmp_path, meta, make_episode):
    with EpisodeWriter(tmp_path / "set", meta) as writer:
        for index in range(4):
            writer.append(make_episode(index, steps=6))
    assert "damaged" not in {f.kind for f in examine(Native(str(tmp_path / "set"))).faults}
    file = tmp_path / "set" / "pixels.npy"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    (found,) = (f for f in examine(Native(str(tmp_path / "set"))).faults if f.kind == "damaged")
    assert found.episode == 3 and found.severity == "error"


class Lazy(Frames):
    """Pictures decoded one by one."""

    def __init__(self, pictures):
        super().__init__(pictures.shape)
        self.pictures = pictures

    def decode(self, rows):
        yield from (self.pictures[row] for row in rows)


def test_pictures_decoded_in_pieces_are_seen_alike(monkeypatch):
    pictures = np.random.default_rng(0).integers(0, 256, (11, 40, 70, 3), np.uint8)
    pictures[5] = pictures[4]
    whole = look(pictures, True)
    monkeypatch.setattr("wmpc.wm.recordings.doctor.seen.CHUNK", 3 * pictures[0].nbytes)
    for again in (look(Lazy(pictures), True), look(pictures, True)):
        for name, value in vars(whole).items():
            np.testing.assert_array_equal(value, getattr(again, name))
    assert whole.change[4] == 0 < whole.change[3] and len(whole.change) == 10
