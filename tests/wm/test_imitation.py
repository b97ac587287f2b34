"""The cloning term: it learns what leads to the goal, and sees neither answer nor future."""

from types import SimpleNamespace

import pytest
import torch

from wmpc.errors import WmpcError
from wmpc.wm.models.latent import Layout
from wmpc.wm.objectives.imitation import Imitation
from wmpc.wm.objectives.term import Seen

D, A, H = 3, 2, 2
MODEL = SimpleNamespace(layout=Layout({"pixels": 1, "proprio": 1}, D), context=H, action_size=A)
MIX = torch.tensor([[1.0, 0.5], [-0.5, 1.0], [0.3, -0.2]])


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def seen(z, a, seed=0):
    return Seen(MODEL, z, a, {}, torch.Generator().manual_seed(seed))


def term(**settings):
    torch.manual_seed(0)
    return Imitation(MODEL, **settings)


def fitted(batch, within, steps=300):
    """The term's value on fresh batches after so many steps on others."""
    made = term(within=within, width=64)
    optimizer = torch.optim.Adam(made.parameters(), 3e-3)
    for step in range(steps):
        optimizer.zero_grad()
        made(seen(*batch(step), seed=step)).backward()
        optimizer.step()
    with torch.no_grad():
        return float(made(seen(*batch(10_000), seed=1)))


def towards(step):
    """Windows of which an action says where the pictures' token goes next."""
    z = drawn(64, 4, 2, D, seed=step)
    return z, (z[:, 1:, 0] - z[:, :-1, 0]) @ MIX


def elsewhere(step):
    """The same, but actions say nothing of the pictures."""
    return drawn(64, 4, 2, D, seed=step), drawn(64, 3, A, seed=step + 7)


def test_it_learns_the_action_that_leads_to_the_next_frame():
    assert fitted(towards, within=1) < 0.15 * float(towards(0)[1].var())


def test_what_cannot_be_known_is_not_learned():
    """An action that nothing says is not among what the network reads."""
    assert fitted(elsewhere, within=1) > 0.9


def guesses(made, z, a):
    """What is guessed, by (frame, goal)."""
    found = []
    handle = made.network.register_forward_hook(lambda module, given, guess: found.append(guess))
    with torch.no_grad():
        made(seen(z, a))
    handle.remove()
    L = z.shape[1]
    pairs = [(t, t + k) for t in range(L - 1) for k in range(1, made.steps + 1) if t + k < L]
    assert found[0].shape[:2] == (len(z), len(pairs))
    return dict(zip(pairs, found[0][0], strict=True))


def changed(before, after):
    return {pair for pair in before if not torch.equal(before[pair], after[pair])}


def test_each_block_has_every_goal_within_reach_and_nothing_else():
    z, a = drawn(1, 6, 2, D), drawn(1, 5, A)
    made = term(within=2)
    before = guesses(made, z, a)
    for frame in range(6):
        moved = z.clone()
        moved[:, frame, 0] += 1
        felt = z.clone()
        felt[:, frame, 1] += 1
        seen_in = {(t, g) for t, g in before if t - H + 1 <= frame <= t}
        goal_of = {(t, g) for t, g in before if g == frame}
        assert changed(before, guesses(made, moved, a)) == seen_in | goal_of
        assert changed(before, guesses(made, felt, a)) == seen_in  # a goal is a picture
    for block in range(5):
        moved = a.clone()
        moved[:, block] += 1
        assert changed(before, guesses(made, z, moved)) == {
            (t, g) for t, g in before if t - H + 1 <= block <= t - 1
        }


def test_a_window_of_two_frames_has_a_goal():
    made = term(within=5)
    assert torch.isfinite(made(seen(drawn(3, 2, 2, D), drawn(3, 1, A))))
    with pytest.raises(WmpcError, match="within=0"):
        Imitation(MODEL, within=0)
