"""SIGKILL at random moments: whatever was reported saved is there, bit for bit."""

import signal
import subprocess
import sys
import time

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data import open_episodes

WRITER = """
import sys
import numpy as np
from wmpc.wm.data import EpisodeWriter

def make(index):
    rng = np.random.default_rng(index)
    steps = int(rng.integers(1, 40))
    return {
        "pixels": rng.integers(0, 256, (steps + 1, 32, 32, 3), dtype=np.uint8),
        "action": rng.uniform(-1, 1, (steps, 5, 2)).astype(np.float32),
        "state": rng.normal(size=(steps + 1, 20)),
    }

if __name__ == "__main__":
    meta = {"env": "any", "fps": 5, "action_low": [-1, -1], "action_high": [1, 1]}
    with EpisodeWriter(sys.argv[1], meta) as writer:
        print("open", flush=True)
        while True:
            print(writer.append(make(len(writer))), flush=True)
"""


def test_twenty_kills_lose_nothing_that_was_reported(tmp_path, same):
    script = tmp_path / "writer.py"
    script.write_text(WRITER)
    scope = {"__name__": "writer"}
    exec(compile(WRITER, "writer", "exec"), scope)
    rng = np.random.default_rng(0)
    path, reported, before = tmp_path / "set", -1, 0
    for _ in range(20):
        command = [sys.executable, str(script), str(path)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"  # the killed writer's lock is free again
        time.sleep(rng.uniform(0, 0.2))
        process.send_signal(signal.SIGKILL)
        lines = process.stdout.read().split()
        process.stdout.close()
        process.wait()
        reported = max([reported, *map(int, lines)])
        try:
            episodes = open_episodes(path)
        except WmpcError:
            assert reported == -1
            continue
        # Each process may have saved one that it did not live to report.
        assert reported < len(episodes) <= max(before, reported + 1) + 1
        before = len(episodes)
        episodes.verify()
        for index in range(len(episodes)):
            same(episodes.episode(index), scope["make"](index))
    assert reported > 20
