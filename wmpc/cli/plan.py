"""`wmpc plan`: one episode towards a goal, or several in turn."""

from typing import Any

from omegaconf import OmegaConf
from rich.console import Console
from rich.markup import escape

from wmpc.api.plan import plan
from wmpc.cli.progress import shown


def run(cfg: Any) -> None:
    """Play the episode, or plan without one; write pictures and plan.json, and say how it went.

    Args:
        cfg: the verb's configuration, composed and checked.
    """
    console = Console(highlight=False)
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    with shown(console) as progress:
        found = plan(**config, progress=progress)
    for note in found.notes:
        console.print(f"[yellow]{escape(note)}[/]", soft_wrap=True)
    console.print(f"[bold]{found.sentence}[/]", soft_wrap=True)
    console.print(f"{found.file}", soft_wrap=True)
