"""Cases of an evaluation in processes of their own: one that dies fails its case alone."""

import pickle
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from wmpc.errors import WmpcError
from wmpc.system.lifeline import end, ending, start

ENVIRONMENT = {"LP_NUM_THREADS": "1"}
"""One thread a process for llvmpipe."""
Answer = Callable[[Any], Any]


@dataclass(frozen=True)
class Died:
    """The answer to a question whose process ended."""

    how: str


def answer_apart(
    prepare: Callable[[Any], Answer], setting: Any, questions: Sequence[Any], workers: int
) -> Iterator[tuple[Any, Any]]:
    """Answer questions in processes of their own.

    Args:
        prepare: called with `setting` in each process; gives the function that answers there. What
            it or the function raises is raised here.
        setting: picklable.
        questions: picklable.
        workers: processes.

    Yields:
        Each question with its answer, as they come; `Died` where its process ended.

    Raises:
        WmpcError: a process ended before it was ready.
    """
    left = deque(questions)
    busy: dict[Connection, tuple[BaseProcess, list[Any]]] = {}  # a list: none while it prepares
    with TemporaryDirectory() as folder:
        file = Path(folder) / "setting"
        file.write_bytes(pickle.dumps(setting))  # once: it is large

        def add() -> None:
            process, pipe = start(_work, prepare, str(file), environment=ENVIRONMENT)
            busy[pipe] = process, []

        try:
            for _ in range(min(workers, len(left))):
                add()
            while busy:
                for pipe in wait(list(busy)):
                    assert isinstance(pipe, Connection)
                    process, asked = busy.pop(pipe)
                    try:
                        error, answer = pipe.recv()
                    except (EOFError, ConnectionError, pickle.UnpicklingError):
                        process.join(5)
                        end(process, pipe)
                        how = ending(process.exitcode)
                        if not asked:
                            raise WmpcError(
                                f"a process that was to run cases {how}: workers=1 takes the least "
                                "memory and shows where"
                            ) from None
                        yield asked[0], Died(how)
                        if left:
                            add()
                        continue
                    busy[pipe] = process, []
                    if error is not None:
                        raise error
                    if left:
                        question = left.popleft()
                        pipe.send(question)
                        busy[pipe] = process, [question]
                    else:
                        del busy[pipe]
                        end(process, pipe)
                    if asked:
                        yield asked[0], answer
        finally:
            for pipe, (process, _) in busy.items():
                end(process, pipe)


def _work(pipe: Connection, prepare: Callable[[Any], Answer], file: str) -> None:
    """In the process: say when ready, then answer until nobody asks any more."""
    answer: Answer | None = None
    given: Any = None
    while True:
        try:
            if answer is None:
                answer = prepare(pickle.loads(Path(file).read_bytes()))
            else:
                given = answer(pipe.recv())
            pipe.send((None, given))
        except (EOFError, ConnectionError):
            return
        except Exception as error:
            error.add_note(traceback.format_exc())
            pipe.send((error, None))
            return
