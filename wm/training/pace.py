"""Keeping a promise of time: how many steps fit, and when to make do with fewer.

A training of so many minutes is planned from a short calibration. If the machine turns out slower,
the plan is shortened, never lengthened, while enough is left of it to matter.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from statistics import mean, median

from wmpc.wm import processes

Clock = Callable[[], float]
"""Seconds since any moment, such as time.perf_counter."""
SHARE = 0.03
"""Of the time promised, for the calibration."""
MOST = 0.1
"""The calibration ends here even if it has seen few steps."""
FEWEST = 5
"""Steps in a calibration."""
ENOUGH = 10
"""Steps, to say that the machine has become slower."""
TOLERANCE = 0.05
"""Of the time promised: a delay to put up with."""
TAIL = 0.02
"""Of the steps planned: the last of the cosine, which is never cut, so that every training ends
with a low learning rate."""
LOOK = 0.005
"""Of the time promised, between two looks at how it goes."""
RECENT = 0.25
"""Of the time left: the steps within so many seconds say how fast the machine is now. A moment's
load is forgotten, one that stays is believed before most of the time is gone."""


def measure_step(step: Callable[[int], object], seconds: float, clock: Clock) -> float:
    """Measure how long a step takes, as the median, which a busy moment does not move.

    It measures for `SHARE` of `seconds` and at least `FEWEST` steps after two to warm up, but ends
    after `MOST` of `seconds` with what it has seen by then. The first process decides when it ends.

    Args:
        step: takes one step, given its index from 0.
        seconds: the whole time promised.
        clock: what tells the time.

    Returns:
        Seconds a step; where two steps or fewer were taken, of the last one.
    """
    began, taken = clock(), []
    while True:
        before = clock()
        step(len(taken))
        now = clock()
        taken.append(now - before)
        seen = len(taken) - 2
        share, most = now - began >= SHARE * seconds, now - began >= MOST * seconds
        if processes.decide(partial(bool, most or (share and seen >= FEWEST))):
            return median(taken[2:] or taken[-1:])


class Pace:
    """Watches a training's time; see `shortened`.

    Args:
        limit: seconds promised, or None: then nothing is ever shortened.
        spent: of these, before now.
        evaluation: seconds that one is expected to take.
        evaluate_every, save_every: steps.
        clock: what tells the time.
    """

    def __init__(
        self,
        limit: float | None,
        clock: Clock,
        *,
        spent: float = 0.0,
        evaluation: float = 0.0,
        evaluate_every: int,
        save_every: int,
    ) -> None:
        self.limit, self.clock, self.began = limit, clock, clock() - spent
        self.taken: deque[tuple[float, float]] = deque(maxlen=2000)
        self.next_look = 0.0
        self.pauses = {"evaluation": evaluation, "save": 0.0}
        self.every = {"evaluation": evaluate_every, "save": save_every}

    @property
    def spent(self) -> float:
        """Seconds so far, those before a resumption included."""
        return self.clock() - self.began

    def saw_step(self, seconds: float) -> None:
        """Note how long a step took.

        Args:
            seconds: that it took, with the wait for its batch.
        """
        self.taken.append((self.spent, seconds))

    def saw_pause(self, kind: str, seconds: float) -> None:
        """Note how long an evaluation or a save took; the next are expected to take as long.

        Args:
            kind: "evaluation" or "save".
            seconds: that it took.
        """
        self.pauses[kind] = seconds

    def fit(self, step_seconds: float) -> int:
        """Compute how many steps fit into the time that is left, with their evaluations and saves.

        One evaluation and one save at the end are set aside. There must be a limit.

        Args:
            step_seconds: seconds that a step takes.

        Returns:
            The number of steps, at least 1.
        """
        assert self.limit is not None
        left = self.limit - self.spent - sum(self.pauses.values())
        return max(1, int(left / self._with_pauses(step_seconds)))

    def shortened(self, done: int, steps: int, planned: int) -> int:
        """Decide how many steps there should be in total.

        They stay as they are unless the time promised would be exceeded by more than `TOLERANCE`.
        Nothing is shortened without a limit, before `ENOUGH` steps were seen, within the `TAIL`,
        or within `LOOK` of the limit after the look before.

        Args:
            done: steps taken.
            steps: how many there are to be in total, as known now.
            planned: how many there were to be at first; the `TAIL` is a share of these.

        Returns:
            `steps`, or fewer: as many more as fit after `done`, and at least the `TAIL`.
        """
        tail = max(1, round(TAIL * planned))
        if self.limit is None or steps - done <= tail or len(self.taken) < ENOUGH:
            return steps
        if self.spent < self.next_look:
            return steps
        self.next_look = self.spent + LOOK * self.limit
        left = self.limit - self.spent
        step_seconds = self._recent(left)
        needed = (steps - done) * self._with_pauses(step_seconds) + sum(self.pauses.values())
        if needed <= left + TOLERANCE * self.limit:
            return steps
        return min(steps, done + max(tail, self.fit(step_seconds)))

    def _with_pauses(self, step_seconds: float) -> float:
        return step_seconds + sum(self.pauses[kind] / self.every[kind] for kind in self.pauses)

    def _recent(self, left: float) -> float:
        """Mean seconds of recent steps without the slowest tenth, which one stall would be."""
        since = self.spent - RECENT * left
        recent = [seconds for ended, seconds in self.taken if ended >= since]
        if len(recent) < ENOUGH:
            recent = [seconds for _, seconds in self.taken][-ENOUGH:]
        recent.sort()
        return mean(recent[: len(recent) - max(1, len(recent) // 10)])
