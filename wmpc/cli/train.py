"""`wmpc train`: learn a world model from a dataset, with a progress bar."""

from pathlib import Path
from typing import Any, cast

from omegaconf import OmegaConf
from rich.console import Console

from wmpc.api.train import train
from wmpc.cli.progress import shown
from wmpc.cli.signals import Interrupted, Stop, stopping
from wmpc.system.progress import Progress
from wmpc.wm.training.distributed import is_first
from wmpc.wm.training.stop import Stopped, what_is_kept


def run(cfg: Any) -> None:
    """Train, or go on training, or say that it is done.

    Args:
        cfg: the verb's configuration, composed and checked.

    Raises:
        Interrupted: a signal came; the message says what is kept.
        WmpcError: the folder holds another run, or settings or recordings make no sense.
    """
    console = Console(highlight=False, quiet=not is_first())  # of several, one speaks
    with stopping() as stop:
        try:
            news = _train(cfg, console, stop)
        except Stopped as stopped:
            raise Interrupted(str(stopped), stop.signal) from None
        except KeyboardInterrupt:  # at once
            raise Interrupted(what_is_kept(Path(cfg.run)), stop.signal) from None
        said = f"{cfg.run} {'is trained' if news else 'was trained already'}."
        if stop.signal is not None:
            raise Interrupted(said, stop.signal)
    console.print(said)


def _train(cfg: Any, console: Console, stop: Stop) -> bool:
    """Train with a progress bar; whether there was anything left to do."""
    nodes = (cfg.model, cfg.objective, cfg.train, cfg.view)
    model, objective, settings, view = (_plain(node) for node in nodes)
    news = False
    with shown(console) as show:

        def tell(progress: Progress) -> None:
            nonlocal news
            news = news or progress.stage == "training"
            show(progress)

        show(Progress("measuring the speed"))
        train(
            cfg.data, cfg.run, model, also=cfg.also, objective=objective, seed=cfg.seed,
            view=view, allow=cfg.allow, progress=tell, stop=stop, **settings,
        )  # fmt: skip
    return news


def _plain(node: Any) -> dict[str, Any]:
    return cast(dict[str, Any], OmegaConf.to_container(node))
