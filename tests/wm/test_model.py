"""Laws of the model: shapes, causality, short contexts, units, gradients."""

import numpy as np
import pytest
import torch
from model_cases import EVERY_TERM, PRESETS, batch, learner, model, recipe, spec

from wmpc.errors import WmpcError
from wmpc.wm.data import Batch
from wmpc.wm.models.build import build
from wmpc.wm.objectives.rollout import imagine

TRANSFORMER = {
    "_target_": "wmpc.wm.models.predictors.CausalTransformer",
    "width": 16,
    "depth": 2,
    "heads": 2,
    "head_width": 8,
    "mlp": 32,
    "dropout": 0.0,
}
PREDICTORS = {
    "mlp": {"_target_": "wmpc.wm.models.predictors.WindowMLP", "width": 32, "depth": 1},
    "transformer": TRANSFORMER,
    "cached": TRANSFORMER | {"_target_": "wmpc.wm.models.predictors.CachedTransformer"},
}


@pytest.fixture(params=PREDICTORS)
def network(request):
    """A model whose predictor is not at its zero start, so that its inputs matter."""
    network = model(predictor=PREDICTORS[request.param], context=3).eval()
    with torch.no_grad():
        for p in network.predictor.parameters():
            p.add_(torch.randn(p.shape, generator=torch.Generator().manual_seed(1)) * 0.1)
    return network.requires_grad_(False)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_shapes_and_one_step(name):
    network = model(name)
    whole = learner(network, recipe(name)[1])
    length = whole.objective.window(network)
    B = 2 if name == "lewm" else 4
    data, pairs = batch(network, B, length), batch(network, B, 2) | {"blocks": torch.ones(B)}
    seen = Batch(data, pairs=dict.fromkeys(whole.objective.pairs, pairs))
    terms = whole.loss(seen, torch.Generator().manual_seed(0))
    assert set(terms) == {"loss", *whole.objective.terms}
    expected = sum(term.weight * terms[k] for k, term in whole.objective.terms.items())
    assert torch.allclose(terms["loss"], expected)
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3)
    terms["loss"].backward()
    idle = [n for n, p in network.named_parameters() if p.grad is None]
    assert not idle
    optimizer.step()
    after = whole.loss(seen, torch.Generator().manual_seed(0))["loss"]
    assert after.isfinite() and after != terms["loss"]
    z = network.encode(data)
    assert z.shape == (*data["action"].shape[:1], length, 1, network.latent)


def test_lewm_has_the_papers_size():
    """ViT-tiny of about 5.5 M, predictor of about 10.8 M in its six layers."""
    network = model("lewm")
    count = lambda m: sum(p.numel() for p in m.parameters())  # noqa: E731
    assert 5.0e6 < count(network.encoder) < 6.0e6
    assert 10.0e6 < count(network.predictor) < 13.0e6


def test_every_term_can_be_weighed():
    network = model(context=2)
    terms = learner(network, EVERY_TERM).loss(
        Batch(batch(network)), torch.Generator().manual_seed(0)
    )
    assert all(value.isfinite() for value in terms.values())


def test_a_prediction_does_not_see_the_future(network):
    data = batch(network)
    z, a = network.encode(data), network.normalise(data["action"])
    valid = torch.ones(4, 4, dtype=torch.bool)
    before = network.predict(z[:, :-1], a, valid)
    z2, a2 = z.clone(), a.clone()
    z2[:, 2] += 1
    a2[:, 2] += 1
    after = network.predict(z2[:, :-1], a2, valid)
    assert torch.allclose(before[:, :2], after[:, :2], atol=1e-6)
    assert not torch.allclose(before[:, 2], after[:, 2])


def test_nor_further_back_than_the_context(network):
    data = batch(network, L=6)
    z, a = network.encode(data), network.normalise(data["action"])
    valid = torch.ones(4, 5, dtype=torch.bool)
    before = network.predict(z[:, :-1], a, valid)
    z[:, 0] += 1
    a[:, 0] += 1
    after = network.predict(z[:, :-1], a, valid)
    assert torch.allclose(before[:, 3:], after[:, 3:], atol=1e-6)  # h = 3: positions 0, 1, 2 saw it
    assert not torch.allclose(before[:, 2], after[:, 2])


def test_padding_is_the_same_as_a_short_context(network):
    data = batch(network)
    z, a = network.encode(data), network.normalise(data["action"])
    short = network.dynamics(z[:, 2:4], a[:, 2:3]).rollout(a[:, None, 3:4])
    valid = torch.tensor([[False, True, True]]).expand(4, 3)
    padded = network.dynamics(z[:, 1:4], a[:, 1:3], valid).rollout(a[:, None, 3:4])
    full = network.dynamics(z[:, 1:4], a[:, 1:3]).rollout(a[:, None, 3:4])
    assert torch.allclose(short, padded, atol=1e-6)
    assert not torch.allclose(short, full)


def test_rollout_feeds_each_prediction_back(network):
    data = batch(network, L=6)
    z, a = network.encode(data), network.normalise(data["action"])
    rolled = network.dynamics(z[:, :3], a[:, :2]).rollout(a[:, None, 2:5])[:, 0]
    history = z[:, :3]
    for t in range(3):
        step = network.dynamics(history, a[:, : 2 + t]).rollout(a[:, None, 2 + t : 3 + t])[:, 0]
        assert torch.allclose(step[:, 0], rolled[:, t], atol=1e-5)
        history = torch.cat([history, step], 1)


def test_predict_from_the_rollout_is_the_rollout(network):
    """GRASP's one-step predictions, fed with the rollout's own states."""
    data = batch(network, L=6)
    z, a = network.encode(data), network.normalise(data["action"])
    dynamics = network.dynamics(z[:, :3], a[:, :2])
    actions = a[:, None, 2:5]
    rolled = dynamics.rollout(actions)
    assert torch.allclose(dynamics.predict(rolled[:, :, :-1], actions), rolled, atol=1e-5)


def test_candidates_do_not_touch_each_other(network):
    data = batch(network, L=4)
    z, a = network.encode(data), network.normalise(data["action"])
    dynamics = network.dynamics(z[:, :3], a[:, :2])
    actions = torch.randn(4, 7, 3, a.shape[-1], generator=torch.Generator().manual_seed(0))
    together = dynamics.rollout(actions)
    alone = network.dynamics(z[1:2, :3], a[1:2, :2]).rollout(actions[1:2, 4:5])
    assert torch.allclose(together[1, 4], alone[0, 0], atol=1e-5)


def test_imagine_rolls_out_from_each_start(network):
    data = batch(network, L=5)
    z, a = network.encode(data), network.normalise(data["action"])
    imagined = imagine(network, z, a, 2)
    assert imagined.shape == (4, 3, 2, 1, 16)
    for s in range(3):
        alone = network.dynamics(z[:, : s + 1], a[:, :s]).rollout(a[:, None, s : s + 2])[:, 0]
        assert torch.allclose(imagined[:, s], alone, atol=1e-5)


def test_actions_keep_their_units_and_bounds():
    network = model()
    a = np.random.default_rng(0).uniform([-1, -2], [1, 2], (5, 2, 2)).astype("f4")
    assert np.allclose(network.denormalise(network.normalise(a)), a, atol=1e-6)
    low, high = network.action_bounds()
    assert np.allclose(network.denormalise(low), [[-1, -2]] * 2)
    assert np.allclose(network.denormalise(high), [[1, 2]] * 2)
    assert np.abs(network.denormalise(high + 9)).max() <= 2


def test_proprioception_is_a_slot_that_a_picture_goal_leaves_open():
    network = model(proprio=True).eval()
    data = batch(network)
    z = network.encode(data)
    assert z.shape == (4, 5, 2, 16)
    assert torch.allclose(z[:, :, 1, :3], data["proprio"] / 2)
    assert network.known(data)[0].tolist() == [[1], [1]]
    assert network.known({"pixels": data["pixels"]})[0].tolist() == [[1], [0]]
    assert network.columns == ["pixels", "action", "proprio"]


def test_several_cameras():
    network = model(data=spec(32, ("pixels/left", "pixels/right")))
    assert network.encode(batch(network)).shape == (4, 5, 1, 16)


def test_evaluation_does_not_depend_on_the_batch():
    network = model().eval()
    data = batch(network)
    whole = network.encode(data)
    one = network.encode({"pixels": data["pixels"][2:3]})
    assert torch.allclose(whole[2:3], one, atol=1e-5)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"objective": {"sigreg": 1.0}}, "objective"),
        ({"proprio": True, "latent": 2}, "proprio"),
        ({"head": "conv"}, "model.head"),
        ({"encoder": {"_target_": "os.system", "command": "true"}}, "_target_"),
        ({"encoder": {"_target_": "wmpc.wm.models.encoders.Nope"}}, "does not exist"),
        ({"predictor": {"_target_": "wmpc.wm.models.predictors.WindowMLP", "widht": 3}}, "widht"),
    ],
)
def test_bad_configs(change, message):
    with pytest.raises(WmpcError, match=message):
        model(**change)


@pytest.mark.parametrize("size, encoder", [(60, "ConvEncoder"), (64, "ViTEncoder")])
def test_image_sizes_an_encoder_cannot_take(size, encoder):
    with pytest.raises(WmpcError, match=r"image_size|multiple"):
        build({"_target_": f"wmpc.wm.models.encoders.{encoder}"}, image_size=size, in_channels=3)


def test_foreign_pictures_are_refused():
    network = model()
    with pytest.raises(WmpcError, match="trained on"):
        network.encode({"pixels": np.zeros((1, 1, 32, 32, 3), np.uint8)})
    with pytest.raises(WmpcError, match="uint8"):
        network.encode({"pixels": np.zeros((1, 1, 64, 64, 3), np.float32)})
    with pytest.raises(WmpcError, match="sees"):
        network.encode({"proprio": np.zeros((1, 1, 3))})
