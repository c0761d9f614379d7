"""Cubes of two cubes, and their logarithm, worked out when they are asked for."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from astropy import units

from cubeview.cubes.changed import in_unit
from cubeview.cubes.cube import Box, Cube, Note, Pixels
from cubeview.errors import CubeviewError, Report, nothing

_SAME_PLACE = 0.01  # voxels
_SAME_BEAM = 0.02
_SAME_ANGLE_DEG = 5.0


@dataclass(frozen=True, eq=False)
class PairPixels(Pixels):
    """Two pixels put together voxel by voxel, as `how` says."""

    one: Pixels
    other: Pixels
    how: Literal["sum", "difference", "ratio", "errors", "either"]

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
        if self.how == "either":
            return ((one > 0) | (other > 0)).astype(np.float32)
        with np.errstate(all="ignore"):
            ratio = one.astype(np.float64) / other
        return np.where(np.isfinite(ratio), ratio, np.nan).astype(np.float32)


@dataclass(frozen=True, eq=False)
class RatioNoise(Pixels):
    """Standard deviations of a ratio, to first order."""

    one: Pixels
    other: Pixels
    one_noise: Pixels
    other_noise: Pixels

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (z, y, x)."""
        return self.one.shape

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube."""
        a, b = self.one.box(box).astype(np.float64), self.other.box(box).astype(np.float64)
        with np.errstate(all="ignore"):
            spread = np.hypot(self.one_noise.box(box), a / b * self.other_noise.box(box)) / abs(b)
        return np.where(np.isfinite(spread), spread, np.nan).astype(np.float32)

    def read(self, report: Report = nothing) -> np.ndarray:
        """Return the whole cube."""
        z, y, x = (slice(0, n) for n in self.shape)
        return self.box((z, y, x))


@dataclass(frozen=True, eq=False)
class LogPixels(Pixels):
    """Decimal logarithms of pixels; or what becomes of their noise, where that is given."""

    pixels: Pixels
    noise: Pixels | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (z, y, x)."""
        return self.pixels.shape

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube."""
        values = self.pixels.box(box).astype(np.float64)
        above = np.where(values > 0, values, np.nan)
        if self.noise is None:
            return np.log10(above).astype(np.float32)
        return np.asarray(self.noise.box(box) / above / np.log(10.0), np.float32)

    def read(self, report: Report = nothing) -> np.ndarray:
        """Return the whole cube."""
        z, y, x = (slice(0, n) for n in self.shape)
        return self.box((z, y, x))


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
    _check_grid(one, other)
    if one.unit != other.unit:
        other = in_unit(other, one.unit)
    noise: Pixels | None = None
    if one.uncertainty is not None and other.uncertainty is not None:
        noise = PairPixels(one.uncertainty, other.uncertainty, "errors")
    how: Literal["sum", "difference"] = "sum" if sign > 0 else "difference"
    notes = (*one.notes, *_said(one, other, f"{how} of two cubes"))
    return replace(
        one,
        pixels=PairPixels(one.pixels, other.pixels, how),
        uncertainty=noise,
        mask=_masks(one, other),
        gates=(),
        notes=notes,
    )


def divided(one: Cube, other: Cube) -> Cube:
    """Return one cube over another on one grid; nothing is read.

    Parameters
    ----------
    one, other : Cube
        Of the same shape, sky and spectral axis.

    Returns
    -------
    Cube
        NaN where the second is 0 or either unknown; with errors, to first order and as of
        independent cubes, where both have some; with the masks of both.

    Raises
    ------
    CubeviewError
        If they do not lie on one grid.
    """
    _check_grid(one, other)
    noise: Pixels | None = None
    if one.uncertainty is not None and other.uncertainty is not None:
        noise = RatioNoise(one.pixels, other.pixels, one.uncertainty, other.uncertainty)
    unit, text = None, f"({one.unit or 1}) / ({other.unit or 1})"
    if one.quantity_unit is not None and other.quantity_unit is not None:
        unit = one.quantity_unit / other.quantity_unit
        text = unit.to_string()
    return replace(
        one,
        pixels=PairPixels(one.pixels, other.pixels, "ratio"),
        uncertainty=noise,
        mask=_masks(one, other),
        unit=text,
        quantity_unit=unit,
        gates=(),
        as_read=None,
        notes=(*one.notes, *_said(one, other, "ratio of two cubes")),
    )


def logarithm(cube: Cube) -> Cube:
    """Return the decimal logarithm of a cube, NaN where values are not above 0; nothing is read."""
    noise = None
    if cube.uncertainty is not None:
        noise = LogPixels(cube.pixels, cube.uncertainty)
    return replace(
        cube,
        pixels=LogPixels(cube.pixels),
        uncertainty=noise,
        unit=f"log({cube.unit})" if cube.unit else "log",
        quantity_unit=None,
        gates=(),
        as_read=None,
        notes=(
            *cube.notes,
            Note("info", "decimal logarithm; empty where values are 0 or below"),
        ),
    )


def _masks(one: Cube, other: Cube) -> Pixels | None:
    if one.mask is not None and other.mask is not None:
        return PairPixels(one.mask, other.mask, "either")
    return other.mask if one.mask is None else one.mask


def _said(one: Cube, other: Cube, what: str) -> tuple[Note, ...]:
    """Return the notes of what was made of two cubes."""
    made = Note("info", what)
    if (one.uncertainty is None) == (other.uncertainty is None):
        return (made,)
    return made, Note("info", "one of them has no errors, so neither has this")


def _check_grid(one: Cube, other: Cube) -> None:
    """Raise CubeviewError where two cubes are of two shapes, or their corners lie apart."""
    if one.shape != other.shape:
        raise CubeviewError(
            f"the cubes have {' × '.join(map(str, one.shape))} and "
            f"{' × '.join(map(str, other.shape))} voxels: cut or match them first."
        )
    if one.beam is not None and other.beam is not None:
        (major, minor, angle), (wide, narrow, turn) = one.beam, other.beam
        turned = abs((angle - turn + 90.0) % 180.0 - 90.0) > _SAME_ANGLE_DEG
        long = major - minor > _SAME_BEAM * major
        if max(abs(major / wide - 1), abs(minor / narrow - 1)) > _SAME_BEAM or (long and turned):
            raise CubeviewError(
                f"the beams of the cubes are {major:.4g} × {minor:.4g} and {wide:.4g} × "
                f"{narrow:.4g} arcsec: smooth both to one beam first."
            )
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
