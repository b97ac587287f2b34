"""Collection: seeded by index, in order, from any number of processes; failures never stored."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest

from wmpc import envs
from wmpc.collecting.collect import (
    ATTEMPTS,
    GRACE_S,
    Recipe,
    _look_at,
    policy_of,
    record,
    record_episodes,
)
from wmpc.errors import WmpcError

SMALL = {"image_size": 8}


def recipe(env="wmpc/Reacher-v0", policy="random", seed=0):
    return Recipe(env, SMALL, policy, steps=3, m=2, seed=seed)


@pytest.mark.parametrize("env", envs.ids())
@pytest.mark.parametrize("policy", ["random", "scripted", "mixed"])
def test_an_episode_replays_from_its_states_and_actions(env, policy):
    (recording,) = record_episodes(recipe(env, policy), 3, 4)
    episode = recording.episode
    assert {name: (array.dtype.name, len(array)) for name, array in episode.items()} == {
        "pixels": ("uint8", 4),
        "proprio": ("float32", 4),
        "state": ("float64", 4),
        "action": ("float32", 3),
        "variation": ("float64", len(episode["variation"])),
    }
    task = envs.make(env, **SMALL)
    task.reset(options={"state": episode["state"][0], "variation": episode["variation"]})
    for t in range(3):
        for action in episode["action"][t]:
            task.advance(action)
        observation = task.observe_state(task.get_state())
        for name in ("pixels", "proprio", "state"):
            np.testing.assert_array_equal(observation[name], episode[name][t + 1])
    task.close()


def test_episodes_depend_on_seed_and_index_alone(same):
    in_order = list(record_episodes(recipe(), 0, 5))
    for workers in (1, 3):
        for one, two in zip(in_order[2:], record_episodes(recipe(), 2, 5, workers), strict=True):
            same(one.episode, two.episode)
    states = {r.episode["state"].tobytes() for r in in_order}
    other = next(iter(record_episodes(recipe(seed=1), 0, 1)))
    assert len(states) == 5 and other.episode["state"].tobytes() not in states


class Failing:
    """A task whose first `count` episodes fail."""

    def __init__(self, task, count):
        self._task, self._left = task, count

    def __getattr__(self, name):
        return getattr(self._task, name)

    def advance(self, action):
        info = self._task.advance(action)
        if self._left:
            self._left -= 1
            info["failure"] = "it blew up"
        return info


def test_failed_attempts_are_counted_and_recorded_anew():
    task = envs.make("wmpc/Reacher-v0", **SMALL)
    recording = record(Failing(task, 2), recipe(), 0)
    assert recording.failures == ("it blew up",) * 2
    first = record(task, recipe(), 0)
    assert not np.array_equal(recording.episode["state"], first.episode["state"])
    with pytest.raises(WmpcError, match=f"failed {ATTEMPTS} times, last: it blew up"):
        record(Failing(task, 10**6), recipe(), 0)
    task.close()


def test_errors_of_a_process_arrive():
    with pytest.raises(WmpcError, match="no goal"):
        list(record_episodes(Recipe("Pusher-v5", SMALL, "scripted", 2, 1, 0), 0, 1, workers=1))


class Hanging:
    """A task that hangs in its fifth step, deaf to all but its own end."""

    def __init__(self, task):
        self.task, self.steps = task, 0

    def __getattr__(self, name):
        return getattr(self.task, name)

    def advance(self, action):
        self.steps += 1
        if self.steps == 5:
            time.sleep(60)
        return self.task.advance(action)


def test_a_hanging_environment_is_named_with_its_episode_and_step():
    task = envs.make("wmpc/Reacher-v0", **SMALL)
    patient = replace(recipe(), timeout_s=2.0)
    task.reset(seed=0)  # makes what draws
    began = time.monotonic()
    with pytest.raises(
        WmpcError, match=r"hangs in episode 7, step \d.*timeout_s=\.\.\. allows more"
    ):
        record(Hanging(task), patient, 7)
    assert time.monotonic() - began < 20
    task.close()


def test_a_process_that_does_not_hear_its_alarm_is_noticed():
    clock = [3.0, 2.0, time.monotonic()]
    _look_at(clock, recipe())
    _look_at([3.0, 2.0, 0.0], recipe())  # it has not begun
    clock[2] -= recipe().timeout_s + GRACE_S + 1
    with pytest.raises(WmpcError, match=r"episode 3, step 2 .it hangs since"):
        _look_at(clock, recipe())


def test_a_dead_process_is_reported_and_a_closed_iterator_ends_the_others():
    recordings = record_episodes(recipe(), 0, 10**6, workers=1)
    next(recordings)
    (child,) = children()
    os.kill(child, signal.SIGKILL)
    with pytest.raises(WmpcError, match="was ended by SIGKILL"):
        list(recordings)
    recordings = record_episodes(recipe(), 0, 10**6, workers=2)
    list(islice(recordings, 3))
    assert len(children()) == 2
    recordings.close()
    assert not children()


def test_processes_end_when_their_parent_is_killed():
    program = (
        "from wmpc.collecting.collect import Recipe, record_episodes\n"
        "if __name__ == '__main__':\n"
        f"    recipe = Recipe('wmpc/Reacher-v0', {SMALL}, 'random', 3, 2, 0)\n"
        "    for _ in record_episodes(recipe, 0, 10**6, 2):\n"
        "        print('one', flush=True)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert parent.stdout is not None and parent.stdout.readline()
    recorders = children(parent.pid)
    assert len(recorders) >= 2
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{pid}") for pid in recorders):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def children(parent=None):
    """Process ids of the recorders that `parent` (default: this process) started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it may just have ended
            _, _, rest = (folder / "stat").read_text().rpartition(")")
            ours = int(rest.split()[1]) == (parent or os.getpid())
            if ours and b"spawn_main" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
    return found


@pytest.mark.parametrize("episodes", [10, 20, 200])
def test_mixed_is_every_second_episode_each_held_out_ones_too(episodes):
    names = [policy_of("mixed", i) for i in range(episodes)]
    for ten in range(0, episodes, 10):
        assert all(a != b for a, b in pairwise(names[ten : ten + 10]))
    held_out = names[9::10]
    for some in (names, held_out if episodes > 10 else names):
        assert some.count("random") == some.count("scripted") == len(some) / 2


def test_an_episode_of_mixed_is_that_of_its_own_policy(same):
    mixed = recipe("wmpc/TwoRoom-v0", "mixed")
    for index in (0, 1, 8, 9, 10, 19):
        alone = replace(mixed, policy=policy_of("mixed", index))
        one, two = (next(iter(record_episodes(r, index, index + 1))) for r in (mixed, alone))
        same(one.episode, two.episode)
