"""`wmpc collect`: record episodes until the dataset holds as many as asked for."""

from typing import Any

from omegaconf import OmegaConf
from rich.console import Console

from wmpc.api.collect import collect
from wmpc.cli.progress import shown

OWN = ("episodes", "steps", "policy", "seed", "workers", "timeout_s")


def run(cfg: Any) -> None:
    """Collect what is missing, then say what was covered.

    Args:
        cfg: the verb's configuration, composed and checked.
    """
    console = Console(highlight=False)
    task: Any = OmegaConf.to_container(cfg.task)
    with shown(console) as progress:
        found = collect(task, cfg.data, **{key: cfg[key] for key in OWN}, progress=progress)
    if found.before >= cfg.episodes:
        console.print(f"{cfg.data} has {found.before} episodes already: nothing to collect.")
    if found.failures:
        reasons = ", ".join(f"{count} x {why}" for why, count in [*found.failures.items()][:3])
        attempts = sum(found.failures.values())
        console.print(f"{attempts} failed attempts were recorded anew: {reasons}")
    for sentence in found.holes:
        console.print(f"[yellow]Coverage: {sentence}[/]")
    console.print(f"Coverage of the state: {found.coverage}")
