"""One torch thread a process, and the laws first.

Tests run side by side, and small tensors gain nothing from two threads. What `tests/laws` holds
runs before all else, in every process, and counts as failed where it is skipped.
"""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from wmpc.waiting import wait_briefly

os.environ.setdefault("OMP_NUM_THREADS", "1")
wait_briefly()  # before a test imports torch
LAWS = Path(__file__).parent / "laws"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LAWS not in item.path.parents)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and LAWS in item.path.parents:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped or expected to fail: a law may be neither"
    return report
