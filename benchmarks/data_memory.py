"""Resident memory of a process, for both halves of `benchmarks/data.py`."""

from pathlib import Path


def memory(pid: int | str, key: str) -> float:
    """MB of a process, mapped pages included: VmRSS now, VmHWM at most."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024
