"""Record episodes of a task until the dataset holds as many as asked for."""

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

from wmpc import envs
from wmpc.api.presets import read_preset
from wmpc.collecting.check_environment import check_environment
from wmpc.collecting.collect import TIMEOUT_S, Recipe, record_episodes, settings
from wmpc.collecting.coverage import describe_holes, draw_coverage, measure_coverage
from wmpc.envs.worlds.packages import version_of
from wmpc.errors import WmpcError
from wmpc.system.progress import Progress, Tell, quiet
from wmpc.system.renamed import refuse_old_words
from wmpc.wm.data import Episodes, EpisodeWriter, open_episodes

LIBRARIES = ("wmpc", "numpy", "mujoco", "gymnasium")


@dataclass(frozen=True)
class Collected:
    """A dataset, and how its recording went."""

    episodes: Episodes
    before: int
    """How many were there already."""
    failures: Mapping[str, int]
    """Why attempts failed, and how often; each was recorded anew."""
    coverage: Path
    """A picture of the states that were visited."""
    holes: tuple[str, ...]
    """Sentences about what was hardly visited; empty where nothing was recorded."""


@refuse_old_words
def collect(
    task: str | Mapping[str, Any],
    data: str | Path,
    *,
    episodes: int | None = None,
    steps: int | None = None,
    policy: str | None = None,
    seed: int = 0,
    workers: int = 2,
    timeout_s: float = TIMEOUT_S,
    progress: Tell = quiet,
) -> Collected:
    """Record what a dataset lacks of so many episodes, then draw which states were visited.

    A call that was interrupted goes on from what is there. Episode i is a function of (seed, i).

    Args:
        task: a name under `configs/task`, such as "reacher", or its keys: `id`, `kwargs`,
            `actions_per_frame`, `episodes`, `steps` and `policy`.
        data: the dataset's folder.
        episodes: how many it should hold in the end; None: the task's number, as are the next two.
        steps: recorded steps an episode.
        policy: random, scripted or mixed.
        seed: of everything random.
        workers: processes; 0 records in this one. The bytes do not depend on them.
        timeout_s: seconds that a recorded step may take before the environment counts as hung.
        progress: told how far it is.

    Returns:
        The dataset, opened, and how its recording went.

    Raises:
        WmpcError: the settings make no sense or are not those of the dataset that is there, or
            the environment cannot be recorded, has a test of success that can be none, fails
            again and again or hangs.
        KeyboardInterrupt: says how many episodes are kept.
    """
    task_settings = read_preset("task", task)
    wanted = task_settings["episodes"] if episodes is None else episodes
    if wanted < 1:
        raise WmpcError(f"episodes={wanted} came; a dataset has at least 1")
    kwargs, m = dict(task_settings["kwargs"]), task_settings["actions_per_frame"]
    recipe = Recipe(
        task_settings["id"], kwargs, policy or task_settings["policy"],
        task_settings["steps"] if steps is None else steps, m, seed, timeout_s,
    )  # fmt: skip
    with closing(envs.make(recipe.env_id, **kwargs)) as made:
        for sentence in check_environment(made, recipe):
            progress(Progress(says=sentence))
        versions = {name: version(name) for name in LIBRARIES} | version_of(recipe.env_id)
        source = {
            "policy": recipe.policy,
            "seed": seed,
            "steps": recipe.steps,
            "versions": versions,
        }
        with EpisodeWriter(data, {**settings(made, kwargs, m), "source": source}) as writer:
            before = len(writer)
            failures = _record(recipe, writer, wanted, workers, data, progress)
        picture, holes = Path(data) / "coverage.png", ()
        if before < wanted or not picture.exists():
            seen = measure_coverage(open_episodes(data), made)
            draw_coverage(seen, picture)
            holes = tuple(describe_holes(seen))
    return Collected(open_episodes(data), before, dict(failures.most_common()), picture, holes)


def _record(
    recipe: Recipe,
    writer: EpisodeWriter,
    wanted: int,
    workers: int,
    data: str | Path,
    progress: Tell,
) -> Counter[str]:
    """Append episodes up to `wanted`; returns why attempts failed, and how often."""
    failures: Counter[str] = Counter()
    first = len(writer)
    if first >= wanted:
        return failures
    if first:
        progress(Progress(says=f"{data} has {first} episodes; going on from there."))
    progress(Progress(str(data), first, wanted, "starting"))
    began, frames = None, 0
    try:
        with closing(record_episodes(recipe, first, wanted, workers)) as recordings:
            for recording in recordings:
                writer.append(recording.episode)
                failures.update(recording.failures)
                began = began or perf_counter()  # the rate leaves out the start
                elapsed = perf_counter() - began
                rate = f"{frames / elapsed:.0f} frames/s" if elapsed > 0.5 else ""
                frames += recipe.steps + 1
                progress(Progress(str(data), len(writer), wanted, rate))
    except (KeyboardInterrupt, OSError) as stopped:
        kept = f"{len(writer)} of {wanted} episodes are kept in {data}"
        kept += "; the same command goes on from there"
        if isinstance(stopped, KeyboardInterrupt):
            raise KeyboardInterrupt(kept) from None
        progress(Progress(says=kept))
        raise
    return failures
