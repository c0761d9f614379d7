"""The redshift of a spectrum by templates: the five best, their χ², and how sure the first is."""

from dataclasses import dataclass, field

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.cubes.spectral import with_spectral
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.measure.sky.scan import BENT, Scan, placed, scanned
from cubeview.measure.sky.spectrum import scatter_of
from cubeview.measure.sky.templates import STEP, Template, templates

MOST = 5
"""Candidates that are told."""

_APART = 1000.0 / 299792.458
"""Redshifts nearer than 1000 km/s are one."""
_LEAST_CHANNELS = 20
_FINEST = STEP * np.log(10.0) / np.sqrt(12.0)
"""No redshift is better known than the grid places a channel, in 1 + z."""
_BAD_FIT, _CLOSE, _FAINT = 3.0, 9.0, 15.0
"""Reduced χ² of a poor fit; Δχ² of a close second; gain over a continuum that says nothing."""


@dataclass(frozen=True)
class Candidate:
    """A redshift that fits.

    Parameters
    ----------
    z : float
    type : str
        ``"galaxy"``, ``"quasar"``, ``"star K"``.
    delta_chi2 : float
        By how much χ² is above that of the best, both less what their freedom costs; 0 for it.
    by : str
        What proposed it.
    """

    z: float
    type: str
    delta_chi2: float
    by: str = "templates"


@dataclass(frozen=True, eq=False)
class Redshift:
    """What the templates say of a spectrum.

    Parameters
    ----------
    candidates : tuple of Candidate
        The best first.
    low, high : float
        Where χ² of the best has risen by 1, noise scaled where no template fits within it.
    reduced_chi2 : float
    cautions : tuple of str
    agree : bool or None
        Whether a network says the same; None where none was asked.
    drawn : tuple of ndarray, each of shape (n,)
        The best fit of each candidate over all channels of the spectrum, in its unit; NaN beyond
        the template.
    """

    candidates: tuple[Candidate, ...]
    low: float
    high: float
    reduced_chi2: float
    cautions: tuple[str, ...]
    agree: bool | None = None
    drawn: tuple[np.ndarray, ...] = field(default=())

    @property
    def z(self) -> float:
        """The best redshift."""
        return self.candidates[0].z

    @property
    def type(self) -> str:
        """The type that fits best."""
        return self.candidates[0].type


def vacuum_angstrom(cube: Cube) -> np.ndarray:
    """Return the wavelengths of a cube's channels as observed, in vacuum, Ångström.

    Raises CubeviewError if its axis cannot be converted.
    """
    axis = with_spectral(cube, "wavelength", redshift="0").axes[0]
    found: np.ndarray = axis.values * {"Angstrom": 1.0, "um": 1e4, "mm": 1e7, "cm": 1e8}[axis.unit]
    return found


def redshift_at(
    cube: Cube,
    y: int = 0,
    x: int = 0,
    *,
    between: tuple[float, float] = (-1.0, np.inf),
    report: Report = nothing,
) -> Redshift:
    """Return the redshift of a spectrum of a cube.

    Parameters
    ----------
    cube : Cube
        With a spectral first axis.
    y, x : int
    between : pair of float
        Redshifts that are tried; see `redshift_of`.
    report : Report

    Raises
    ------
    CubeviewError
        If the axis cannot be had in wavelengths, or `redshift_of` cannot do with the spectrum.
    """
    axis = cube.axes[0]
    wave = vacuum_angstrom(cube)
    sigma = cube.uncertainty.spectrum(y, x) if cube.uncertainty is not None else None
    cautions = []
    if axis.name == "Wavelength" and not axis.medium:
        cautions.append("taken as wavelengths in vacuum: in air z would be 0.00028 (1 + z) higher")
    if any(note.about == "spectral unit" and note.level == "guess" for note in cube.notes):
        cautions.append(f"the unit of the axis was guessed: {axis.unit}")
    return redshift_of(
        wave, cube.spectrum(y, x), sigma, between=between, cautions=tuple(cautions), report=report
    )


def redshift_of(
    wave_a: np.ndarray,
    values: np.ndarray,
    sigma: np.ndarray | None = None,
    *,
    between: tuple[float, float] = (-1.0, np.inf),
    cautions: tuple[str, ...] = (),
    report: Report = nothing,
) -> Redshift:
    """Return the redshift of a spectrum: galaxies, quasars and stars at every redshift they reach.

    Parameters
    ----------
    wave_a : ndarray, shape (n,)
        Vacuum wavelengths as observed, Ångström.
    values : ndarray, shape (n,)
        Flux per unit wavelength; NaN where there is none.
    sigma : ndarray, shape (n,), optional
        None: measured from the scatter of the channels.
    between : pair of float
        Redshifts that are tried, within what the templates reach.
    cautions : tuple of str
        Said first.
    report : Report
        May raise Cancelled.

    Raises
    ------
    CubeviewError
        If there are too few channels, or no template reaches them.
    """
    wave_a, values = (np.asarray(array, dtype=np.float64) for array in (wave_a, values))
    said = list(cautions)
    good = np.isfinite(values) & np.isfinite(wave_a) & (wave_a > 0)
    if sigma is None:
        noise = scatter_of(values[good])
        noise = noise if noise > 0 else float(np.std(values[good])) if good.any() else 0.0
        noise = noise or 1.0
        sigma = np.full(len(values), noise)
        said.append("the file gives no noise: one for all channels, from their scatter")
    sigma = np.asarray(sigma, dtype=np.float64)
    good &= np.isfinite(sigma) & (sigma > 0)
    if good.sum() < _LEAST_CHANNELS:
        raise CubeviewError(
            f"Only {good.sum()} channels have a value and a noise; a redshift needs "
            f"{_LEAST_CHANNELS}."
        )
    order = np.flatnonzero(good)[np.argsort(wave_a[good], kind="stable")]
    unit = float(np.median(sigma[order]))  # numbers of any size, as 1e-17, do no harm
    data = placed(wave_a[order], values[order] / unit, sigma[order] / unit)
    scans: list[Scan] = []
    for number, template in enumerate(every := templates()):
        report(number / len(every), f"redshift: {template.type}")
        scan = scanned(data, template, *between)
        if scan is not None:
            scans.append(scan)
    if not scans:
        raise CubeviewError(
            f"No template reaches {wave_a[order[0]]:.4g} to {wave_a[order[-1]]:.4g} Angstrom at "
            "such a redshift."
        )
    left = data.total - max(float(scan.free.max()) for scan in scans)
    reduced = left / max(1, data.channels - len(scans[0].vector[0]) - BENT)
    scale = max(1.0, reduced)
    gains = [scan.evidence(scale) for scan in scans]
    peaks = _peaks(scans, gains)
    best = peaks[0][0]
    candidates, drawn = [], []
    for gain, which, place in peaks:
        z, _, _ = _refined(scans[which].z, gains[which], place)
        template = scans[which].template
        candidates.append(Candidate(z, template.type, best - gain))
        drawn.append(_fitted(template, z, wave_a, values, sigma, order))
    _, which, place = peaks[0]
    _, low, high = _refined(scans[which].z, gains[which], place)
    if reduced > _BAD_FIT:
        said.append(f"no template fits within the noise: reduced χ² {reduced:.1f}")
    if len(candidates) > 1 and candidates[1].delta_chi2 < _CLOSE:
        second = candidates[1]
        said.append(f"z = {second.z:.4f} ({second.type}) fits nearly as well")
    if best - data.continuum(scale) < _FAINT:
        said.append("hardly better than a smooth continuum: no redshift can be trusted")
    return Redshift(tuple(candidates), low, high, reduced, tuple(said), drawn=tuple(drawn))


def _peaks(scans: list[Scan], gains: list[np.ndarray]) -> list[tuple[float, int, int]]:
    """Return the best maxima, apart from each other: gain, number of the scan, place in it."""
    found = []
    for which, gain in enumerate(gains):
        edged = np.concatenate([[-np.inf], gain, [-np.inf]])
        tops = np.flatnonzero((gain >= edged[:-2]) & (gain > edged[2:]))
        found += [(float(gain[top]), which, int(top)) for top in tops]
    found.sort(reverse=True)
    kept: list[tuple[float, int, int]] = []
    for one in found:
        z = scans[one[1]].z[one[2]]
        others = (scans[which].z[place] for _, which, place in kept)
        if all(abs(z - other) > _APART * (1.0 + z) for other in others):
            kept.append(one)
        if len(kept) == MOST:
            break
    return kept


def _refined(z: np.ndarray, gain: np.ndarray, place: int) -> tuple[float, float, float]:
    """Return a maximum between the steps of the grid, and where it has fallen by 1 on either side.

    By the parabola through three steps, or along the curve where that is wider.
    """
    log = np.log1p(z)
    top, middle, half = float(gain[place]), float(log[place]), STEP * np.log(10.0)
    if 0 < place < len(gain) - 1:
        before, after = float(gain[place - 1]), float(gain[place + 1])
        bend = before - 2 * top + after
        if bend < 0:
            move = 0.5 * (before - after) / bend
            middle += move * half
            top -= 0.25 * (before - after) * move
            half *= np.sqrt(-2.0 / bend)
    below = np.flatnonzero(gain[:place] < top - 1.0)
    above = np.flatnonzero(gain[place + 1 :] < top - 1.0)
    left = middle - log[below[-1] + 1] if len(below) else middle - log[0]
    right = log[place + above[0]] - middle if len(above) else log[-1] - middle
    sides = [np.hypot(max(side, half), _FINEST) for side in (left, right)]
    low, high = middle - sides[0], middle + sides[1]
    return float(np.expm1(middle)), float(np.expm1(low)), float(np.expm1(high))


def _fitted(
    template: Template,
    z: float,
    wave_a: np.ndarray,
    values: np.ndarray,
    sigma: np.ndarray,
    good: np.ndarray,
) -> np.ndarray:
    """Return the combination of a template that fits best at a redshift, over all channels."""
    rows = template.at(z, wave_a)
    across = np.log(wave_a / wave_a[good[0]]) / np.log(wave_a[good[-1]] / wave_a[good[0]])
    bent = np.polynomial.legendre.legvander(2.0 * across - 1.0, BENT - 1).T
    rows = np.concatenate([rows, bent])
    used = good[np.isfinite(rows[0, good])]
    weight = 1.0 / sigma[used]
    weights, *_ = np.linalg.lstsq((rows[:, used] * weight).T, values[used] * weight, rcond=None)
    found: np.ndarray = weights @ rows
    return found
