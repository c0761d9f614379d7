"""A line fitted to one spectrum: its figures with errors, and the curve to be drawn over it."""

from dataclasses import dataclass, replace

import numpy as np
from astropy import units

from cubeview.cubes.axes import plain_axis
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.cubes.units import parse_unit
from cubeview.errors import CubeviewError
from cubeview.measure.sky.fit import _as_velocities, fit_line
from cubeview.measure.sky.lines import rest_frequency_hz

FIGURES = ("FLUX", "VELOCITY", "DISPERSION", "CONTINUUM", "EW")
_LEAST_CHANNELS = 3


@dataclass(frozen=True, eq=False)
class SpectrumFit:
    """A fitted line.

    Parameters
    ----------
    line : str
    redshift : float
        Velocities are told from here; of an axis of velocities, as the file defines them.
    figures : dict of str to (value, error, unit)
        As `FIGURES` names them.
    sn : float
        Of the flux.
    start : int
        The channel that the curve begins at.
    curve : ndarray, shape (n,)
        In the unit of the spectrum.
    words : tuple of str
        How it was made.
    """

    line: str
    redshift: float
    figures: dict[str, tuple[float, float, str]]
    sn: float
    start: int
    curve: np.ndarray
    words: tuple[str, ...]


def fit_spectrum(
    cube: Cube,
    values: np.ndarray,
    sigma: np.ndarray | None,
    unit: str,
    line: str,
    redshift: float,
    *,
    window_kms: float = 1500.0,
    resolution: float = 0.0,
    sign: int = 1,
) -> SpectrumFit:
    """Fit a line to a spectrum of a cube, as `cubeview.measure.sky.fit.fit_line` does to all.

    Parameters
    ----------
    cube : Cube
        Whose spectral axis it has.
    values, sigma : ndarray, shape (z,), in `unit`
        Standard deviations None or nowhere known: errors are from the scatter about the fit.
    unit : str
    line : str
        A name, or a value at rest in vacuum with its unit.
    redshift, window_kms, resolution, sign
        As for `fit_line`.

    Raises
    ------
    CubeviewError
        If the line is not known or not in the cube, or no fit settles.
    """
    rest = rest_frequency_hz(line)
    known = sigma is not None and bool(np.isfinite(sigma).any())
    alone = replace(
        cube,
        axes=(cube.axes[0], plain_axis(1, "y"), plain_axis(1, "x")),
        pixels=ArrayPixels(values[:, None, None]),
        uncertainty=ArrayPixels(sigma[:, None, None]) if known and sigma is not None else None,
        mask=None,
        wcs=None,
        unit=unit,
        quantity_unit=parse_unit(unit),
    )
    told = fit_line(
        alone, rest, redshift, window_kms=window_kms, least_sn=0.0, resolution=resolution, sign=sign
    )
    drawn = told
    if resolution:  # the curve is as wide as it is seen
        drawn = fit_line(alone, rest, redshift, window_kms=window_kms, least_sn=0.0, sign=sign)
    figures = {
        name: (
            float(told.maps[name][0, 0]), float(told.maps[f"{name}_ERR"][0, 0]), told.units[name]
        )
        for name in FIGURES
    }  # fmt: skip
    if not np.isfinite(figures["FLUX"][0]):
        raise CubeviewError("no fit settled: is there a line in the window, and enough channels?")
    moving, native, centre = _as_velocities(alone, rest, redshift)
    x = moving.axes[0].values * units.Unit(moving.axes[0].unit).to(units.km / units.s)
    (near,) = np.nonzero(np.abs(x - centre) <= window_kms)
    part = slice(int(near[0]), int(near[-1]) + 1)
    flux, velocity, width = (
        float(drawn.maps[name][0, 0]) for name in ("FLUX", "VELOCITY", "DISPERSION")
    )
    off = (x[part] - velocity) / width
    bell = flux / native * np.exp(-0.5 * off**2) / (width * np.sqrt(2 * np.pi))
    # At the best fit the straight line is the best one under this Gaussian, which makes it known.
    left = values[part] - bell
    weight = np.isfinite(left).astype(float)
    if known and sigma is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            weight *= np.where(sigma[part] > 0, 1 / sigma[part], 0.0)
    used = weight > 0
    if used.sum() < _LEAST_CHANNELS:
        raise CubeviewError("too few channels have a value and an error.")
    slope, level = np.polyfit(x[part][used], left[used], 1, w=weight[used])
    return SpectrumFit(
        line,
        redshift,
        figures,
        float(told.maps["SN"][0, 0]),
        part.start,
        bell + level + slope * x[part],
        tuple(text.replace(" in each spaxel", "") for text in told.words if "blank" not in text),
    )
