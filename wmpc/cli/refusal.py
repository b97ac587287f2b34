"""The sentence for what the system refused: which file, what is wrong, what to do."""

import os

from wmpc.system.disk import REFUSALS

LESS = {
    "collect": "workers, or task.kwargs.image_size",
    "train": "train.batch, or take a smaller model=",
    "eval": "workers, or planner.samples",
    "plan": "planner.samples",
    "data": "workers, size, or the number of episodes",
}
"""What takes a verb's memory."""
MEMORY = ("can't allocate memory", "out of memory")
"""How torch says it."""
FILES = (FileNotFoundError, FileExistsError, PermissionError, NotADirectoryError)
"""Errors that are the machine's, also where a library raises them with words of its own."""
THREADS = "can't start new thread"


def refusal(verb: str, error: BaseException) -> str | None:
    """Say what the machine refused.

    Args:
        verb: which was running.
        error: what was raised.

    Returns:
        One sentence: which file, what is wrong, what to do; None for an error that is not the
        machine's.
    """
    lacking = isinstance(error, RuntimeError) and any(part in str(error) for part in MEMORY)
    if isinstance(error, MemoryError) or lacking:
        less = LESS.get(verb, "what it has to hold")
        return f"there is not enough memory: close other programs, or lower {less}"
    if isinstance(error, RuntimeError) and THREADS in str(error):
        return "no more threads may be started: lower workers, or raise `ulimit -u`"
    if not isinstance(error, OSError) or error.errno not in REFUSALS:
        return str(error) if isinstance(error, FILES) else None
    where = error.filename2 or error.filename
    name = "" if where is None or isinstance(where, int) else f"{os.fsdecode(where)}: "
    return f"{name}{REFUSALS[error.errno]} ({os.strerror(error.errno)})"
