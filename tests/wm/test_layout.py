"""Which tokens of a latent are of what."""

import pytest
import torch

from wmpc.errors import WmpcError
from wmpc.wm.models.latent import Layout

TWO_EYES = Layout({"pixels/left": 2, "pixels/right": 3, "proprio": 1}, 4)


def test_a_group_has_its_tokens_and_a_name_those_of_all_below_it():
    z = torch.arange(6.0).repeat_interleave(4).view(1, 6, 4)
    found = {n: TWO_EYES.of(z, n)[0, :, 0].tolist() for n in ("pixels", "pixels/right", "proprio")}
    assert found == {"pixels": [0, 1, 2, 3, 4], "pixels/right": [2, 3, 4], "proprio": [5]}
    assert TWO_EYES.tokens == 6 and TWO_EYES.size == 24
    assert "pixels" in TWO_EYES and "pixel" not in TWO_EYES and "pixels/l" not in TWO_EYES


@pytest.mark.parametrize("groups", [{"proprio": 1}, {"pixels/a": 1, "proprio": 1, "pixels/b": 1}])
def test_a_group_that_is_not_there_or_torn_apart_is_an_error(groups):
    with pytest.raises(WmpcError, match="no tokens of 'pixels'"):
        Layout(groups, 4).of(torch.zeros(3, 4), "pixels")
