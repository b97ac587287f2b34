"""`wmpc report compare`: is A better than B, on the same cases?"""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from wmpc.errors import WmpcError
from wmpc.evaluation.evidence.comparison import compared
from wmpc.evaluation.evidence.conclusions import percent, span
from wmpc.evaluation.evidence.results import VERSUS, Result


def compare(
    results: list[list[Result]], console: Console, difference: float | None = None
) -> dict[str, Any]:
    """Print the comparison of two sides and return it, as `comparison_of` does."""
    if len(results) == 1:
        if len(results[0]) != 2:
            raise WmpcError(
                f"{len(results[0])} results came: compare takes two, A B, or several seeds a side "
                f"around the word {VERSUS}, A0 A1 {VERSUS} B0 B1"
            )
        results = [[result] for result in results[0]]
    found = compared(results[0], results[1], difference)
    whose = " and ".join(sorted({found[side]["seed_of"] for side in "ab"}))
    table = Table("side", "results", "trainings", f"{whose} seeds", "reached", box=None)
    for side in "ab":
        it = found[side]
        trainings = "-" if None in it["checkpoints"] else str(len(it["checkpoints"]))
        table.add_row(
            side.upper(), escape("\n".join(it["labels"])), trainings,
            escape(", ".join(map(str, it["planner_seeds"]))), percent(it["rate"]),
        )  # fmt: skip
    console.print(table)
    if found["table"] is not None:
        counts = Table("", "B reached", "B did not", box=None)
        counts.add_row("A reached", str(found["table"]["both"]), str(found["table"]["only_a"]))
        counts.add_row("A did not", str(found["table"]["only_b"]), str(found["table"]["neither"]))
        console.print(counts)
    if found["differs"]:
        differing = Table("differs", "A", "B", box=None)
        for entry in found["differs"]:
            differing.add_row(*(escape(entry[key]) for key in ("what", "a", "b")))
        console.print(differing)
    console.print(f"\n[bold]{escape(found['headline'])}[/]", soft_wrap=True)
    low, high = found["interval"]
    again = found["bootstrap"]
    console.print(f"Interval: {found['method']}.", soft_wrap=True)
    if [low, high] != again["interval"]:
        console.print(f"Bootstrap over the cases: {span(*again['interval'])}.", soft_wrap=True)
    for title, key in (("may", "may"), ("may not", "may_not")):
        console.print(f"\nWhat {title} be concluded:")
        for sentence in found[key]:
            console.print(f"- {escape(sentence)}", soft_wrap=True)
    return found
