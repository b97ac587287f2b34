"""Contrastive terms: against formulas in numpy, and blind to what an episode never changes."""

import numpy as np
import pytest
import torch
from model_cases import model

from wmpc.errors import WmpcError
from wmpc.wm.models.predictors import windows
from wmpc.wm.objectives.action_contrast import ActionContrast
from wmpc.wm.objectives.margin import Margin, contrast_pairs
from wmpc.wm.objectives.temporal_contrast import TemporalContrast, temporal_contrast
from wmpc.wm.objectives.term import Seen

B, L, K, D = 5, 6, 2, 3


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def moved():
    """A network whose predictor, which begins by repeating the last latent, does more than that."""
    network = model("tiny").eval().requires_grad_(False)
    for index, weight in enumerate(network.predictor.parameters()):
        weight.add_(0.3 * drawn(*weight.shape, seed=index))
    return network


NETWORK = moved()


def softmax_of_first(logits):
    return np.exp(logits[0]) / np.exp(logits).sum()


def seen(seed=0):
    z = drawn(B, L, 1, NETWORK.latent, seed=seed)
    actions = drawn(B, L - 1, NETWORK.action_size, seed=seed + 1)
    return Seen(NETWORK, z, actions, {}, torch.Generator().manual_seed(3))


def test_temporal_contrast_against_numpy():
    predicted, z, tau = drawn(B, L - 1, K, D).double(), drawn(B, L, K, D, seed=1).double(), 0.3
    total = []
    for b in range(B):
        for t in range(L - 1):
            order = [t + 1, *(k for k in range(L) if k != t + 1)]
            d = [float((predicted[b, t] - z[b, k]).square().mean()) for k in order]
            total.append(-np.log(softmax_of_first(-np.array(d) / tau)))
    assert float(temporal_contrast(predicted, z, tau)) == pytest.approx(np.mean(total), abs=1e-6)


def test_temporal_contrast_does_not_see_what_an_episode_never_changes():
    predicted, z, still = drawn(B, L - 1, K, D), drawn(B, L, K, D, seed=1), drawn(B, 1, K, D)
    value = float(temporal_contrast(predicted, z, 0.3))
    assert float(temporal_contrast(predicted + still, z + still, 0.3)) == pytest.approx(value, 1e-4)
    moves_nothing = still.expand(-1, L, -1, -1)
    chance = float(temporal_contrast(moves_nothing[:, 1:], moves_nothing, 0.3))
    assert chance == pytest.approx(np.log(L), 1e-4)


@pytest.mark.parametrize("tau", [0.1, 2.0])
def test_the_temporal_term_predicts_from_the_true_context(tau):
    given = seen()
    valid = torch.ones(B, L - 1, dtype=torch.bool)
    predicted = NETWORK.predict(given.latents[:, :-1], given.actions, valid)
    value = TemporalContrast(NETWORK, temperature=tau)(given)
    assert torch.allclose(value, temporal_contrast(predicted, given.latents, tau), atol=1e-6)


def test_action_contrast_asks_which_block_was_executed():
    """With as many negatives as there are other blocks, all of the window's are candidates."""
    given, tau = seen(), 0.4
    value = ActionContrast(NETWORK, negatives=L, temperature=tau)(given)
    assert abs(float(value) - np.log(L - 1)) > 0.05  # that of a model that heeds no action
    h, T, total = NETWORK.context, L - 1, []
    frames = windows(given.latents, h)
    valid = windows(torch.ones(B, L, dtype=torch.bool), h)
    for b in range(B):
        for t in range(T):
            before = windows(given.actions, h)[b : b + 1, t, :-1]
            dynamics = NETWORK.dynamics(frames[b : b + 1, t], before, valid[b : b + 1, t])
            order = [t, *(k for k in range(T) if k != t)]
            after = dynamics.rollout(given.actions[b, order][None, :, None])[0, :, 0]
            d = (after - given.latents[b, t + 1]).square().mean((1, 2)).numpy()
            total.append(-np.log(softmax_of_first(-d / tau)))
    assert float(value) == pytest.approx(np.mean(total), abs=1e-5)


def test_fewer_negatives_are_those_of_the_generator():
    term = ActionContrast(NETWORK, negatives=1)
    one, same = (float(term(seen())) for _ in range(2))
    assert one == same and one > 0
    others = set()
    for seed in range(5):
        given = seen()
        given.generator.manual_seed(seed)
        others.add(round(float(term(given)), 6))
    assert len(others) > 1


def test_pairs_against_numpy():
    z, margin, apart = drawn(B, L, K, D).double(), 1.7, 3
    near, far = [], []
    for b in range(B):
        for i in range(L):
            for j in range(i + 1, L):
                d = float((z[b, i] - z[b, j]).square().mean()) ** 0.5
                near += [d**2 / 2] * (j - i == 1)
                far += [max(0.0, margin - d) ** 2 / 2] * (j - i >= apart)
    expected = np.mean(near) + np.mean(far)
    assert float(contrast_pairs(z, margin, apart)) == pytest.approx(expected, abs=1e-6)
    assert Margin(NETWORK, apart=apart).steps == apart


def test_settings_that_make_no_sense_are_refused():
    for kind, wrong in (
        (TemporalContrast, {"temperature": 0.0}),
        (ActionContrast, {"temperature": -1.0}),
        (ActionContrast, {"negatives": 0}),
        (Margin, {"margin": 0.0}),
        (Margin, {"apart": 1}),
    ):
        with pytest.raises(WmpcError, match=next(iter(wrong))):
            kind(NETWORK, **wrong)
