"""How many steps a time is enough for, measured on a throw-away copy of what learns.

The training that follows is exactly that of the same number of steps asked for outright.
"""

import copy
from collections.abc import Mapping
from typing import Any

from lightning_fabric import Fabric

from wmpc.wm import processes
from wmpc.wm.data import Windows
from wmpc.wm.training.learner import Learner
from wmpc.wm.training.loop import EVALUATION_BATCH, HELD_OUT_WINDOWS, optimizer_of, train_step
from wmpc.wm.training.monitor import evaluate
from wmpc.wm.training.pace import Pace, measure_step
from wmpc.wm.training.stop import Stop, Stopped


def steps_that_fit(
    pace: Pace,
    learner: Learner,
    windows: Windows,
    held_out: Windows,
    recipe: Mapping[str, Any],
    *,
    fabric: Fabric,
    describe: Any,
    stop: Stop,
) -> int:
    """Measure a few steps and a part of an evaluation; how many steps fit into the time promised.

    Raises Stopped when `stop` says so.
    """
    assert pace.limit is not None
    copied: Any = copy.deepcopy(learner)
    optimizer: Any = optimizer_of(copied, recipe["rate"], recipe["weight_decay"])
    wrapped, optimizer = fabric.setup(copied, optimizer)
    wrapped.mark_forward_method("loss")

    part = processes.part(recipe["batch"])

    def step(index: int) -> None:
        if processes.anywhere(stop()):
            raise Stopped("training stopped while it measured the speed: nothing is saved yet")
        key = (recipe["seed"], index)
        data = windows.sample(key, recipe["batch"], recipe.get("unique", False), part)
        train_step(
            wrapped,
            optimizer,
            data,
            seed=recipe["seed"],
            step=index,
            clip=recipe["clip"],
            fabric=fabric,
        )

    seconds = measure_step(step, pace.limit, pace.clock)
    before = pace.clock()
    some = held_out.all(EVALUATION_BATCH, EVALUATION_BATCH)
    processes.in_first(lambda: evaluate(copied.model, some, describe))
    once = pace.clock() - before
    pace.saw_pause("evaluation", once * HELD_OUT_WINDOWS / EVALUATION_BATCH)
    return processes.decide(lambda: pace.fit(seconds))
