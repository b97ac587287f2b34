"""A config reaches what is meant to be part of a model, and nothing else that the packages hold."""

import importlib
import pkgutil

import pytest
import torch

import wmpc
from wmpc.errors import WmpcError
from wmpc.wm.models import encoders
from wmpc.wm.models.build import ROOMS, build, check, find_part
from wmpc.wm.models.jepa import JEPA
from wmpc.wm.models.spec import DataSpec
from wmpc.wm.training.checkpoint import new_model

PARTS = {
    "wmpc.wm.models.encoders.ConvEncoder", "wmpc.wm.models.encoders.ViTEncoder",
    "wmpc.wm.models.jepa.JEPA", "wmpc.wm.models.predictors.CachedTransformer",
    "wmpc.wm.models.predictors.CausalTransformer", "wmpc.wm.models.predictors.WindowMLP",
}  # fmt: skip
"""Parts that saved runs name; each must stay."""
TRICKS = [
    "", ".", "wmpc", "wmpc.", "wmpc..", ".wmpc.wm.models.jepa.JEPA", "wmpc.wm.models.jepa.",
    "wmpc.wm.models.jepa", "wmpc..wm.models.jepa.JEPA", "wmpc.wm.models.jepa..JEPA",
    "wmpc.wm.models.jepa.JEPA.load_state_dict", "wmpc.wm.models.jepa.JEPA.__class__",
    "wmpc.wm.models.jepa.JEPA()", "wmpc.wm.models.jepa.__builtins__",
    "wmpc.wm.models.jepa.__loader__.load_module", "wmpc.wm.models.jepa.nn",
    "wmpc.wm.models.jepa.torch", "wmpc.wm.models.jepa.nn.Sequential",
    "wmpc.wm.models.encoders.nn.Sequential", "wmpc.wm.models.encoders.torch.load",
    "wmpc.wm.models.predictors.base.torch.load", "wmpc.wm.models.predictors.adaln.nn.Linear",
    "wmpc.wm.objectives.objective.find", "wmpc.wm.models.jepa.build", "wmpc.wm.models.build.build",
    "wmpc.wm.models.build.import_module", "wmpc.evaluation.trial.construct",
    "wmpc.agents.entrants.external", "wmpc.agents.external.find", "wmpc.planners.CEM", "os.system",
    "builtins.eval", "subprocess.Popen", "torch.load", "torch.nn.Linear", "numpy.load",
    "wmpc/wm/models/jepa.JEPA", "wmpc.wm.models.jepa.JEPA\0", " wmpc.wm.models.jepa.JEPA",
    "wmpc.wm.models.jepa.JEPA ", "wmpc.wm.models.jepa:JEPA", "WMPC.wm.models.jepa.JEPA",
    "wmpc.wm.\uff4dodels.jepa.JEPA", "wmpc.wm.models.jepa.JEP\u0410", "wmpc.wm.models.jepa.\udc80",
    "wmpc.wm.modeling.JEPA", "wmpc.wm.model_.JEPA", "wmpc.wm.models.predictors.window_mlp.F",
    "wmpc.wm.models.predictors.Predictor", "wmpc.wm.models.predictors.from_lewm",
    "wmpc.wm.models.encoders.WmpcError", "wmpc.wm.models.jepa.DataSpec",
    "wmpc.wm.models.jepa.Mapping", None, 3, [], {}, True,
]  # fmt: skip
SPEC = DataSpec(
    cameras=["pixels"], image_size=32, actions_per_frame=1, stride=1, action_low=[-1.0],
    action_high=[1.0], action_mean=[0.0], action_std=[1.0],
)  # fmt: skip
MODEL = {
    "_target_": "wmpc.wm.models.jepa.JEPA",
    "encoder": {"_target_": "wmpc.wm.models.encoders.ConvEncoder", "channels": [4]},
    "predictor": {"_target_": "wmpc.wm.models.predictors.WindowMLP", "width": 8},
    "latent": 4,
}


def modules():
    for package in (wmpc,):
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)


def names():
    """Every name that a module of the packages holds, and those of its classes' attributes."""
    for module in modules():
        for name, value in list(vars(module).items()):
            yield f"{module.__name__}.{name}", value
            if isinstance(value, type) and value.__module__.split(".")[0] == "wmpc":
                for inner in dir(value):
                    yield f"{module.__name__}.{name}.{inner}", None


@pytest.fixture
def nothing_runs(monkeypatch):
    """Nothing that is named is called: were it, the part itself would have been made first."""

    def made(*_, **__):
        raise AssertionError("something was called")

    monkeypatch.setattr(torch.nn.Module, "__call__", made)
    monkeypatch.setattr("wmpc.wm.models.build.signature", made)


def test_nothing_but_parts_can_be_reached(nothing_runs):
    reached, refused = set(), 0
    for name, value in names():
        try:
            found = find_part(name)
        except WmpcError:
            with pytest.raises(WmpcError):
                build({"_target_": name})
            refused += 1
            continue
        assert found is value
        assert isinstance(found, type) and issubclass(found, torch.nn.Module)
        assert any(f"{found.__module__}.".startswith(f"{room}.") for room in ROOMS), name
        reached.add(name)
    assert refused > 5000 and reached >= PARTS
    assert len({name.rpartition(".")[2] for name in reached}) < 36  # each is one of a few classes


@pytest.mark.parametrize("target", TRICKS, ids=ascii)
def test_tricks(target, nothing_runs):
    with pytest.raises(WmpcError):
        build({"_target_": target})


@pytest.mark.parametrize("inside", ["encoder", "predictor", "latent", "new"])
def test_names_at_any_depth_are_checked_before_anything_is_built(inside, monkeypatch):
    monkeypatch.setattr(JEPA, "__init__", lambda *_, **__: pytest.fail("it was built"))
    bad = {"_target_": "os.system", "command": "true"}
    for value in (bad, [bad], [[bad]], {"x": bad}, {"x": [{"y": bad}]}, {**MODEL, "encoder": bad}):
        with pytest.raises(WmpcError, match="_target_"):
            build({**MODEL, inside: value}, spec=SPEC)


@pytest.mark.parametrize("model", [None, True, 3, 0.5, "x", [], [MODEL], [[3, {}]]], ids=str)
def test_a_model_is_a_mapping(model):
    with pytest.raises(WmpcError, match="mapping"):
        new_model(model, SPEC)


@pytest.mark.parametrize("key", ["_partial_", "_args_", "_convert_", "_recursive_", "__class__", 3])
def test_keys_of_other_builders_are_refused(key):
    for config in ({**MODEL, key: True}, {**MODEL, "encoder": {**MODEL["encoder"], key: [1]}}):
        with pytest.raises(WmpcError):
            check(config)


SIZES = {
    "many numbers": {"latent": 2**20}, "too large": {"latent": 10**9}, "negative": {"latent": -1},
    "zero": {"latent": 0}, "fraction": {"latent": 1.5}, "text": {"latent": "4"},
    "truth": {"latent": True}, "not finite": {"latent": float("nan")},
    "no context": {"context": 0}, "wide": {"predictor": {**MODEL["predictor"], "width": 2**20}},
    "layers": {"predictor": {**MODEL["predictor"], "depth": 10**6}},
    "layers of another": {"encoder": {"_target_": "wmpc.wm.models.encoders.ViTEncoder", "patch": 8,
                                      "depth": 10**6}},
    "no channels": {"encoder": {**MODEL["encoder"], "channels": []}},
    "patch": {"encoder": {"_target_": "wmpc.wm.models.encoders.ViTEncoder", "patch": 0}},
    "another part": {"encoder": MODEL["predictor"]}, "itself": {"encoder": MODEL},
    "a helper": {"predictor": {"_target_": "wmpc.wm.models.predictors.adaln.AdaLN", "width": 4}},
    "deep": {"x": [[[[[[[[[[[[[[1]]]]]]]]]]]]]]},
}  # fmt: skip


@pytest.mark.parametrize("case", SIZES)
def test_sizes_that_the_weights_do_not_have(case):
    """Refused before memory is taken, and soon: the weights tell how large the model is."""
    sound = new_model(MODEL, SPEC)
    shapes = {name: tuple(tensor.shape) for name, tensor in sound.state_dict().items()}
    new_model(MODEL, SPEC, shapes)
    with pytest.raises(WmpcError):
        new_model({**MODEL, **SIZES[case]}, SPEC, shapes)
    assert torch.is_grad_enabled(), "a refusal within torch.no_grad must not leave it in force"


def test_measuring_draws_no_random_number():
    torch.manual_seed(0)
    one = build(MODEL, spec=SPEC).state_dict()
    torch.manual_seed(0)
    two = new_model(MODEL, SPEC).state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("name", ["Linear", "Alias"])
def test_what_a_room_merely_imports_is_no_part(name, monkeypatch):
    """Nor is a part under another name: what a config says is what the source says."""
    found = torch.nn.Linear if name == "Linear" else encoders.ConvEncoder
    monkeypatch.setattr(encoders, name, found, raising=False)
    with pytest.raises(WmpcError, match="not defined there"):
        build({"_target_": f"wmpc.wm.models.encoders.{name}", "in_features": 1, "out_features": 1})
