"""What `scripts/kills.py` looks at: how much is saved in a folder, and what is left there."""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from wmpc.evaluation.read_results import RESULTS
from wmpc.wm.data import open_episodes
from wmpc.wm.training.checkpoint import WEIGHTS
from wmpc.wm.training.state import STATE

CLOCKS = ("latenc", "seconds")
"""What no two runs have in common."""


def episodes(folder: Path) -> int:
    """Episodes of the dataset `out`, each compared with its digest."""
    if not (folder / "out" / "episode_ends.npy").exists():
        return 0
    found = open_episodes(folder / "out")
    found.verify()
    return len(found)


def dataset(folder: Path) -> str:
    """The hash of all that was recorded."""
    assert episodes(folder)
    return open_episodes(folder / "out").hash


def step(folder: Path) -> int:
    """Steps of the saved training, 0 before the first; its weights, where there are any, load."""
    if (folder / "out" / WEIGHTS).exists():
        load_file(folder / "out" / WEIGHTS)
    if not (folder / "out" / STATE).exists():
        return 0
    return int(torch.load(folder / "out" / STATE, weights_only=True)["step"])


def weights(folder: Path) -> tuple[int, str, list[int]]:
    """The steps trained, the digest of the weights, and the steps in the log."""
    lines = (folder / "out" / "train.jsonl").read_text().splitlines()
    data = (folder / "out" / WEIGHTS).read_bytes()
    steps = [json.loads(line)["step"] for line in lines]
    return step(folder), hashlib.sha256(data).hexdigest(), steps


def whole(folder: Path) -> int:
    """1 where an export is to be seen, which is then complete."""
    return int(bool(visible(folder)))


def visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and shown(path, folder))


def shown(path: Path, folder: Path) -> bool:
    return not any(part.startswith(".") for part in path.relative_to(folder).parts)


def tree(folder: Path) -> dict[str, str]:
    """The digest of every file."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in visible(folder)
    }


def rows(folder: Path) -> int:
    """Rows that are kept of an evaluation, complete or not."""
    out = folder / "out"
    if (out / RESULTS).exists():
        return len(json.loads((out / RESULTS).read_bytes())["rows"])
    return sum(path.read_bytes().count(b"\n") for path in out.glob("*.jsonl"))


def results(folder: Path) -> Any:
    """The rows, and which files lie beside them."""
    kept = json.loads((folder / "out" / RESULTS).read_bytes())["rows"]
    plain = [{k: v for k, v in row.items() if not k.startswith(CLOCKS)} for row in kept]
    names = sorted(str(path.relative_to(folder)) for path in visible(folder))
    return plain, names
