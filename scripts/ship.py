"""Make the run that is shipped in the package: collect, train, measure, write.

    python scripts/ship.py [--work runs/ship] [--out wmpc/shipped/reacher]

`make shipped` runs it. The recipe is that of `wmpc demo`: 1,000 episodes, seed 0, 1,700 steps, on
one thread; the seed was not chosen by its rate. What is in WORK is used again, so it may be
interrupted. OUT becomes a run as any other:

    model.safetensors  what plans, without what only training needs
    config.json, train.jsonl
    data/              the first ten episodes, of which the last is held out
    data/manifests/    a hundred cases, drawn from all hundred held-out episodes
    reproduction.json  what came out of them, for `wmpc check`
"""

import argparse
import json
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ |= {"OMP_NUM_THREADS": "1"}  # sums depend on the number of threads

import torch

import wmpc
from wmpc.api.presets import read_choices, read_defaults, read_preset
from wmpc.api.settings import describe_settings
from wmpc.evaluation.find_manifest import SHIPPED_CASES, find_manifest, name_manifest
from wmpc.evaluation.preparation import prepare
from wmpc.evaluation.reproduction import Measured, measure_cases, write_record
from wmpc.system.progress import Progress
from wmpc.system.shipped import DATA, PREFIX
from wmpc.wm.data import Episodes, EpisodeWriter, open_episodes
from wmpc.wm.data.format import IDENTITY
from wmpc.wm.training.checkpoint import CONFIG, read_weights, save_weights
from wmpc.wm.training.learner import of_model
from wmpc.wm.training.log import LOG

ROOT = Path(__file__).parents[1]
EPISODES, SHIPPED_EPISODES, STEPS, SEED = 1000, 10, 1700, 0


def main() -> None:
    """Make the run where the words say."""
    parser = argparse.ArgumentParser(description="Make the run that is shipped in the package.")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "ship")
    parser.add_argument("--out", type=Path, default=ROOT / "wmpc" / "shipped" / "reacher")
    words = parser.parse_args()
    found = ship("reacher", words.work, words.out)
    megabytes = sum(file.stat().st_size for file in words.out.rglob("*")) / 1e6
    print(f"{words.out}: {megabytes:.2f} MB, {found.successes.sum()} of {len(found.steps)} reached")


def ship(
    task: str, work: Path, out: Path, episodes: int = EPISODES, steps: int = STEPS,
    model: str = "small", cases: int = SHIPPED_CASES,
) -> Measured:  # fmt: skip
    """Collect, train, evaluate and write; what came out."""
    torch.set_num_threads(1)
    data, run = work / "data" / task, work / "runs" / task
    wmpc.collect(task, data, episodes=episodes, workers=0, progress=tell)
    wmpc.train(data, run, model, seed=SEED, steps=steps, accelerator="cpu", progress=tell)
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent) as folder:
        made = Path(folder) / task
        made.mkdir()
        step, weights = read_weights(run)
        save_weights(made, of_model(weights), step or 0)
        config = json.loads((run / CONFIG).read_text())
        config["train"]["data"] = f"{PREFIX}{task}"
        (made / CONFIG).write_text(json.dumps(config, indent=2) + "\n")
        shutil.copy(run / LOG, made)
        few = copy_episodes(open_episodes(data), made / DATA)
        block = int(few.meta["m"])
        settings = {k: v for k, v in read_preset("cases", "ahead").items() if k != "path"}
        settings["count"] = cases
        drawn, _ = find_manifest(settings, None, str(data), block)
        drawn.save(made / DATA / "manifests" / name_manifest(settings, block, few))
        found = measure(made, settings)
        write_record(made, found)
        if out.exists():
            shutil.rmtree(out)
        made.rename(out)
    return found


def copy_episodes(episodes: Episodes, out: Path) -> Episodes:
    """Write the first episodes as a dataset of their own."""
    meta = {key: episodes.meta[key] for key in IDENTITY if key != "version"}
    source = {k: v for k, v in episodes.meta["sources"][0].items() if k != "first_episode"}
    with EpisodeWriter(out, {**meta, "source": source}) as writer:
        for index in range(SHIPPED_EPISODES):
            writer.append(episodes.episode(index))
    (out / ".lock").unlink()
    return open_episodes(out)


def measure(run: Path, cases: dict) -> Measured:
    """Run the default agent on the cases beside a run."""
    asked = {"run": str(run), "data": str(run / DATA), "cases": {**cases, "path": None}}
    config, given = describe_settings(
        "eval", {**read_defaults("eval"), **read_choices("eval"), **asked}
    )
    with prepare(config, given, tell) as prepared:
        return measure_cases(prepared, cases["count"], tell)


def tell(progress: Progress) -> None:
    """Print what is said of the work."""
    if progress.says:
        print(progress.says, flush=True)


if __name__ == "__main__":
    main()
