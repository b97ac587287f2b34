"""A small world on which every verb can be tried, and a system that refuses at a chosen moment."""

import errno
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SEARCH = ["planner.samples=8", "planner.elites=4", "planner.iterations=1"]
EVAL = ["eval", "run=run", "data=set", "cases.count=2", "cases.blocks=1", "cold=0"]
EVAL += ["reference.cases=0", "videos=0", *SEARCH]
COLLECT = ["collect", "task.kwargs.image_size=32", "steps=12", "workers=0"]
TRAIN = ["train", "data=set", "model=tiny", "train.batch=4", "train.accelerator=cpu"]
MAKE = [
    [*COLLECT, "data=set", "episodes=20"],
    [*TRAIN, "run=run", "train.steps=3"],
    [*EVAL, "name=first"],
    [*EVAL, "name=second", "planner.samples=9"],
    ["data", "export", "set", "to=swm", "out=recording.h5"],
]
COMMANDS = {
    "collect": [*COLLECT, "data=new", "episodes=2"],
    "collect more": [*COLLECT, "data=set", "episodes=21"],
    "train": [*TRAIN, "run=new", "train.steps=2"],
    "eval": [*EVAL, "name=new", "cases.seed=1"],
    "curve": [
        "curve",
        "data=set",
        "shares=[1]",
        "agents=[gcbc]",
        "cloning=2",
        "cases.count=2",
        "cases.blocks=1",
        *TRAIN[2:],
        "train.steps=2",
    ],
    "plan": ["plan", "run=run", "data=set", "goal=frame:9:5", "budget=1", "name=new", *SEARCH],
    "report": ["report", "run=run"],
    "report compare": ["report", "compare", "run/eval/first", "run/eval/second", "out=new.html"],
    "report submit": ["report", "submit", "run/eval/first", "out=new.json"],
    "data inspect": ["data", "inspect", "set"],
    "data check": ["data", "check", "set"],
    "data import": ["data", "import", "recording.h5", "data=new", "size=16", "recorded_fps=10"],
    "data export to=lerobot": ["data", "export", "set", "to=lerobot", "out=new"],
    "data export to=minari": ["data", "export", "set", "to=minari", "out=new-v0"],
    "data export to=swm": ["data", "export", "set", "to=swm", "out=new.h5"],
}
ERRORS = (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT, errno.EIO, errno.EMFILE)
ERRORS += (errno.EFBIG, errno.ENAMETOOLONG, errno.EPERM, errno.ENFILE, errno.ENOMEM)
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "os.link", "os.symlink")


class Refusing:
    """Counts what is written inside a folder, and refuses the chosen time, or everywhere in some
    of its folders. It looks through an audit hook, so that no call of Python escapes it."""

    def __init__(self) -> None:
        self.root: Path | None = None
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple) -> None:
        if self.root is None or not (event == "open" or event in CHANGES):
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITES):
            return
        for name in arguments[: 2 if event == "os.rename" else 1]:
            if isinstance(name, str | bytes | os.PathLike):
                self._look(Path(os.path.abspath(os.fsdecode(name))))

    def _look(self, path: Path) -> None:
        if self.root is None or not path.is_relative_to(self.root):
            return
        self.seen += 1
        closed = any(path.is_relative_to(folder) for folder in self.closed)
        if closed or self.seen == self.moment:
            raise OSError(self.number, os.strerror(self.number), str(path))

    @contextmanager
    def at(
        self, root: Path, moment: int = -1, number: int = errno.EACCES, closed: tuple = ()
    ) -> Iterator[None]:
        """Refuse with the errno `number` the write `moment` (from 1) inside `root`, and every
        write inside the folders `closed`."""
        self.moment, self.number, self.seen = moment, number, 0
        self.closed, self.root = closed, root
        try:
            yield
        finally:
            self.root = None


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file grow beyond `size` bytes, as on a disk that is full; needs no privilege."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def contents(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, by name."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
