"""`wmpc demo`: the other verbs in a row, from an empty folder to a page with a success rate."""

import importlib
import time
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from wmpc.cli import compose
from wmpc.evaluation.read_results import RESULTS, headline, read_results
from wmpc.evaluation.read_standing import read_standing
from wmpc.system.links import refuse_links
from wmpc.wm.data import open_episodes
from wmpc.wm.training.checkpoint import checkpoint_hash

EVALUATION = "demo"


def run(cfg: Any) -> int:
    """Run every stage, then print the headline, the page and the minutes each took.

    Args:
        cfg: the verb's configuration, composed and checked.

    Returns:
        The exit code of the stage that gave another than 0, else 0.
    """
    console, folder = Console(highlight=False), Path(cfg.folder)
    stages = {verb: compose.jobs(verb, words)[0].config for verb, words in commands(cfg).items()}
    for name in ("data", "run"):
        refuse_links(folder / name, folder)
    results = folder / "run" / "eval" / EVALUATION / RESULTS
    minutes = {}
    for verb, config in stages.items():
        console.rule(f"[bold]{verb}[/]", align="left")
        console.print(" ".join(["wmpc", verb, *commands(cfg)[verb]]), style="dim", soft_wrap=True)
        began = time.perf_counter()
        if verb == "eval" and stands(results, config, folder):
            console.print(f"{results} holds these cases and this model already.")
        elif code := importlib.import_module(f"wmpc.cli.{verb}").run(config):
            return code
        minutes[verb] = (time.perf_counter() - began) / 60
    console.rule()
    console.print(f"[bold]{headline(read_results(results))}[/]", soft_wrap=True)
    spent = ", ".join(f"{verb} {m:.1f}" for verb, m in minutes.items())
    console.print(f"Minutes: {spent}; together {sum(minutes.values()):.1f}")
    console.print(f"Report: {folder / 'report.html'}", soft_wrap=True)
    return 0


def commands(cfg: Any) -> dict[str, list[str]]:
    """Write the words after `wmpc VERB` for each stage.

    Args:
        cfg: the demo's configuration.

    Returns:
        By verb, in the order in which they run.
    """
    task = [f"task={cfg.task.name}"]
    default = compose.jobs("collect", task)[0].config.task
    task += [f"task.{key}={value}" for key, value in sorted(leaves(cfg.task) - leaves(default))]
    data, trained = f"data={cfg.folder}/data", f"run={cfg.folder}/run"
    episodes = [] if cfg.episodes is None else [f"episodes={cfg.episodes}"]
    length = f"train.steps={cfg.steps}" if cfg.minutes is None else f"train.minutes={cfg.minutes}"
    return {
        "doctor": [],
        "collect": [*task, data, *episodes],
        "train": [data, trained, f"model={cfg.preset}", f"seed={cfg.seed}", length],
        "eval": [
            trained,
            data,
            f"name={EVALUATION}",
            f"cases.count={cfg.cases.count}",
            "overwrite=true",
        ],
        "report": [trained, data, f"eval={EVALUATION}", f"out={cfg.folder}/report.html"],
    }


def leaves(node: Any, prefix: str = "") -> set[tuple[str, Any]]:
    """List all values of a configuration.

    Args:
        node: the configuration, or a part of it.
        prefix: stands before each key.

    Returns:
        Pairs of dotted key and value.
    """
    found = set()
    for key, value in node.items():
        inner = isinstance(value, DictConfig)
        found |= leaves(value, f"{prefix}{key}.") if inner else {(prefix + key, value)}
    return found


def stands(results: Path, config: Any, folder: Path) -> bool:
    """Tell whether results are those that an evaluation would give.

    Args:
        results: the file.
        config: of the evaluation.
        folder: the demo's, with the run and the dataset.

    Returns:
        Whether they were measured with this configuration, these weights and this dataset.
    """
    asked: Any = OmegaConf.to_container(config)
    asked.pop("page")  # of the command line alone: no result depends on it
    kept = read_standing(results, asked, checkpoint_hash(folder / "run"))
    if kept is None:
        return False
    return kept["manifest"].get("dataset") == open_episodes(folder / "data").hash
