"""Bands put together keep their colour; astropy is the judge."""

import numpy as np
import pytest
from astropy import visualization as look

from cubeview.cubes.composite import composite

STRETCHES = {
    "linear": look.LinearStretch(),
    "sqrt": look.SqrtStretch(),
    "log": look.LogStretch(1000),
    "asinh": look.AsinhStretch(0.1),
}


@pytest.mark.parametrize("stretch", STRETCHES)
def test_as_astropy_does(stretch):
    rng = np.random.default_rng(3)
    bands = rng.gamma(0.7, 0.4, (3, 20, 30)).astype(np.float32)
    bands[:, 0, 0] = 7.0, 3.0, 0.5  # brighter than the levels
    theirs = look.make_lupton_rgb(
        *bands, interval=look.ManualInterval(0.0, 1.0), stretch_object=STRETCHES[stretch]
    )
    ours = composite(2 + 4 * bands, [(2.0, 6.0)] * 3, stretch)
    assert np.abs(ours.astype(int) - theirs).max() <= 1


def test_the_colour_of_what_is_bright_stays():
    bands = np.array([[[9.0]], [[3.0]], [[np.nan]]])
    assert composite(bands, [(0.0, 1.0)] * 3, "asinh").ravel().tolist() == [255, 85, 0]
