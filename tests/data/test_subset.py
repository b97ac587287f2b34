"""A subset of the training episodes: nested, evenly drawn, a function of its seed."""

import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.data.subset import check_subset, count_subset, draw_subset

IDS = np.array([i for i in range(200) if i % 10 != 9])


@pytest.mark.parametrize("seed", range(5))
def test_fewer_are_among_those_of_more(seed):
    drawn = [draw_subset(IDS, share, seed) for share in (0.05, 0.1, 0.25, 0.5, 1.0)]
    assert [len(ids) for ids in drawn] == [9, 18, 45, 90, 180]
    for few, more in zip(drawn, drawn[1:], strict=False):
        assert set(few.tolist()) < set(more.tolist())
    assert all((np.diff(ids) > 0).all() for ids in drawn)


def test_a_number_draws_what_its_share_does():
    np.testing.assert_array_equal(draw_subset(IDS, 18, 3), draw_subset(IDS, 0.1, 3))
    assert draw_subset(IDS, None) is IDS
    assert count_subset(10**6, 180) == 180 and len(draw_subset(IDS, 10**6)) == 180


def test_every_episode_is_drawn_about_as_often_and_seeds_differ():
    counts = np.zeros(200)
    for seed in range(400):
        counts[draw_subset(IDS, 0.25, seed)] += 1
    assert not counts[9::10].any()
    assert abs(counts[IDS] - 100).max() < 5 * np.sqrt(400 * 0.25 * 0.75)


def test_an_append_moves_no_key():
    """Those that were drawn of fewer episodes are drawn of more, unless new ones come before."""
    few, more = draw_subset(IDS[:90], 45, 1), draw_subset(IDS, 90, 1)
    order = [int(i) for i in draw_subset(IDS, 1, 1)]
    assert len(set(few.tolist()) & set(more.tolist())) > 30 and order[0] in more


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (0, "is 0;"),
        (0.0, "is 0.0;"),
        (-1, "is -1;"),
        (1.5, "is 1.5;"),
        (181, "1 to 180 of here"),
        (float("nan"), "is nan;"),
        (0.001, "none of the 180"),
    ],
)
def test_a_subset_that_makes_no_sense(wanted, says):
    with pytest.raises(WmpcError, match=r"train\.subset") as refused:
        check_subset(wanted, 180, "here")
    assert says in str(refused.value)
