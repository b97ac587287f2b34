"""Train a zoo of checkpoints, good and bad, and ask which offline score foretells success.

    python benchmarks/zoo.py train ZOO [tasks=reacher,push_t]    # hours; stop it, and it goes on
    python benchmarks/zoo.py scores ZOO [tasks=reacher,push_t]   # how each score ranks them

A task has one dataset and, for each of `VARIANTS`, a training for each number of `STEPS`; every
checkpoint is a run of its own, ZOO/TASK/VARIANT-STEPS, that any verb takes. `wmpc eval` counts
what it reaches on the same held-out cases, and scores it on the same held-out recordings without
the simulator. Untrained models are left out: anything tells them apart.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from wmpc.wm.data import EpisodeWriter, open_episodes
from wmpc.wm.diagnostics.ranking import spearman

RECORDED = {"reacher": [], "push_t": ["policy=mixed"]}
"""By task: how its recordings differ from the default."""
CASES = {"reacher": [], "push_t": ["cases.filter=block_moved"]}
"""By task: the cases that success is counted on, beside `SUCCESS`; in PushT the block must move."""
STEPS = {"reacher": (60, 120, 250, 350, 500), "push_t": (125, 250, 500, 1000)}
LONGER = {
    "reacher": {"plain": (1000,)},
    "push_t": {"plain": (1500, 2000), "wide": (1500,), "loose": (1500,), "noisy": (1500,)},
}
"""Steps of more trainings of some variants, for more checkpoints that reach half of the goals."""
VARIANTS: dict[str, tuple[str, list[str]]] = {
    "plain": ("clean", []),
    "narrow": ("clean", ["model.latent=4"]),
    "wide": ("clean", ["model.latent=64"]),
    "loose": ("clean", ["objective.sigreg.weight=0.02"]),
    "few": ("clean", ["train.subset=36"]),
    "noisy": ("noisy", []),
}
"""By name: the data that it is trained on, and how the training differs from the default."""
NOISE = 0.5
"""Standard deviation of what was added to the actions of `noisy`, as a share of their range."""
SUCCESS = ["cold=0", "videos=0", "reference.cases=0"]
OFFLINE = ["offline=true", "cases.count=200"]


def verb(*words: str) -> None:
    """Run a command of wmpc, in a process of its own."""
    program = [sys.executable, "-m", "wmpc.cli.main", *words]
    subprocess.run(program, check=True, stdout=sys.stderr)


def members(task: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield name, data and words of every training."""
    for variant, (data, words) in VARIANTS.items():
        for steps in (*STEPS[task], *LONGER[task].get(variant, ())):
            yield f"{variant}-{steps}", data, [*words, f"train.steps={steps}"]


def spoil(clean: Path, noisy: Path) -> None:
    """Write the episodes of a dataset with noise on their actions, unless they stand."""
    recorded = open_episodes(clean)
    low, high = (np.asarray(recorded.meta[key]) for key in ("action_low", "action_high"))
    keys = ("env", "kwargs", "render", "fps", "m", "action_low", "action_high")
    meta = {key: recorded.meta[key] for key in keys} | {"source": {"policy": "noisy"}}
    with EpisodeWriter(noisy, meta) as writer:
        for index in range(len(writer), len(recorded)):
            episode = dict(recorded.episode(index))
            noise = np.random.default_rng(index).normal(0, NOISE, episode["action"].shape)
            noisy_actions = np.clip(episode["action"] + noise * (high - low), low, high)
            writer.append(episode | {"action": noisy_actions.astype(np.float32)})


def train(folder: Path, task: str) -> None:
    """Collect, train and evaluate what is not there yet."""
    verb("collect", f"task={task}", f"data={folder / 'clean'}", *RECORDED[task])
    spoil(folder / "clean", folder / "noisy")
    for name, data, words in members(task):
        run = folder / name
        verb("train", f"data={folder / data}", f"run={run}", "seed=0", *words)
        for result, how in (("success", SUCCESS), ("offline", OFFLINE)):
            if not (run / "eval" / result / "results.json").exists():
                asked = [f"run={run}", f"data={folder / 'clean'}", f"name={result}"]
                verb("eval", *asked, *CASES[task], *how)


def at(estimates: Any, blocks: int) -> float:
    """The value of a curve so many blocks ahead."""
    return estimates[blocks - 1]["value"]


def offline_scores(offline: dict[str, Any], blocks: int) -> dict[str, float]:
    """What could foretell success, each so that more is better."""
    rollouts = offline["rollouts"]
    latent, probe = rollouts["latent"], rollouts["probe"]
    far, near = offline["actions"]
    return {
        f"first action, {blocks} blocks ahead": -far["agent"]["value"],
        "first action, 1 block ahead": -near["agent"]["value"],
        "rank of the recorded actions": offline["ranks"]["percentile"]["value"],
        f"rollout in latent units, {blocks} ahead": -at(latent["model"], blocks),
        f"rollout over repeating, {blocks} ahead": -at(latent["model"], blocks)
        / at(latent["repeat"], blocks),
        f"rollout over other actions, {blocks} ahead": -at(latent["model"], blocks)
        / at(latent["shuffled"], blocks),
        f"rollout in probe units, {blocks} ahead": -at(probe["model"], blocks),
        "readout by the probe": -at(probe["probe"], blocks),
        "retrieval of 64": offline["retrieval"]["model"]["value"],
        "surprise, cut": offline["surprise"]["cut"]["value"],
        "surprise, shuffled": offline["surprise"]["shuffled"]["value"],
    }


def results(folder: Path, task: str) -> dict[str, tuple[float, dict[str, float]]]:
    """By member: its rate of success, and its offline scores."""
    found = {}
    for name, _, _ in members(task):
        read = {}
        for result in ("success", "offline"):
            file = folder / name / "eval" / result / "results.json"
            read[result] = json.loads(file.read_bytes()) if file.exists() else None
        if all(read.values()):
            total = read["success"]["summary"]["success"]
            scores = read["offline"]["offline"]
            found[name] = (total["rate"], offline_scores(scores, scores["blocks"]))
    return found


def interval(score: np.ndarray, rates: np.ndarray, draws: int = 2000) -> np.ndarray:
    """95% of a rank correlation (2,), from drawing checkpoints anew."""
    rng = np.random.default_rng(0)
    again = [rng.integers(len(rates), size=len(rates)) for _ in range(draws)]
    return np.percentile([spearman(score[some], rates[some]) for some in again], [2.5, 97.5])


def scores(folder: Path, task: str) -> None:
    """Print how each score ranks the checkpoints, beside how they succeed."""
    found = results(folder, task)
    rates = np.array([rate for rate, _ in found.values()])
    between = int(((rates >= 0.3) & (rates <= 0.95)).sum())
    print(f"\n**{task}**: {len(rates)} checkpoints, {between} of them between 30 and 95%\n")
    table = {
        score: np.array([value[score] for _, value in found.values()])
        for score in next(iter(found.values()))[1]
    }
    kinds = np.array([name.partition("-")[0] for name in found])
    of_kind = {kind: kinds == kind for kind in VARIANTS if (kinds == kind).sum() > 2}
    ranked = {score: spearman(values, rates) for score, values in table.items()}
    print("| score | Spearman with success | 95% | within a variant |\n|---|---|---|---|")
    for score, rho in sorted(ranked.items(), key=lambda item: -item[1]):
        low, high = interval(table[score], rates)
        inside = np.mean([spearman(table[score][some], rates[some]) for some in of_kind.values()])
        print(f"| {score} | {rho:.2f} | {low:.2f} to {high:.2f} | {inside:.2f} |")
    print("\n| checkpoint | reached |\n|---|---|")
    for name, (rate, _) in found.items():
        print(f"| {name} | {100 * rate:.0f}% |")


def main(what: str, zoo: Path, options: dict[str, str]) -> None:
    """Do what was asked, task by task."""
    for task in options.get("tasks", ",".join(CASES)).split(","):
        {"train": train, "scores": scores}[what](zoo / task, task)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), dict(word.split("=", 1) for word in sys.argv[3:]))
