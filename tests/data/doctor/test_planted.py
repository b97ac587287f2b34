"""Every kind of fault, planted in recordings of three tasks, is found where it is."""

import numpy as np
import pytest
from planting import PLANTS

from wmpc.wm.recordings.doctor import KINDS, examine

ALSO = {
    # What a fault of one kind rightly brings along.
    "not_finite": {"action_out_of_bounds"},
    "unit_jump": {"action_out_of_bounds", "teleport"},
    "swapped_colours": {"clipped_exposure"},
    "frozen_pictures": {"picture_shift"},
}


@pytest.mark.parametrize("task", ["reacher", "two_room", "push_t"])
@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_fault_is_found_where_it_is(recorded, task, plant):
    kind = plant.split()[0]
    spoiled = recorded(task).copy()
    episode, step = PLANTS[plant](spoiled.episodes, np.random.default_rng(5))
    found = examine(type(spoiled)(spoiled.episodes, spoiled.about))
    fault = next((f for f in found.faults if f.kind == kind), None)
    assert fault, [f.says for f in found.faults]
    assert (fault.episode, fault.step) == (episode, step)
    assert found.score < 100 and fault.says.endswith(".") and fault.do.endswith(".")
    assert {f.kind for f in found.faults} <= {kind, *ALSO.get(kind, ())}


def test_every_kind_is_planted():
    assert {plant.split()[0] for plant in PLANTS} | {"damaged"} == set(KINDS)
