"""Goals one after another: when the next is pursued, and which of several latents is."""

from types import SimpleNamespace

import pytest
import torch

from wmpc.agents.route import Route
from wmpc.planners.costs import Target


def at(*numbers):
    """A latent of one token, (1, 1, D)."""
    return torch.tensor([[numbers]], dtype=torch.float64)


def route(*targets, near=0.1, patience=20):
    made = Route(None, lambda part: targets[part], near, patience)  # type: ignore[arg-type]
    made.reset(SimpleNamespace(route=range(len(targets))))
    return made


def test_all_that_is_reached_already_is_passed_at_once_but_never_the_last():
    pursued = route(*(Target(at(0.0)) for _ in range(3)))
    pursued.look(at(5.0))
    assert pursued.stage == 0
    pursued.look(at(0.0))
    assert pursued.stage == 2
    for _ in range(40):
        pursued.decide()
        pursued.look(at(0.0))
    assert pursued.stage == 2


def test_each_goal_has_the_whole_patience():
    pursued, stages = route(*(Target(at(9.0)) for _ in range(3)), patience=4), []
    for _ in range(10):
        pursued.look(at(0.0))
        stages.append(pursued.stage)
        pursued.decide()
    assert stages == [0] * 4 + [1] * 4 + [2] * 2


def test_a_new_goal_has_the_whole_patience_again():
    goal = SimpleNamespace(route=range(2))
    pursued = route(Target(at(9.0)), Target(at(9.0)), patience=3)
    for _ in range(2):
        pursued.decide()
    pursued.reset(goal)
    pursued.decide()
    pursued.look(at(0.0))
    assert pursued.stage == 0
    for _ in range(2):
        pursued.decide()
    pursued.look(at(0.0))
    assert pursued.stage == 1


@pytest.mark.parametrize("weight", [None, (1.0, 1.0, 0.0, 0.0), (0.5, 1.0, 0.0, 0.0)])
def test_reached_is_a_matter_of_the_mean_square_of_what_counts(weight):
    """However many entries there are, and whatever those do that do not count."""
    goal, here = at(1.0, 2.0, 3.0, 4.0), at(1.5, 2.5, 3.5, 4.5)
    if weight is not None:
        here[..., 2:] += 100
        weight = torch.tensor([weight], dtype=torch.float64)
    for near, stage in ((0.24, 0), (0.25, 1), (0.26, 1)):
        pursued = route(Target(goal, weight), Target(at(0.0, 0.0, 0.0, 0.0)), near=near)
        pursued.look(here)
        assert pursued.stage == stage


def test_what_a_probe_reads_is_what_is_reached():
    read = Target(at(3.0), torch.ones(1, 1, dtype=torch.float64), lambda z: z.sum(-1))
    for place, stage in ((at(1.0, 1.0), 0), (at(1.0, 2.0), 1)):
        pursued = route(read, Target(at(0.0, 0.0)))
        pursued.look(place)
        assert pursued.stage == stage


def test_the_nearest_of_several_is_by_what_counts():
    several = torch.cat([at(0.0, 9.0), at(1.0, 0.0), at(5.0, 0.2)])
    here = at(0.1, 0.2)
    for weight, index in ((None, 1), ((1.0, 0.0), 0), ((0.0, 1.0), 2)):
        counts = None if weight is None else torch.tensor([weight], dtype=torch.float64)
        aimed = route(Target(several, counts)).aim(here, 0)
        assert torch.equal(aimed.latents, several[index : index + 1]) and aimed.weight is counts
