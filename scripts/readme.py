"""Run the README's commands in order, as written, in an empty folder: readme.py FOLDER.

Every ```sh and ```python block is run with this interpreter's environment. The only liberty taken
is size: LESS is appended to each `wmpc VERB`, so that what costs minutes costs seconds. Lines of
`make`, `git`, `cd`, `source` and `pip` are left out, since they are about an installation.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
LESS = {
    "collect": "episodes=20",
    "train": "model=tiny train.steps=20",
    "eval": "cases.count=4 cold=2 reference.cases=2",
    "plan": "budget=3",
    "check": "count=4",
    "curve": "shares=[0.5,1] agents=[gcbc] cloning=2 model=tiny train.steps=2 cases.count=4",
    "demo": "episodes=20 preset=tiny minutes=0.02 cases.count=4",
}


def main(folder: Path) -> int:
    folder.mkdir(parents=True)
    folders = [str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = {**os.environ, "PATH": os.pathsep.join(folders)}
    for language, block in re.findall(
        r"^```(sh|python)\n(.*?)^```", README.read_text(), re.M | re.S
    ):
        script = shrunk(block) if language == "sh" else block
        if not script.strip():
            continue
        command = ["bash", "-euxc"] if language == "sh" else [sys.executable, "-c"]
        print(f"--- {language}\n{script}", flush=True)
        started = time.monotonic()
        done = subprocess.run([*command, script], cwd=folder, env=environment)
        print(f"--- {time.monotonic() - started:.0f} s", flush=True)
        if done.returncode:
            return done.returncode
    return 0


def shrunk(block: str) -> str:
    """The block's lines that can run anywhere, each with less to do."""
    lines = (line.split("  #")[0].rstrip() for line in block.splitlines())
    kept = [line for line in lines if not re.match(r"(make|git|cd|source|pip)\b", line)]
    return "\n".join(
        re.sub(r"^wmpc (\w+).*", lambda m: f"{m[0]} {LESS.get(m[1], '')}".rstrip(), line)
        for line in kept
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
