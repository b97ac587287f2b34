"""The share of the variance within windows: of numbers, and of where colours are in pictures."""

import numpy as np
import pytest
import torch

from wmpc.wm.objectives.moving_share import colour_places, find_places, moving_share


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def painted(rows, walls, thing=(200, 40, 40), wall=(30, 30, 220), floor=(0, 0, 0)):
    """Pictures (B, L, 64, 64, 3) of a thing of 4 x 4 pixels at `rows` (B, L), 0 to 60, in the
    middle column, and of a wall over all rows at the columns `walls` (B,)."""
    pictures = np.empty((*rows.shape, 64, 64, 3), np.uint8)
    pictures[:] = floor
    for b, t in np.ndindex(*rows.shape):
        pictures[b, t, :, walls[b] : walls[b] + 6] = wall
        pictures[b, t, rows[b, t] : rows[b, t] + 4, 30:34] = thing
    return torch.from_numpy(pictures)


def walking(within, between, B=300, L=2, seed=0):
    """Rows with these standard deviations, and walls that differ from window to window."""
    rng = np.random.default_rng(seed)
    rows = 30 + rng.normal(0, between, (B, 1)) + rng.normal(0, within, (B, L))
    walls = rng.choice([*range(0, 24, 2), *range(36, 56, 2)], B)
    return rows.clip(0, 60).round().astype(int), walls


def share_of(pictures):
    return float(moving_share(*find_places({"pixels": pictures}, ["pixels"]).unbind(-1)))


def test_it_counts_every_number_by_how_much_it_moves():
    white = gaussian(4000, 2, 2)
    still = 100 * gaussian(4000, 1, 1).expand(-1, 2, -1)
    slow = gaussian(4000, 1, 1, seed=1) * 3**0.5 + gaussian(4000, 2, 1, seed=2)
    # within windows of 2 frames lies half of a white variance: w = 1/2 of 1, and 1/2 of 4
    assert float(moving_share(white)) == pytest.approx(0.5, rel=0.05)
    assert float(moving_share(slow)) == pytest.approx(0.125, rel=0.05)
    assert float(moving_share(torch.cat([white, still], -1))) == pytest.approx(0.5, rel=0.05)
    both = torch.cat([white, slow, still], -1)
    expected = (2 * 0.5 * 0.5 + 0.5 * 0.125) / 1.5
    assert float(moving_share(both)) == pytest.approx(expected, rel=0.05)
    assert float(moving_share(still)) == pytest.approx(0.0, abs=1e-6)
    counts = both.new_tensor([1.0, 1.0, 6.0, 9.0]).expand_as(both)
    expected = (2 * 0.5 * 0.5 + 6 * 0.5 * 0.125) / 4
    assert float(moving_share(both, counts)) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(("within", "between"), [(1.5, 8), (4, 8), (6, 3)])
def test_the_share_of_pictures_is_that_of_the_thing_that_moves(within, between):
    """However far it goes, and whatever walls differ between windows."""
    rows, walls = walking(within, between)
    inside = rows - rows.mean(1, keepdims=True)
    expected = inside.var() / rows.var()
    assert share_of(painted(rows, walls)) == pytest.approx(expected, abs=0.03)
    for colours in (
        {"thing": (90, 200, 60), "wall": (60, 40, 50), "floor": (100, 100, 120)},
        {"thing": (250, 190, 190), "wall": (190, 240, 240), "floor": (250, 250, 250)},
    ):
        assert share_of(painted(rows, walls, **colours)) == pytest.approx(expected, abs=0.03)


def test_a_lamp_that_differs_between_windows_changes_little():
    pictures = painted(*walking(4, 8), floor=(60, 60, 60))
    light = torch.linspace(0.4, 1.0, len(pictures))[torch.randperm(len(pictures))]
    darker = (pictures * light.view(-1, 1, 1, 1, 1)).to(torch.uint8)
    assert share_of(darker) == pytest.approx(share_of(pictures), abs=0.03)


def test_places_are_rows_and_columns_of_each_colour():
    pictures = torch.zeros(1, 2, 8, 16, 3, dtype=torch.uint8)
    pictures[0, 1, :4, 8:, 0] = 255  # red, in the upper right quarter of the second
    x, counts = find_places({"pixels": pictures}, ["pixels"]).unbind(-1)
    assert x.shape == counts.shape == (1, 2, 16)
    places, counts = x.view(2, 8, 2), counts.view(2, 8, 2)
    assert counts[:, :, 0].sum(1).tolist() == [1, 1] and counts[1, 1].tolist() == [0.25, 0.25]
    np.testing.assert_allclose(places[1, 1], [-2 / 3, 4 / 7], atol=1e-6)
    np.testing.assert_allclose(places[1, 0], [2 / 9, -4 / 21], atol=1e-6)
    assert not places[0].abs().max() > 1e-6 and counts[0, 0].tolist() == [1, 1]
    assert torch.equal(find_places({"pixels": pictures}, ["pixels"]), colour_places(pictures))


def test_cameras_stand_behind_one_another_and_other_numbers_for_themselves():
    pictures, numbers = painted(*walking(2, 2, B=3)), gaussian(3, 2, 5)
    both = find_places({"a": pictures, "b": numbers, "c": pictures}, ["b", "a"])
    assert both.shape == (3, 2, 5 + 16, 2)
    assert torch.equal(both[:, :, :5, 0], numbers) and (both[:, :, :5, 1] == 1).all()
    assert torch.equal(both[:, :, 5:], colour_places(pictures))
