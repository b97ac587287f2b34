"""What several results say together, as tables and sentences for a terminal."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from wmpc.evaluation.evidence.conclusions import percent, points, span

Shown = Iterator[str | Table]


def show_comparison(found: Mapping[str, Any]) -> Shown:
    """Show a comparison of two sides.

    Args:
        found: what `wmpc.evaluation.evidence.comparison.compare_results` found.

    Yields:
        Tables and sentences, in the markup of rich.
    """
    whose = " and ".join(sorted({found[side]["seed_of"] for side in "ab"}))
    table = Table("side", "results", "trainings", f"{whose} seeds", "reached", box=None)
    for side in "ab":
        it = found[side]
        trainings = "-" if None in it["checkpoints"] else str(len(it["checkpoints"]))
        table.add_row(
            side.upper(), escape("\n".join(it["labels"])), trainings,
            escape(", ".join(map(str, it["planner_seeds"]))), percent(it["rate"]),
        )  # fmt: skip
    yield table
    if found["table"] is not None:
        counts = Table("", "B reached", "B did not", box=None)
        counts.add_row("A reached", str(found["table"]["both"]), str(found["table"]["only_a"]))
        counts.add_row("A did not", str(found["table"]["only_b"]), str(found["table"]["neither"]))
        yield counts
    if found["differs"]:
        differing = Table("differs", "A", "B", box=None)
        for entry in found["differs"]:
            differing.add_row(*(escape(entry[key]) for key in ("what", "a", "b")))
        yield differing
    yield f"\n[bold]{escape(found['headline'])}[/]"
    yield f"Interval: {found['method']}."
    if found["interval"] != found["bootstrap"]["interval"]:
        yield f"Bootstrap over the cases: {span(*found['bootstrap']['interval'])}."
    for title, key in (("may", "may"), ("may not", "may_not")):
        yield f"\nWhat {title} be concluded:"
        yield from (f"- {escape(sentence)}" for sentence in found[key])


def show_seeds(found: Mapping[str, Any]) -> Shown:
    """Show how much of a rate is due to seeds, and how much to cases.

    Args:
        found: what `wmpc.evaluation.evidence.seeds.split_by_seeds` found.

    Yields:
        Tables and sentences, in the markup of rich.
    """
    whose, seeds_of, total = found["seed_of"], found["planner_seeds"], found["total"]
    alike = all(seeds == seeds_of[0] for seeds in seeds_of)
    names = [
        escape(f"{whose} seed {s if alike else f'no. {i}'}") for i, s in enumerate(seeds_of[0], 1)
    ]
    table = Table("training", *names, "mean", box=None)
    for name, rates in zip(found["trainings"], found["rates"], strict=True):
        table.add_row(escape(name), *map(percent, rates), percent(sum(rates) / len(rates)))
    yield table
    varied = found["variance"]["planner"] is not None
    labels = {
        "training": "between trainings" + ("" if varied else f" (with {whose}s)"),
        "planner": f"between {whose} seeds",
        "cases": f"which {found['cases']} cases were drawn",
    }
    variances = Table("one result varies", "by (deviation)", "share", box=None)
    for name, variance in found["variance"].items():
        if variance is None:
            variances.add_row(labels[name], "not varied", "")
            continue
        zero = " (estimate below 0, set to 0)" if name in found["clipped"] else ""
        share = percent(variance / total) if total else "-"
        variances.add_row(labels[name], points(variance**0.5) + zero, share)
    yield variances
    yield f"\n[bold]{percent(found['rate'])}[/]: {found['words']}"


def show_tasks(found: Mapping[str, Any]) -> Shown:
    """Show the average over tasks.

    Args:
        found: what `wmpc.evaluation.evidence.tasks.average_tasks` found.

    Yields:
        Tables and sentences, in the markup of rich.
    """
    table = Table("side", "task", "trainings", "reached, each", "mean", box=None)
    for side in (side for side in "ab" if side in found):
        for label, scores in zip(found[side]["tasks"], found[side]["scores"], strict=True):
            each, mean = ", ".join(map(percent, scores)), percent(sum(scores) / len(scores))
            table.add_row(side.upper(), escape(label), str(len(scores)), each, mean)
    yield table
    yield ""
    yield from found["words"]


SHOWS: Mapping[str, Callable[[Mapping[str, Any]], Shown]] = {
    "compare": show_comparison,
    "seeds": show_seeds,
    "tasks": show_tasks,
}
"""By the verb of `wmpc report`."""
