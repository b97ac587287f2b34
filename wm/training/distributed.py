"""Start, join and end the processes that train one model together (`wmpc.wm.processes`).

The process that was asked for N devices is the first and starts the others, each of which is told
over its standard input what to do, and dies when that closes, as it does when the first dies.
Processes that torchrun started find each other by the environment.
"""

import atexit
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from torch.distributed import TCPStore  # pyright: ignore[reportPrivateImportUsage]

from wmpc.errors import WmpcError
from wmpc.wm import processes

Work = Callable[[], object]
HOST = "127.0.0.1"
START = timedelta(minutes=5)
"""How long processes that were started may take to find each other."""
END_S = 30.0
"""Seconds that the others may take to end after the first."""
JOINED = "joined"
"""Said by the first process once it has joined. No other one works before: one that ends while the
first still joins would leave torch in it unable to join anything again."""
FOLLOW = [sys.executable, "-P", "-c", "from wmpc.wm.training.distributed import follow; follow()"]


@contextmanager
def together(devices: int, accelerator: str, work: Callable[[], Work]) -> Iterator[None]:
    """Be one of the processes of a training, from here to the end of the block.

    Joins the processes that torchrun started, until this one ends; else starts `devices` - 1
    others, which end with the block. In a process that is one of several already, or the only one,
    does nothing. Call `check_devices` first.

    Args:
        devices: processes that train together, one a device, at least 1.
        accelerator: kind of the devices: with "cuda" they talk by NCCL on GPUs and by Gloo on the
            CPU, with any other by Gloo.
        work: called here where others are started; what it returns is pickled, and each of them
            calls that without arguments.

    Yields:
        Nothing.

    Raises:
        WmpcError: when another process that this one started raises one, with its sentence, or is
            ended by a signal.
        RuntimeError: when such a process does not start, or fails otherwise.
    """
    backend = "cpu:gloo,cuda:nccl" if accelerator == "cuda" else "gloo"
    if processes.count() == 1 and _started() > 1:
        dist.init_process_group(backend, init_method="env://")  # until this process ends
        atexit.register(dist.destroy_process_group)
    if processes.count() > 1 or devices == 1:
        yield
    else:
        with _others(devices, backend, work()):
            yield


def check_devices(
    devices: int, device: torch.device, batch: int, unique: bool, pairs: Sequence[int] = ()
) -> None:
    """Check that so many processes can train together on devices of this kind.

    Args:
        devices: `train.devices`, how many processes to start; 1 where torchrun started them.
        device: from `find_device`.
        batch: `train.batch`, windows that all processes share.
        unique: `train.unique`, whether a frame that windows share is encoded once.
        pairs: of each law, how many pairs of frames are drawn beside a batch.

    Raises:
        WmpcError: when `devices` is no whole number of at least 1 or is neither 1 nor how many
            torchrun started; or when several are wanted and the device is neither cpu nor cuda or
            has a number, the GPUs are too few, the batch or its pairs are no multiple of how many
            processes there are, or `unique` is set.
    """
    if type(devices) is not int or devices < 1:
        raise WmpcError(f"train.devices is {devices!r}; it must be a whole number, at least 1")
    started = max(processes.count(), _started())
    if started > 1 and devices not in (1, started):
        raise WmpcError(
            f"train.devices is {devices} in one of {started} processes that were started to train "
            "together (by torchrun?): leave devices out"
        )
    count = max(devices, started)
    if count == 1:
        return
    if device.index is not None or device.type not in ("cpu", "cuda"):
        raise WmpcError(
            f"train.devices is {count} on {device}: several devices are cpu or cuda, without a "
            "number"
        )
    if device.type == "cuda" and started == 1 and count > torch.cuda.device_count():
        raise WmpcError(
            f"train.devices is {count}; this machine has {torch.cuda.device_count()} GPUs: give as "
            "many, or accelerator=cpu"
        )
    if batch % count:
        raise WmpcError(
            f"train.batch is {batch}, which {count} devices cannot share evenly: give a multiple "
            f"of {count}"
        )
    if uneven := [drawn for drawn in pairs if drawn % count]:
        raise WmpcError(
            f"beside train.batch={batch} the objective draws {uneven[0]} pairs of frames, which "
            f"{count} devices cannot share evenly: choose train.batch such that it does"
        )
    if unique:
        raise WmpcError(
            f"train.unique=true encodes a frame that windows share once, which {count} devices "
            "cannot tell of each other's windows: leave it out, or take one device"
        )


def is_first() -> bool:
    """Tell whether this process is the first, also before it has joined the others.

    Returns:
        Whether it is; True where it is alone.
    """
    return int(os.environ["RANK"]) == 0 if _started() > 1 else processes.place() == 0


def local_place() -> int:
    """Tell which of the processes on this machine this one is.

    Returns:
        From 0 on: the number of its GPU.
    """
    return int(os.environ.get("LOCAL_RANK", "0")) if _started() > 1 else processes.place()


def _started() -> int:
    """How many processes torchrun started with this one; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1")) if "RANK" in os.environ else 1


@contextmanager
def _others(count: int, backend: str, work: Work) -> Iterator[None]:
    """The first of `count` processes: starts the others, and ends them with itself."""
    store = TCPStore(HOST, 0, count, is_master=True, wait_for_workers=False, timeout=START)
    before = torch.get_num_threads()
    threads = max(1, before // count)  # of each: they share the cores
    children: list[subprocess.Popen[bytes]] = []
    try:
        for place in range(1, count):
            children.append(_start((store.port, place, count, backend, threads, work)))
        for child in children:
            assert child.stdout is not None
            if child.stdout.read(1) != b"!":
                raise RuntimeError("a process that was to train along did not start")
        dist.init_process_group(backend, store=store, rank=0, world_size=count)
        store.set(JOINED, "")
        torch.set_num_threads(threads)
        yield
        for child in children:
            child.wait(END_S)
        _blame(children, None)
    except KeyboardInterrupt:
        raise
    except Exception as error:  # of this process, or because another one went away
        _blame(children, error)
        raise
    finally:
        for child in children:
            child.kill()
            child.communicate()
        if dist.is_initialized():
            dist.destroy_process_group()
        torch.set_num_threads(before)


def _start(task: tuple[int, int, int, str, int, Work]) -> subprocess.Popen[bytes]:
    """Start a process that does its share of the work."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    child = subprocess.Popen(
        FOLLOW,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        start_new_session=True,  # an interrupt reaches the first process alone, which tells them
    )
    assert child.stdin is not None
    try:
        child.stdin.write(pickle.dumps(task))
        child.stdin.flush()
    except BrokenPipeError:
        pass  # it has ended, which is noticed when it should say that it is there
    return child


def _blame(children: list[subprocess.Popen[bytes]], error: Exception | None) -> None:
    """Raise what ended another process, if one ended before this one failed with `error`.

    A process that another one's end surprises fails within moments of it, in a call to it.
    """
    surprised = isinstance(error, RuntimeError)
    until = time.monotonic() + (5 if surprised else 0)
    while surprised and time.monotonic() < until and all(c.poll() is None for c in children):
        time.sleep(0.05)
    for place, child in enumerate(children, 1):
        code = child.poll()
        if code in (None, 0):
            continue
        assert child.stdout is not None
        if code == 2 and (sentence := child.stdout.read().decode()):
            raise WmpcError(sentence) from error
        if code < 0:
            name = signal.Signals(-code).name
            raise WmpcError(
                f"process {place} of this training was ended by {name} (out of memory?): what was "
                "saved last is kept, and the same command goes on from there"
            ) from error
        raise RuntimeError(f"process {place} of this training failed, as printed above") from error


def follow() -> None:
    """The program of a process that another one started: read what to do, and do it."""
    port, place, count, backend, threads, work = pickle.load(sys.stdin.buffer)
    torch.set_num_threads(threads)
    threading.Thread(target=_end_with_first, daemon=True).start()
    answer, sys.stdout = sys.stdout, sys.stderr
    answer.write("!")
    answer.flush()
    try:
        store = TCPStore(HOST, port, count, is_master=False, timeout=START)
        dist.init_process_group(backend, store=store, rank=place, world_size=count)
        store.wait([JOINED])
        work()
        code = 0
    except WmpcError as error:
        answer.write(" ".join(str(error).split()))
        code = 2
    except Exception:
        time.sleep(2)  # where the first process has ended, so does this one now, in silence
        traceback.print_exc()
        code = 1
    answer.flush()
    sys.stderr.flush()
    os._exit(code)  # not through torch's own endings, which may wait for a process that is gone


def _end_with_first() -> None:
    """Wait until the first process closes our input, or dies; then end."""
    sys.stdin.buffer.read()
    os._exit(1)
