"""Whole simulated sky cubes with world coordinates, a sigma cube and a catalogue of the truth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from astropy import units

from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.simulate.sky.artefacts import draw_artefact
from cubeview.simulate.sky.lines import draw_absorption, draw_emission
from cubeview.simulate.sky.noise import SKY_LINES_A, Noise, draw_radio_noise, sky_noise
from cubeview.simulate.sky.settings import SETTINGS, Setting, field_world
from cubeview.simulate.sky.sources import Place, Shape, draw_continuum, to_sn, turned

EDGE_VOXELS = 5
"""Sources keep at least this far from the field's edges."""


@dataclass(frozen=True)
class SkySource:
    """One entry of the true catalogue.

    Parameters
    ----------
    label : str
        One of the classes of `cubeview.simulate.sky.window`.
    kind : str
        What exactly: ``"rotating disc"``, ``"star"``, ``"cosmic rays"``.
    ra_deg, dec_deg : float
        ICRS position of the centre.
    spectral : float or None
        Centre of the line in the unit of the cube's spectral axis; None for continuum.
    voxel : tuple of three float
        The centre as voxel index (z, y, x).
    peak_sn : float
        Largest noise-free absolute value over the sigma of the same voxel; for lines without
        their host.
    total_sn : float
        Root of the summed squares of the same over all voxels: the signal-to-noise a filter of
        exactly this source's shape would reach in uncorrelated noise.
    """

    label: str
    kind: str
    ra_deg: float
    dec_deg: float
    spectral: float | None
    voxel: Place
    peak_sn: float
    total_sn: float


ORDINARY_FIELD: Mapping[str, int] = MappingProxyType(
    {"continuum": 4, "emission line": 6, "absorption": 1, "artefact": 2}
)
"""How many of each class an ordinary small field holds."""


@dataclass(frozen=True, eq=False)
class SkyField:
    """A simulated cube and what is in it.

    Parameters
    ----------
    case : Case
        Kind ``"sky"``, role ``"flux"``, with sigma as the cube's uncertainty.
    catalogue : tuple of SkySource
    """

    case: Case
    catalogue: tuple[SkySource, ...]


@dataclass(eq=False)
class _Sum:
    """The light of a field while it is being built, in units of an ordinary voxel's sigma."""

    light: np.ndarray
    faults: np.ndarray
    found: list[tuple[str, str, Place, np.ndarray]] = field(default_factory=list)


def simulate_field(
    seed: int,
    shape: Shape = (120, 60, 60),
    *,
    flavour: str = "ifu",
    counts: Mapping[str, int] = ORDINARY_FIELD,
    sn: tuple[float, float] = (6.0, 40.0),
    setting: Setting | None = None,
) -> SkyField:
    """Simulate a sky cube.

    Parameters
    ----------
    seed : int
        The same seed gives the same field.
    shape : tuple of int
        Voxels along (z, y, x).
    flavour : {"ifu", "radio"}
        ``"ifu"``: MUSE-like, air wavelengths in Angstrom, sky lines, blank corners.
        ``"radio"``: an interferometer's blank field, frequency in GHz.
    counts : mapping of class to int
        How many sources of each class.
    sn : pair of float
        Peak signal-to-noise, drawn evenly in its logarithm.
    setting : Setting, optional
        The instrument; by default that of the flavour in `SETTINGS`.

    Raises
    ------
    ValueError
        If the field is smaller than 16 voxels along an axis.
    """
    if min(shape) < 16:
        raise ValueError(f"a field of {shape} voxels is too small; 16 along each axis at least")
    setting = setting or SETTINGS[flavour]
    flavour = setting.flavour
    rng = np.random.default_rng(seed)
    axes, wcs = field_world(rng, shape, setting)
    noise = _noise(rng, shape, setting)
    total = _Sum(np.zeros(shape), np.zeros(shape))
    places = _places(rng, shape, sum(n for label, n in counts.items() if label != "artefact"))
    for label, count in counts.items():
        for _ in range(count):
            strength = float(np.exp(rng.uniform(*np.log(sn))))
            place = places.pop() if label != "artefact" else (0.0, 0.0, 0.0)
            _add(total, label, rng, setting, noise.sigma, place, strength)
    sigma = np.sqrt(noise.sigma**2 + 0.02 * np.maximum(total.light, 0.0) * noise.sigma)
    flux = total.light + total.faults + noise.residual + sigma * noise.sample
    blank = _blank(shape) if flavour == "ifu" else np.zeros(shape[1:], bool)
    flux[:, blank] = np.nan
    stated = np.where(blank, np.nan, sigma)
    cube = Cube(
        axes=axes,
        pixels=ArrayPixels(flux * setting.sigma),
        kind="sky",
        unit=setting.unit,
        quantity_unit=units.Unit(setting.unit),
        uncertainty=ArrayPixels(stated * setting.sigma),
        wcs=wcs,
        facts={"Object": "simulated field", "Instrument": f"simulated {flavour}"},
    )
    name = f"Simulated {'IFU' if flavour == 'ifu' else 'radio'} field {seed}"
    catalogue = tuple(
        _entry(cube, label, kind, place, (effect / sigma)[:, ~blank])
        for label, kind, place, effect in total.found
    )
    return SkyField(Case(name=name, kind="sky", cubes={"flux": cube}), catalogue)


def _add(
    total: _Sum,
    label: str,
    rng: np.random.Generator,
    setting: Setting,
    sigma: np.ndarray,
    place: Place,
    strength: float,
) -> None:
    """Add one source or fault to the field."""
    shape: Shape = sigma.shape
    behind = str(rng.choice(["star", "galaxy"]))
    if label == "artefact":
        kind = str(rng.choice(["cosmic rays", "bad channels"], p=[0.7, 0.3]))
        kind = kind if setting.flavour == "ifu" else "bad channels"
        fault, kind = draw_artefact(rng, setting.flavour, shape, kind)
        effect = strength * sigma * fault
        total.faults += effect
        z, y, x = map(float, np.unravel_index(np.argmax(np.abs(fault)), shape))
        place = z, y, x
    elif label == "absorption":
        host, dip, kind = draw_absorption(rng, setting.optics, shape, place, behind)
        scale = strength / np.abs(dip / sigma).max()
        total.light += scale * (host + dip)
        effect = scale * dip
    else:
        if label == "continuum":
            source, kind = draw_continuum(rng, setting.optics, shape, place, behind)
        else:
            kind = str(rng.choice(["point", "double peaked", "broad", "galaxy", "rotating disc"]))
            source, kind = draw_emission(rng, setting.optics, shape, place, kind)
        effect = to_sn(source, sigma, strength)
        total.light += effect
    total.found.append((label, kind, place, effect))


def _entry(cube: Cube, label: str, kind: str, place: Place, ratio: np.ndarray) -> SkySource:
    """Return a source's entry; `ratio` is its light over sigma where there are data."""
    spectral, dec, ra = cube.world(*place)
    strength = np.abs(ratio[np.isfinite(ratio)])
    peak_sn, total_sn = float(strength.max()), float(np.sqrt((strength**2).sum()))
    line = None if label == "continuum" else spectral
    return SkySource(label, kind, ra, dec, line, place, peak_sn, total_sn)


def _noise(rng: np.random.Generator, shape: Shape, setting: Setting) -> Noise:
    if setting.flavour == "radio":
        return draw_radio_noise(rng, shape, setting.optics)
    channels = [(line - setting.first) / setting.step for line in SKY_LINES_A]
    lines = [
        (channel, float(np.exp(rng.uniform(np.log(2.0), np.log(8.0)))))
        for channel in channels
        if -3 < channel < shape[0] + 3
    ]
    return sky_noise(rng, shape, lines, setting.optics.lsf_px, (0.09, 0.06))


def _places(rng: np.random.Generator, shape: Shape, count: int) -> list[Place]:
    """Draw centres away from the edges, and from each other on the sky while there is room."""
    low, high = np.full(3, EDGE_VOXELS), np.array(shape) - 1 - EDGE_VOXELS
    places: list[Place] = []
    apart = 0.6 * np.sqrt((high - low)[1] * (high - low)[2] / max(count, 1))
    while len(places) < count:
        z, y, x = (float(v) for v in rng.uniform(low, high))
        if all(np.hypot(y - other[1], x - other[2]) >= apart for other in places):
            places.append((z, y, x))
        else:
            apart *= 0.99  # give way rather than search for ever
    return places


def _blank(shape: Shape) -> np.ndarray:
    """Return which spaxels lie outside a field that is turned a little against the voxels."""
    middle = (shape[1] - 1) / 2, (shape[2] - 1) / 2
    along, across = map(np.abs, turned(shape[1:], *middle, np.radians(4.0)))
    return (along > shape[1] / 2 - 1) | (across > shape[2] / 2 - 1)
