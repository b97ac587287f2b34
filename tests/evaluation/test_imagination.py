"""What the model imagined, as recorded frames: looked up rightly, from the true start."""

from dataclasses import replace

import imageio.v2 as imageio
import numpy as np
import pytest
import torch
from PIL import Image

import wmpc
from wmpc import envs
from wmpc.agents.entrant import Setting
from wmpc.agents.entrants import random
from wmpc.agents.nearest_frame import frame_bank
from wmpc.errors import WmpcError
from wmpc.evaluation.draw_cases import draw_manifest
from wmpc.evaluation.imagination import Imagination, context, imagination
from wmpc.evaluation.run_cases import run_cases
from wmpc.reporting import film
from wmpc.reporting.pictures import CHOICE_COLOURS, GAP, OTHER_CHOICE, choice_band
from wmpc.wm.data import open_episodes


@pytest.fixture(scope="module")
def bench(reacher, trained):
    """Model, episodes, two cases, the task they run in, and a random agent's rows."""
    model, episodes = wmpc.load(trained), open_episodes(reacher)
    task = envs.make(episodes.meta["env"], **episodes.meta["kwargs"])
    drawn = draw_manifest(episodes, task, kind="ahead", action_block=5, blocks=3, budget=4, count=2)
    entrant = random(Setting(task, 5))
    rows = list(run_cases(entrant.make, drawn, task))
    yield model, episodes, drawn, task, rows
    task.close()


def test_a_recorded_frame_is_nearest_to_itself(bench):
    model, episodes, *_ = bench
    bank = frame_bank(model, episodes, frames=10**9)
    frames = episodes.episode(3)["pixels"][:6]
    with torch.no_grad():
        indices, distances = bank.nearest(model.encode({"pixels": frames[None]})[0])
    assert np.array_equal(bank.pixels[indices], frames)
    assert distances == pytest.approx(0, abs=1e-2)


def test_frames_come_from_training_episodes_alone(bench):
    model, episodes, *_ = bench
    bank = frame_bank(model, episodes, frames=10**9)
    assert len(bank.pixels) == sum(episodes.lengths[episodes.train_ids] + 1)
    held_out = episodes.episode(int(episodes.held_out_ids[0]))["pixels"][7]
    assert not (bank.pixels == held_out).all((1, 2, 3)).any()
    few = frame_bank(model, episodes, frames=50)
    again = frame_bank(model, episodes, frames=50)
    assert few.latents.shape == (50, 8) and torch.equal(few.latents, again.latents)


def test_the_context_is_what_the_agent_saw(bench):
    _, episodes, drawn, task, _ = bench
    case = drawn.cases[0]
    seen, blocks = context(task, case, "warm")
    recorded = episodes.episode(case.episode)["pixels"]
    assert len(seen) == len(blocks) + 1 > 1
    for offset, observation in enumerate(reversed(seen)):
        assert np.array_equal(observation["pixels"], recorded[case.frame - offset])
    assert np.array_equal(task.get_state(), case.start_state)
    seen, blocks = context(task, case, "cold")
    assert len(seen) == 1 and len(blocks) == 0


def test_one_picture_a_block_from_the_start_and_of_the_executed_actions(bench):
    model, episodes, drawn, task, rows = bench
    bank = frame_bank(model, episodes, frames=10**9)
    pictures = Imagination(model, bank).pictures(task, drawn.cases[0], rows[0])
    assert len(pictures) == 1 + len(rows[0].actions) // 5 == 5
    # by hand: the model's own rollout of the same blocks
    seen, lead_in = context(task, drawn.cases[0], "warm")
    with torch.no_grad():
        z = model.encode({"pixels": np.stack([s["pixels"] for s in seen])[None]})
        taken = model.normalise(np.stack(rows[0].actions).reshape(4, 5, 2))
        ahead = model.dynamics(z, model.normalise(lead_in)[None]).rollout(taken[None, None])[0, 0]
        indices, _ = bank.nearest(torch.cat([z[0, -1:], ahead]))
    assert np.array_equal(np.stack(pictures), bank.pixels[indices])
    rows[1].actions = rows[1].actions[:3]  # broke within the first block
    assert len(Imagination(model, bank).pictures(task, drawn.cases[1], rows[1])) == 1


def test_films_have_a_third_panel_and_whole_frames_often(bench, tmp_path):
    model, episodes, drawn, task, rows = bench
    case, row = drawn.cases[0], rows[0]
    imagined = Imagination(model, frame_bank(model, episodes, frames=50)).pictures(task, case, row)
    looks = (row, task, case.goal_pixels, case.variation)
    film.write_film(tmp_path / "two.mp4", *looks)
    film.write_film(tmp_path / "three.mp4", *looks, (imagined, 5))
    sizes = [imageio.mimread(tmp_path / name)[0].shape for name in ("two.mp4", "three.mp4")]
    assert sizes == [(268, 548, 3), (268, 828, 3)]
    chose = replace(row, choices=[[0, "long"], [5, "go on"]])
    film.write_film(tmp_path / "chose.mp4", chose, *looks[1:])
    assert imageio.mimread(tmp_path / "chose.mp4")[0].shape == (304, 548, 3)
    shown = film.moments(row, 5)
    assert shown[0] == 0 and all(moment % 5 == 0 for moment in shown[:-1])
    film.write_imagined(tmp_path / "imagined.png", (imagined, 5), shown)
    assert Image.open(tmp_path / "imagined.png").width == len(shown) * (32 + 6) - 2


def test_a_band_has_the_colour_of_each_choice_and_names_the_present_one():
    choices, bar = [[0, "long"], [10, "go on"], [20, "mine"]], slice(GAP // 2, GAP)
    early, late = (choice_band(300, choices, 30, now) for now in (9, 30))
    colours = [CHOICE_COLOURS["long"], CHOICE_COLOURS["go on"], OTHER_CHOICE]
    for third, colour in enumerate(colours):
        part = late[bar, 100 * third + 2 : 100 * third + 96]
        assert (part == colour).all()
        assert (early[bar, 100 * third + 2 : 100 * third + 96] == colour).all() == (third == 0)
    words = [band[GAP + 2 :].reshape(-1, 3) for band in (early, late)]
    for said, colour in zip(words, (colours[0], colours[2]), strict=True):
        assert (said == colour).all(1).any()
    assert not (words[0] == colours[2]).all(1).any()


def test_without_the_dataset_nothing_is_imagined(bench, trained, tmp_path):
    model, *_ = bench
    assert imagination(model, trained, str(tmp_path / "gone")) is None
    assert imagination(object(), trained, None) is None


def test_a_dataset_of_held_out_episodes_alone_is_refused(bench, reacher):
    model, *_ = bench
    one = open_episodes(reacher)
    one.ends = one.ends[:0]
    with pytest.raises(WmpcError, match="all are held out"):
        frame_bank(model, one)
