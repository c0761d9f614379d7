"""Cubes worked out when they are asked for: in another unit, in larger voxels."""

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
        why = f"the cube's own unit, “{cube.unit}”, is not understood" if cube.unit else (
            "the file gives no unit for its values"
        )  # fmt: skip
        raise CubeviewError(
            f"{why}. Say it in the window under Cube, Correct what was guessed (G), which is "
            "remembered for the instrument; or write it into the header as BUNIT."
        )
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
