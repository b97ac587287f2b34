"""Latents of several tokens: patches of a picture, trained, saved, loaded and planned with."""

from typing import Any

import numpy as np
import pytest
import torch
from model_cases import EVERY_TERM, HIDING, PAIRED, batch, spec
from omegaconf import OmegaConf
from square import SETTINGS, record_square

import wmpc
from wmpc.agents.agent import Goal
from wmpc.agents.mpc import MPCAgent
from wmpc.cli import compose
from wmpc.errors import WmpcError
from wmpc.planners import CEM
from wmpc.wm.data import open_episodes
from wmpc.wm.models.build import build
from wmpc.wm.models.predictors import WindowMLP
from wmpc.wm.training.run import train

PATCHES = ["model/encoder=vit", "model.encoder.patch=32", "model.encoder.tokens=patches"]
PATCHES += ["model.encoder.width=12", "model.encoder.depth=1"]
CAUSAL = ["model/predictor=causal_transformer", "model.predictor.width=16"]
CAUSAL += ["model.predictor.depth=1", "model.predictor.heads=2", "model.predictor.mlp=16"]
PREDICTORS = {"window_mlp": [], "causal_transformer": CAUSAL}


def composed(*words):
    """The config of a model from words of the command line."""
    (job,) = compose.jobs("train", ["model=tiny", *words])
    config: Any = OmegaConf.to_container(job.config.model)
    return config


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return record_square(tmp_path_factory.mktemp("data") / "square")


@pytest.mark.parametrize("predictor", PREDICTORS)
@pytest.mark.parametrize("proprio", [False, True])
def test_a_model_of_patches_is_trained_and_planned_with(data, tmp_path, predictor, proprio):
    episodes, model = open_episodes(data), composed(*PATCHES, *PREDICTORS[predictor])
    if proprio:
        record = record_square(tmp_path / "felt", proprio=True)
        episodes, model = open_episodes(record), {**model, "proprio": True}
    trained = train(
        episodes, tmp_path / "run", model, EVERY_TERM | HIDING | PAIRED, **SETTINGS | {"steps": 4}
    )
    network = wmpc.load(tmp_path / "run")
    assert network.layout.groups == {"pixels": 4} | ({"proprio": 1} if proprio else {})
    episode = episodes.episode(0)
    seen = {name: x[None, :3] for name, x in episode.items() if name in network.columns}
    z = network.encode({name: x for name, x in seen.items() if name != "action"})
    assert z.shape == (1, 3, network.layout.tokens, 16)
    with torch.no_grad():
        torch.testing.assert_close(z, trained.encode(seen))
    agent = MPCAgent(network, CEM(samples=8, elites=2, iterations=1), horizon=3)
    frames = [{n: x[t] for n, x in episode.items() if n in network.columns} for t in (0, 5)]
    agent.reset(Goal({"pixels": frames[1]["pixels"]}))
    agent.observe(frames[0], None)
    assert np.isfinite(agent.act()).all()


def test_each_token_is_of_its_patch():
    """A patch that changes moves its own token most; with the class token there is one token."""
    torch.manual_seed(0)
    network = build(composed(*PATCHES), spec=spec()).eval()
    pixels = batch(network, B=1, L=1)["pixels"]
    changed = pixels.clone()
    changed[..., 32:, :32, :] = 255 - changed[..., 32:, :32, :]
    with torch.no_grad():
        moved = [network.encoder(x[0].permute(0, 3, 1, 2)) for x in (pixels, changed)]
    shift = (moved[0] - moved[1]).norm(dim=-1)[0]
    assert moved[0].shape == (1, 4, 12) and shift.argmax() == 2
    whole = build(composed(*PATCHES[:2]), spec=spec())
    assert whole.layout.tokens == whole.encoder.tokens == 1
    with pytest.raises(WmpcError, match="it may be cls or patches"):
        build(composed(*PATCHES[:2], "model.encoder.tokens=words"), spec=spec())


def test_an_encoder_leaves_the_pictures_that_it_is_given():
    network = build(composed(), spec=spec())
    pixels = torch.full((1, 3, 64, 64), 200, dtype=torch.uint8)
    network.encoder(pixels)
    network.encoder(whole := pixels.float())
    assert (pixels == 200).all() and (whole == 200).all()


def test_a_predictor_of_tokens_is_one_of_the_same_numbers_in_a_row():
    torch.manual_seed(0)
    predictor = WindowMLP(3, 2, 2, width=8, tokens=4)
    torch.nn.init.normal_(predictor.outlet.weight)
    z, a, valid = torch.randn(2, 2, 4, 3), torch.randn(2, 2, 2), torch.ones(2, 2, dtype=torch.bool)
    actions = torch.randn(2, 5, 3, 2)
    whole, flat = (predictor(x, a, valid) for x in (z, z.flatten(2)))
    assert torch.equal(whole.flatten(2), flat) and whole.shape == z.shape
    rolled = predictor.rollout(z, a[:, :1], valid, actions)
    assert rolled.shape == (2, 5, 3, 4, 3)
    assert torch.equal(rolled.flatten(3), predictor.rollout(z.flatten(2), a[:, :1], valid, actions))
