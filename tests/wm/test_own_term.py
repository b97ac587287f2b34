"""A term that somebody else wrote: trained by, told after every step, saved with the model."""

import pytest
import torch
from model_cases import preset
from square import SETTINGS, record_square

from wmpc.errors import WmpcError
from wmpc.wm.data import open_episodes
from wmpc.wm.training.checkpoint import read_weights
from wmpc.wm.training.run import train

CODE = """
import torch
from wmpc.wm.objectives.term import Term

STEPS = []

class Follower(Term):
    columns = ("state",)

    def __init__(self, model, weight=1.0):
        super().__init__(model, weight)
        self.scale = torch.nn.Parameter(torch.ones(()))

    def forward(self, seen):
        assert seen.columns["state"].shape[:2] == seen.latents.shape[:2]
        return (self.scale * seen.learned - 1).square().mean()

    def after_step(self, model):
        STEPS.append(self.scale.item())
"""


def test_a_term_of_ones_own_is_trained_and_told_after_every_step(tmp_path, monkeypatch):
    (tmp_path / "my_terms.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    data = open_episodes(record_square(tmp_path / "square"))
    objective = {"prediction": 1.0, "sigreg": 0.5, "mine": {"_target_": "my_terms:Follower"}}
    train(data, tmp_path / "run", preset("tiny"), objective, **SETTINGS)
    import my_terms  # pyright: ignore[reportMissingImports]

    assert len(my_terms.STEPS) >= 12 and len(set(my_terms.STEPS)) > 10
    saved = read_weights(tmp_path / "run")[1]["objective.by_name.mine.scale"]
    assert torch.equal(saved, torch.tensor(my_terms.STEPS[-1]))
    for entry, said in (
        ({"_target_": "my_terms:torch"}, "must be a function or a class"),
        ({"_target_": "os.getcwd"}, "is no wmpc"),
        ({"_target_": "my_terms:Follower", "wieght": 1.0}, "does not take"),
    ):
        with pytest.raises(WmpcError, match=said):
            train(data, tmp_path / "other", preset("tiny"), objective | {"mine": entry}, **SETTINGS)
