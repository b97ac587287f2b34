"""Score an agent on held-out recordings where no simulator takes part."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wmpc.agents.agent import Agent
from wmpc.agents.entrant import Beginning, Entrant, Given, set_on_recordings
from wmpc.collecting.environment import NOWHERE, environment_of
from wmpc.errors import WmpcError
from wmpc.evaluation.find_manifest import open_later
from wmpc.evaluation.numbers import check_numbers
from wmpc.evaluation.offline.headline import KIND
from wmpc.evaluation.offline.scores import score_seen, see_split
from wmpc.evaluation.offline.strips import draw_strips
from wmpc.evaluation.preparation import BOUNDS, ELSEWHERE, FILES, hash_model
from wmpc.evaluation.provenance import code_digest, versions
from wmpc.evaluation.read_results import FORMAT, VERSION
from wmpc.evaluation.trial import find_model, make_entrant
from wmpc.evaluation.write_results import (
    claim_folder,
    commit_results,
    join_words,
    result_folders,
)
from wmpc.reporting.imagined import draw_media
from wmpc.system import construct
from wmpc.system.progress import Progress, Tell
from wmpc.system.threads import torch_threads
from wmpc.wm.data import Episodes
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.training.devices import describe_device

BLOCKS = 5
"""From a decision to its goal, where the cases say no distance."""
CLONING = 1000
"""Steps of training the policy that agents are read beside."""
UNUSED = {"diagnose": False, "latency": None, "start": "warm"}
"""Settings that ask for a simulator, and their values that do not."""


def wants_offline(config: Mapping[str, Any]) -> bool:
    """Tell whether an evaluation is to be without a simulator.

    Args:
        config: the keys of `wmpc eval`.

    Returns:
        What `offline` says; where it says nothing, whether the dataset names no environment.
    """
    if config["offline"] is not None:
        return config["offline"]
    if config["cases"].get("path"):
        return False
    try:
        return environment_of(open_later(config["run"], config["data"])())["id"] == NOWHERE
    except WmpcError:  # said where it is needed
        return False


def evaluate_offline(
    config: dict[str, Any], given: Given, command: str | None, progress: Tell
) -> tuple[Path, dict[str, Any]]:
    """Score an agent on the held-out episodes of a dataset, and write results.json.

    Args:
        config: the keys of `wmpc eval`.
        given: objects that stand for some of them.
        command: what to say in the results of how they can be had again.
        progress: told how far it is.

    Returns:
        The folder, and all of results.json.

    Raises:
        WmpcError: a setting asks for a simulator, there is no model, or parts do not fit.
    """
    began = time.perf_counter()
    check_numbers(config, BOUNDS)
    _refuse_simulator(config)
    with torch_threads(config["threads"]):
        construct.allow(config["allow"])
        model = find_model(config, given)
        if model is None:
            raise WmpcError("offline scores are of a trained model: give run=FOLDER")
        if config["action_block"] not in (None, model.spec.action_block):
            raise WmpcError(
                f"action_block={config['action_block']} came; {config['run'] or 'the model'} was "
                f"trained with {model.spec.action_block}: leave action_block out"
            )
        episodes = open_later(config["run"], config["data"])()
        entrant = make_entrant(
            config, set_on_recordings(model, lambda: episodes, config["timeout_s"]), given
        )
        identity = {
            "kind": KIND,
            "checkpoint": hash_model(config["run"], given),
            "dataset": episodes.hash,
            "agent": entrant.source,
            "config": {k: v for k, v in config.items() if k not in (*ELSEWHERE, *FILES)},
            "versions": versions(),
            "code": code_digest(("wmpc",)),
        }
        folders = result_folders(config, join_words([KIND, entrant.name]))
        with claim_folder(folders, identity, config["overwrite"]) as kept:
            folder = kept.path.parent
            results = _measured(model, episodes, entrant, config, folder, kept.token, progress)
            results |= {"checkpoint": identity["checkpoint"], "command": command}
            results["seconds"] = time.perf_counter() - began
            commit_results(kept, results)
    return folder, results


def _measured(
    model: LearnedModel,
    episodes: Episodes,
    entrant: Entrant,
    config: dict[str, Any],
    folder: Path,
    token: str,
    progress: Tell,
) -> dict[str, Any]:
    """The content of results.json, without what is of this call alone."""
    cases = config["cases"]

    def make(seed: int) -> Agent:
        return entrant.make(Beginning(seed))

    held, train = see_split(model, episodes, progress=progress)
    scores = score_seen(
        held,
        train,
        make,
        blocks=cases.get("blocks") or BLOCKS,
        decisions=cases["count"],
        cloning=CLONING,
        seed=cases["seed"],
        progress=progress,
    )
    progress(Progress("pictures"))
    strips = draw_strips(held, train) if held.acted else []
    notes = list(scores.notes)
    home = environment_of(episodes)["id"]
    if model.spec.trained_in(home, episodes.hash).dataset != episodes.hash:
        notes.append(
            "The dataset is not byte for byte the one the model was trained on: they share the "
            "rule of which episodes are held out, but not the episodes' hash."
        )
    return {
        "format": FORMAT,
        "version": VERSION,
        "kind": KIND,
        "simulator": "none took part: every score is of recordings alone",
        "env": {"id": home},
        "dataset": {
            "path": str(episodes.path),
            "hash": episodes.hash,
            "episodes": len(episodes),
            "held_out": list(scores.episodes),
            "action_block": model.action_block,
        },
        "run": config["run"],
        "agent": {"name": entrant.name, "planner": entrant.planner},
        "config": config,
        "notes": notes,
        "device": describe_device(model.device),
        "offline": scores.as_dict(),
        "media": draw_media(folder, strips, token),
        "versions": versions(),
    }


def _refuse_simulator(config: Mapping[str, Any]) -> None:
    """WmpcError where a setting asks for what only a simulator can give."""
    asked = [f"{k}={config[k]}" for k, v in UNUSED.items() if config[k] != v]
    if config["shift"]["name"] is not None:
        asked.append(f"shift={config['shift']['name']}")
    if config["cases"].get("path"):
        asked.append(f"cases.path={config['cases']['path']}")
    if config["agent"]["_target_"].endswith((".simulator", ".replay")):
        asked.append(f"agent={config['agent']['_target_'].rpartition('.')[2]}")
    if asked:
        raise WmpcError(
            f"{', '.join(asked)} came, which needs a simulator; this evaluation is of recordings "
            "alone, because the dataset names no environment or offline=true: leave it out"
        )
