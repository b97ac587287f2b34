"""A training of seconds whose model must be far better than knowing nothing, and optimisation as it
is said to be: scheduled, clipped, and downhill."""

import numpy as np
import pytest
import torch
from model_cases import EVERY_TERM, learner
from torch.optim.optimizer import register_optimizer_step_pre_hook
from toy import MOVE, OBJECTIVE, SIZE, TINY, exact, pushed, pushing, record, square, walks

from wmpc.agents.agent import Goal
from wmpc.agents.baselines import RandomAgent
from wmpc.agents.mpc import MPCAgent
from wmpc.planners import CEM
from wmpc.wm.data import Batch
from wmpc.wm.training.monitor import evaluate, rankme
from wmpc.wm.training.recipe import Recipe
from wmpc.wm.training.run import train
from wmpc.wm.training.schedule import learning_rate

STEPS, BATCH = 500, 32
NEAR = 3.0
"""Pixels within which a goal is reached."""
BLOCKS = 6
"""An agent may act for."""


@pytest.fixture(scope="module")
def episodes(tmp_path_factory):
    return record(tmp_path_factory.mktemp("square") / "data", episodes=150, steps=10)


@pytest.fixture(scope="module")
def model(episodes, tmp_path_factory):
    run = tmp_path_factory.mktemp("learning") / "run"
    settings = {"steps": STEPS, "batch": BATCH, "evaluate_every": STEPS, "save_every": STEPS}
    return train(episodes, run, TINY, OBJECTIVE, lr=4e-3, accelerator="cpu", **settings)


@pytest.fixture(scope="module")
def fresh():
    """Windows of episodes that nobody trained on."""
    rng = np.random.default_rng(123)
    made = [pushing(rng, 3) for _ in range(200)]
    return {name: np.stack([episode[name] for episode in made]) for name in ("pixels", "action")}


@pytest.fixture(scope="module")
def errors(model, fresh):
    """Squared error two steps ahead: of the model, of standing still, of actions of others."""
    found = evaluate(model, [fresh])
    shuffled = evaluate(model, [fresh | {"action": np.roll(fresh["action"], 1, 0)}])
    return [np.mean(x) for x in (
        found["rollout_error"], found["rollout_baseline"], shuffled["rollout_error"]
    )]  # fmt: skip


def test_a_trained_model_beats_standing_still(errors):
    assert errors[0] < 0.25 * errors[1]


def test_a_trained_model_heeds_the_actions(errors):
    assert errors[0] < 0.25 * errors[2]


def test_its_latents_have_the_dimensions_they_may_have(model, fresh):
    z = model.encode(fresh).flatten(0, 1)[:, 0]
    assert rankme(z) > 6 and (z.std(0) > 0.7).all()


def reached(agent, cases=24, seed=5):
    """The share of random goals that an agent reaches in `BLOCKS` blocks."""
    rng, count = np.random.default_rng(seed), 0
    for _ in range(cases):
        place, goal = rng.uniform(0, SIZE - 8, (2, 2))
        while not 2 * MOVE < np.abs(goal - place).max() < 4 * MOVE:
            place, goal = rng.uniform(0, SIZE - 8, (2, 2))
        agent.reset(Goal({"pixels": square(goal)}))
        agent.observe({"pixels": square(place)}, None)
        for _ in range(BLOCKS):
            (action,) = agent.act()
            place = pushed(place, action)
            if np.abs(place - goal).max() < NEAR:
                count += 1
                break
            agent.observe({"pixels": square(place)}, action[None])
    return count / cases


def test_planning_with_it_beats_random_actions_by_far(model):
    planner = CEM(samples=48, elites=6, iterations=3)
    planned = reached(MPCAgent(model, planner, horizon=4))
    low = np.full(2, -1, np.float32)
    chance = reached(RandomAgent(low, -low, 1, 0))
    assert planned > 0.8 and planned > chance + 0.5


@pytest.fixture
def watched():
    """What every step of an optimiser was given: the learning rates, and the gradient's norm."""
    seen = []

    def look(optimizer, *_):
        grads = [p.grad for g in optimizer.param_groups for p in g["params"] if p.grad is not None]
        norm = float(torch.stack([g.norm() for g in grads]).norm())
        seen.append(([group["lr"] for group in optimizer.param_groups], norm))

    handle = register_optimizer_step_pre_hook(look)
    yield seen
    handle.remove()


@pytest.mark.parametrize("clip", [1e-3, 1e6])
def test_every_step_has_the_rate_of_the_schedule_and_a_clipped_gradient(
    watched, episodes, tmp_path, clip
):
    steps, shape = 8, {"lr": 0.01, "warmup": 0.4}
    quick = {"batch": 4, "evaluate_every": steps, "accelerator": "cpu"}
    train(
        episodes,
        tmp_path / "run",
        TINY,
        OBJECTIVE,
        steps=steps,
        **shape,
        clip=clip,
        **quick,
    )
    rates = [learning_rate(step, [(0, steps)], Recipe(**shape)) for step in range(steps)]
    assert len(set(rates)) > 5
    assert [lrs for lrs, _ in watched] == [pytest.approx([lr] * 2) for lr in rates]
    norms = [norm for _, norm in watched]
    if clip < 1:
        assert norms == pytest.approx([clip] * steps, rel=1e-3)
    else:
        assert min(norms) > 1e-2


@pytest.mark.parametrize("term", EVERY_TERM)
def test_going_down_the_loss_lowers_its_term(term):
    """Of the latents themselves: no term is of the wrong sign, none is cut off from the encoder,
    and every frame of a window counts, be it only as what is predicted."""
    network = exact(3)
    whole = learner(network, {term: 2.0})
    batch = Batch(walks(B=32, L=5)).to(torch.device("cpu"))
    noise = torch.randn(32, 5, 4, generator=torch.Generator().manual_seed(0))
    z = (0.2 * noise + torch.tensor([0.1, -0.2, 0.05, 0.3])) @ torch.ones(4, 4).tril()
    z.requires_grad_()
    network.encode = lambda seen: z.unsqueeze(2)

    def loss():
        return whole.loss(batch, torch.Generator().manual_seed(0))

    before = loss()
    assert torch.allclose(before["loss"], 2 * before[term]) and before[term] > 0
    (slope,) = torch.autograd.grad(before["loss"], z)
    counted = {
        "target_prediction": slice(4),  # its last frame is a target without gradient
        "temporal_variance": slice(1, 5),  # PLDM's, which is of the frames after the first
    }.get(term, slice(5))
    assert (slope.norm(dim=(0, 2))[counted] > 1e-6).all()
    with torch.no_grad():
        z -= 1e-3 * slope / slope.norm()
    assert loss()[term] < before[term]
