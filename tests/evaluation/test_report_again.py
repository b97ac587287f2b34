"""The command with which the page says to do it again."""

import pytest

from wmpc.reporting.evaluation import again


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("wmpc eval agent=random data=d name=x", "wmpc eval agent=random data=d cases.path=f"),
        (
            "wmpc eval run=r cases=hard +cases.filter=far 'agent=m:f' start=cold latency=0.1",
            "wmpc eval run=r agent=m:f start=cold latency=0.1 cases.path=f",
        ),
        (  # of an earlier version
            "wmpc eval run=r manifest=hard +manifest.filter=far patience=3 manifest.cases=7",
            "wmpc eval run=r timeout_s=3 cases.path=f",
        ),
        ("wmpc eval 'run=my run' overwrite=true", "wmpc eval 'run=my run' cases.path=f"),
        ("wmpc eval -m agent.seed=0,1 run=r", None),
        ("wmpc demo", None),
        ("wmpc eval 'run=r", None),
    ],
)
def test_the_command_to_do_it_again_keeps_all_but_the_cases_and_the_name(command, expected):
    assert again({"command": command, "manifest": {"file": "f"}}) == expected
    assert again({"command": command, "manifest": {}}) is None
