"""Pictures changed while training: alike in a window, drawn anew in each, nothing else touched."""

from dataclasses import asdict

import numpy as np
import pytest
import torch
from model_cases import preset
from square import SETTINGS, record_square
from test_needs import MODEL, OBJECTIVE, OWN, drawn

from wmpc.errors import WmpcError
from wmpc.wm import processes
from wmpc.wm.data import Batch, Pairs, open_episodes
from wmpc.wm.objectives import centred_sigreg
from wmpc.wm.objectives.objective import Objective
from wmpc.wm.training.augment import Augmentation
from wmpc.wm.training.checkpoint import read_config
from wmpc.wm.training.recipe import Recipe, rename_fields
from wmpc.wm.training.run import train

B, L, H, W = 6, 3, 12, 10
NONE = asdict(Augmentation())
KINDS = {
    "shift": {"shift": 3}, "colour": {"colour": 0.3}, "light": {"light": 0.3},
    "noise": {"noise": 0.05}, "cutout": {"cutout": 0.4},
}  # fmt: skip


def pictures(seed=0):
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.integers(60, 200, (B, L, H, W, 3)).astype(np.uint8))


def test_every_way_has_a_case_here():
    assert KINDS.keys() == NONE.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_every_way_is_alike_in_a_window_and_another_in_the_next(kind):
    one = pictures()[:1, :1].expand(B, L, -1, -1, -1).contiguous()
    made = Augmentation(**KINDS[kind]).pictures(one, (1, 2))
    assert made.shape == one.shape and made.dtype == torch.uint8
    assert all(torch.equal(made[:, 0], made[:, t]) for t in range(L))
    assert len({made[b].numpy().tobytes() for b in range(B)}) > B // 2
    again = Augmentation(**KINDS[kind]).pictures(one, (1, 2))
    other = Augmentation(**KINDS[kind]).pictures(one, (1, 3))
    assert torch.equal(made, again) and not torch.equal(made, other)
    assert torch.equal(one, pictures()[:1, :1].expand(B, L, -1, -1, -1))  # as they came


def test_a_shift_moves_all_of_a_picture_by_whole_pixels_and_repeats_its_border():
    x, reach, found = torch.cat([pictures(), pictures(1)]), 2, set()
    made = Augmentation(shift=reach).pictures(x, (0, 0)).numpy()
    wide = ((0, 0), (reach, reach), (reach, reach), (0, 0))
    for b in range(2 * B):
        padded = np.pad(x[b].numpy(), wide, mode="edge")
        ways = {
            (dy, dx)
            for dy in range(2 * reach + 1)
            for dx in range(2 * reach + 1)
            if np.array_equal(made[b], padded[:, dy : dy + H, dx : dx + W])
        }
        assert len(ways) == 1
        found |= ways
    rows, columns = ({way[axis] - reach for way in found} for axis in range(2))
    assert all(min(moved) < 0 < max(moved) for moved in (rows, columns))
    assert any(dy != dx for dy, dx in found)


def test_light_keeps_black_black_and_a_colour_keeps_what_it_was_told_from():
    x = pictures()
    x[:, :, 0] = 0
    lit = Augmentation(light=0.2).pictures(x, (0, 0)).double()
    assert lit[:, :, 0].max() == 0
    ratio = lit[:, :, 1:] / x[:, :, 1:]
    unclipped = lit[:, :, 1:] < 255
    for b in range(B):
        seen = ratio[b][unclipped[b]]
        assert seen.std() < 0.01
    plain = pictures()[:1].expand(B, -1, -1, -1, -1).contiguous()
    mixed = Augmentation(colour=0.1).pictures(plain, (0, 0)).double()
    for b in range(B):  # an affine map of the colours, the same for every pixel and frame
        given = torch.cat([plain[b].reshape(-1, 3).double(), torch.ones(L * H * W, 1).double()], 1)
        left = mixed[b].reshape(-1, 3) - given @ torch.linalg.lstsq(given, mixed[b].view(-1, 3))[0]
        assert left.abs().median() < 0.6  # rounding


def test_light_and_colour_are_as_strong_as_they_are_said_to_be():
    """Of 2,000 windows of four colours: the factor, and the affine map, of each."""
    grey = torch.full((2000, 1, 1, 1, 3), 100, dtype=torch.uint8)
    factor = Augmentation(light=0.1).pictures(grey, (0, 0)).double().flatten(1).mean(1) / 100
    assert float(factor.log().std()) == pytest.approx(0.1, rel=0.08)
    assert abs(factor.log().mean()) < 0.01
    base = torch.tensor([[127, 127, 127], [147, 127, 127], [127, 147, 127], [127, 127, 147]])
    colours = base.to(torch.uint8).view(1, 1, 2, 2, 3).expand(2000, -1, -1, -1, -1).contiguous()
    seen = Augmentation(colour=0.2).pictures(colours, (0, 1)).double().view(2000, 4, 3)
    offset, mixing = seen[:, 0] - 127, (seen[:, 1:] - seen[:, :1]) / 20 - torch.eye(3)
    assert float(offset.std()) == pytest.approx(0.2 * 64, rel=0.08)
    assert float(mixing.std()) == pytest.approx(0.2, rel=0.08)


def test_noise_and_cutout_are_as_large_as_they_are_said_to_be():
    x = torch.full((B, L, 40, 40, 3), 128, dtype=torch.uint8)
    noise = Augmentation(noise=0.04).pictures(x, (0, 0)).double() - 128
    assert float(noise.std()) == pytest.approx(0.04 * 255, rel=0.03) and abs(noise.mean()) < 0.3
    assert abs(np.corrcoef(noise.reshape(-1, 3).T.numpy())[0, 1]) < 0.05
    x[:] = 3
    cut = Augmentation(cutout=0.25).pictures(x, (0, 0))
    assert set(cut.unique().tolist()) == {3, 127}
    assert torch.equal((cut == 127).sum((2, 3, 4)), torch.full((B, L), 10 * 10 * 3))


def test_windows_pairs_and_cameras_are_changed_each_in_their_own_way():
    black = torch.zeros(B, L, H, W, 3, dtype=torch.uint8)
    columns = {"left": black, "right": black, "action": torch.zeros(B, L - 1)}
    batch = Batch(columns, pairs={Pairs(): {"left": black, "right": black}})
    made = Augmentation(cutout=0.2).batch(batch, ["left", "right"], (1, 2))
    (pairs,) = made.pairs.values()
    of = [made.columns["left"], made.columns["right"], pairs["left"], pairs["right"]]
    assert len({x.numpy().tobytes() for x in of}) == 4
    assert made.columns["action"] is columns["action"]


def test_parts_of_a_batch_are_together_what_one_process_makes(monkeypatch):
    every, x = Augmentation(shift=2, colour=0.2, light=0.2, noise=0.02, cutout=0.3), pictures()
    whole, parts = every.pictures(x, (4, 5)), []
    monkeypatch.setattr(processes, "count", lambda: 2)
    for rank in range(2):
        part = slice(rank * B // 2, (rank + 1) * B // 2)
        monkeypatch.setattr(processes, "part", lambda n, part=part: part)
        parts.append(every.pictures(x[part], (4, 5)))
    assert torch.equal(torch.cat(parts), whole)


def test_a_batch_has_other_pictures_in_windows_and_pairs_and_the_rest_as_it_was(
    tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(OWN)
    episodes = open_episodes(record_square(tmp_path / "square"))
    model = train(episodes, tmp_path / "run", MODEL, {"sigreg": 1.0}, **SETTINGS)
    objective = Objective(OBJECTIVE, model)
    plain = drawn(episodes, model, objective)
    made = drawn(episodes, model, objective, augment={"colour": 0.3})
    (law,) = plain.pairs
    for before, after in ((plain.columns, made.columns), (plain.pairs[law], made.pairs[law])):
        assert before.keys() == after.keys()
        same = {name for name in before if torch.equal(before[name], after[name])}
        assert same == before.keys() - {"pixels"}
    cut = [drawn(episodes, model, objective, s, augment={"cutout": 0.3}).columns for s in (0, 1)]
    holes = [(x["pixels"] == 127).all(-1) for x in cut]
    assert not torch.equal(*holes)  # other places at every step
    with pytest.raises(WmpcError, match="choose one of them"):
        Recipe(steps=1, unique=True, augment={"light": 0.1}).check()


def test_a_run_says_how_its_pictures_were_changed_and_older_ones_were_not(tmp_path):
    episodes = open_episodes(record_square(tmp_path / "square"))
    asked = (preset("tiny"), {"sigreg": 1.0})
    train(episodes, tmp_path / "run", *asked, **SETTINGS, augment={"light": 0.1})
    assert read_config(tmp_path / "run")["train"]["augment"] == NONE | {"light": 0.1}
    with pytest.raises(WmpcError, match="another"):
        train(episodes, tmp_path / "run", *asked, **SETTINGS)
    assert rename_fields({"rate": 0.1})["augment"] == NONE


@pytest.mark.parametrize(
    "wrong", [{"colour": -1.0}, {"cutout": 1.0}, {"shift": 0.5}, {"blur": 1}, {"noise": "much"}]
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(WmpcError, match=next(iter(wrong))):
        Recipe(augment=wrong)


def test_the_share_that_moves_is_read_off_the_pictures_as_they_were_recorded(tmp_path, monkeypatch):
    episodes = open_episodes(record_square(tmp_path / "square"))
    model = train(episodes, tmp_path / "run", preset("tiny"), {"sigreg": 1.0}, **SETTINGS)
    objective = Objective({"centred_sigreg": 1.0, "episode_sigreg": 1.0}, model)
    found = []
    see = lambda x, counts: found.append(x) or torch.ones(())  # noqa: E731
    monkeypatch.setattr(centred_sigreg, "moving_share", see)
    for augment in ({}, {"cutout": 0.5}):
        batch = drawn(episodes, model, objective, augment=augment)
        objective(model, batch, torch.Generator().manual_seed(0))
    assert len(found) == 4 and found[0].shape != found[1].shape  # of windows, and of pairs
    for plain, changed in zip(found[:2], found[2:], strict=True):
        assert torch.equal(plain, changed)


def test_a_cut_out_leaves_something():
    cut = Augmentation(cutout=0.999).pictures(pictures(), (0, 0))
    assert ((cut == 127).all(-1).sum((2, 3)) == (H - 1) * (W - 1)).all()
