"""Look at the machine: is it ready, how fast is it, and what is the fix for what is wrong?"""

import errno
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from packaging.requirements import Requirement

from wmpc.envs import gl
from wmpc.reporting.pictures import write_video
from wmpc.system.disk import REFUSALS

APT = "sudo apt-get install -y libegl1 libgl1 libgl1-mesa-dri"
NEEDS = {
    "egl": "needs libegl1 and libgl1-mesa-dri, or a GPU's driver",
    "osmesa": "needs libosmesa6",
    "glfw": "needs a display",
}
GIB = 2**30


@dataclass(frozen=True)
class Check:
    """What one look found; `fix` says what to do about it, `fatal` that it must be done."""

    name: str
    found: str
    fix: str = ""
    fatal: bool = False
    absent: bool = False
    """Not here, and not needed."""


def examine_machine(timeout: float = 10) -> Iterator[Check]:
    """Look at everything that wmpc needs of a machine.

    Args:
        timeout: seconds for each GL backend to show a picture.

    Yields:
        What each look found.
    """
    yield python()
    yield libraries(metadata.requires("wmpc") or [])
    yield device()
    yield threads()
    yield gemm()
    yield from drawing([gl.probe(backend, timeout) for backend in gl.BACKENDS], gl.choose())
    yield codec()
    yield disk(shutil.disk_usage(Path.cwd()).free)
    yield memory(available_memory())


def python() -> Check:
    """Look at the interpreter.

    Returns:
        Its version, and whether it is new enough.
    """
    found = f"{platform.python_version()}, {platform.system()} {platform.machine()}"
    fix = "wmpc needs Python 3.11 or newer." if sys.version_info < (3, 11) else ""
    return Check("python", found, fix, bool(fix))


def libraries(requirements: list[str]) -> Check:
    """Hold installed versions against their bounds.

    Args:
        requirements: lines of package metadata.

    Returns:
        The versions, and how to install what does not fit.
    """
    found, wrong = [], []
    for requirement in map(Requirement, requirements):
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            version = "missing"
        found.append(f"{requirement.name} {version}")
        if version == "missing" or not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"'{requirement}'")
    fix = f"{sys.executable} -m pip install {' '.join(wrong)}" if wrong else ""
    return Check("libraries", ", ".join(found), fix, bool(fix))


def device() -> Check:
    """Look for where torch will train.

    Returns:
        The device.
    """
    if torch.cuda.is_available():
        return Check("device", f"cuda: {torch.cuda.get_device_name()}")
    if torch.version.cuda:
        fix = "This torch is built for CUDA, but no GPU answers; see `nvidia-smi`. The CPU is used."
        return Check("device", "cpu", fix)
    return Check("device", "cpu")


def threads() -> Check:
    """Hold torch's threads against the cores this process may use.

    Returns:
        Both numbers, and what to set where they do not fit.
    """
    count, cores = torch.get_num_threads(), usable_cores()
    fix = ""
    if count > cores:
        fix = f"More threads than cores slow torch down: export OMP_NUM_THREADS={cores}"
    elif count < cores / 2:
        fix = f"torch leaves cores idle: export OMP_NUM_THREADS={cores}, or unset it."
    return Check("torch threads", f"{count} on {cores} cores", fix)


def usable_cores() -> int:
    """Count the cores by affinity and by the control group's quota, whichever is fewer.

    Returns:
        At least 1.
    """
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, min(cores, int(quota) // int(period)))
    except (OSError, ValueError):  # no control group, or "max": no quota
        return cores


def gemm(seconds: float = 0.3) -> Check:
    """Multiply matrices in float32.

    Args:
        seconds: how long, about.

    Returns:
        The speed.
    """
    n = 1024
    matrix = torch.rand(n, n, generator=torch.Generator().manual_seed(0))
    torch.mm(matrix, matrix)
    count, started = 0, time.perf_counter()
    while (spent := time.perf_counter() - started) < seconds:
        torch.mm(matrix, matrix)
        count += 1
    speed = 2 * n**3 * count / spent / 1e9
    fix = "Slow: training takes several times the usual minutes." if speed < 20 else ""
    return Check("matrix product", f"{speed:.0f} GFLOP/s on the CPU, float32", fix)


def drawing(probes: list[dict[str, Any]], chosen: str) -> Iterator[Check]:
    """Say which GL backends draw, then whether the chosen one does.

    A backend that fails is no problem while the chosen one (MUJOCO_GL, or what is found) draws.

    Args:
        probes: from `wmpc.envs.gl.probe`.
        chosen: the backend's name; "" where nothing is set.

    Yields:
        What was found of each, then of the chosen one.
    """
    speed = {}
    for probe in probes:
        backend = probe["backend"]
        if error := probe.get("error"):
            yield Check(f"GL {backend}", f"no: {first_line(error)} ({NEEDS[backend]})", absent=True)
            continue
        speed[backend] = probe["milliseconds"]
        found = f"{probe['renderer']}, {speed[backend]:.1f} ms a picture (Reacher, 64 px)"
        slow = backend == chosen and speed[backend] > 10
        yield Check(f"GL {backend}", found, "Slow drawing: collecting will crawl." if slow else "")
    used = chosen or "glfw"  # MuJoCo's own choice where nothing is set
    if used in speed:
        yield Check("drawing with", used)
    elif speed:
        fix = f"export MUJOCO_GL={min(speed, key=lambda backend: speed[backend])}"
        yield Check("drawing with", f"{used}, which fails", fix, True)
    else:
        fix = f"{APT}; if the machine was only busy: wmpc doctor timeout=60"
        yield Check("drawing with", "nothing", fix, True)


def first_line(error: object) -> str:
    """Shorten an error's text for the table.

    Args:
        error: the error, or its text.

    Returns:
        Its first sentence, at most 100 characters.
    """
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    return line.rpartition("): ")[2].partition(". ")[0][:100]


def codec() -> Check:
    """Write a few frames as H.264 and read them back.

    Returns:
        How far off they are, or why it fails.
    """
    import imageio.v3 as iio

    ramp = np.linspace(0, 255, 64, dtype=np.uint8)
    frames = np.broadcast_to(ramp[:, None, None], (5, 64, 64, 3))
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "probe.mp4"
            write_video(path, frames, fps=10)
            back = iio.imread(path, plugin="FFMPEG")
        error = float(np.abs(back.astype(float) - frames).mean())
    except Exception as broken:  # ffmpeg fails in many ways; each is the same to the reader
        fix = f"{sys.executable} -m pip install --force-reinstall imageio imageio-ffmpeg"
        if getattr(broken, "errno", None) in REFUSALS.keys() - {errno.ENOENT} or (
            "temporary directory" in str(broken)
        ):
            folder = os.environ.get("TMPDIR", "/tmp")
            fix = f"Make room in {folder}, or set TMPDIR to another folder: {first_line(broken)}."
        return Check("H.264 video", f"fails: {first_line(broken)}", fix, True)
    return Check("H.264 video", f"{len(back)} frames there and back, mean error {error:.1f} of 255")


def disk(free: float) -> Check:
    """Judge the room where datasets and runs will lie.

    Args:
        free: bytes.

    Returns:
        How much that is, and whether it is little.
    """
    fix = "Datasets take about 12 kB a frame at 64 px: free some space." if free < 2 * GIB else ""
    return Check("disk here", f"{free / GIB:.0f} GiB free", fix)


def available_memory() -> float:
    """Measure the memory that a new process may take.

    Returns:
        Bytes.
    """
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return 1024 * float(next(x.split()[1] for x in lines if x.startswith("MemAvailable")))
    except (OSError, StopIteration):  # not Linux
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))


def memory(available: float) -> Check:
    """Judge the free memory.

    Args:
        available: bytes.

    Returns:
        How much that is, and whether it is little.
    """
    fix = "Close something, or collect with workers=1." if available < 2 * GIB else ""
    return Check("memory", f"{available / GIB:.1f} GiB free", fix)
