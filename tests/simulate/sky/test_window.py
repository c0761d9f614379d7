import numpy as np
import pytest

from cubeview.simulate.sky.artefacts import FAULTS
from cubeview.simulate.sky.lines import EMITTERS, draw_emission
from cubeview.simulate.sky.noise import beam_correlated, correlated, draw_ifu_noise
from cubeview.simulate.sky.sources import Optics, blur, draw_optics, psf
from cubeview.simulate.sky.window import CLASSES, simulate_window


@pytest.mark.parametrize("label", CLASSES)
def test_the_same_seed_gives_the_same_window(label):
    first, second = (simulate_window(label, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first.flux, second.flux)
    np.testing.assert_array_equal(first.sigma, second.sigma)
    assert (first.kind, first.peak_sn) == (second.kind, second.peak_sn)


@pytest.mark.parametrize("label", CLASSES)
def test_windows_are_whole_and_as_strong_as_asked(label):
    rng = np.random.default_rng(11)
    for _ in range(40):
        window = simulate_window(label, rng, sn=(10.0, 20.0))
        seen = np.isfinite(window.flux)
        assert window.flux.shape == window.sigma.shape == (32, 32, 32)
        assert window.flux.dtype == np.float32
        assert seen.mean() > 0.05
        assert (window.sigma[np.isfinite(window.sigma)] > 0).all()
        if label == "empty":
            assert window.peak_sn == 0
            assert np.nanmax(np.abs(window.flux / window.sigma)) < 12
        else:
            assert 3.5 < window.peak_sn < 20.5  # photon noise of the source lowers it


def test_a_line_is_brightest_where_it_was_put():
    rng = np.random.default_rng(5)
    for kind in ("point", "broad", "galaxy"):
        place = (14.0, 18.0, 11.0)
        cube, name = draw_emission(rng, draw_optics(rng, "ifu"), (32, 32, 32), place, kind)
        assert name == kind
        assert np.unravel_index(cube.argmax(), cube.shape) == (14, 18, 11)
        assert cube.max() == pytest.approx(1.0)


def test_a_disc_rotates():
    rng = np.random.default_rng(2)
    for _ in range(5):
        cube, _ = draw_emission(
            rng, Optics(3.0, beta=2.5), (32, 32, 32), (15.5, 15.5, 15.5), "rotating disc"
        )
        z = np.arange(32)[:, None, None]
        light = cube.sum(axis=0)
        centre = (z * cube).sum(axis=0) / light
        bright = light > 0.05 * light.max()
        assert np.ptp(centre[bright]) > 1.0


def test_every_emitter_and_fault_can_be_drawn():
    rng = np.random.default_rng(0)
    kinds = {simulate_window("emission line", rng).kind for _ in range(120)}
    assert kinds == set(EMITTERS)
    faults = {simulate_window("artefact", rng).kind for _ in range(120)}
    assert faults == set(FAULTS["ifu"])


def test_noise_has_unit_variance_and_the_stated_correlation():
    rng = np.random.default_rng(1)
    noise = correlated(rng, (40, 60, 60), (0.1, 0.2))
    assert noise.std() == pytest.approx(1.0, abs=0.02)
    along_z = (noise[1:] * noise[:-1]).mean()
    along_x = (noise[..., 1:] * noise[..., :-1]).mean()
    assert along_z == pytest.approx(0.2 / 1.02, abs=0.02)
    assert along_x == pytest.approx(0.4 / 1.08, abs=0.02)
    beam = beam_correlated(rng, (30, 64, 64), Optics(4.0), 0.2)
    assert beam.std() == pytest.approx(1.0, abs=0.05)
    # Noise correlated by a Gaussian beam falls off as the beam convolved with itself.
    lag = 4
    found = (beam[..., lag:] * beam[..., :-lag]).mean()
    assert found == pytest.approx(np.exp(-2 * np.log(2) * (lag / 4.0) ** 2), abs=0.06)


def test_sky_lines_raise_the_noise():
    rng = np.random.default_rng(4)
    spread = [
        np.ptp(draw_ifu_noise(rng, (32, 32, 32), Optics(3.0, beta=2.5)).sigma.mean(axis=(1, 2)))
        for _ in range(30)
    ]
    assert max(spread) > 1.0
    assert min(spread) < 0.3


def test_blurring_keeps_the_light_and_the_place():
    optics = Optics(3.0, beta=4.0)
    image = np.zeros((32, 40))
    image[15, 21] = 1.0
    blurred = blur(image, optics)
    assert np.unravel_index(blurred.argmax(), blurred.shape) == (15, 21)
    assert blurred.sum() == pytest.approx(1.0, abs=0.03)
    shape = blurred / blurred.max()
    np.testing.assert_allclose(shape, psf(optics, image.shape, 15, 21), atol=1e-6)


def test_an_unknown_class_is_refused():
    with pytest.raises(ValueError, match="none of"):
        simulate_window("planet", np.random.default_rng(0))
