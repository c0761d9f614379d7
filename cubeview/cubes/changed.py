"""Cubes worked out when they are asked for: in another unit, of two cubes, in larger voxels."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from astropy import units

from cubeview.cubes.cube import Box, Cube, Note, Pixels
from cubeview.cubes.frozen import rebuilt
from cubeview.cubes.sky import along
from cubeview.cubes.spectral import with_spectral
from cubeview.cubes.units import parse_unit
from cubeview.errors import CubeviewError, Report, nothing

_SAME_PLACE = 0.01  # voxels
_FAINT = 1e-30
"""A factor so small would take values out of single precision."""


@dataclass(frozen=True, eq=False)
class ScaledPixels(Pixels):
    """Pixels times a factor for each plane, shape (z,)."""

    pixels: Pixels
    factors: np.ndarray

    __reduce__ = rebuilt

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (z, y, x)."""
        return self.pixels.shape

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube."""
        factors = self.factors[box[0], None, None]
        values: np.ndarray = (self.pixels.box(box) * factors).astype(np.float32)
        return values

    def read(self, report: Report = nothing) -> np.ndarray:
        """Return the whole cube."""
        values: np.ndarray = self.pixels.read(report) * self.factors[:, None, None]
        return values.astype(np.float32)


@dataclass(frozen=True, eq=False)
class PairPixels(Pixels):
    """Two pixels put together voxel by voxel: ``sum``, ``difference``, ``errors`` or ``either``."""

    one: Pixels
    other: Pixels
    how: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (z, y, x)."""
        return self.one.shape

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube."""
        return self._together(self.one.box(box), self.other.box(box))

    def read(self, report: Report = nothing) -> np.ndarray:
        """Return the whole cube."""
        return self._together(self.one.read(report), self.other.read(report))

    def _together(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        if self.how == "sum":
            return np.asarray(one + other)
        if self.how == "difference":
            return np.asarray(one - other)
        if self.how == "errors":
            return np.asarray(np.hypot(one, other))
        either: np.ndarray = ((one > 0) | (other > 0)).astype(np.float32)
        return either


def in_unit(cube: Cube, text: str) -> Cube:
    """Return a cube in another unit; nothing is read.

    Parameters
    ----------
    cube : Cube
    text : str
        As ``"K"``, ``"mJy / beam"``, ``"erg s-1 cm-2 Hz-1"``. Brightness temperatures are those of
        Rayleigh and Jeans for the beam at the frequency of each plane; flux densities per
        wavelength and per frequency change into each other likewise.

    Raises
    ------
    CubeviewError
        If a unit is not known, or one cannot be made of the other: for temperatures a beam and an
        axis of known frequencies are needed.
    """
    unit = parse_unit(text)
    if unit is None:
        raise CubeviewError(f"{text[:40]!r} is no unit that is understood.")
    if cube.quantity_unit is None:
        raise CubeviewError(f"the cube's own unit, “{cube.unit}”, is not understood.")
    factors = _factors(cube, unit)
    if np.abs(factors).max() < _FAINT:
        raise CubeviewError(
            f"values in {text} would be too small to be kept: choose a smaller unit."
        )
    if not np.isfinite(factors).all():
        raise CubeviewError(f"“{cube.unit}” cannot be told in {text} on this axis.")
    return replace(
        cube,
        pixels=ScaledPixels(cube.pixels, factors),
        uncertainty=None
        if cube.uncertainty is None
        else ScaledPixels(cube.uncertainty, np.abs(factors)),
        unit=unit.to_string(),
        quantity_unit=unit,
        gates=(),
        notes=(*cube.notes, Note("info", f"values in {unit}, made of {cube.unit}")),
    )


def _factors(cube: Cube, unit: Any) -> np.ndarray:
    """Return what each plane is multiplied by to be in a unit, shape (z,)."""
    depth = cube.shape[0]
    try:
        return np.full(depth, cube.quantity_unit.to(unit))
    except units.UnitConversionError:
        pass
    axis = with_spectral(cube, "frequency", redshift="0").axes[0]
    frequency = units.Quantity(axis.values, axis.unit)
    equal, area = [], None
    if cube.beam is not None:
        major, minor, _ = cube.beam
        area = np.pi / (4 * np.log(2)) * major * minor * units.arcsec**2
        equal += units.beam_angular_area(area)
    equal += units.brightness_temperature(frequency, area) + units.spectral_density(frequency)
    try:
        found: np.ndarray = (np.ones(depth) * cube.quantity_unit).to_value(unit, equal)
    except units.UnitConversionError as error:
        hint = "" if cube.beam is not None else " The cube has no beam."
        raise CubeviewError(f"“{cube.unit}” cannot be told in {unit}.{hint}") from error
    return found


def combined(one: Cube, other: Cube, sign: int) -> Cube:
    """Return the sum or the difference of two cubes on one grid; nothing is read.

    Parameters
    ----------
    one, other : Cube
        Of the same shape, sky and spectral axis; the second is taken in the unit of the first.
    sign : {1, -1}

    Returns
    -------
    Cube
        With the errors of both in squares, where both have some, and the masks of both.

    Raises
    ------
    CubeviewError
        If they do not lie on one grid, or their units differ in kind.
    """
    if one.shape != other.shape:
        raise CubeviewError(
            f"the cubes have {' × '.join(map(str, one.shape))} and "
            f"{' × '.join(map(str, other.shape))} voxels: cut or match them first."
        )
    _check_grid(one, other)
    if one.unit != other.unit:
        other = in_unit(other, one.unit)
    noise: Pixels | None = None
    mask = other.mask if one.mask is None else one.mask
    if one.uncertainty is not None and other.uncertainty is not None:
        noise = PairPixels(one.uncertainty, other.uncertainty, "errors")
    if one.mask is not None and other.mask is not None:
        mask = PairPixels(one.mask, other.mask, "either")
    how = "sum" if sign > 0 else "difference"
    notes = (*one.notes, Note("info", f"{how} of two cubes"))
    if noise is None and (one.uncertainty is not None or other.uncertainty is not None):
        notes += (Note("info", "one of them has no errors, so neither has this"),)
    return replace(
        one,
        pixels=PairPixels(one.pixels, other.pixels, how),
        uncertainty=noise,
        mask=mask,
        gates=(),
        notes=notes,
    )


def _check_grid(one: Cube, other: Cube) -> None:
    """Raise CubeviewError where the corners of two cubes of one shape lie apart."""
    _, height, width = one.shape
    a, b = one.axes[0], other.axes[0]
    if (a.kind, a.name) != (b.kind, b.name) or (a.medium, a.convention) != (b.medium, b.convention):
        raise CubeviewError("the spectral axes of the cubes are not of one kind.")
    try:
        scale = 1.0 if a.unit == b.unit else units.Unit(b.unit).to(a.unit)
    except (TypeError, ValueError) as error:
        raise CubeviewError("the spectral axes of the cubes are in other units.") from error
    step = abs(a.step) or 1.0
    apart = np.abs(a.values - b.values * scale).max() / step
    for y, x in ((0, 0), (0, width - 1), (height - 1, 0), (height - 1, width - 1)):
        _, down, across = one.index(*_there(one, other, y, x))
        apart = max(apart, abs(down - y), abs(across - x))
    if not apart <= _SAME_PLACE:
        raise CubeviewError("the cubes do not lie on one grid: match them first.")


def _there(one: Cube, other: Cube, y: int, x: int) -> tuple[float, float, float]:
    _, latitude, longitude = other.world(0, y, x)
    return float(one.axes[0].values[0]), latitude, longitude


@dataclass(frozen=True, eq=False)
class BinnedPixels(Pixels):
    """Means of blocks of voxels; of errors, what the mean of independent voxels has."""

    pixels: Pixels
    block: tuple[int, int, int]
    values: Pixels | None = None
    """Those whose errors `pixels` are; None where they are values themselves."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of whole blocks along (z, y, x)."""
        z, y, x = (n // step for n, step in zip(self.pixels.shape, self.block, strict=True))
        return z, y, x

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube."""
        ranges = [part.indices(n)[:2] for part, n in zip(box, self.shape, strict=True)]
        z, y, x = (
            slice(start * step, max(start, stop) * step)
            for (start, stop), step in zip(ranges, self.block, strict=True)
        )
        cells = self._cells(self.pixels.box((z, y, x)))
        known = np.isfinite(cells)
        if self.values is not None:
            known &= np.isfinite(self._cells(self.values.box((z, y, x))))
            cells = cells**2
        count = known.sum(axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.where(known, cells, 0.0).sum(axis=-1) / count
            if self.values is not None:
                mean = np.sqrt(mean / count)
        return np.asarray(mean, np.float32)

    def read(self, report: Report = nothing) -> np.ndarray:
        """Return the whole cube, plane by plane."""
        planes = []
        for z in range(self.shape[0]):
            report(z / self.shape[0], "taking means")
            planes.append(self.plane(0, z))
        return np.stack(planes)

    def _cells(self, values: np.ndarray) -> np.ndarray:
        """Return values with the voxels of a block along a last axis, float64."""
        (a, b, c), (z, y, x) = self.block, values.shape
        parts = values.reshape(z // a, a, y // b, b, x // c, c).transpose(0, 2, 4, 1, 3, 5)
        return parts.reshape(*parts.shape[:3], -1).astype(np.float64)


@dataclass(frozen=True, eq=False)
class UnmaskedPixels(Pixels):
    """The values of a cube with what is masked left out."""

    cube: Cube

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (z, y, x)."""
        return self.cube.shape

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube."""
        return self.cube.box(box)

    def read(self, report: Report = nothing) -> np.ndarray:
        """Return the whole cube."""
        return np.asarray(self.cube)


def _binned(wcs: Any, steps: tuple[int, int]) -> Any:
    """Return coordinates of blocks of so many columns and rows; the middle of each is its place.

    `astropy.wcs.WCS.slice` leaves a CD matrix as it is, and takes rows of a turned one for columns.
    """
    found = wcs.deepcopy()
    found.wcs.crpix = (wcs.wcs.crpix - 0.5) / steps + 0.5
    if wcs.wcs.has_cd():
        found.wcs.cd = wcs.wcs.cd * steps
    else:
        found.wcs.pc = wcs.wcs.get_pc() * steps
    return found


def rebinned(cube: Cube, block: tuple[int, int, int]) -> Cube:
    """Return a cube of means over blocks of voxels; what is left over at the ends is cut off.

    Masked voxels take no part, and the cube has no mask: where nothing is known values are NaN.
    Errors are those of independent voxels.

    Parameters
    ----------
    cube : Cube
    block : tuple of int
        Voxels along (z, y, x).

    Raises
    ------
    CubeviewError
        If a block is no positive number of voxels, or larger than the cube.
    """
    if not all(1 <= step <= n for step, n in zip(block, cube.shape, strict=True)):
        told = " × ".join(map(str, block))
        raise CubeviewError(f"blocks of {told} voxels do not fit into the cube.")
    values = UnmaskedPixels(cube)
    pixels = BinnedPixels(values, block)
    axes = []
    for axis, step, n in zip(cube.axes, block, pixels.shape, strict=True):
        axes.append(replace(axis, values=axis.values[: n * step].reshape(n, step).mean(axis=1)))
    wcs = None
    if cube.wcs is not None:
        wcs = _binned(cube.wcs, (block[2], block[1]))
        places = along(wcs, pixels.shape[1:])
        axes[1:] = [replace(axis, values=v) for axis, v in zip(axes[1:], places, strict=True)]
    noise = cube.uncertainty
    told = " × ".join(map(str, block))
    return replace(
        cube,
        axes=(axes[0], axes[1], axes[2]),
        pixels=pixels,
        uncertainty=None if noise is None else BinnedPixels(noise, block, values),
        mask=None,
        wcs=wcs,
        gates=(),
        as_read=None,
        notes=(*cube.notes, Note("info", f"means of {told} voxels")),
    )
