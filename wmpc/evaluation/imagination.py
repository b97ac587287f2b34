"""What the model imagined of an episode: an open-loop rollout under the actions really executed.

From the case's start, with the context that the agent had there, the model is fed every block that
the simulator executed and never looks again. Where its pictures part from the true ones, its
dynamics are wrong; where they agree and the goal was missed all the same, something else is.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from wmpc.agents.history import History
from wmpc.agents.nearest_frame import FrameBank, frame_bank
from wmpc.errors import WmpcError
from wmpc.evaluation.find_manifest import find_dataset
from wmpc.evaluation.manifest import Case
from wmpc.evaluation.run_cases import Row
from wmpc.wm.data import open_episodes
from wmpc.wm.models.world_model import LearnedModel


@dataclass(frozen=True, eq=False)
class Imagination:
    """A model, and the recorded frames that stand for its latents."""

    model: LearnedModel
    bank: FrameBank

    @torch.no_grad()
    def pictures(self, task: Any, case: Case, row: Row) -> list[np.ndarray]:
        """Show what the model imagines of an episode.

        Args:
            task: that of the case.
            case: where the episode began.
            row: what was executed.

        Returns:
            The nearest recorded frame (H, W, 3) to each imagined latent: one at the start, then one
            after every whole block of `row.actions`.
        """
        seen, blocks = context(task, case, row.start)
        history = History(self.model)
        for observation, executed in zip(seen, (None, *blocks), strict=True):
            history = history.seeing(observation, executed)
        latents, n = history.now, self.model.action_block
        whole = len(row.actions) // n
        if whole:
            taken = np.stack(row.actions[: whole * n]).reshape(whole, n, -1)
            imagined = history.dynamics().rollout(self.model.normalise(taken)[None, None])[0, 0]
            latents = torch.cat([latents, imagined])
        return list(self.bank.pixels[self.bank.nearest(latents)[0]])


def imagination(model: Any, run: str | None, data: str | None) -> Imagination | None:
    """Make what shows what a model imagines.

    Args:
        model: that of the evaluation, if it has one.
        run: its folder.
        data: of the dataset; None: the run's.

    Returns:
        None where the model was not learned, or its dataset is not there to take frames from.
    """
    if not isinstance(model, LearnedModel):  # an agent that needs none
        return None
    try:
        return Imagination(model, frame_bank(model, open_episodes(find_dataset(run, data))))
    except WmpcError:  # a run may have forgotten its dataset, which may have moved
        return None


def context(task: Any, case: Case, start: str) -> tuple[list[dict[str, np.ndarray]], np.ndarray]:
    """Replay what the agent had seen at a case's start, and leave the task there.

    Args:
        task: that of the case.
        case: where the episode begins.
        start: warm, or cold: without the recorded lead-in.

    Returns:
        Observations of c frames, and the blocks (c - 1, n, A) between them.
    """
    warm = start == "warm"
    case.begin(task, warm)
    seen = [task.observe_state(task.get_state())]
    blocks = case.lead_in if warm else case.lead_in[:0]
    for block in blocks:
        for action in block:
            task.advance(action)
        seen.append(task.observe_state(task.get_state()))
    return seen, np.asarray(blocks)
