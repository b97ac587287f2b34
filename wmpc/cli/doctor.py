"""`wmpc doctor`: is this machine ready, how fast is it, and what is the fix for what is wrong?"""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from wmpc.api.machine import Check, examine_machine


def run(cfg: Any) -> int:
    """Print a table of checks and the fixes.

    Args:
        cfg: the verb's configuration, composed and checked.

    Returns:
        The exit code: 1 where something needed is broken, else 0.
    """
    console = Console(highlight=False)
    checks = list(examine_machine(cfg.timeout))
    say_checks(checks, console)
    broken = [check.name for check in checks if check.fatal]
    if broken:
        console.print(f"[red]Not ready[/]: {', '.join(broken)} must be mended first.")
        return 1
    console.print("[green]Ready.[/]")
    return 0


def say_checks(checks: Sequence[Check], console: Console) -> None:
    """Print a table of checks, then what to do about those that need it.

    Args:
        checks: what was found.
        console: where to print.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for check in checks:
        table.add_row(sign(check), check.name, escape(check.found))
    console.print(table)
    for check in checks:
        if check.fix:
            console.print(f"[bold]{check.name}[/]: {escape(check.fix)}", soft_wrap=True)


def sign(check: Check) -> str:
    """Choose the sign of a check in the table.

    Args:
        check: what was found.

    Returns:
        One sign, coloured in rich's markup.
    """
    if check.fatal:
        return "[red]✗[/]"
    return "[yellow]![/]" if check.fix else "[dim]·[/]" if check.absent else "[green]✓[/]"
