"""How many steps a time is enough for, measured on a throw-away copy of what learns.

The training that follows is exactly that of the same number of steps asked for outright.
"""

import copy
from typing import Any

from wmpc.wm import processes
from wmpc.wm.training.fit import optimizer_of, take_step
from wmpc.wm.training.loop import EVALUATION_BATCH, HELD_OUT_WINDOWS, Training
from wmpc.wm.training.monitor import evaluate
from wmpc.wm.training.pace import measure_step
from wmpc.wm.training.stop import Stopped

ANY = 10**6
"""Steps that are planned, for the learning rates of those that are measured."""


def steps_that_fit(training: Training) -> int:
    """Measure a few steps and a part of an evaluation.

    Args:
        training: it stays as it is, but for its pace, which is told of the evaluation.

    Returns:
        How many steps fit into the time that its pace promised.

    Raises:
        Stopped: its `stop` said so.
    """
    pace, recipe, fabric = training.pace, training.recipe, training.fabric
    assert pace.limit is not None
    copied: Any = copy.deepcopy(training.learner)
    wrapped, optimizer = fabric.setup(copied, optimizer_of(copied, recipe))
    wrapped.mark_forward_method("loss")

    def step(index: int) -> None:
        if processes.anywhere(training.stop()):
            raise Stopped("training stopped while it measured the speed: nothing is saved yet")
        take_step(wrapped, optimizer, training.sampler(index), recipe, index, [(0, ANY)], fabric)

    seconds = measure_step(step, pace.limit, pace.clock)
    before = pace.clock()
    some = training.held_out.all(EVALUATION_BATCH, EVALUATION_BATCH)
    processes.in_first(lambda: evaluate(copied.model, some, training.describe))
    once = pace.clock() - before
    pace.saw_pause("evaluation", once * HELD_OUT_WINDOWS / EVALUATION_BATCH)
    return processes.decide(lambda: pace.fit(seconds))
