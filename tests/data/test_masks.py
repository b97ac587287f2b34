"""Masks of a clip's tokens: blocks through time, some of it always visible."""

import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.data.masks import draw_masks


def test_a_mask_is_a_function_of_seed_step_and_shape():
    one, same, other = (draw_masks((1, step), 3, (4, 6, 8)) for step in (2, 2, 3))
    assert one.shape == (3, 4, 6, 8) and one.dtype == bool
    assert np.array_equal(one, same) and not np.array_equal(one, other)
    assert not np.array_equal(one, draw_masks((2, 2), 3, (4, 6, 8)))
    assert len({mask.tobytes() for mask in one}) == 3


def test_one_block_is_a_rectangle_of_its_scale_throughout_all_frames():
    masks = draw_masks((0, 0), 300, (3, 16, 16), blocks=1, scale=0.25)
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


def test_blocks_may_last_for_a_part_of_the_frames():
    masks = draw_masks((0, 0), 200, (8, 4, 4), blocks=1, duration=0.5)
    lasting = masks.any((2, 3))
    assert (lasting.sum(1) == 4).all() and lasting[:, 0].any() and lasting[:, 7].any()


def test_something_is_always_visible():
    masks = draw_masks((0, 0), 200, (2, 4, 4), blocks=2, scale=0.7)
    assert not masks.all((1, 2, 3)).any() and masks.mean() > 0.7
    with pytest.raises(WmpcError, match="hide everything"):
        draw_masks((0, 0), 1, (2, 1, 1))


@pytest.mark.parametrize("wrong", [
    {"blocks": 0}, {"scale": 0.0}, {"scale": 1.0}, {"duration": 1.5}, {"aspect": (2.0, 1.0)}
])  # fmt: skip
def test_what_makes_no_sense(wrong):
    with pytest.raises(WmpcError, match="make no sense"):
        draw_masks((0, 0), 1, (2, 4, 4), **wrong)
