"""`wmpc report`: everything about a run on one HTML page that needs no network."""

import importlib
import os
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from rich.console import Console

from wm.checkpoint import read_config
from wm.cli.compose import unknown
from wm.cli.report import charts, facts
from wm.data.format import replace_file
from wm.errors import WmError

SEVERAL = ("compare", "seeds", "tasks")
"""What `wm.cli.evidence` does with several results."""


def run(cfg: Any) -> None:
    """Write the page and print where it is, or do what `cfg.do` names instead."""
    if cfg.do in SEVERAL:
        return importlib.import_module("wm.cli.evidence").run(cfg)
    if cfg.do != "page":
        raise unknown("wmpc report verb", cfg.do, ["page", *SEVERAL])
    if cfg.run is None or cfg.of:
        raise WmError("run=... must be given, and only one; see wmpc report --help")
    folder = Path(str(cfg.run))
    out = Path(cfg.out) if cfg.out else folder / "report.html"
    text = page(folder, cfg.eval, cfg.data)
    out.parent.mkdir(parents=True, exist_ok=True)
    replace_file(out, text.encode())
    size = os.path.getsize(out) / 2**20
    Console(highlight=False).print(f"{out} ({size:.1f} MiB)", soft_wrap=True)


def page(folder: Path, evaluation: str | None = None, data: str | None = None) -> str:
    """The page of the run in `folder`. WmError where that, or what is asked for, is not there."""
    config = read_config(folder)
    results, others = facts.results_of(folder, evaluation)
    steps, watched = facts.training_log(folder)
    dataset = facts.dataset_of(folder, data)
    coverage = facts.embed(dataset / "coverage.png") if dataset else None
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"percent": percent, "quantity": quantity, "share": share}
    here = files("wm.cli.report")
    return environment.from_string(here.joinpath("page.html").read_text()).render(
        css=Markup(here.joinpath("page.css").read_text()),
        name=(config["data"]["env"].get("id") or folder.name).removeprefix("wmpc/").split("-v")[0],
        run=folder.name,
        config=config,
        results=results,
        others=[other for other in others if results and other["name"] != results["name"]],
        comparison=comparison(results) if results else [],
        media=media(results) if results else [],
        evaluation=evaluation_charts(results) if results else {},
        training=training_charts(steps, watched),
        last=watched[-1] if watched else None,
        log=steps[-1] if steps else None,
        coverage=coverage,
        dataset=dataset.name if dataset else None,
    )


def comparison(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The agent's rate, warm and cold, and those to read it beside; each a row of a table."""
    found = [{"who": "agent", "label": f"agent, {results['start']} start", **results["summary"]}]
    if results["cold"]:
        found.append({"who": "agent", "label": "agent, cold start", **results["cold"]})
    labels = {"replay": "replay of the recording", "simulator": "planner in the true simulator"}
    labels |= {"zero": "no action", "random": "random actions"}
    found += [
        {"who": who, "label": labels[who], "settings": entry["settings"], **entry["summary"]}
        for who, entry in results["reference"].items()
    ]
    return found


def media(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Strips and videos as data URIs, each with its case's row."""
    rows = {row["case"]: row for row in results["rows"] if row["start"] == results["start"]}
    found = []
    for entry in results["media"]:
        files = {
            kind: facts.embed(results["folder"] / entry[kind]) if kind in entry else None
            for kind in ("strip", "video")
        }
        found.append({**rows[entry["case"]], "moments": entry["moments"], **files})
    return found


def evaluation_charts(results: Mapping[str, Any]) -> dict[str, Markup]:
    """How soon goals are reached, and how long decisions take."""
    rows = [row for row in results["rows"] if row["start"] == results["start"]]
    budget = results["manifest"]["budget"] * results["manifest"]["action_block"]
    reached = sorted(row["steps_to_success"] for row in rows if row["success"])
    shares = [sum(step <= action for step in reached) / len(rows) for action in range(budget + 1)]
    found = {
        "reached": charts.lines(
            {"agent": (range(budget + 1), shares)},
            "simulator actions",
            "cases reached",
            "Share of cases reached, by simulator action",
            y_range=(0, 1),
            percent=True,
            steps=True,
        )
    }
    latencies = [ms for row in rows for ms in row["latencies_ms"]]
    if latencies:
        total = results["summary"]["latency_ms"]
        found["latency"] = charts.histogram(
            latencies,
            {"p50": total["p50"], "p99": total["p99"]},
            "milliseconds a decision",
            "Histogram of decision latency",
        )
    return found


def training_charts(
    steps: Sequence[Mapping[str, Any]], watched: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Loss terms and RankMe by step, rollout error by horizon; with the names of their lines."""
    found: dict[str, Any] = {}
    terms = facts.curves(steps, "loss/") or facts.curves(steps, "loss")
    if terms:
        chart = charts.lines(terms, "step", "loss (log)", "Loss terms by training step", log=True)
        found["loss"] = (chart, list(terms))
    ranks = facts.curves(watched, "rankme")
    if ranks and len(watched) > 1:
        series = {"RankMe": ranks[""]}
        chart = charts.lines(series, "step", "RankMe", "Effective rank of the latent by step")
        found["rankme"] = (chart, list(series))
    last = watched[-1] if watched else {}
    if last.get("rollout_error"):
        ahead = range(1, len(last["rollout_error"]) + 1)
        series = {
            "model": (ahead, last["rollout_error"]),
            "last latent repeated": (ahead, last["rollout_baseline"]),
        }
        chart = charts.lines(
            series, "blocks ahead", "mean squared error", "Rollout error by horizon"
        )
        found["rollout"] = (chart, list(series))
    return found


def percent(value: float | None) -> str:
    """0.934 as 93%; nothing as a dash."""
    return "\N{EN DASH}" if value is None else f"{100 * value:.0f}%"


def quantity(name: str) -> str:
    """An error's name in words: shoulder_rad as shoulder."""
    return name.rpartition("_")[0].replace("_", " ") or name


def share(value: float) -> str:
    """A length in percent, from 0 to 100."""
    return f"{100 * min(1.0, max(0.0, value)):.1f}"
