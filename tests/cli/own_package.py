"""Run the commands of examples/own, in a project whose folders are called as ours are."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

OWN = Path(__file__).parents[2] / "examples" / "own"
LITTLE = {
    "collect": ["task.kwargs.image_size=32", "steps=12", "episodes=20", "workers=1"],
    "train": ["train.batch=4", "train.steps=3", "model=tiny"],
    "eval": ["cases.count=2", "cases.blocks=4", "cases.budget=4", "cold=0", "reference.cases=0",
             "videos=0"],
    "plan": ["budget=1"],
}  # fmt: skip
"""Of each verb, what makes it short."""
PROGRAM = """
import json, sys
sys.path = [folder for folder in sys.path if folder]  # as the command wmpc has it
from wmpc.cli.main import main
if __name__ == "__main__":
    for words in json.loads(sys.argv[1]):
        assert main(words) == 0, words
    assert not {"envs", "configs", "planners", "wm"} & {*sys.modules}
"""


def make_project(folder, example=OWN):
    """Copy an example, beside packages that must not be imported.

    Args:
        folder: that does not exist yet.
        example: the folder that is copied.

    Returns:
        The folder.
    """
    shutil.copytree(example, folder, ignore=shutil.ignore_patterns("__pycache__", "data", "runs"))
    for name in ("envs", "configs", "planners", "wm"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("raise SystemExit('it was imported')")
    return folder


def little(words):
    """Make a command short.

    Args:
        words: those after wmpc.

    Returns:
        The words, with those of `LITTLE` in place of others of the same keys.
    """
    short = LITTLE.get(words[0], [])
    keys = {word.partition("=")[0] for word in short} - {"workers"}
    kept = [word for word in words if word.partition("=")[0] not in keys]
    return kept + [word for word in short if word.partition("=")[0] not in str(kept)]


def run_commands(folder, commands):
    """Run commands one after another in a process whose current directory is a project.

    Args:
        folder: the project.
        commands: the words after wmpc, of each.

    Returns:
        What was printed.
    """
    done = run_python(folder, PROGRAM, json.dumps(commands))
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def run_python(folder, program, *arguments, python=sys.executable):
    """Run a program in a process of its own.

    Args:
        folder: the current directory.
        program: its text.
        *arguments: of its command line.
        python: the interpreter.

    Returns:
        The finished process, whose output is text.
    """
    file = folder.parent / "program.py"  # elsewhere: its folder comes first on sys.path
    file.write_text(program)
    command = [python, file, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)
