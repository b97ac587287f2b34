"""Every reader, on damaged recordings: what it reads is as stated, or a WmpcError says why not.

    pytest tests/data/fuzz -m "slow or not slow"

Inputs are functions of a seed. A failure names it; `echo FORMAT FOLDER SEED 1 | fuzz_worker.py`
reads that one again, FOLDER being what `prepare` makes.
"""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest
from fuzz_mutate import mutate
from fuzz_seeds import SEEDS, VARIANTS

from wmpc.wm.recordings.formats import READERS

QUICK, THOROUGH, AT_ONCE = 200, 10_000, 2
SILENCE = 30
"""Seconds without a word, on a busy machine, after which a process counts as hung."""
NOT_OURS = {"swm-lance": ("memory allocation of", 0.002)}
"""What a library's compiled code does before our reader can look, and how often it may: damaged
offsets of pictures make Lance ask for gigabytes in one piece, and it aborts where it is refused."""
WORKER = Path(__file__).parent / "fuzz_worker.py"


def prepare(folder, format):
    """The valid recording, and the name inside it that is opened."""
    (folder / "seed").mkdir(parents=True)
    (folder / "opened").write_text((SEEDS | VARIANTS)[format](folder / "seed"))
    return folder


class Server:
    """A process of `fuzz_worker.py`."""

    def __init__(self):
        pipe = subprocess.PIPE
        command = [sys.executable, str(WORKER)]
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def close(self):
        self.process.kill()  # it waits for another line
        self.process.communicate()

    def run(self, format, folder, first, count):
        """{seed: what came of it} of `count` inputs; a process that dies is followed by another."""
        found, seed, stop = {}, first, first + count
        while seed < stop:
            self.process.stdin.write(f"{format} {folder} {seed} {stop - seed}\n")
            self.process.stdin.flush()
            began, hung, code = self._follow(found)
            seed = max(found, default=first - 1) + 1
            if seed < stop:
                last = (folder / "stderr").read_text(errors="replace").strip()[-300:]
                assert began == seed, f"{format}: ended with {code} before seed {seed}: {last}"
                found[seed] = "bad hung" if hung else f"bad died with {code}: {last}"
                seed += 1
        return found

    def _follow(self, found):
        """The seed begun last, whether it hung, and how the process ended; fills `found`."""
        out, pid, seed, hung = self.process.stdout, 0, None, threading.Event()

        def stop():
            hung.set()
            os.kill(pid, signal.SIGKILL)

        pid = int(out.readline().removeprefix("pid "))
        while True:
            timer = threading.Timer(SILENCE, stop)
            timer.start()
            word, _, rest = out.readline().strip().partition(" ")
            timer.cancel()
            assert word, "the server died"
            if word == "end":
                return seed, hung.is_set(), int(rest)
            if word == "seed":
                seed = int(rest)
            else:
                found[seed] = f"{word} {rest}".strip()


@pytest.fixture(scope="module")
def servers():
    made = [Server() for _ in range(AT_ONCE)]
    yield made
    for server in made:
        server.close()


def check(servers, format, folder, count):
    share = -(-count // len(servers))
    results = [{} for _ in servers]

    def part(index):
        inside = prepare(folder / str(index), format)
        results[index] = servers[index].run(format, inside, index * share, share)

    threads = [threading.Thread(target=part, args=(index,)) for index in range(len(servers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {seed: said for result in results for seed, said in result.items()}
    assert len(found) == share * len(servers), "a process could not be started"
    said_by, share = NOT_OURS.get(format, (None, 0))
    theirs = [seed for seed, said in found.items() if said_by and said_by in said]
    assert len(theirs) <= share * count + 1, f"{format}: died at seeds {theirs[:20]}"
    for seed in theirs:
        found[seed] = "died"
    bad = [f"{seed}: {said}" for seed, said in found.items() if said.startswith("bad")]
    counts = dict(Counter(said.split()[0] for said in found.values()))
    assert not bad, f"{format}: {counts}; {len(bad)} bad, by seed:\n" + "\n".join(bad[:20])
    assert counts["error"] > count // 10, f"{format}: hardly any damage was noticed: {counts}"
    print(format, counts)


def test_every_reader_has_a_seed():
    assert SEEDS.keys() == READERS.keys()


def test_damage_is_a_function_of_the_seed():
    files = {"a.json": b'{"fps": 10}', "b.bin": os.urandom(2000)}
    damaged = [mutate(files, seed) for seed in range(100)]
    assert damaged == [mutate(files, seed) for seed in range(100)]
    assert sum(bool(changed) for changed, _ in damaged) > 80
    for changed, out in damaged:
        assert {name for name in files if out.get(name) != files[name]} <= changed


@pytest.mark.parametrize("format", [*READERS, *VARIANTS])
def test_damage_ends_in_words(format, servers, tmp_path):
    check(servers, format, tmp_path, QUICK)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("format", [*READERS, *VARIANTS])
def test_much_damage_ends_in_words(format, servers, tmp_path):
    check(servers, format, tmp_path, THOROUGH)
