"""Plan in the background: act on the last plan while the next one is made.

A plan that takes 80 ms need not hold up the robot for 80 ms. While the blocks that `act` returned
are executed, a worker thread plans what follows them, from where the model says that they lead:
the delay of one decision is made up for by imagining it. In an exact model nothing is lost; in
another, a decision knows what was seen one decision ago. Torch computes without Python's lock, so
that the robot's own loop runs on beside it.
"""

import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wmpc.agents.history import History
from wmpc.agents.meaning import GoalLike
from wmpc.agents.mpc import MPCAgent
from wmpc.errors import WmpcError
from wmpc.planners.problem import Plan, Planner
from wmpc.wm.models.world_model import WorldModel


class AsyncMPCAgent(MPCAgent):
    """An `MPCAgent` whose `act` returns at once; only the first decision after `reset` plans first.

    Args:
        model, planner, arguments: as `MPCAgent` takes them. `deadline` is the worker's; keep it
            below the time that the blocks of a decision take to execute.
        join: what `act` does where the next plan is not ready. True: it waits, so that the plans
            are the same however fast the machine is. False: it goes on with the plan that it has,
            to its end if need be, and waits only then; the late plan is joined where it would by
            now have arrived.

    What the worker raises, the next `act` raises.
    """

    def __init__(
        self, model: WorldModel, planner: Planner, *, join: bool = True, **arguments: Any
    ) -> None:
        super().__init__(model, planner, **arguments)
        if self.adaptation is not None:
            raise WmpcError(
                "adapt came with an agent that plans in the background: its model would learn "
                "while it plans; choose one of them"
            )
        self.join = join
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="plan")
        self._next: Future[Plan] | None = None

    def reset(self, goal: GoalLike) -> None:
        """Forget the past; wait for the worker and drop what it was at.

        Args:
            goal: pursued from now on, see `MPCAgent.reset`.
        """
        if self._next is not None:
            wait([self._next])
        self._next = None
        self._age = 0  # blocks of `plan` that were executed
        self._next_age = 0  # the same of the plan in the making
        super().reset(goal)

    def act(self) -> np.ndarray:
        """Go on with the present plan, and have the next one made.

        Returns:
            Its next `execute` blocks, (execute * n, a) in the environment's units.
        """
        began = self._begin()
        if self._next is not None and (self.join or self._next.done() or self._ends()):
            coming, self._next = self._next, None
            self.plan, self._age = coming.result(), self._next_age
        if self.plan is None or self._ends():
            shifted = self._shifted(self._age)
            self.plan = self._solve(self.history, shifted, began, self.stage)
            self._age = 0
        first = self._age
        self._age += self.execute
        self._next_age += self.execute
        if self._next is None:
            self._next_age = 0
            self._next = self._worker.submit(
                self._ahead,
                self.history,
                self._blocks(self.plan, first),
                self._shifted(self._age),
                self.stage,
            )
        return self._decided(first, began)

    def _ends(self) -> bool:
        """Whether the present plan is too short for another decision."""
        return self.plan is None or self._age + self.execute > self.plan.actions.shape[1]

    def _ahead(
        self, history: History, blocks: Tensor, warm_start: Tensor | None, stage: int
    ) -> Plan:
        """Plan for the time when `blocks` (1, execute, A) will have been executed."""
        began = time.perf_counter()
        with torch.no_grad():
            imagined = history.dynamics().rollout(blocks.unsqueeze(1))[:, 0]
        history = history.then(imagined.unbind(1), blocks.unbind(1))
        return self._solve(history, warm_start, began, stage)
