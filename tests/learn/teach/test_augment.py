"""Varied copies stay copies of the same thing."""

import numpy as np
import pytest

from cubeview.kinds import KINDS
from cubeview.learn.models.rooms import room_of


def varied(given, names, kind, rng):
    return np.stack([room_of(kind).augment(one, names, rng) for one in given])


def inputs():
    values = np.zeros((3, 2, 16, 16, 16), np.float32)
    values[:, 0, 6:10, 5:9, 7:11] = 1.0
    values[:, 1, 6:10, 5:9, 7:11] = 0.5
    return values


@pytest.mark.parametrize("kind", ["heart", "sky"])
def test_a_copy_differs_but_holds_the_same_amount_in_both_channels_together(kind):
    given = inputs()
    kept = given.copy()
    for name, _ in KINDS[kind].variations:
        copies = varied(given, [name], kind, np.random.default_rng(1))
        assert copies.shape == given.shape
        assert not np.array_equal(copies, given)
        assert copies[:, 0].sum() == pytest.approx(given[:, 0].sum(), rel=0.25)
        if name not in ("counts", "noise"):
            np.testing.assert_allclose(copies[:, 0], 2 * copies[:, 1], atol=1e-6)
    assert np.array_equal(given, kept)


def test_no_shift_is_no_change_and_turns_are_small():
    given = inputs()
    assert np.array_equal(varied(given, [], "heart", np.random.default_rng(0)), given)
    turned = varied(given, ["rotation"], "heart", np.random.default_rng(2))
    assert np.abs(turned - given).mean() < 0.02


def test_the_spectral_axis_is_never_turned_round():
    given = np.broadcast_to(np.arange(8.0)[:, None, None], (2, 2, 8, 8, 8)).astype(np.float32)
    for seed in range(5):
        copies = varied(given, ["flips", "rotation"], "sky", np.random.default_rng(seed))
        assert np.array_equal(copies, given)
