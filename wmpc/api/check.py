"""Check whether this machine reaches what was recorded with a run, and say what differs."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wmpc.api.machine import Check
from wmpc.api.presets import read_choices, read_defaults
from wmpc.api.settings import describe_settings
from wmpc.errors import WmpcError
from wmpc.evaluation.numbers import check_numbers
from wmpc.evaluation.preparation import prepare
from wmpc.evaluation.reproduction import Measured, measure_cases, read_record
from wmpc.system.progress import Progress, Tell, quiet
from wmpc.system.shipped import PREFIX, locate_run
from wmpc.wm.training.checkpoint import load_model

FAR_LATENTS = 1e-3
"""Of a standard deviation: rounding on another processor stays a hundred times below."""
FAR_PICTURES = 1.0
"""Of 255, the mean over all pixels of a picture: renderers that draw alike stay below."""
SHARE = 0.1
"""Of the cases, the most that may come out otherwise where the rate is reproduced."""
BOUNDS = {"count": (1, 1e6), "threads": (1, 1024)}
LONGEST = 80
"""Characters of a version that are shown."""
MATTER = ("torch", "torch threads", "OpenGL", "renderer", "system", "mujoco", "numpy", "wmpc")
"""What is named of the versions where it differs, the likeliest cause first."""


@dataclass(frozen=True)
class Reproduction:
    """Whether a machine does what was recorded on another."""

    checks: tuple[Check, ...]
    """What each look found; what is fatal says why the rate is not reproduced."""
    sentence: str
    """The verdict."""
    same: int = 0
    """Cases that came out as recorded: reached there and here, or neither."""
    cases: int = 0
    rate: float | None = None
    """The share of them in which the goal was reached here; None where nothing could be run."""
    recorded: float | None = None
    """The same where it was recorded."""

    @property
    def reproduces(self) -> bool:
        """Whether the rate is reproduced."""
        return not any(check.fatal for check in self.checks)


def check(
    run: str | Path = "shipped:reacher",
    *,
    count: int = 20,
    device: str = "cpu",
    threads: int = 1,
    progress: Tell = quiet,
) -> Reproduction:
    """Run what was recorded with a run again, and compare.

    Args:
        run: a run that is shipped, or the folder of one with a `reproduction.json`.
        count: how many of the recorded cases, the first ones.
        device: of the model: cpu, cuda, cuda:1, ..., or auto.
        threads: of torch.
        progress: told how far it is.

    Returns:
        What was found, and the verdict.

    Raises:
        WmpcError: the run has no record, or is none.
    """
    check_numbers({"count": count, "threads": threads}, BOUNDS)
    folder = locate_run(run)
    record = read_record(folder).first(count)
    try:
        load_model(folder, device)
    except WmpcError as error:
        broken = Check("weights", str(error), restore(run), True)
        return Reproduction((broken,), "this machine does not reproduce it: nothing could be run")
    asked = {"run": str(run), "device": device, "threads": threads}
    config, given = describe_settings(
        "eval", {**read_defaults("eval"), **read_choices("eval"), **asked}
    )
    with prepare(config, given, progress) as prepared:
        progress(Progress("cases"))
        here = measure_cases(prepared, len(record.steps), progress)
    return judge(record, here, run)


def judge(record: Measured, here: Measured, run: str | Path) -> Reproduction:
    """Compare what was measured with the record.

    Args:
        record: of the run.
        here: measured on this machine, on as many cases.
        run: what to restore where it was changed.

    Returns:
        What was found, and the verdict.
    """
    checks = tuple(_looks(record, here, run))
    record = record.first(len(here.steps))  # of which there may be more than there are cases
    same, count = int((record.successes == here.successes).sum()), len(record.steps)
    rate, recorded = float(here.successes.mean()), float(record.successes.mean())
    verdict = "does not reproduce" if any(c.fatal for c in checks) else "reproduces"
    return Reproduction(
        checks,
        f"this machine {verdict} it: {same} of {count} cases as recorded; "
        f"rate {rate:.0%} (recorded {recorded:.0%})",
        same, count, rate, recorded,
    )  # fmt: skip


def _looks(record: Measured, here: Measured, run: str | Path) -> Iterator[Check]:
    """What each part of the comparison found; a cause before what it leads to."""
    assert here.pictures is not None
    yield _equal("weights", record.checkpoint == here.checkpoint, run)
    yield _equal("cases", record.manifest == here.manifest, run)
    differing = [
        f"{name} {_said(here, name)} (recorded {_said(record, name)})"
        for name in MATTER
        if here.versions.get(name) != record.versions.get(name)
    ]
    yield Check("versions", ", ".join(differing) or "those recorded")
    spread = record.latents.std(0).mean() + 1e-12
    alike = here.latents.shape == record.latents.shape
    error = float(np.abs(here.latents - record.latents).max() / spread) if alike else np.inf
    fix = "" if error <= FAR_LATENTS else (
        "The encoder computes something else from the same pictures: compare torch's version and "
        f"the device with those recorded, and try device=cpu. {restore(run)}"
    )  # fmt: skip
    yield Check("latents", f"off by {error:.1g} of a deviation at most", fix, bool(fix))
    off, exact = float(here.pictures.mean()), int((here.pictures == 0).sum())
    fix = "" if off <= FAR_PICTURES else (
        f"OpenGL draws other pictures than were learned from ({_said(here, 'renderer')}; "
        f"recorded {_said(record, 'renderer')}): try MUJOCO_GL=egl or MUJOCO_GL=osmesa, "
        "`wmpc doctor` tells which of them work."
    )  # fmt: skip
    said = (
        f"{exact} of {len(here.pictures)} the same to the bit, off by {off:.2g} of 255 on average"
    )
    yield Check("pictures", said, fix, bool(fix))
    same = record.successes == here.successes
    exact = int((same & (record.steps == here.steps)).sum())
    far = int((~same).sum()) > max(1, int(SHARE * len(same)))
    fix = "" if not far else (
        "More cases come out otherwise than rounding explains: look at what is named above; "
        "train anew here (`wmpc demo`) where the pictures cannot be made alike."
    )  # fmt: skip
    said = f"{int(same.sum())} of {len(same)} as recorded, {exact} after as many actions"
    yield Check("outcomes", said, fix, bool(fix))


def _said(found: Measured, name: str) -> str:
    """A version, as short as one is."""
    return str(found.versions.get(name))[:LONGEST]


def _equal(name: str, same: bool, run: str | Path) -> Check:
    return Check(
        name, "those recorded" if same else "others", "" if same else restore(run), not same
    )


def restore(run: str | Path) -> str:
    """Say how to have the files of a run as they were recorded.

    Args:
        run: which.

    Returns:
        A sentence.
    """
    if str(run).startswith(PREFIX):
        return f"Install it again: {sys.executable} -m pip install --force-reinstall --no-deps wmpc"
    return f"Copy {run} again from where it was recorded."
