"""What terms ask for beside windows, hindsight pairs and masks: drawn, shown, learned from."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from model_cases import preset
from toy import META, square

from wmpc.api.presets import read_preset
from wmpc.configs import list_presets
from wmpc.errors import WmpcError
from wmpc.wm import processes
from wmpc.wm.data import EpisodeWriter, Pairs, open_episodes
from wmpc.wm.objectives.objective import Objective
from wmpc.wm.objectives.term import Seen
from wmpc.wm.training.checkpoint import read_weights
from wmpc.wm.training.recipe import Recipe
from wmpc.wm.training.run import train
from wmpc.wm.training.sampler import BatchSampler

OWN = Path(__file__).parents[2] / "examples" / "own"
PATCHES = {
    "_target_": "wmpc.wm.models.encoders.ViTEncoder",
    "patch": 8, "width": 16, "depth": 1, "heads": 2, "tokens": "patches",
}  # fmt: skip
MODEL = preset("tiny") | {"encoder": PATCHES, "latent": 8}
OBJECTIVE = {
    "prediction": 1.0,
    "sigreg": {"weight": 0.1, "directions": 8},
    "distance": {"_target_": "mine.distance:Distance"},
    "masked": {"_target_": "mine.masked:Masked"},
}
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def own(monkeypatch):
    monkeypatch.syspath_prepend(OWN)


@pytest.fixture(scope="module")
def episodes(tmp_path_factory):
    """A square that goes right at an even pace: how long a way takes can be seen."""
    path, rng = tmp_path_factory.mktemp("paced") / "data", np.random.default_rng(0)
    with EpisodeWriter(path, META) as writer:
        for index in range(20):
            y = rng.uniform(0, 24)
            places = [(3 * t, y) for t in range(9)]
            number = np.full((9, 1), index, np.float64)
            pixels = np.stack([square(place) for place in places])
            action = rng.uniform(-1, 1, (8, 1, 2)).astype("f4")
            writer.append({"pixels": pixels, "action": action, "state": number})
    return open_episodes(path)


@pytest.fixture(scope="module")
def parts(episodes):
    """The model and the objective after a training of seconds, and its log."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(OWN)
        run, lines = episodes.path.parent / "run", []
        settings = {"steps": 60, "batch": 16, "evaluate_every": 60, "log_every": 1, "lr": 5e-3}
        model = train(
            episodes, run, MODEL, OBJECTIVE, report=lines.append, accelerator="cpu", **settings
        )
        objective = Objective(OBJECTIVE, model)
    weights = read_weights(run)[1]
    own = {n.removeprefix("objective."): x for n, x in weights.items() if "objective." in n}
    objective.load_state_dict(own)
    assert "by_name.distance.read.0.weight" in own and "by_name.masked.hidden" in own
    return model, objective, lines


def drawn(episodes, model, objective, step=0, **settings):
    made = Recipe(**{"batch": 16, "stride": 1} | settings)
    return BatchSampler(episodes, model, objective, made, CPU)(step)


def values(model, objective, batch, seed=0):
    with torch.no_grad():
        return objective(model, batch, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", ["distance", "masked"])
def test_a_training_lowers_what_terms_of_ones_own_ask_for(parts, name):
    found = [line[f"loss/{name}"] for line in parts[2] if line["kind"] == "step"]
    assert len(found) == 60 and np.mean(found[-5:]) < 0.8 * np.mean(found[:5])


def test_the_distance_is_that_of_its_own_pair(parts, episodes):
    model, objective, _ = parts
    batch = drawn(episodes, model, objective)
    ((law, columns),) = batch.pairs.items()
    shuffled = replace(batch, pairs={law: columns | {"blocks": columns["blocks"].roll(1)}})
    assert (
        values(model, objective, shuffled)["distance"]
        > 3 * (values(model, objective, batch)["distance"])
    )


def test_masks_are_those_of_the_generator_and_hide(parts, episodes):
    model, objective, _ = parts
    batch = drawn(episodes, model, objective)
    one, same, other = (values(model, objective, batch, seed)["masked"] for seed in (0, 0, 1))
    assert one == same != other
    term, z = objective.terms["masked"], torch.randn(2, 3, 16, 8)
    hidden = torch.rand(2, 3, 16) < 0.5
    spoiled = torch.where(hidden[..., None], 99.0, z)
    assert torch.equal(term.fill(z, hidden), term.fill(spoiled, hidden))
    assert not torch.allclose(term.fill(z, hidden), term.fill(z.roll(1, 1), hidden))


def test_hidden_tokens_are_inferred_from_those_that_are_left(parts):
    """Of clips whose tokens are all alike, where knowing nothing is an error of 0.8."""
    model, generator = parts[0], torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    term: Any = Objective({"masked": OBJECTIVE["masked"]}, model).terms["masked"]
    optimizer, found = torch.optim.Adam(term.parameters(), 5e-3), []
    for step in range(150):
        z = torch.randn(16, 1, 1, 8, generator=generator).expand(16, 3, 16, 8)
        masks = torch.from_numpy(term.masks.draw((0, step), 16, (3, 4, 4)))
        loss = term(Seen(model, z, z[:, :2, 0], {}, generator, masks=masks))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(float(loss.detach()))
    assert np.mean(found[-10:]) < 0.4


@pytest.mark.parametrize("unique", [False, True])
def test_a_term_sees_the_latents_of_its_pairs(parts, episodes, unique, monkeypatch):
    model, objective, _ = parts
    batch, shown, encoded = drawn(episodes, model, objective, unique=unique), [], []
    monkeypatch.setattr(
        type(objective.terms["distance"]), "forward",
        lambda self, seen: shown.append(seen) or seen.latents.mean(),
    )  # fmt: skip
    hook = model.encoder.register_forward_hook(lambda *args: encoded.append(len(args[1][0])))
    values(model, objective, batch)
    hook.remove()
    assert len(encoded) == 1 and encoded[0] == len(batch.columns["pixels"].flatten(0, -4)) + 32
    (seen,) = shown
    columns = batch.pairs[Pairs()]
    assert seen.masks is None and torch.equal(seen.pairs.blocks, columns["blocks"])
    windows = replace(batch, pairs={})
    plain = drawn(episodes, model, objective).columns
    assert seen.columns.keys() == plain.keys()
    assert all(torch.equal(seen.columns[name], x) for name, x in plain.items())
    with torch.no_grad():
        assert torch.allclose(seen.pairs.latents, model.encode(columns), atol=1e-5)
        alone = Objective({"prediction": 1.0}, model)
        assert torch.allclose(
            values(model, alone, windows)["prediction"],
            values(model, objective, batch)["prediction"],
            atol=1e-5,
        )
    assert torch.equal(seen.pairs.actions, model.normalise(columns["action"])[:, 0])
    assert seen.pairs.latents.shape == (16, 2, 16, 8) and seen.pairs.actions.shape == (16, 2)


def test_what_no_term_asks_for_is_not_drawn_and_what_is_missing_is_said(parts, episodes):
    model, objective, _ = parts
    plain = Objective({"prediction": 1.0}, model)
    batch = drawn(episodes, model, plain)
    assert batch.pairs == {} and plain.pairs == []
    generator = torch.Generator().manual_seed(0)
    plain(model, batch, generator)
    assert torch.equal(generator.get_state(), torch.Generator().manual_seed(0).get_state())
    with pytest.raises(WmpcError, match=r"no pairs of .*Pairs.*BatchSampler"):
        values(model, objective, batch)


def test_laws_are_drawn_once_each_and_apart_from_the_windows(parts, episodes):
    model = parts[0]
    laws = {
        "one": {"per_window": 2}, "two": {"per_window": 2}, "near": {"within": 1},
        "few": {"per_window": 0.25},
    }  # fmt: skip
    config = {name: {"_target_": "mine.distance:Distance"} | law for name, law in laws.items()}
    objective = Objective(config | {"prediction": 1.0}, model)
    batch = drawn(episodes, model, objective)
    assert [*batch.pairs] == [Pairs(per_window=2), Pairs(within=1), Pairs(per_window=0.25)]
    blocks = [columns["blocks"] for columns in batch.pairs.values()]
    assert (
        [len(x) for x in blocks] == [32, 16, 4] and (blocks[1] == 1).all() and blocks[0].max() > 1
    )
    many = drawn(episodes, model, objective, batch=400)
    places = [
        x["pixels"].float().mean((-3, -1)).argmax(-1)[:400] for x in [*many.pairs.values()][:2]
    ]
    places.append(many.columns["pixels"].float().mean((-3, -1)).argmax(-1))
    first = np.stack([x[:, 0].numpy() for x in places])
    assert np.abs(np.corrcoef(first) - np.eye(3)).max() < 0.2


def test_parts_of_a_batch_and_its_masks_are_together_those_of_one_process(
    parts, episodes, monkeypatch
):
    model, config = parts[0], {name: OBJECTIVE[name] for name in ("distance", "masked")}
    objective, masks = Objective(config, model), []
    monkeypatch.setattr(
        type(objective.terms["masked"]), "forward",
        lambda self, seen: masks.append(seen.masks) or seen.latents.mean(),
    )  # fmt: skip

    def see():
        batch = drawn(episodes, model, objective, 5)
        values(model, objective, batch)
        return batch

    whole = see()
    monkeypatch.setattr(processes, "count", lambda: 2)
    pieces = []
    for place in (0, 1):
        monkeypatch.setattr(processes, "place", lambda place=place: place)
        pieces.append(see())
    assert torch.equal(torch.cat(masks[1:]), masks[0]) and masks[0].shape == (16, 3, 4, 4)
    for of in (lambda batch: batch.columns, lambda batch: batch.pairs[Pairs()]):
        for name, x in of(whole).items():
            assert torch.equal(torch.cat([of(piece)[name] for piece in pieces]), x), name


def test_masks_without_patches_are_refused_before_anything_is_written(episodes, tmp_path):
    objective = {"prediction": 1.0, "masked": OBJECTIVE["masked"]}
    with pytest.raises(WmpcError, match=r"masked of the objective hides patches.*tokens=patches"):
        train(episodes, tmp_path / "run", preset("tiny"), objective, steps=2, accelerator="cpu")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", list_presets("objective"))
def test_the_shortest_windows_are_long_enough_for_every_objective(name, episodes, tmp_path):
    """A model that sees one frame: a term that compares times must ask for those it compares."""
    short = MODEL | {"context": 1}
    terms, fields = read_preset("objective", name), {"steps": 1, "batch": 4, "accelerator": "cpu"}
    lines = []
    train(episodes, tmp_path / "run", short, terms, report=lines.append, **fields)
    assert all(np.isfinite(value) for name, value in lines[0].items() if name.startswith("loss"))
