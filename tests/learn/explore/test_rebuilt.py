"""What is left of a case lies where something was planted that the others do not have."""

import numpy as np

from cubeview.learn.explore.rebuilt import not_rebuilt


def test_a_planted_spot_is_what_cannot_be_rebuilt():
    rng = np.random.default_rng(0)
    ways = rng.normal(size=(3, 2 * 6 * 6 * 6))
    inputs = (rng.normal(size=(60, 3)) @ ways).reshape(60, 2, 6, 6, 6)
    inputs = (inputs + 0.1 * rng.normal(size=inputs.shape)).astype(np.float32)
    inputs[7, 1, 4, 2, 3] += 9.0
    rest = not_rebuilt(inputs, np.arange(20, 60))
    assert rest.chi2.argmax() == 7
    assert rest.peak(7) == (4, 2, 3)
    assert 0.8 < np.median(rest.chi2) < 1.2
    np.testing.assert_allclose(rest.maps[7, 1, 4, 2, 3], 9.0, atol=1.0)


def test_the_rest_is_that_of_scikit_learn():
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(50, 1, 3, 4, 5)).astype(np.float32)
    usual = np.arange(40)
    flat = inputs.reshape(50, -1)
    fitted = PCA(4).fit(flat[usual])
    expected = flat - fitted.inverse_transform(fitted.transform(flat))
    found = not_rebuilt(inputs, usual).maps.reshape(50, -1)
    np.testing.assert_allclose(found, expected, atol=1e-4)
