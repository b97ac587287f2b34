"""The training episodes through an encoder: aligned, and never one that is held out."""

import numpy as np
import pytest
import torch
from model_cases import preset

from wmpc.agents.encoded import encode_training_episodes
from wmpc.errors import WmpcError
from wmpc.wm.data import EpisodeWriter, open_episodes
from wmpc.wm.models.build import build
from wmpc.wm.models.spec import describe_data

META = {"env": "numbers", "fps": 10.0, "action_low": [0.0], "action_high": [1.0]}


def write(path, altered=False, **meta):
    """12 episodes of 5 steps (m = 2); actions say episode, step and place in the step, in
    thousandths. `altered` changes episode 9, which is held out."""
    with EpisodeWriter(path, META | meta) as writer:
        for index in range(12):
            rng = np.random.default_rng([index, altered and index == 9])
            pixels = rng.integers(0, 256, (6, 64, 64, 3), dtype=np.uint8)
            action = np.arange(10).reshape(5, 2, 1) / 1000 + index / 100
            action = action.astype(np.float32) + np.float32(0.5 * (altered and index == 9))
            writer.append({"pixels": pixels, "action": action})
    return open_episodes(path)


def model(episodes, stride=1):
    torch.manual_seed(0)
    return build(preset("tiny"), spec=describe_data(episodes, stride)).eval()


@pytest.fixture(scope="module")
def episodes(tmp_path_factory):
    return write(tmp_path_factory.mktemp("numbers") / "data")


@pytest.mark.parametrize("stride", [1, 2])
def test_every_row_is_its_frame_and_the_block_after_it(episodes, stride):
    network = model(episodes, stride)
    encoded = encode_training_episodes(network, episodes, batch=7)
    assert encoded.latents.shape[0] == len(encoded.picture) == 11 * 6
    row = 0
    for index in episodes.train_ids:
        episode = episodes.episode(int(index))
        with torch.no_grad():
            latents = network.encode({"pixels": episode["pixels"][None]})[0]
        for t in range(6):
            assert torch.allclose(encoded.latents[row], latents[t], atol=1e-5)
            assert encoded.before[row] == t // stride and encoded.after[row] == (5 - t) // stride
            if encoded.after[row]:
                block = network.denormalise(encoded.blocks[row])
                recorded = episode["action"][t : t + stride].reshape(-1, 1)
                assert np.allclose(block, recorded, atol=1e-6)
            else:
                assert not encoded.blocks[row].any()
            row += 1


def test_held_out_episodes_change_nothing(episodes, tmp_path):
    network = model(episodes)
    other = write(tmp_path / "other", altered=True)
    assert other.hash != episodes.hash
    one, two = (encode_training_episodes(network, data) for data in (episodes, other))
    assert torch.equal(one.latents, two.latents) and torch.equal(one.blocks, two.blocks)


@pytest.mark.parametrize(
    ("meta", "message"),
    [({"action_high": [2.0]}, "action bounds"), ({"action_low": [-1.0]}, "action bounds")],
)
def test_a_dataset_of_something_else_is_refused(episodes, tmp_path, meta, message):
    with pytest.raises(WmpcError, match=message):
        encode_training_episodes(model(episodes), write(tmp_path / "other", **meta))


def test_no_run_is_long_enough_for_a_long_goal(episodes):
    encoded = encode_training_episodes(model(episodes), episodes)
    assert len(encoded.starts(5)) == 11
    with pytest.raises(WmpcError, match="6 blocks long"):
        encoded.starts(6)
