"""Offline scores against a world whose dynamics are known: what is perfect, what is chance, and
what may be looked at."""

import json

import numpy as np
import pytest
import torch
from linear_world import Linear, record

from wmpc.agents.mpc import MPCAgent
from wmpc.errors import WmpcError
from wmpc.evaluation.offline.actions import score_actions
from wmpc.evaluation.offline.ranks import score_ranks
from wmpc.evaluation.offline.readout import fit_linear_probe
from wmpc.evaluation.offline.scores import score_offline, see_split
from wmpc.evaluation.offline.seen import others, see
from wmpc.evaluation.offline.strips import draw_strips
from wmpc.planners import CEM, LatentDistance
from wmpc.planners.costs import WhitenedDistance

PLANNER = CEM(samples=96, elites=8, iterations=8)


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """The recordings; all training episodes spoiled; two of the held-out ones spoiled."""
    root = tmp_path_factory.mktemp("linear")
    held_out = range(9, 60, 10)
    training = [i for i in range(60) if i not in held_out]
    return {
        "none": record(root / "none"),
        "training": record(root / "training", spoiled=training),
        "held out": record(root / "held", spoiled=(19, 49)),
        "no actions": record(root / "video", actions=False),
    }


def planning(world):
    """Two blocks ahead, which a short search finds exactly."""
    return lambda seed: MPCAgent(world, PLANNER, horizon=2, seed=seed)


def scored(episodes, world, **settings):
    given = {"cloning": 0, "decisions": 12, "horizon": 6, "blocks": 3, "agent": planning(world)}
    return score_offline(world, episodes, **(given | settings))


@pytest.fixture(scope="module")
def perfect(sets):
    return scored(sets["none"], Linear(sets["none"]), decisions=30, cloning=200)


def test_a_cost_is_fitted_to_the_training_episodes(sets):
    world = Linear(sets["none"])
    searched = {"agent": None, "planner": PLANNER, "decisions": 2}
    assert scored(sets["none"], world, **searched, cost=WhitenedDistance()).ranks is not None


def values(curve):
    return np.array([estimate.value for estimate in curve])


def test_a_perfect_model_imagines_what_happened(perfect):
    curves = perfect.rollouts.latent
    assert values(curves["model"]) == pytest.approx(0, abs=1e-9) and len(curves["model"]) == 6
    floors = {who: values(curves[who]) for who in ("shuffled", "repeat", "mean")}
    assert all((floor > 0.01).all() for floor in floors.values())
    assert (np.diff(floors["repeat"]) > 0).all() and (np.diff(floors["shuffled"]) > 0).all()
    assert ((floors["mean"] > 0.5) & (floors["mean"] < 2)).all()  # 1 on training frames
    read = perfect.rollouts.probe
    assert values(read["model"]) == pytest.approx(values(read["probe"]), abs=1e-5)
    assert values(read["probe"]).max() < 0.05 < values(read["repeat"]).min()
    assert perfect.readout.r2.value > 0.99 and perfect.readout.column == "proprio"
    ends = perfect.rollouts.variables["proprio 0"]
    one = [perfect.rollouts.variables[f"proprio {i}"] for i in (0, 1)]
    length = np.sqrt(np.mean([(x["repeat"] / x["spread"]) ** 2 for x in one]))
    assert length == pytest.approx(read["repeat"][-1].value) and ends["spread"] > 5


def test_a_perfect_model_finds_is_surprised_and_ranks(perfect):
    assert perfect.retrieval.model.value == 1.0 and perfect.retrieval.candidates == 64
    assert perfect.retrieval.shuffled.value < 0.2 and perfect.retrieval.repeat.value < 0.5
    assert perfect.surprise.cut.value > 0.95 and perfect.surprise.shuffled.value > 0.95
    assert perfect.ranks.percentile.value > 0.995 and perfect.ranks.candidates == 256


def test_a_perfect_model_gives_the_recorded_actions_back(perfect):
    far, near = perfect.actions
    assert (far.blocks, near.blocks) == (3, 1)
    assert near.agent.value < 0.1 < 0.6 < near.floors["mean"].value
    assert near.floors["random"].value == pytest.approx(2**0.5, abs=0.3)
    assert near.floors["mean"].value == pytest.approx(1, abs=0.2)
    assert near.floors["previous"].value == pytest.approx(2**0.5, abs=0.4)
    assert near.floors["cloning"].value < near.floors["mean"].value
    for who, ahead in near.ahead_of.items():
        gain = near.floors[who].value - near.agent.value
        assert ahead.value == pytest.approx(gain) and ahead.interval[0] > 0


def test_a_model_of_longer_blocks_is_perfect_too(sets):
    """Two recorded steps a block: frames and actions are counted in blocks."""
    found = scored(sets["none"], Linear(sets["none"], stride=2), blocks=2, horizon=3)
    curves = found.rollouts.latent
    assert values(curves["model"]) == pytest.approx(0, abs=1e-9) and len(curves["model"]) == 3
    assert values(curves["shuffled"]).min() > 0.01
    assert found.retrieval.model.value == 1.0 and found.ranks.percentile.value > 0.97
    assert found.surprise.cut.value > 0.9
    # the planner holds one action for both of a block, the recording did not
    mean = found.actions[1].floors["mean"].value
    assert 0.3 * mean < found.actions[1].agent.value < mean
    held = see(Linear(sets["none"], stride=2), sets["none"], sets["none"].held_out_ids)
    for row in held.starts(1, 1, 20):
        index = held.episode[row]
        t = int(np.flatnonzero(held.episode == index)[0])
        recorded = sets["none"].episode(int(index))["action"][row - t : row - t + 2]
        assert np.array_equal(held.executed(row), recorded[:, 0])


def test_a_model_that_ignores_actions_is_told(sets):
    found = scored(sets["none"], Linear(sets["none"], gain=0.0))
    curves = found.rollouts.latent
    for who in ("shuffled", "repeat"):
        assert values(curves["model"]) == pytest.approx(values(curves[who]))
    assert found.retrieval.model == found.retrieval.shuffled == found.retrieval.repeat
    assert found.ranks.percentile.value == 0.5


def test_a_model_that_sees_nothing_gets_chance(sets):
    found = scored(sets["none"], Linear(sets["none"], gain=0.0, sight=0.0))
    assert found.retrieval.model.value == pytest.approx(1 / 64) == found.retrieval.chance
    assert found.surprise.cut.value == found.surprise.shuffled.value == 0.5
    assert found.ranks.percentile.value == 0.5
    assert found.readout.r2.value < 0.05
    assert json.dumps(found.as_dict(), allow_nan=False)


def test_what_is_measured_is_held_out(sets):
    """Nothing true of training episodes is needed to be perfect, and wild held-out ones show."""
    whole = scored(sets["training"], Linear(sets["training"]))
    assert values(whole.rollouts.latent["model"]) == pytest.approx(0, abs=1e-9)
    assert whole.retrieval.model.value == 1.0
    assert whole.ranks.percentile.value > 0.95
    assert whole.actions[1].agent.value < 0.2
    assert whole.episodes == (9, 19, 29, 39, 49, 59)
    broken = scored(sets["held out"], Linear(sets["held out"]))
    assert values(broken.rollouts.latent["model"]).min() > 0.1
    assert broken.retrieval.model.value < 0.8


def test_what_it_is_compared_with_is_not(sets):
    """Spoiled held-out episodes change no probe, no mean and no other candidate."""
    probes, starts = [], []
    for name in ("none", "held out"):
        held, train = see_split(Linear(sets[name]), sets[name])
        assert {*held.ids} == {*sets[name].held_out_ids}
        assert {*train.ids} == {*sets[name].train_ids}
        probes.append(fit_linear_probe(train).weights)
        starts.append(train.encoded.blocks)
    assert np.array_equal(*probes) and torch.equal(*starts)


def test_a_better_model_has_better_scores(sets):
    """A gain of 0.7 lies between a model that knows and one that ignores its actions."""
    found = [scored(sets["none"], Linear(sets["none"], gain=gain)) for gain in (1.0, 0.7, 0.0)]
    for score in (
        lambda s: -s.rollouts.latent["model"][0].value,
        lambda s: s.retrieval.model.value,
        lambda s: s.ranks.percentile.value,
        lambda s: -s.actions[1].agent.value,
    ):
        best, middle, worst = map(score, found)
        assert best > middle > worst


def test_recordings_without_actions_say_what_needs_none(sets):
    found = scored(sets["no actions"], Linear(sets["none"]))
    assert found.readout.r2.value > 0.99
    assert (found.rollouts, found.surprise, found.retrieval, found.ranks) == (None,) * 4
    assert found.actions == () and "No actions were recorded" in found.notes[-1]


def test_too_few_episodes_are_refused(tmp_path):
    episodes = record(tmp_path / "few", episodes=9)
    with pytest.raises(WmpcError, match="no held-out one; every tenth is held out"):
        scored(episodes, Linear(episodes))


def test_a_single_held_out_episode_has_no_interval(tmp_path):
    episodes = record(tmp_path / "one", episodes=10)
    found = scored(episodes, Linear(episodes), horizon=2)
    assert found.retrieval.model.interval is None and found.retrieval.candidates == 12
    assert found.retrieval.chance == 1 / 12 and found.retrieval.model.value == 1.0


def test_an_agent_of_ones_own_is_scored_and_one_that_does_not_plan_has_no_rank(sets):
    class Still:
        def reset(self, goal):
            assert set(goal.observation) == {"pixels"}  # it is shown no more than a picture
            self.seen = 0

        def observe(self, observation, executed):
            assert (executed is None) == (self.seen == 0)
            self.seen += 1

        def act(self):
            assert self.seen == 2
            return np.zeros((1, 2))

    found = scored(sets["none"], Linear(sets["none"]), agent=lambda seed: Still())
    assert found.ranks is None and "does not plan" in found.notes[-1]
    assert found.actions[0].agent.value == pytest.approx(found.actions[0].floors["mean"].value, 0.1)


def test_the_agent_is_asked_at_the_frame_and_towards_the_goal_that_count(sets):
    """One that is told the future by the goal's picture gives the recorded mean action."""
    held = see(Linear(sets["none"]), sets["none"], sets["none"].held_out_ids)
    train = see(held.model, sets["none"], sets["none"].train_ids)

    class Straight:
        def reset(self, goal):
            self.goal = goal.observation["pixels"][0, 0, :2].astype(float)

        def observe(self, observation, executed):
            now = observation["pixels"][0, 0, :2].astype(float)
            if executed is not None:
                assert np.array_equal(executed[0], now - self.now)  # what led from there to here
            self.now = now

        def act(self):
            return ((self.goal - self.now) / self.blocks)[None]

    for blocks in (1, 4):
        agent = Straight()
        agent.blocks = blocks
        found = score_actions(held, train, lambda seed, agent=agent: agent, blocks)
        most = 1e-9 if blocks == 1 else found.floors["mean"].value
        assert found.agent.value < most
    with pytest.raises(WmpcError, match="only an agent that plans"):
        score_ranks(held, train, lambda seed: Straight(), 2)


def test_a_planner_alone_is_an_agent(sets):
    """With `MPCAgent`'s own horizon, and the seed that decides."""
    settings = {"agent": None, "planner": PLANNER, "decisions": 6}
    found = scored(sets["none"], Linear(sets["none"]), **settings)
    assert found.actions[1].agent.value < 0.7 * found.actions[1].floors["mean"].value
    again = scored(sets["none"], Linear(sets["none"]), **settings)
    other = scored(sets["none"], Linear(sets["none"]), **settings, seed=1)
    assert again == found != other
    none = scored(sets["none"], Linear(sets["none"]), agent=None)
    assert none.actions == () and none.ranks is None and none.retrieval == found.retrieval


def test_ranks_are_of_the_agents_own_cost(sets):
    """A cost turned round ranks the recorded actions last."""
    held = see(Linear(sets["none"]), sets["none"], sets["none"].held_out_ids)
    train = see(held.model, sets["none"], sets["none"].train_ids)

    def away(target, executed):
        cost = LatentDistance()(target, executed)
        return lambda latents, actions: -cost(latents, actions)

    made = lambda seed: MPCAgent(held.model, PLANNER, cost=away, seed=seed)  # noqa: E731
    assert score_ranks(held, train, made, 3, count=12).percentile.value < 0.005


def test_strips_show_what_happened_beside_what_was_imagined(sets):
    held = see(Linear(sets["none"]), sets["none"], sets["none"].held_out_ids)
    train = see(held.model, sets["none"], sets["none"].train_ids)
    places = train.column("proprio")
    strips = draw_strips(held, train, horizon=5, count=3)
    assert len({strip.episode for strip in strips}) == 3
    for strip in strips:
        recorded = sets["none"].episode(strip.episode)["pixels"]
        assert strip.moments == (0, 1, 2, 3, 4, 5)
        assert np.array_equal(strip.real, recorded[strip.frame : strip.frame + 6])
        for real, imagined in zip(strip.real, strip.imagined, strict=True):
            place = real[0, 0, :2].astype(float)
            away = np.linalg.norm(places - place, axis=1)
            shown = imagined[0, 0, :2].astype(float)
            assert np.linalg.norm(shown - place) == pytest.approx(away.min())


def test_others_are_of_other_episodes():
    rng = np.random.default_rng(0)
    episode = rng.integers(0, 5, 400)
    drawn = np.stack([others(episode, rng) for _ in range(20)])
    assert (episode[drawn] != episode).all()
    assert len(np.unique(drawn[:, 0])) > 10 and (np.bincount(drawn.ravel()) > 0).all()
    alone = others(np.zeros(7, int), rng)
    assert (alone != np.arange(7)).all()
