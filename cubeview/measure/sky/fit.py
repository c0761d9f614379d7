"""One Gaussian over a straight continuum, fitted to many spectra at once, with errors.

Levenberg-Marquardt (Marquardt 1963, SIAM J 11:431) on all spectra of a batch together: each step is
a few operations on arrays, where a loop over spaxels would call an optimiser for each.
"""

import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from astropy import constants, units
from scipy.ndimage import gaussian_filter1d

from cubeview.cubes.cube import Cube
from cubeview.cubes.spectral import with_spectral
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.measure.sky.interval import summed_unit

PARAMETERS = ("flux", "velocity", "dispersion", "level", "slope")
_C_KMS = float(constants.c.to_value(units.km / units.s))
_ROUNDS = 60
_SETTLED = 1e-7
"""Relative fall of chi² below which a spectrum is left alone."""
_LEAST_CHANNELS = 8
_NARROWEST = 0.35
"""Channels: a narrower Gaussian lies between the channels and could be of any height."""
_STANDS_OUT = 2.0  # standard deviations
_WIDTHS = (0.7, 1.4, 2.8, 5.6)  # channels, standard deviations that are tried first
_SAME_LINE = 1e-4
"""Rest values closer than this, as a share, are of one line, rounded differently."""
_AT_ONCE = 2**22  # numbers of one array


class Fitted(NamedTuple):
    """Fits of n spectra.

    Parameters
    ----------
    values, errors : ndarray, shape (n, 5)
        As `PARAMETERS`: area, centre and standard deviation of the Gaussian, continuum in the
        middle of the window and its slope. NaN where nothing could be fitted.
    """

    values: np.ndarray
    errors: np.ndarray


@dataclass(frozen=True, eq=False)
class LineMaps:
    """A line fitted in each spaxel.

    Parameters
    ----------
    maps : mapping of str to ndarray, shape (y, x)
        FLUX, VELOCITY, DISPERSION, CONTINUUM, EW, each with its ``_ERR``, and SN.
    units : mapping of str to str
    words : tuple of str
        How they were made.
    """

    maps: dict[str, np.ndarray]
    units: dict[str, str]
    words: tuple[str, ...]


def fit_gaussians(
    x: np.ndarray, values: np.ndarray, sigma: np.ndarray | None, *, sign: int = 1
) -> Fitted:
    """Fit a Gaussian over a straight continuum to each of many spectra.

    Parameters
    ----------
    x : ndarray, shape (z,)
    values : ndarray, shape (n, z)
        NaN is left out.
    sigma : ndarray, shape (n, z), or None
        Standard deviations; None measures them as the scatter about each fit.
    sign : {1, -1}
        Emission or absorption.
    """
    size = _size(values)
    values = values / size[:, None]
    sigma = None if sigma is None else sigma / size[:, None]
    step = float(np.median(np.abs(np.diff(x))))
    middle = float(x.mean())
    at = (x - middle) / step
    weight = np.isfinite(values).astype(np.float64)
    if sigma is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            weight = np.where(np.isfinite(values) & (sigma > 0), 1.0 / sigma, 0.0)
    seen = np.where(weight > 0, values, 0.0).astype(np.float64)
    enough = (weight > 0).sum(axis=1) >= _LEAST_CHANNELS
    best = _begun(at, seen, weight, sign)
    design, chi2 = _model(at, best, seen, weight)
    damping = np.full(len(seen), 1e-2)
    going = enough.copy()
    for _ in range(_ROUNDS):
        if not going.any():
            break
        jacobian, residual = design
        normal = np.einsum("nzi,nzj->nij", jacobian[going], jacobian[going])
        slope = np.einsum("nzi,nz->ni", jacobian[going], residual[going])
        diagonal = np.einsum("nii->ni", normal)
        diagonal += damping[going, None] * diagonal + 1e-12
        trial = best.copy()
        trial[going] += np.linalg.solve(normal, slope[..., None])[..., 0]
        _within(trial, at)
        tried, new = _model(at, trial, seen, weight)
        better = going & (new < chi2)
        settled = better & (chi2 - new <= _SETTLED * chi2)
        best[better] = trial[better]
        for kept, fresh in zip(design, tried, strict=True):
            kept[better] = fresh[better]
        chi2 = np.where(better, new, chi2)
        damping = np.where(better, damping / 5, damping * 4)
        going &= ~settled & (damping < 1e9)
    enough &= ~going  # what has not settled is no answer
    found = _told(best, design[0], chi2, weight, enough, sigma is None, middle, step)
    for one in found:
        one[:, [0, 3, 4]] *= size[:, None]
    return found


def _size(values: np.ndarray) -> np.ndarray:
    """Return about how much each spectrum varies: fluxes of 1e-17 are fitted as those of 1 are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nothing in a spectrum
        away = np.abs(values - np.nanmedian(values, axis=1, keepdims=True))
        size, most = np.nanmedian(away, axis=1), np.nanmax(away, axis=1)
    size = np.where(size > 0, size, most)
    found: np.ndarray = np.where(size > 0, size, 1.0)
    return found


def _begun(at: np.ndarray, seen: np.ndarray, weight: np.ndarray, sign: int) -> np.ndarray:
    """Where to begin: where a Gaussian of one of several widths stands out most."""
    level, slope = _straight(at, seen, weight)
    above = sign * np.where(weight > 0, seen - level[:, None] - slope[:, None] * at, 0.0)
    every = np.arange(len(seen))
    most, top, width, height = np.full(len(seen), -np.inf), *np.zeros((3, len(seen)))
    for tried in _WIDTHS:
        smooth = gaussian_filter1d(above, tried, axis=1)
        place = smooth.argmax(axis=1)
        # Noise is smoothed to its share of one over the root of the width.
        found = smooth[every, place] * np.sqrt(tried)
        new = found > most
        most[new], top[new], width[new] = found[new], place[new], tried
        # A Gaussian smoothed by one of its own width is lower by the root of two.
        height[new] = np.sqrt(2) * smooth[every, place][new]
    height = np.maximum(height, 1e-30)
    best = np.zeros((len(seen), 5))
    best[:, 0] = sign * height * width * np.sqrt(2 * np.pi)
    best[:, 1], best[:, 2], best[:, 3] = at[top.astype(int)], width, level
    best[:, 4] = slope
    return best


def _straight(
    at: np.ndarray, seen: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return level and slope of a straight line through what does not stand out, shape (n,)."""
    chosen = (weight > 0).astype(np.float64)
    for _ in range(3):
        count, x1, x2 = (chosen @ at**power for power in range(3))
        y1, xy = (chosen * seen).sum(axis=1), (chosen * seen) @ at
        below = np.maximum(count * x2 - x1**2, 1e-12)
        slope = (count * xy - x1 * y1) / below
        level = (y1 - slope * x1) / np.maximum(count, 1)
        off = seen - level[:, None] - slope[:, None] * at
        scatter = np.sqrt((chosen * off**2).sum(axis=1) / np.maximum(count, 1))
        kept = (weight > 0) & (np.abs(off) <= _STANDS_OUT * scatter[:, None])
        chosen = np.where(kept.sum(axis=1, keepdims=True) >= _LEAST_CHANNELS, kept, chosen)
    return level, slope


def _within(best: np.ndarray, at: np.ndarray) -> None:
    """Keep centres in the window and widths from a part of a channel to the whole."""
    np.clip(best[:, 1], at.min() - 1, at.max() + 1, out=best[:, 1])
    best[:, 2] = np.clip(np.abs(best[:, 2]), _NARROWEST, np.ptp(at))


def _model(
    at: np.ndarray, best: np.ndarray, seen: np.ndarray, weight: np.ndarray
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Return the weighted slopes by each parameter, the weighted residuals, and chi²."""
    flux, centre, width, level, slope = best.T[..., None]
    off = (at - centre) / width
    unit = np.exp(-0.5 * off**2) / (width * np.sqrt(2 * np.pi))
    jacobian = np.stack(
        [
            unit,
            flux * unit * off / width,
            flux * unit * (off**2 - 1) / width,
            np.ones_like(unit),
            np.broadcast_to(at, unit.shape),
        ],
        axis=-1,
    )
    residual = (seen - flux * unit - level - slope * at) * weight
    jacobian *= weight[..., None]
    return (jacobian, residual), (residual**2).sum(axis=1)


def _told(
    best: np.ndarray,
    jacobian: np.ndarray,
    chi2: np.ndarray,
    weight: np.ndarray,
    enough: np.ndarray,
    measured: bool,
    middle: float,
    step: float,
) -> Fitted:
    """Return parameters and errors in the units of the spectrum."""
    normal = np.einsum("nzi,nzj->nij", jacobian, jacobian)
    normal[~enough] = np.eye(5)
    variance = np.einsum("nii->ni", np.linalg.pinv(normal, hermitian=True)).copy()
    if measured:
        freedom = np.maximum((weight > 0).sum(axis=1) - 5, 1)
        variance *= (chi2 / freedom)[:, None]
    scale = np.array([step, step, step, 1.0, 1.0 / step])
    values = best * scale
    values[:, 1] += middle
    errors = np.sqrt(np.maximum(variance, 0)) * scale
    values[~enough] = errors[~enough] = np.nan
    return Fitted(values, errors)


def fit_line(
    cube: Cube,
    rest_hz: float,
    redshift: float,
    *,
    window_kms: float = 1500.0,
    least_sn: float = 3.0,
    resolution: float = 0.0,
    sign: int = 1,
    report: Report = nothing,
) -> LineMaps:
    """Fit a line in every spaxel of a cube.

    Parameters
    ----------
    cube : Cube
        With a spectral first axis: wavelength, frequency, or velocity.
    rest_hz : float
        Frequency of the line at rest.
    redshift : float
        Velocities are told from here; of an axis of velocities, as the file defines them.
    window_kms : float
        Half width of what is fitted, about the line.
    least_sn : float
        Below this velocities and dispersions are left blank.
    resolution : float
        λ/Δλ (FWHM) of the instrument, taken off the dispersion in squares; 0 takes nothing off.
    sign : {1, -1}
        Emission or absorption.
    report : Report

    Raises
    ------
    CubeviewError
        If the axis cannot be told as velocities, or too few channels lie in the window.
    """
    moving, native, centre = _as_velocities(cube, rest_hz, redshift)
    x = moving.axes[0].values * units.Unit(moving.axes[0].unit).to(units.km / units.s)
    near = np.flatnonzero(np.abs(x - centre) <= window_kms)
    if len(near) < _LEAST_CHANNELS:
        raise CubeviewError(
            f"only {len(near)} channels lie within {window_kms:g} km/s of the line, which is at "
            f"{centre:.6g} km/s of an axis from {x.min():.6g} to {x.max():.6g}. Another redshift?"
        )
    planes = slice(int(near[0]), int(near[-1]) + 1)
    x = x[planes]
    depth, (height, width) = len(x), cube.shape[1:]
    rows = max(1, _AT_ONCE // (depth * 5 * width))
    values, errors = np.full((2, height, width, 5), np.nan)
    for top in range(0, height, rows):
        report(top / height, f"fitting row {top + 1} of {height}")
        box = planes, slice(top, min(top + rows, height)), slice(0, width)
        spectra = cube.box(box).reshape(depth, -1).T
        known = cube.uncertainty
        sigma = None if known is None else known.box(box).reshape(depth, -1).T
        found = fit_gaussians(x, spectra, sigma, sign=sign)
        values[box[1]] = found.values.reshape(-1, width, 5)
        errors[box[1]] = found.errors.reshape(-1, width, 5)
    report(1.0, "fitted")
    return _maps(cube, values, errors, native, float(x.mean()), least_sn, resolution)


def _as_velocities(cube: Cube, rest_hz: float, redshift: float) -> tuple[Cube, float, float]:
    """Return the cube in velocities, its own spectral unit per km/s, and where the line is."""
    axis = cube.axes[0]
    if axis.name == "Velocity":
        own = units.Quantity(axis.rest or 0.0, axis.rest_unit or "Hz")
        if axis.rest and abs(own.to_value("Hz", units.spectral()) / rest_hz - 1) > _SAME_LINE:
            cube = with_spectral(
                with_spectral(cube, "frequency"),  # by the rest value that the file has
                "velocity",
                rest=f"{rest_hz} Hz",
                convention=axis.convention or "radio",
            )
            axis = cube.axes[0]
        native = units.Unit(units.km / units.s).to(units.Unit(axis.unit))
        return cube, native, _C_KMS * _speed(redshift, axis.convention)
    radio = axis.name == "Frequency"
    moving = with_spectral(
        cube,
        "velocity",
        rest=f"{rest_hz} Hz",
        convention="radio" if radio else "optical",
        redshift=str(redshift),
    )
    speeds = moving.axes[0].values * units.Unit(moving.axes[0].unit).to(units.km / units.s)
    return moving, float(np.ptp(axis.values) / np.ptp(speeds)), 0.0


def _speed(redshift: float, convention: str) -> float:
    """Return the velocity of a redshift by its definition, in units of c."""
    if convention == "radio":
        return redshift / (1 + redshift)
    if convention == "relativistic":
        return float(((1 + redshift) ** 2 - 1) / ((1 + redshift) ** 2 + 1))
    return redshift


def _maps(
    cube: Cube,
    values: np.ndarray,
    errors: np.ndarray,
    native: float,
    middle: float,
    least_sn: float,
    resolution: float,
) -> LineMaps:
    """Return maps from the parameters of all spaxels, shape (y, x, 5)."""
    flux, velocity, dispersion, level, slope = np.moveaxis(values, -1, 0)
    flux_e, velocity_e, dispersion_e, level_e, _ = np.moveaxis(errors, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        sn = np.abs(flux) / flux_e
        continuum = level + slope * (velocity - middle)
        width = flux / continuum
        own = dispersion**2
        if resolution:
            own = own - (_C_KMS / resolution / np.sqrt(8 * np.log(2))) ** 2
        own = np.sqrt(np.where(own > 0, own, np.nan))
        own_e = dispersion_e * dispersion / own
        width_e = np.abs(width) * np.hypot(flux_e / flux, level_e / continuum)
    faint = ~(sn >= least_sn)
    for one in (velocity, velocity_e, own, own_e, width, width_e):
        one[faint] = np.nan
    spectral = cube.axes[0].unit
    made = {
        "FLUX": (flux * native, flux_e * native, summed_unit(cube, spectral)),
        "VELOCITY": (velocity, velocity_e, "km/s"),
        "DISPERSION": (own, own_e, "km/s"),
        "CONTINUUM": (continuum, level_e, cube.unit),
        "EW": (width * native, width_e * native, spectral),
    }
    maps, named = {}, {}
    for name, (value, error, unit) in made.items():
        maps[name], maps[f"{name}_ERR"] = value, error
        named[name] = named[f"{name}_ERR"] = unit
    words = [
        "a Gaussian over a straight continuum in each spaxel",
        "errors from "
        + ("the cube's own uncertainty" if cube.uncertainty is not None else "the scatter about "
           "each fit")
        + ", voxels taken as independent",
        f"velocity, dispersion and EW blank below S/N {least_sn:g}",
    ]  # fmt: skip
    if resolution:
        words.append(f"dispersion without the instrument's, R = {resolution:g}")
    return LineMaps({**maps, "SN": sn}, {**named, "SN": ""}, tuple(words))
