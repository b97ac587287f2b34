"""Masks of a clip's tokens: blocks through time, some of it always visible."""

import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.data import Masks


def test_a_mask_is_a_function_of_seed_step_and_shape():
    one, same, other = (Masks().draw((1, step), 3, (4, 6, 8)) for step in (2, 2, 3))
    assert one.shape == (3, 4, 6, 8) and one.dtype == bool
    assert np.array_equal(one, same) and not np.array_equal(one, other)
    assert not np.array_equal(one, Masks().draw((2, 2), 3, (4, 6, 8)))
    assert len({mask.tobytes() for mask in one}) == 3


def test_one_block_is_a_rectangle_of_its_scale_throughout_all_frames():
    masks = Masks(blocks=1, scale=0.25).draw((0, 0), 300, (3, 16, 16))
    assert (masks == masks[:, :1]).all()
    corners = set()
    for mask in masks[:, 0]:
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        assert mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        assert mask.sum() == len(rows) * len(columns) == pytest.approx(64, rel=0.15)
        assert 0.6 < len(rows) / len(columns) < 1.7
        corners.add((int(rows[0]), int(columns[0])))
    assert len(corners) > 50
    hidden = masks.mean((0, 1))
    assert hidden[8, 8] > 2 * hidden[0, 0] > 0  # every place may be hidden


@pytest.mark.parametrize("aspect", [(4.0, 4.0), (0.25, 0.25)])
def test_an_aspect_is_height_over_width(aspect):
    masks = Masks(blocks=1, scale=0.15, aspect=aspect).draw((0, 0), 50, (1, 12, 20))
    height, width = masks.any(3).sum(2), masks.any(2).sum(2)
    assert (height / width == pytest.approx(aspect[0], rel=0.05)) and height.std() == 0


def test_a_block_is_as_likely_at_every_place_where_it_fits():
    masks = Masks(1, 1 / 12, aspect=(1, 1), duration=0.5).draw((0, 0), 3000, (4, 3, 4))
    assert (masks.sum((1, 2, 3)) == 2).all()  # two frames of one token
    first = masks[:, :1].any(1), masks[:, 1:2].any(1) & ~masks[:, :1].any(1), masks[:, 3:].any(1)
    for hidden in first:
        assert hidden.mean(0) == pytest.approx(1 / 36, rel=0.4)


def test_aspects_of_one_to_n_and_of_n_to_one_are_as_likely():
    masks = Masks(blocks=1, scale=0.1, aspect=(0.2, 5.0)).draw((0, 0), 600, (1, 32, 32))
    taller = masks.any(3).sum(2) > masks.any(2).sum(2)
    assert taller.mean() == pytest.approx(0.5, abs=0.1)


def test_blocks_may_last_for_a_part_of_the_frames():
    masks = Masks(blocks=1, duration=0.5).draw((0, 0), 200, (8, 4, 4))
    lasting = masks.any((2, 3))
    assert (lasting.sum(1) == 4).all() and lasting[:, 0].any() and lasting[:, 7].any()


def test_something_is_always_visible():
    masks = Masks(blocks=2, scale=0.7).draw((0, 0), 200, (2, 4, 4))
    assert not masks.all((1, 2, 3)).any() and masks.mean() > 0.7
    with pytest.raises(WmpcError, match="hide everything"):
        Masks().draw((0, 0), 1, (2, 1, 1))


@pytest.mark.parametrize("wrong", [
    {"blocks": 0}, {"scale": 0.0}, {"scale": 1.0}, {"duration": 1.5}, {"aspect": (2.0, 1.0)}
])  # fmt: skip
def test_what_makes_no_sense(wrong):
    with pytest.raises(WmpcError, match="make no sense"):
        Masks(**wrong)
