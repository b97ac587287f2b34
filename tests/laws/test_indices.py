"""Which frame, which block: in a world that is known exactly, right indices leave no error at all,
and wrong ones do."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from model_cases import learner
from toy import exact, walks

from wmpc.agents.mpc import MPCAgent
from wmpc.agents.picture_goal import PictureAgent
from wmpc.evaluation.diagnosis import surprise
from wmpc.planners import CEM
from wmpc.wm.data import Batch, EpisodeWriter, open_episodes
from wmpc.wm.diagnostics.surprise import errors, ordinary
from wmpc.wm.training.monitor import evaluate

ONLY = ("prediction", "rollout")


def terms(network, batch, steps=2):
    batch = Batch(batch, batch.pop("rows", None)).to(torch.device("cpu"))
    objective = {"prediction": 1.0, "rollout": {"steps": steps}}
    found = learner(network, objective).loss(batch, torch.Generator().manual_seed(0))
    return {name: float(found[name]) for name in ONLY}


@pytest.mark.parametrize(
    ("context", "rollout", "length"), [(1, 1, 2), (3, 2, 5), (2, 4, 6), (3, 5, 9)]
)
def test_a_model_that_knows_its_world_has_no_loss(context, rollout, length):
    assert terms(exact(context), walks(L=length), rollout) == {"prediction": 0, "rollout": 0}


def test_nor_where_frames_that_windows_share_are_given_once():
    batch = walks(B=1, L=9)
    rows = np.stack([np.arange(0, 5), np.arange(2, 7), np.arange(4, 9)])
    action = np.stack([batch["action"][0, first : first + 4] for first in (0, 2, 4)])
    shared = {"pixels": batch["pixels"][0], "action": action, "rows": rows}
    assert terms(exact(3), shared) == {"prediction": 0, "rollout": 0}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda b: b | {"action": 0 * b["action"]},
        lambda b: b | {"action": np.roll(b["action"], 1, 1)},
        lambda b: b | {"action": np.roll(b["action"], -1, 1)},
        lambda b: b | {"action": np.roll(b["action"], 1, 0)},
        lambda b: b | {"action": b["action"][..., ::-1].copy()},
        lambda b: b | {"pixels": b["pixels"][:, ::-1].copy()},
        lambda b: b | {"pixels": np.repeat(b["pixels"][:, :1], b["pixels"].shape[1], 1)},
    ],
)
def test_and_has_one_where_frames_and_actions_do_not_belong_together(wrong):
    found = terms(exact(3), wrong(walks(L=5)))
    assert found["prediction"] > 1 and found["rollout"] > 1


def test_held_out_rollouts_of_an_exact_model_are_exact():
    found = evaluate(exact(3), [walks(L=7, seed=s) for s in range(2)])
    assert found["rollout_error"] == [0.0] * 4
    still = found["rollout_baseline"]
    batches = [walks(L=7, seed=s)["pixels"] for s in range(2)]
    moved = [np.square(p[:, 3:] - p[:, 2:3]).mean((0, 2)) for p in batches]
    assert still == pytest.approx(np.mean(moved, 0).tolist())


def watched(agent, steps, seed=0):
    """Lead an agent through a walk; its places and blocks."""
    walk = walks(B=1, L=steps + 1, seed=seed)
    places, blocks = walk["pixels"][0], walk["action"][0]
    agent.reset(SimpleNamespace(observation={"pixels": np.zeros(4, np.float32)}))
    agent.observe({"pixels": places[0]}, None)
    for place, block in zip(places[1:], blocks, strict=True):
        agent.observe({"pixels": place}, block)
    return places


def belong(latents, executed, places):
    """That blocks (c - 1, A) lead from each of the latents (c, D) to the next, the last of which
    are the last of the places."""
    assert np.array_equal(latents, places[len(places) - len(latents) :])
    assert len(executed) == len(latents) - 1
    assert np.array_equal(np.diff(latents, axis=0), executed)


@pytest.mark.parametrize("context", [1, 2, 3, 5])
@pytest.mark.parametrize("steps", range(7))
def test_a_history_is_the_last_frames_and_the_blocks_between_them(context, steps):
    agent = PictureAgent(exact(context))
    places = watched(agent, steps)
    latents, executed, valid = (x[0].numpy() for x in agent.history.padded())
    assert len(latents) == len(valid) == context and len(executed) == context - 1
    seen = min(context, steps + 1)
    assert valid.tolist() == [False] * (context - seen) + [True] * seen
    belong(latents[valid][:, 0], executed[context - seen :], places)
    assert not latents[~valid].any() and not executed[: context - seen].any()


def test_blocks_of_a_history_are_standardised():
    network = exact(3)
    plain = network.normalise
    network.normalise = lambda a: (plain(a) - 1) / 2
    agent = PictureAgent(network)
    places = watched(agent, 5)
    _, executed, _ = agent.history.padded()
    assert np.array_equal(2 * executed[0].numpy() + 1, np.diff(places[-3:], axis=0))


@pytest.mark.parametrize("blocks", [None, 0, 2])
def test_a_history_begins_anew_where_frames_were_missed(blocks):
    """After several blocks at once, none, or unknown ones: no block leads here from the last."""
    agent = PictureAgent(exact(3))
    places = watched(agent, 4)
    executed = None if blocks is None else np.ones((2 * blocks, 2), np.float32)
    agent.observe({"pixels": places[-1] + 9}, executed)
    assert len(agent.history.latents) == 1 and not agent.history.executed
    assert np.array_equal(agent.history.now[0, 0], places[-1] + 9)
    agent.observe({"pixels": places[-1] + 10}, np.ones((2, 2), np.float32))
    belong(
        *(
            torch.stack(x, 1)[0].flatten(1).numpy()
            for x in (agent.history.latents, agent.history.executed)
        ),
        [places[-1] + 9, places[-1] + 10],
    )


@pytest.mark.parametrize("make", [
    PictureAgent, lambda network: MPCAgent(network, CEM(samples=4, elites=2, iterations=1))
])  # fmt: skip
def test_nothing_is_remembered_of_the_episode_before(make):
    agent = make(exact(3))
    watched(agent, 4)
    agent.reset(SimpleNamespace(observation={"pixels": np.zeros(4, np.float32)}))
    assert not agent.history.latents and not agent.history.executed
    agent.observe({"pixels": np.ones(4, np.float32)}, np.ones((2, 2), np.float32))
    assert len(agent.history.latents) == 1 and not agent.history.executed


@pytest.mark.parametrize("context", [1, 2, 3, 5])
@pytest.mark.parametrize("steps", range(0, 7, 2))
def test_an_agent_plans_from_the_last_frames_and_the_blocks_between_them(context, steps):
    network, bound = exact(context), []
    real = network.dynamics
    network.dynamics = lambda z, a: bound.append((z[0, :, 0].numpy(), a[0].numpy())) or real(z, a)
    agent = MPCAgent(network, CEM(samples=4, elites=2, iterations=1), horizon=2, knots=None)
    places = watched(agent, steps)
    agent.act()
    belong(*bound[-1], places)
    assert len(bound[-1][0]) == min(context, steps + 1)


@pytest.mark.parametrize("context", [1, 2, 3])
@pytest.mark.parametrize("planted", range(3, 7))
def test_an_exact_model_is_surprised_by_the_frame_of_a_teleport_alone(context, planted):
    walk = walks(B=2, L=8)
    walk["pixels"][:, planted:] += 50
    found = errors(exact(context), {"pixels": walk["pixels"]}, walk["action"])
    assert found.shape == (2, 8 - context, 4)
    frames = np.arange(context, 8)
    assert (found[:, frames == planted] == 50).all() and not found[:, frames != planted].any()


def test_the_surprise_of_a_violation_is_read_from_its_first_frame(tmp_path, monkeypatch):
    """A thing that is elsewhere for one frame surprises there, and where it comes back."""
    network, rng = exact(2), np.random.default_rng(0)
    network.spec = replace(network.spec, cameras=["place"])
    network.encode = lambda seen: torch.as_tensor(seen["place"]).float()[..., None, :]
    meta = {"env": "walk", "fps": 10.0, "action_low": [-9.0] * 2, "action_high": [9.0] * 2}
    with EpisodeWriter(tmp_path, meta) as writer:
        for seed in range(30):
            walk = {name: x[0] for name, x in walks(B=1, L=12, seed=seed).items()}
            noise = rng.normal(0, 0.1, (12, 4)).astype(np.float32)
            writer.append({"place": walk["pixels"] + noise, "action": walk["action"]})
    episodes = open_episodes(tmp_path)
    offered, asked = [("teleport", "disc")], []

    def clips(task, episodes, what, thing, *, before, after, **_):
        asked.append(before)
        for seed in range(4):
            walk = walks(B=1, L=before + after, seed=seed)
            noise = rng.normal(0, 0.1, (before + after, 4)).astype(np.float32)
            intact = {"place": walk["pixels"][0] + noise}
            violated = {"place": intact["place"].copy()}
            violated["place"][before:] += 3
            yield SimpleNamespace(intact=intact, violated=violated, action=walk["action"][0])

    fake = SimpleNamespace(offered=lambda task: offered, clips=clips)
    monkeypatch.setattr(surprise, "violations", fake)
    (found,) = surprise.surprise_findings(network, None, episodes)
    assert asked == [3] and found.value == 1.0
    time, violated = found.figure["series"]["violated"]
    assert time[int(np.argmax(violated))] == 0 and max(violated) > 50
    assert sorted(violated)[-2] < 10
    spread = ordinary(network, episodes, episodes.held_out_ids)
    assert np.isfinite(spread.precision).all()
