"""A recording whose environment cannot be made here is trained on; an evaluation says why not."""

import json

import h5py
import numpy as np
import pytest

from wmpc.cli.main import main

XML = "/nowhere/arm_of_another_machine.xml"


@pytest.fixture
def recording(tmp_path, monkeypatch):
    """A Minari folder, whose environment reads a file of another machine."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    (tmp_path / "arm/data").mkdir(parents=True)
    spec = {"id": "Reacher-v5", "kwargs": {"xml_file": XML}}
    stated = {"data_format": "hdf5", "env_spec": json.dumps(spec)}
    (tmp_path / "arm/data/metadata.json").write_text(json.dumps(stated))
    with h5py.File(tmp_path / "arm/data/main_data.hdf5", "w") as file:
        for index in range(12):
            episode = file.create_group(f"episode_{index}")
            episode.attrs["total_steps"] = 9
            episode["observations/pixels"] = rng.integers(0, 255, (10, 32, 32, 3), np.uint8)
            episode["observations/state"] = rng.normal(size=(10, 10))
            episode["infos/qpos"] = rng.normal(size=(10, 4))
            episode["infos/qvel"] = rng.normal(size=(10, 4))
            episode["actions"] = rng.uniform(-1, 1, (9, 2)).astype(np.float32)
    return "arm"


def test_training_goes_on_and_evaluation_is_refused_by_name(recording, capsys):
    small = ["model=tiny", "train.steps=2", "train.batch=2", "view.size=32"]
    assert main(["train", f"data={recording}", "run=run", *small]) == 0
    said = capsys.readouterr()
    assert "not evaluated" in said.out and XML in said.out and "frames a second" in said.out
    assert main(["data", "import", recording, "data=in", "size=32"]) == 2
    said = capsys.readouterr().err
    assert XML in said and "recorded_fps" in said
    assert main(["data", "import", recording, "data=in", "size=32", "recorded_fps=50"]) == 0
    assert XML in capsys.readouterr().out
    for verb in (["eval", "cases.count=2"], ["plan", "goal=episode:1"]):
        assert main([verb[0], "run=run", "data=in", *verb[1:]]) == 2
        said = capsys.readouterr().err
        assert XML in said and "Traceback" not in said, said
