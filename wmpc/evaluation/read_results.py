"""Read the `results.json` of an evaluation, and say in a sentence what it holds."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from wmpc.errors import WmpcError
from wmpc.evaluation.offline.headline import is_offline, offline_headline
from wmpc.evaluation.statistics.success import held_rate
from wmpc.system.json_file import read_json
from wmpc.system.renamed import move_settings, rename_keys, rename_targets

RESULTS = "results.json"
FORMAT, VERSION = "wmpc-results", 2
OFFLINE = {"offline", "dataset", "media"}
"""What offline scores have instead."""
PLANNING = ("mpc", "simulator")
"""The agents that a planner matters to, in results that do not say so themselves."""


def read_results(file: Path) -> dict[str, Any]:
    """Read a `results.json`, of earlier versions too.

    Args:
        file: where it is.

    Returns:
        Its content, with the `name` and the `folder` (a Path) it lies in.

    Raises:
        WmpcError: it is damaged, or of another version.
    """
    try:
        results = read_json(file, "evaluation's results")
        if (results["format"], results["version"]) != (FORMAT, VERSION):
            raise KeyError("format")
        needed = (
            OFFLINE if is_offline(results) else {"env", "summary", "manifest", "reference", "rows"}
        )
        missing = needed - results.keys()
    except (ValueError, KeyError, TypeError):
        raise WmpcError(f"{file} is damaged or not of this wmpc: evaluate again") from None
    if missing:
        raise WmpcError(f"{file} lacks {sorted(missing)}: evaluate again")
    config = rename_keys(rename_targets(results.get("config", {})))
    if isinstance(config, dict):
        config = move_settings(config)
    results = {"agent": _agent_of(config), **results, "config": config}
    if not is_offline(results):
        _count_held(results)
    return {**results, "name": file.parent.name, "folder": file.parent}


def _count_held(results: dict[str, Any]) -> None:
    """Count anew in how many cases the goal was held: earlier versions asked less of it."""
    with suppress(KeyError, TypeError):
        rows = [row for row in results["rows"] if row["start"] == results["start"]]
        total = results["summary"]
        results["summary"] = {**total, "held": held_rate(rows, total["hold"])}


def _agent_of(config: Any) -> dict[str, Any]:
    """What results of an earlier version, which do not say it, tell of their agent."""
    try:
        agent, planner = config["agent"], config.get("planner") or {}
        name = agent["_target_"].rpartition(".")[2]
        searches = name in PLANNING
        return {
            "name": agent.get("function") or name,
            "planner": planner["_target_"].rpartition(".")[2] if searches else None,
        }
    except (KeyError, TypeError, AttributeError):
        return {"name": "unknown", "planner": None}


def headline(results: Mapping[str, Any]) -> str:
    """Say in one sentence what came out.

    Args:
        results: the content of results.json.

    Returns:
        The rate beside the references, the latency, and why cases failed; or what recordings alone
        tell.
    """
    if is_offline(results):
        return offline_headline(results)
    total = results["summary"]
    found, latency = total["success"], total["latency_ms"]
    low, high = (f"{100 * x:.0f}" for x in found["interval"])
    beside = ", ".join(
        f"{'simulator planner' if who == 'simulator' else who} "
        f"{100 * entry['summary']['success']['rate']:.0f}%"
        for who, entry in results["reference"].items()
    )
    parts = [
        f"{task_name(results['env']['id'])}: {found['successes']}/{found['n']} reached "
        f"({100 * found['rate']:.0f}%, 95% interval {low}-{high}%){_held(total)}, {beside}"
    ]
    if latency["decisions"]:
        parts.append(f"decision p50 {latency['p50']:.0f} ms, p99 {latency['p99']:.0f} ms")
    if total["failures"]:
        why = ", ".join(f"{reason} ({n})" for reason, n in results["failures"].items())
        parts.append(f"{total['failures']} of them failed: {why}")
    return "; ".join(parts)


def mean_held(results: Sequence[Mapping[str, Any]]) -> float | None:
    """Average over results in how many of their cases the goal was held.

    Args:
        results: the contents of results.json.

    Returns:
        The mean share; None where it is not known of each.
    """
    shares = [(one["summary"].get("held") or {}).get("rate") for one in results]
    known = [share for share in shares if share is not None]
    return sum(known) / len(known) if known and len(known) == len(shares) else None


def _held(total: Mapping[str, Any]) -> str:
    """In how many cases the goal was held, where that is known."""
    share = mean_held([{"summary": total}])
    return "" if share is None else f", {100 * share:.0f}% held"


def task_name(env: str) -> str:
    """Shorten the id of an environment.

    Args:
        env: such as "wmpc/Reacher-v0".

    Returns:
        Its name without namespace and version, such as "Reacher".
    """
    return env.rpartition("/")[2].rpartition("-v")[0] or env
