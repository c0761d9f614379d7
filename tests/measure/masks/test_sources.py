"""Sources planted in noise: found, outlined, measured; noise is not."""

import numpy as np
import pytest

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.errors import Cancelled, CubeviewError
from cubeview.measure.masks.compare import dice
from cubeview.measure.masks.sources import find_sources

SHAPE = (48, 40, 40)
PLACES = ((12.0, 10.0, 11.0), (30.0, 28.0, 14.0), (24.0, 20.0, 31.0))


def planted(seed, places=PLACES, peak=8.0, stated=True):
    rng = np.random.default_rng(seed)
    z, y, x = np.indices(SHAPE)
    lights = [
        peak * np.exp(-0.5 * (((z - a) / 1.5) ** 2 + ((y - b) / 2) ** 2 + ((x - c) / 2) ** 2))
        for a, b, c in places
    ]
    flux = 3.0 * (sum(lights) + rng.standard_normal(SHAPE))
    axes = (
        Axis("Frequency", "spectral", "GHz", 100 + 0.1 * np.arange(SHAPE[0])),
        Axis("Dec", "index", "", np.arange(SHAPE[1])),
        Axis("RA", "index", "", np.arange(SHAPE[2])),
    )
    sigma = ArrayPixels(np.full(SHAPE, 3.0)) if stated else None
    return Cube(axes, ArrayPixels(flux), "sky", uncertainty=sigma), lights


@pytest.mark.parametrize("stated", [True, False])
def test_planted_sources_are_found_outlined_and_measured(stated):
    cube, lights = planted(1, stated=stated)
    found = find_sources(cube)
    assert len(found.fluxes) == 3
    for light in lights:
        truth = light > 1
        (number,) = set(np.unique(found.mask.values[truth])) - {0}
        assert dice(found.mask.values == number, truth) >= 0.75
        assert found.fluxes[number - 1] == pytest.approx(3 * light.sum(), rel=0.15)
        assert found.reliability[number - 1] >= 0.9
    assert all(error > 0 for error in found.errors) or not stated


def test_noise_alone_holds_no_source():
    counts = [len(find_sources(planted(seed, ())[0]).fluxes) for seed in range(2)]
    assert counts == [0, 0]


def test_a_steady_continuum_and_missing_voxels_are_no_sources():
    cube, _ = planted(3, ())
    values = cube.pixels.read().copy()
    values[:, 10:13, 10:13] += 60.0
    values[:, :, 30:] = np.nan
    cube = Cube(cube.axes, ArrayPixels(values), "sky", uncertainty=cube.uncertainty)
    assert find_sources(cube).fluxes == ()


def test_tiles_give_what_one_piece_gives(monkeypatch):
    whole = find_sources(planted(1)[0])
    monkeypatch.setattr("cubeview.measure.masks.sources._CORE", (48, 24, 17))
    parts = find_sources(planted(1)[0])
    assert dice(parts.mask.values > 0, whole.mask.values > 0) > 0.95
    assert len(parts.fluxes) == 3


def test_it_can_be_cancelled_and_refuses_what_has_no_lines():
    cube, _ = planted(1)

    def stop(fraction, text):
        if fraction > 0.1:
            raise Cancelled

    with pytest.raises(Cancelled):
        find_sources(cube, report=stop)
    empty = Cube(cube.axes, ArrayPixels(np.full(SHAPE, np.nan)), "sky")
    with pytest.raises(CubeviewError, match="no data"):
        find_sources(empty)
