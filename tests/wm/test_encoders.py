"""What an encoder is shown and what it gives: the right cameras, patches and frames."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from model_cases import batch, model, spec

from wmpc.wm.models.encoders import ConvEncoder, ViTEncoder

VIT = {"_target_": "wmpc.wm.models.encoders.ViTEncoder", "patch": 16, "width": 8, "depth": 1}
VIT |= {"heads": 2, "tokens": "patches"}


def plainly(vit, picture):
    """The tokens (1 + patches, width) of a picture (C, S, S), patch after patch, row by row."""
    size, scaled = vit.patchify.kernel_size[0], (picture.double() - 127.5) / 64
    tokens = [vit.cls[0, 0]]
    for row, column in product(range(0, picture.shape[1], size), repeat=2):
        patch = scaled[:, row : row + size, column : column + size]
        tokens.append((vit.patchify.weight * patch).sum((1, 2, 3)) + vit.patchify.bias)
    return vit.norm(vit.blocks((torch.stack(tokens) + vit.position[0])[None]))[0]


@pytest.mark.parametrize("tokens", ["cls", "patches"])
@torch.no_grad()
def test_a_vision_transformer_is_that_of_its_patches_row_by_row(tokens):
    torch.manual_seed(0)
    vit = ViTEncoder(24, 3, patch=8, width=8, depth=2, heads=2, tokens=tokens).double().eval()
    torch.nn.init.normal_(vit.cls)
    for p in vit.norm.parameters():
        torch.nn.init.normal_(p)
    pixels = torch.randint(0, 256, (2, 3, 24, 24), dtype=torch.uint8)
    expected = torch.stack([plainly(vit, picture) for picture in pixels])
    given = expected[:, :1] if tokens == "cls" else expected[:, 1:]
    assert given.shape[1] == vit.tokens
    torch.testing.assert_close(vit(pixels), given)


def test_an_encoder_sees_the_cameras_in_their_order_and_rows_as_rows():
    network, seen = model(data=spec(32, ("pixels/right", "pixels/left"))), []
    network.encoder.register_forward_pre_hook(lambda _, given: seen.append(given[0].clone()))
    data = batch(network, B=2, L=3)
    network.encode(data)
    for place, (b, t) in enumerate(product(range(2), range(3))):
        pictures = [data[name][b, t].movedim(-1, 0) for name in network.spec.cameras]
        assert torch.equal(seen[0][place], torch.cat(pictures))


@pytest.mark.parametrize("proprio", [False, True])
@torch.no_grad()
def test_the_tokens_of_a_frame_are_its_own_whatever_is_beside_it(proprio):
    network = model(encoder=VIT, proprio=proprio).eval()
    data = batch(network, B=2, L=3)
    z = network.encode(data)
    assert z.shape == (2, 3, 16 + proprio, network.latent)
    for b, t in product(range(2), range(3)):
        alone = network.encode({n: x[b : b + 1, t : t + 1] for n, x in data.items()})[0, 0]
        torch.testing.assert_close(alone, z[b, t], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_proprioception_is_standardised_and_stands_behind_the_pictures():
    told = {"proprio_mean": [1.0, -2.0, 3.0], "proprio_std": [2.0, 0.5, 4.0]}
    network = model(data=replace(spec(), **told), encoder=VIT, proprio=True).eval()
    data = batch(network, B=2, L=3)
    felt = (data["proprio"] - torch.tensor(told["proprio_mean"])) / torch.tensor(
        told["proprio_std"]
    )
    whole, unseen, unfelt = (
        network.encode({name: data[name] for name in names})
        for names in (("pixels", "proprio"), ("proprio",), ("pixels",))
    )
    for z in (whole, unseen):
        torch.testing.assert_close(z[:, :, 16, :3], felt)
        assert not z[:, :, 16, 3:].any()
    assert torch.equal(unfelt[:, :, :16], whole[:, :, :16]) and whole[:, :, :16].any()
    assert not unfelt[:, :, 16].any() and not unseen[:, :, :16].any()


def test_what_a_goal_says_is_what_counts():
    """Of pictures and proprioception: the weight is one where a goal says something, else zero."""
    network = model(encoder=VIT, proprio=True).eval()
    data = batch(network)
    picture, felt = ({name: data[name]} for name in ("pixels", "proprio"))
    for goal, pictures, numbers, left in (
        (picture | felt, 1, 1, []), (picture, 1, 0, []), (felt, 0, 1, []),
    ):  # fmt: skip
        weight, open_ = network.known(goal)
        assert weight[:16].eq(pictures).all() and weight[16].eq(numbers).all() and open_ == left
    half = np.array([1.0, 0.5, 0.0])
    weight, open_ = network.known(picture | felt, {"proprio": half})
    assert weight[16, :3].tolist() == half.tolist() and weight[16, 3:].eq(1).all()
    assert weight[:16].eq(1).all() and not open_
    assert network.known(picture, {"pixels": np.zeros((64, 64))})[1] == ["pixels"]


@torch.no_grad()
def test_normalised_channels_look_alike_on_any_ground():
    torch.manual_seed(0)
    plain, normalised = (ConvEncoder(32, 3, (8, 8, 8), normalise=flag) for flag in (False, True))
    dark = torch.randint(0, 60, (50, 3, 32, 32), dtype=torch.uint8)
    bright = 240 + dark // 10
    light = torch.cat([3 * dark[:, :1] + 70, 2 * dark[:, 1:2] + 100, dark[:, 2:] + 190], 1)
    assert not torch.allclose(plain(dark), plain(light), atol=0.1)
    torch.testing.assert_close(normalised(dark), normalised(light), atol=1e-3, rtol=1e-3)
    assert normalised(bright).std(0).mean() > 5 * plain(bright).std(0).mean()

    for _ in range(60):
        normalised(light)
    alone = normalised.eval()(light[:1])
    torch.testing.assert_close(alone, normalised(light)[:1])  # of the recordings, not of the batch
    normalised.train()
    torch.testing.assert_close(alone, normalised(light)[:1], atol=0.05, rtol=0.05)
    assert "norm.running_mean" in normalised.state_dict()
    assert not any("norm" in name for name in plain.state_dict())  # as earlier runs saved it


@torch.no_grad()
def test_a_centred_picture_looks_alike_in_any_ambient_light():
    torch.manual_seed(0)
    plain, centred = (ConvEncoder(32, 6, (8, 8, 8), centre=flag) for flag in (False, True))
    centred.load_state_dict(plain.state_dict())  # nothing is learned for it
    picture = torch.randint(0, 200, (4, 6, 32, 32), dtype=torch.uint8)
    lit = picture + torch.tensor([50, 20, 0, 5, 30, 10], dtype=torch.uint8)[:, None, None]
    assert not torch.allclose(plain(picture), plain(lit), atol=0.1)
    torch.testing.assert_close(centred(picture), centred(lit), atol=1e-4, rtol=1e-4)
    alone = torch.cat([centred(picture[i : i + 1]) for i in range(4)])  # its own mean
    torch.testing.assert_close(centred(picture), alone, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(centred(picture), centred(picture.flip(1)), atol=0.1)
