"""Windows of simulated sky cubes with known truth: what the sky network is taught with.

Two flavours: ``"ifu"``, an optical integral-field unit (resampled voxels, sky lines, seeing), and
``"radio"``, an interferometer (noise correlated by the beam, even from channel to channel).
Whole fields with world coordinates and a catalogue: `cubeview.simulate.sky.field`.

What the classes mean, the first that applies:

artefact
    A fault of instrument or reduction in view (`FAULTS`), alone or over a source of continuum.
absorption
    A line absorbed from a source of continuum, its centre in the inner half of the window.
emission line
    A line emitter with its centre in the inner half of the window: point-like, galaxy, rotating
    disc, double peaked, broad, or a nebula that fills the view; with or without continuum.
continuum
    Light of a star, a galaxy or a halo without a line in view, its centre in the inner half.
empty
    Nothing but noise, what sky subtraction leaves of the night-sky lines, and errors of the
    background of a tenth of sigma.
"""

from dataclasses import dataclass

import numpy as np

from cubeview.simulate.sky.artefacts import draw_artefact, draw_hole
from cubeview.simulate.sky.lines import draw_absorption, draw_emission
from cubeview.simulate.sky.noise import draw_ifu_noise, draw_radio_noise
from cubeview.simulate.sky.sources import Optics, Place, Shape, draw_continuum, draw_optics, to_sn

CLASSES = ("empty", "continuum", "emission line", "absorption", "artefact")

VERSION = "ifu-1"
"""Goes on the card of a model: changes whenever the same seed gives other windows."""


_RADIO = 0.3  # share of windows of that flavour

# Scatter (natural logarithm) of one factor by which the stated sigma of a whole window is off;
# variance cubes ignore the correlation that resampling brings.
_SIGMA_ERROR = 0.25


@dataclass(frozen=True, eq=False)
class SkyWindow:
    """A simulated window.

    Parameters
    ----------
    flux : ndarray, shape (z, y, x), float32
        NaN where there is no data.
    sigma : ndarray, shape (z, y, x), float32
        Standard deviation as the file would state it.
    label : str
        One of `CLASSES`.
    kind : str
        What exactly was drawn: ``"rotating disc"``, ``"cosmic rays"``.
    peak_sn : float
        Largest absolute value of what makes the class (the line alone, not its host) over the
        true sigma of the same voxel; 0 for an empty window.
    effect : ndarray, shape (z, y, x), float32
        What makes the class, free of noise, in the unit of `flux`.
    """

    flux: np.ndarray
    sigma: np.ndarray
    label: str
    kind: str
    peak_sn: float
    effect: np.ndarray


def simulate_window(
    label: str,
    rng: np.random.Generator,
    size: int = 32,
    sn: tuple[float, float] = (2.5, 100.0),
) -> SkyWindow:
    """Simulate a window of one class.

    Parameters
    ----------
    label : str
        One of `CLASSES`.
    rng : numpy Generator
        The same state gives the same window.
    size : int
        Voxels along each axis.
    sn : pair of float
        Peak signal-to-noise of what makes the class, drawn evenly in its logarithm.

    Raises
    ------
    ValueError
        If the class is unknown.
    """
    if label not in CLASSES:
        raise ValueError(f"{label!r} is none of {', '.join(CLASSES)}")
    shape = (size, size, size)
    flavour = "radio" if rng.random() < _RADIO else "ifu"
    optics = draw_optics(rng, flavour)
    noise = (draw_radio_noise if flavour == "radio" else draw_ifu_noise)(rng, shape, optics)
    z, y, x = (size - 1) / 2 + rng.uniform(-size / 4, size / 4, 3)
    place = (float(z), float(y), float(x))
    peak_sn = float(np.exp(rng.uniform(*np.log(sn)))) if label != "empty" else 0.0
    effect, beside, kind = _light(label, rng, flavour, optics, noise.sigma, place, peak_sn)
    light = np.maximum(beside + (effect if label != "artefact" else 0.0), 0.0)
    # Photons of a bright source add noise of their own; how much depends on the exposures.
    gain = rng.uniform(0.0, 0.1) if rng.random() < 0.5 else 0.0
    sigma = np.sqrt(noise.sigma**2 + gain * light * noise.sigma)
    flux = beside + effect + noise.residual + sigma * noise.sample
    hole = draw_hole(rng, shape, None if label == "artefact" else place)
    strength = np.abs(effect) / sigma
    peak = np.nanmax(np.where(hole, 0.0, strength))
    if peak < 0.9 * np.nanmax(strength):  # the hole swallows what gives the window its name
        hole[:] = False
        peak = np.nanmax(strength)
    stated = sigma * np.exp(_SIGMA_ERROR * rng.standard_normal())
    stated = stated * (1.0 + 0.03 * rng.standard_normal(shape))
    return SkyWindow(
        flux=np.where(hole, np.nan, flux).astype(np.float32),
        sigma=np.where(hole, np.nan, stated).astype(np.float32),
        label=label,
        kind=kind,
        peak_sn=float(peak),
        effect=effect.astype(np.float32),
    )


def _light(
    label: str,
    rng: np.random.Generator,
    flavour: str,
    optics: Optics,
    sigma: np.ndarray,
    place: Place,
    sn: float,
) -> tuple[np.ndarray, np.ndarray, str]:
    """Return what makes the class, what else is in view, and the name of the former."""
    shape: Shape = sigma.shape
    nothing = np.zeros(shape)
    if label == "empty":
        return nothing, nothing, "noise"
    if label == "artefact":
        fault, kind = draw_artefact(rng, flavour, shape)
        beside = nothing
        if rng.random() < 0.35:
            beside = to_sn(draw_continuum(rng, optics, shape, place)[0], sigma, _any_sn(rng))
        return sn * sigma * fault, beside, kind
    if label == "absorption":
        host, dip, kind = draw_absorption(rng, optics, shape, place)
        scale = sn / np.abs(dip / sigma).max()
        return scale * dip, scale * host, kind
    if label == "continuum":
        source, kind = draw_continuum(rng, optics, shape, place)
        return to_sn(source, sigma, sn), nothing, kind
    source, kind = draw_emission(rng, optics, shape, place)
    beside = nothing
    if rng.random() < 0.4:  # the stars of the galaxy whose gas shines
        stars, _ = draw_continuum(rng, optics, shape, place)
        beside = to_sn(stars, sigma, sn * 10 ** rng.uniform(-1.5, 0.3))
    if rng.random() < 0.15:  # a neighbour on the sky
        other = (place[0], rng.uniform(0, shape[1]), rng.uniform(0, shape[2]))
        beside = beside + to_sn(draw_continuum(rng, optics, shape, other)[0], sigma, _any_sn(rng))
    return to_sn(source, sigma, sn), beside, kind


def _any_sn(rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(np.log(1.0), np.log(30.0))))
