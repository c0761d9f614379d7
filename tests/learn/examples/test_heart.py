"""Which simulated hearts networks learn from, and which they are calibrated and asked with."""

import pytest

from cubeview.learn.examples import heart, source
from cubeview.simulate.heart import pair as spect
from cubeview.simulate.heart.variants import LEARNT, SECOND


@pytest.mark.parametrize(
    ("split", "variant", "expected"),
    [
        ("train", "", LEARNT),
        ("calibrate", "", None),
        ("test", "", None),
        ("test", "second", SECOND),
    ],
)
def test_only_training_filters_once_more(monkeypatch, split, variant, expected):
    seen = []
    simulate = spect.simulate_pair

    def noted(label, rng, params=None):
        seen.append(params)
        return simulate(label, rng, params)

    monkeypatch.setattr(spect, "simulate_pair", noted)
    inputs = heart.spect_example(3, source.SPLITS[split], 1, {}, variant=variant)
    assert inputs.shape == (2, 32, 32, 32)
    assert seen == [expected]
