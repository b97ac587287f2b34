"""`wmpc VERB [key=value ...]`: the one console command; docs/new-verb.md says how to add a verb.

Bad input is a WmpcError, which ends in one sentence on stderr and exit code 2; Ctrl-C in exit code
130, and SIGTERM in 143 where a verb waits for it (`wmpc.cli.signals`). Any other exception is a
bug: traceback, exit code 1. WMPC_DEBUG=1 shows every traceback. What is slow is imported inside the
verb's module, never here: `wmpc --help` answers at once.
"""

import io
import os
import re
import sys
import traceback
from collections.abc import Sequence
from importlib import metadata
from importlib.resources import files

from wmpc.cli.refusal import refusal
from wmpc.cli.run_verb import run_verb
from wmpc.errors import WmpcError


def find_verbs() -> dict[str, str]:
    """Find the verbs: what has a `configs/VERB.yaml`.

    Returns:
        By name, sorted, what each does: the first sentence of the file.
    """
    paths = [path for path in files("wmpc.configs").iterdir() if path.name.endswith(".yaml")]
    texts = {path.name.removesuffix(".yaml"): path.read_text() for path in paths}
    heads = {verb: texts[verb].split("\n#\n")[0].replace("\n#", "") for verb in sorted(texts)}
    return {
        verb: re.split(r"[.;] |\.$", head.removeprefix(f"# wmpc {verb}: "))[0]
        for verb, head in heads.items()
    }


VERBS = find_verbs()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line.

    Args:
        arguments: the words after `wmpc`; None: those of the process.

    Returns:
        The exit code: 0, what the verb returned, 2 for bad input, 1 for a bug, 128 + the number of
        a signal, 141 where nobody reads on.
    """
    for stream in (sys.stdout, sys.stderr):  # whose encoding may be ASCII
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    verb = words[0] if words else "--help"
    try:
        if verb in ("-h", "--help"):
            _say(_usage())
        elif verb == "--version":
            _say(f"wmpc {metadata.version('wmpc')}")
        else:
            return _run(verb, words[1:])
    except KeyboardInterrupt as interrupt:
        return _interrupted(verb, interrupt)
    except BrokenPipeError:  # `wmpc data inspect | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        if isinstance(error.__cause__, KeyboardInterrupt):  # while a C extension was imported
            return _interrupted(verb, error.__cause__)
        sentence = _sentence(verb, error)
        if sentence is None or os.environ.get("WMPC_DEBUG"):
            traceback.print_exc()
        if sentence is not None:
            print(f"wmpc {verb}: {sentence}", file=sys.stderr)
        return 1 if sentence is None else 2
    return 0


def _run(verb: str, words: list[str]) -> int:
    from wmpc.cli import compose

    if verb not in VERBS:
        raise compose.unknown("verb", verb, VERBS)
    line = compose.read(words)
    if line.help:
        _say(compose.describe(verb, words))
        return 0
    jobs = compose.jobs(verb, words)
    if line.show:
        _say("\n---\n".join(compose.shown(job) for job in jobs))
        return 0
    if line.hydra:
        from wmpc.cli.launch import launch

        return launch(verb, line, jobs)
    for number, job in enumerate(jobs, 1):
        if len(jobs) > 1:
            _say(f"[{number}/{len(jobs)}] wmpc {verb} {job.title}")
        if code := run_verb(verb, job.config):
            return code
    return 0


def _interrupted(verb: str, interrupt: KeyboardInterrupt) -> int:
    print(f"wmpc {verb}: {str(interrupt) or 'interrupted'}", file=sys.stderr)
    return getattr(interrupt, "code", 130)


def _usage() -> str:
    width = max(map(len, VERBS))
    lines = [f"  {verb:{width}}  {help}" for verb, help in VERBS.items()]
    return "\n".join(
        [
            "wmpc VERB [key=value ...]: learn world models from pixels, and plan with them",
            "",
            *lines,
            "",
            "wmpc VERB --help              its keys, its groups and two examples",
            "wmpc VERB --cfg job ...       print the configuration, run nothing",
            "wmpc VERB -m key=a,b ...      one run a value; hydra/launcher=... with its plugins",
            "wmpc VERB --config-dir DIR    presets of your own beside ours: DIR/planner/mine.yaml",
            "wmpc VERB --config-name NAME  DIR/NAME.yaml, which begins with VERB's defaults",
            "wmpc --version",
        ]
    )


def _say(text: str) -> None:
    print(text, flush=True)


def _sentence(verb: str, error: BaseException) -> str | None:
    """The one sentence for bad input, or for what the system refused; None for a bug."""
    cause: BaseException | None = error
    while cause is not None:  # hydra's instantiate wraps what a constructor raised
        if isinstance(cause, WmpcError):
            return " ".join(str(cause).split())
        if said := refusal(verb, cause):
            return " ".join(said.split())
        cause = cause.__cause__
    return None


if __name__ == "__main__":
    sys.exit(main())
