"""Whether a model, a task and cases fit each other: else a rate would say nothing."""

from typing import Any

from wmpc.errors import WmpcError
from wmpc.evaluation.manifest import Manifest
from wmpc.wm.data.reader import HELD_OUT
from wmpc.wm.models.spec import DataSpec


def check_task(spec: DataSpec, task: Any, run: str) -> None:
    """Refuse a task that is not as a model saw it.

    Args:
        spec: of the data that the model was trained on.
        task: where it would act.
        run: what to call the model.

    Raises:
        WmpcError: it has other pictures, or other actions.
    """
    spec = spec.trained_in(task.id)
    for what, trained, given in (
        ("environment", spec.env.get("id"), task.id),
        ("picture size", spec.image_size, task.render_settings["width"]),
        ("render settings", spec.render, dict(task.render_settings)),
        ("action size", len(spec.action_low), task.action_space.shape[0]),
    ):
        if trained != given:
            raise WmpcError(
                f"{run} was trained with {what} {trained}, the cases have {given}: use a "
                "manifest drawn from the dataset the run was trained on"
            )


def check_cases(spec: DataSpec, drawn: Manifest, task: Any, run: str) -> list[str]:
    """Refuse cases by which a model cannot be judged.

    Args:
        spec: of the data that the model was trained on.
        drawn: the cases.
        task: that they are in.
        run: what to call the model.

    Returns:
        Sentences of what to know of them.

    Raises:
        WmpcError: the task or its blocks are others.
    """
    spec = spec.trained_in(drawn.env, drawn.dataset)
    check_task(spec, task, run)
    if spec.action_block != drawn.action_block:
        raise WmpcError(
            f"{run} was trained with action block {spec.action_block}, the manifest has "
            f"{drawn.action_block}: use a manifest drawn from the dataset the run was trained on"
        )
    notes = []
    if spec.dataset != drawn.dataset:
        notes.append(
            "The manifest's dataset is not byte for byte the one the model was trained on: they "
            "share the rule of which episodes are held out, but not the episodes' hash."
        )
    arguments = {name: value for name, value in spec.env.items() if name != "id"}
    if arguments != drawn.kwargs:
        notes.append(f"Trained with {arguments}, evaluated with {drawn.kwargs}.")
    return notes


def check_named(spec: DataSpec, drawn: Manifest, data: str | None, run: str) -> None:
    """Refuse cases of a run's further dataset while the first is what agents would learn from.

    Args:
        spec: of the data that the model was trained on.
        drawn: the cases.
        data: the dataset that was named; None: the run's first.
        run: what to call the model.

    Raises:
        WmpcError: no dataset was named, and the cases are of another than the first.
    """
    if spec.others and data is None and drawn.env != spec.env.get("id"):
        raise WmpcError(
            f"{run} was trained on {1 + len(spec.others)} datasets, and these cases are in "
            f"{drawn.env}, not where the first is from: say data=FOLDER of the one that is"
        )


def check_held_out(drawn: Manifest) -> None:
    """Refuse cases from episodes that models and agents learn from.

    Args:
        drawn: the cases.

    Raises:
        WmpcError: one of them is.
    """
    goals = [case.goal_episode for case in drawn.cases if case.goal_episode is not None]
    episodes = [episode for case in drawn.cases if (episode := case.episode) >= 0] + goals
    seen = [episode for episode in episodes if episode % HELD_OUT != HELD_OUT - 1]
    if seen:
        raise WmpcError(
            f"the manifest takes cases from episodes {seen[:5]}, which models are trained on: only "
            f"every {HELD_OUT}th episode (9, 19, ...) is held out"
        )
