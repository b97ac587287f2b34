"""The intuitive-physics test of a trained model in its task."""

from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.evaluation.diagnosis import violations
from wmpc.wm.data import Episodes
from wmpc.wm.diagnostics.finding import Finding
from wmpc.wm.diagnostics.surprise import errors, finding, ordinary, surprise
from wmpc.wm.models.world_model import LearnedModel


def surprise_findings(
    model: LearnedModel, task: Any, episodes: Episodes, clips: int = 40, seed: int = 0
) -> list[Finding]:
    """Measure whether the model is surprised where recorded physics is broken.

    One half of the held-out episodes says what is ordinary, the clips come from the other.

    Args:
        model: predicts the frames.
        task: offers violations, of its objects and walls.
        episodes: with held-out episodes.
        clips: the most of one violation of one object.
        seed: of the clips.

    Returns:
        A finding of each violation that some clip could be made of.

    Raises:
        WmpcError: there are fewer than two held-out episodes.
    """
    held_out = np.asarray(episodes.held_out_ids)
    if len(held_out) < 2:
        raise WmpcError(
            f"surprise needs two held-out episodes, {episodes.path} has {len(held_out)}"
        )
    spread = ordinary(model, episodes, held_out[::2])
    before, after = model.context + 1, 4
    found = []
    for violation in dict.fromkeys(what for what, _ in violations.offered(task)):
        things, violated, intact = [], [], []
        for what, thing in violations.offered(task):
            if what != violation:
                continue
            made = violations.clips(
                task, episodes, what, thing, ids=held_out[1::2], count=clips, before=before,
                after=after, action_block=model.action_block, seed=seed,
            )  # fmt: skip
            for clip in made:
                both = {
                    name: np.stack([clip.violated[name], clip.intact[name]])
                    for name in clip.violated
                }
                scores = surprise(errors(model, both, np.stack([clip.action] * 2)), spread)
                things.append(thing)
                violated.append(scores[0])
                intact.append(scores[1])
        if things:
            moment = before - model.context  # the first score is of frame h
            found.append(finding(violation, things, np.stack(violated), np.stack(intact), moment))
    return found
