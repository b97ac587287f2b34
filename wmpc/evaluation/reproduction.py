"""Hold what a run does on this machine against what was recorded of it, case by case.

`RUN/reproduction.json` holds a record: the hashes of the checkpoint and of the cases, and of each
case the latent of its goal picture and whether, and after how many actions, the goal was reached.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from wmpc.envs import gl
from wmpc.errors import WmpcError
from wmpc.evaluation.preparation import Prepared
from wmpc.evaluation.provenance import versions
from wmpc.evaluation.run_cases import run_cases
from wmpc.system.disk import replace_file
from wmpc.system.json_file import read_json
from wmpc.system.links import refuse_outside
from wmpc.system.progress import Progress, Tell, quiet
from wmpc.wm.models.world_model import seen_columns

RECORD = "reproduction.json"
FORMAT, VERSION = "wmpc-reproduction", 1
DIGITS = 6
"""Significant digits of a latent in a record."""
LARGEST = 1e9
"""A latent of a record."""


@dataclass(frozen=True, eq=False)
class Measured:
    """What a run did on the first N cases."""

    successes: np.ndarray
    """(N,) bool."""
    steps: np.ndarray
    """(N,) int64, simulator actions to the first success; -1 where the goal was not reached."""
    latents: np.ndarray
    """(N, K * D) float64, of the goal pictures as they are frozen in the cases."""
    checkpoint: str
    manifest: str
    """Hashes of both, in hex."""
    versions: Mapping[str, Any]
    """What the numbers may depend on: libraries, threads, what drew the pictures."""
    pictures: np.ndarray | None = None
    """(N,) mean absolute differences, of 255, between the goals drawn here and those frozen; None
    in a record, whose pictures are those frozen."""

    def first(self, count: int) -> "Measured":
        """Leave out all but the first cases.

        Args:
            count: how many to keep.

        Returns:
            What the run did on these.
        """
        few, drawn = slice(count), self.pictures
        return Measured(
            self.successes[few], self.steps[few], self.latents[few], self.checkpoint,
            self.manifest, self.versions, None if drawn is None else drawn[few],
        )  # fmt: skip


def measure_cases(prepared: Prepared, count: int, progress: Tell = quiet) -> Measured:
    """Run the agent of an evaluation on its first cases, and look at what it depends on.

    A case ends at its first success: what comes after is not compared.

    Args:
        prepared: the evaluation, of a model that sees pictures alone.
        count: how many cases, at most all.
        progress: told how far it is.

    Returns:
        What came out.

    Raises:
        WmpcError: the model sees more than pictures.
    """
    model, task, cases = prepared.model, prepared.task, prepared.trial.drawn.cases[:count]
    if model is None or seen_columns(model) != ["pixels"]:
        raise WmpcError("only a run whose model sees pixels, and nothing else, has a record")
    frozen = np.stack([case.goal_pixels for case in cases])
    drawn = np.stack([task.render_state(case.goal_state, case.variation) for case in cases])
    with torch.no_grad():
        latents = model.encode({"pixels": frozen[None]})[0].flatten(1).double().cpu().numpy()
    entrant, rows = prepared.entrant, []
    for row in run_cases(
        entrant.make, prepared.trial.drawn, task, start=prepared.trial.config["start"],
        cases=range(len(cases)), privileged=entrant.privileged, stop_at_success=True,
    ):  # fmt: skip
        rows.append(row)
        progress(Progress("cases", len(rows), len(cases)))
    return Measured(
        successes=np.array([row.success for row in rows]),
        steps=np.array([row.steps_to_success or -1 for row in rows]),
        latents=latents,
        checkpoint=str(prepared.checkpoint),
        manifest=prepared.trial.drawn.hash,
        versions={**versions(), "renderer": gl.renderer()},
        pictures=np.abs(drawn.astype(float) - frozen).mean((1, 2, 3)),
    )


def write_record(run: Path, found: Measured) -> None:
    """Write what a run did as its record.

    Args:
        run: its folder.
        found: on the cases that shall be compared elsewhere.
    """
    content = {
        "format": FORMAT,
        "version": VERSION,
        "checkpoint": found.checkpoint,
        "manifest": found.manifest,
        "versions": dict(found.versions),
        "successes": found.successes.tolist(),
        "steps": found.steps.tolist(),
        "latents": [[float(f"{x:.{DIGITS}g}") for x in row] for row in found.latents.tolist()],
    }
    replace_file(run / RECORD, (json.dumps(content) + "\n").encode())


def read_record(run: Path) -> Measured:
    """Read the record of a run, which anybody may have written.

    Args:
        run: its folder.

    Returns:
        What the run did where it was recorded.

    Raises:
        WmpcError: there is none, or it is damaged.
    """
    path = run / RECORD
    if not path.is_file():
        raise WmpcError(
            f"{run} has no {RECORD}, so nothing is known that it should do: give a run that is "
            "shipped, such as run=shipped:reacher"
        )
    content = read_json(refuse_outside(path, run), "record of a run")
    try:
        if (content["format"], content["version"]) != (FORMAT, VERSION):
            raise ValueError(f"it does not say format {FORMAT!r}, version {VERSION}")
        successes, steps = np.array(content["successes"]), np.array(content["steps"])
        latents = np.array(content["latents"], np.float64)
        if (successes.dtype.kind, steps.dtype.kind) != ("b", "i") or latents.ndim != 2:
            raise ValueError("a number is of another type")
        if not successes.shape == steps.shape == latents.shape[:1] or latents.size == 0:
            raise ValueError("its parts do not fit each other")
        if not (np.abs(latents) < LARGEST).all():
            raise ValueError("a latent is no number")
        checkpoint, manifest, made = (content[k] for k in ("checkpoint", "manifest", "versions"))
        if (type(checkpoint), type(manifest), type(made)) != (str, str, dict):
            raise ValueError("a text is of another type")
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        raise WmpcError(f"{path} is damaged ({str(error)[:100]}): restore it") from None
    return Measured(successes, steps, latents, checkpoint, manifest, made)
