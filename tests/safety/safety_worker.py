"""Spoiled artefacts through `main`, in one process: safety_worker.py FOLDER FIRST COUNT

FOLDER holds what `tiny_artefacts.make` made. Prints a line of JSON for each seed: what was spoiled,
the command, the exit code, and what was wrong with it, if anything was.
"""

import contextlib
import copy
import functools
import importlib
import io
import json
import os
import shutil
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path

from spoil import bytes_of, generator, hashed, pick, spoil, text
from tiny_artefacts import EVAL, QUICK, TRAIN

from wmpc.cli import compose
from wmpc.cli.main import main

SECONDS = 120
"""After which a command counts as hung, on a busy machine."""


def commands(folder):
    """What is spoiled: its files, and the commands that read it."""
    run, m = folder / "run", f"cases.path={folder / 'm.json'}"
    results = [str(run / "eval" / name) for name in "ef"]
    reports = [["report", f"run={run}"], ["report", "compare", *results],
               ["report", "compare", *results, f"out={folder / 'out.html'}"],
               ["report", "seeds", *results], ["report", "tasks", *results]]  # fmt: skip
    small = ["cold=0", "videos=0", "reference.cases=0", f"folder={folder / 'o'}", "name=n"]
    state = ["train", *TRAIN, f"data={folder / 'data'}", f"run={run}"]
    return [
        (["run/config.json"], [["plan", f"run={run}", "goal=frame:9:2", "budget=1", *QUICK],
                               ["eval", f"run={run}", m, *EVAL, "name=n"], reports[0], state]),
        (["run/model.safetensors", "run/training_state.pt", "run/train.jsonl"],
         [state, state, reports[0], ["plan", f"run={run}", "goal=frame:9:2", "budget=1", *QUICK]]),
        (["m.json"], [["eval", "agent=random", m, *small], ["eval", "agent=zero", m, *small]]),
        (["m.json"], [["eval", "agent=random", m, *small]]),
        (["run/eval/e/results.json"], reports),
        (["run/eval/e/results.json"], reports),
        (["data/meta.json"], [["data", "inspect", str(folder / "data")], state,
                              ["eval", "agent=random", f"data={folder / 'data'}", *small]]),
    ]  # fmt: skip


def damage(folder, name, seed):
    """Write a spoiled file in place of a sound one."""
    path, rng = folder / name, generator(seed)
    data = path.read_bytes()
    if not name.endswith(".json"):
        if name.endswith(".jsonl") and rng.random() < 0.7:
            lines = [text(spoil(json.loads(line), rng), rng) for line in data.splitlines()]
            return path.write_bytes(b"\n".join(lines))
        return path.write_bytes(bytes_of(data, rng))
    value = spoil(json.loads(data), rng)
    path.write_bytes(text(hashed(value) if name == "m.json" else value, rng))
    return None


def attempt(words):
    """The exit code of a command, and what is wrong with how it ended."""
    out, error = io.StringIO(), io.StringIO()
    signal.alarm(SECONDS)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            code = main(words)
    except BaseException:
        return None, traceback.format_exc()[-1500:]
    finally:
        signal.alarm(0)
    said = error.getvalue()
    wrong = "Traceback" in said or code not in (0, 2) or (code == 2 and "wmpc " not in said)
    return code, said[-1500:] if wrong else ""


def hung(*_):
    raise TimeoutError("the command hangs")


def sound(folder, again):
    """A sound copy of the artefacts at the same place."""
    shutil.rmtree(again, ignore_errors=True)
    shutil.copytree(folder, again)
    shutil.copytree(again / "run/eval/e", again / "run/eval/f")
    results = json.loads((again / "run/eval/f/results.json").read_text())
    results["config"]["agent"]["seed"] = 1
    (again / "run/eval/f/results.json").write_text(json.dumps(results))


def serve(folder, first, count):
    warnings.simplefilter("ignore")
    for verb in ("eval", "plan", "train", "report", "data"):
        importlib.import_module(f"wmpc.cli.{verb}")  # an alarm must not interrupt that
    signal.signal(signal.SIGALRM, hung)
    jobs = functools.cache(lambda verb, words: compose_jobs(verb, list(words)))
    compose_jobs = compose.jobs
    compose.jobs = lambda verb, words: copy.deepcopy(jobs(verb, tuple(words)))
    os.chdir(folder.parent)  # `data inspect` leaves its picture in the current directory
    again = folder.parent / f"spoiled-{os.getpid()}"
    for seed in range(first, first + count):
        sound(folder, again)
        rng = generator([seed, 1])
        names, choices = pick(commands(again), rng)
        name, words = pick(names, rng), pick(choices, rng)
        damage(again, name, seed)
        began = time.perf_counter()
        code, wrong = attempt(words)
        line = {"seed": seed, "name": name, "words": words[:2], "code": code, "wrong": wrong}
        print(json.dumps(line | {"seconds": time.perf_counter() - began}), flush=True)
    shutil.rmtree(again)


if __name__ == "__main__":
    serve(Path(sys.argv[1]).resolve(), int(sys.argv[2]), int(sys.argv[3]))
