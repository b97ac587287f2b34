"""Episodes cut short: pieces of the training episodes, the held-out ones whole in their place."""

import numpy as np
import pytest
from toy import record

from wmpc.errors import WmpcError
from wmpc.wm.data import open_episodes
from wmpc.wm.data.cutting import cut_episodes


def test_pieces_are_what_was_recorded_and_held_out_episodes_stay(tmp_path):
    whole = record(tmp_path / "whole", steps=12)
    told = []
    cut = cut_episodes(whole, tmp_path / "cut", 0.25, progress=told.append)
    assert len(cut) == len(whole) == 20 and told[-1] == 20
    firsts = set()
    for index in range(20):
        long, short = whole.episode(index), cut.episode(index)
        if index % 10 == 9:
            assert all(np.array_equal(long[name], short[name]) for name in long)
            continue
        assert cut.lengths[index] == 3
        (first,) = (
            i for i in range(10) if np.array_equal(long["state"][i : i + 4], short["state"])
        )
        firsts.add(first)
        np.testing.assert_array_equal(long["action"][first : first + 3], short["action"])
        np.testing.assert_array_equal(long["pixels"][first : first + 4], short["pixels"])
    assert len(firsts) > 4  # from anywhere in the episode
    cut.verify()


def test_an_interrupted_copy_goes_on_to_the_same_bytes(tmp_path):
    whole = record(tmp_path / "whole")

    def interrupt(done):
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_episodes(whole, tmp_path / "cut", 0.5, progress=interrupt)
    assert len(open_episodes(tmp_path / "cut")) == 7
    again = cut_episodes(whole, tmp_path / "cut", 0.5)
    assert again.hash == cut_episodes(whole, tmp_path / "other", 0.5).hash
    with pytest.raises(WmpcError, match="holds other episodes"):
        cut_episodes(whole, tmp_path / "cut", 0.25)
    with pytest.raises(WmpcError, match="short=0 came"):
        cut_episodes(whole, tmp_path / "none", 0)
