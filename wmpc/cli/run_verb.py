"""Run one verb with its configuration, here or in the process of a launcher."""

import importlib
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from wmpc.errors import WmpcWarning


def run_verb(verb: str, config: Any) -> int | None:
    """Run a verb, printing the library's warnings as sentences.

    Args:
        verb: such as "eval", whose module is `wmpc.cli.VERB`.
        config: the verb's, composed and checked.

    Returns:
        Its exit code; None stands for 0.
    """
    run = importlib.import_module(f"wmpc.cli.{verb}").run
    with _saying_warnings(verb):
        return run(config)


@contextmanager
def _saying_warnings(verb: str) -> Iterator[None]:
    """Print the library's warnings as sentences, each once; those of others as ever."""

    def say(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if not issubclass(category, WmpcWarning):
            plain(message, category, *where, **more)
        elif str(message) not in said:
            said.add(str(message))
            print(f"wmpc {verb}: {message}", file=sys.stderr)

    said: set[str] = set()
    with warnings.catch_warnings():
        plain, warnings.showwarning = warnings.showwarning, say
        warnings.simplefilter("always", WmpcWarning)
        yield
