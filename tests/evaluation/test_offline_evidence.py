"""Where an offline score's floors and scales come from, and what its interval is over."""

import numpy as np
import pytest
from linear_world import Linear, record

from wmpc.agents.mpc import MPCAgent
from wmpc.evaluation.offline.actions import decisions, score_actions
from wmpc.evaluation.offline.rollouts import score_rollouts
from wmpc.evaluation.offline.scores import score_offline, see_split
from wmpc.evaluation.offline.seen import see
from wmpc.evaluation.statistics.episodes import Estimate
from wmpc.planners import CEM

HELD_OUT = range(9, 60, 10)


@pytest.fixture(scope="module")
def tame(tmp_path_factory):
    """Recordings of a world that the model knows."""
    return record(tmp_path_factory.mktemp("linear") / "tame")


def planning(world):
    return lambda seed: MPCAgent(world, CEM(samples=32, elites=8, iterations=2), seed=seed)


def test_floors_and_scales_of_rollouts_come_from_training_episodes(tame, tmp_path):
    wild = record(tmp_path / "wild", spoiled=[i for i in range(60) if i not in HELD_OUT])
    held = see(Linear(tame), tame, tame.held_out_ids)
    still, mean = [], []
    for each in (tame, wild):
        found = score_rollouts(held, see(Linear(each), each, each.train_ids), None, 3)
        still.append([estimate.value for estimate in found.latent["repeat"]])
        mean.append([estimate.value for estimate in found.latent["mean"]])
    still, mean = np.array(still), np.array(mean)
    assert (still[0] > 1.5 * still[1]).all()  # a share of another variance
    assert not np.allclose(*(mean / still), rtol=0.01)  # and another middle


def test_actions_are_measured_by_those_of_training_episodes(tmp_path):
    odd = record(tmp_path / "odd", spoiled=HELD_OUT)
    held, train = see_split(Linear(odd), odd)
    actions = np.concatenate([odd.episode(i)["action"][:, 0] for i in train.ids])
    asked = np.stack([held.executed(row)[0] for row in decisions(held, 1, 20)])
    expected = np.sqrt((((actions.mean(0) - asked) / actions.std(0)) ** 2).mean())
    floors = score_actions(held, train, planning(held.model), 1, count=20).floors
    assert floors["mean"].value == pytest.approx(expected, rel=1e-4)


def test_every_interval_is_over_the_held_out_episodes(tame):
    """Windows of an episode are no more evidence than it."""
    world = Linear(tame)
    scores = score_offline(
        world, tame, agent=planning(world), cloning=0, decisions=12, horizon=3, blocks=2
    )
    found = [*estimates(scores)]
    assert len(found) > 40 and {each.episodes for each in found} == {len(HELD_OUT)}


def estimates(value):
    """All that are in nested values."""
    if isinstance(value, Estimate):
        yield value
        return
    inner = value if isinstance(value, dict) else vars(value) if hasattr(value, "__dict__") else {}
    for each in value if isinstance(value, list | tuple) else inner.values():
        yield from estimates(each)
