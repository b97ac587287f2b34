"""Frames as they come are made what a model takes, square as the run's pictures were."""

import json
from dataclasses import replace

import numpy as np
import pytest
from model_cases import model, spec

from wmpc.errors import WmpcError
from wmpc.wm.models.spec import read_spec
from wmpc.wm.recordings.view import square

WIDE = np.random.default_rng(0).integers(0, 256, (48, 96, 3), np.uint8)


@pytest.mark.parametrize("fit", ["squash", "crop", "pad"])
def test_a_picture_is_made_square_as_the_runs_were(fit):
    network = model("tiny", replace(spec(32), fit=fit)).eval()
    made = network.prepare(WIDE)
    assert list(made) == ["pixels"] and np.array_equal(made["pixels"], square(WIDE, 32, fit))
    assert network.encode({"pixels": made["pixels"][None, None]}).shape[:2] == (1, 1)
    assert read_spec(json.loads(json.dumps(network.spec.as_dict()))) == network.spec


def test_what_is_as_the_model_takes_it_stays():
    picture = WIDE[:32, :32]
    made = model("tiny", spec(32)).prepare({"pixels": picture, "state": np.zeros(3)})
    assert list(made) == ["pixels"] and np.array_equal(made["pixels"], picture)


def test_a_run_that_says_nothing_of_it_was_squashed():
    stated = spec(32).as_dict()
    assert "fit" not in stated and read_spec(stated).fit == "squash"
    with pytest.raises(WmpcError, match="fit=round"):
        read_spec({**stated, "fit": "round"})


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"state": np.zeros(3)}, "the model sees pixels"),
        (WIDE.astype(float), r"pixels is \(48, 96, 3\) float64"),
        (WIDE[..., 0], r"pixels is \(48, 96\) uint8"),
    ],
)
def test_what_is_no_frame_is_told(frame, message):
    with pytest.raises(WmpcError, match=message):
        model("tiny", spec(32)).prepare(frame)


def test_one_picture_is_not_enough_for_two_cameras():
    both = replace(spec(32), cameras=["pixels/left", "pixels/right"])
    network = model("tiny", both)
    with pytest.raises(WmpcError, match="give a mapping"):
        network.prepare(WIDE)
    assert set(network.prepare(dict.fromkeys(both.cameras, WIDE))) == set(both.cameras)
