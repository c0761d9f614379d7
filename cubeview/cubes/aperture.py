"""The spectrum of all voxels within an aperture, with its noise, told bit by bit."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cubeview.cubes.cube import Box, Cube, Pixels
from cubeview.cubes.region import Aperture
from cubeview.cubes.units import summed
from cubeview.errors import Report, nothing

How = Literal["sum", "mean"]

_PARTIAL_S = 0.03
_SLAB = 1_000_000  # voxels read between two reports
_COARSE = 8
_NEARLY = 1.0 - 1e-9


@dataclass(frozen=True, eq=False)
class ApertureSpectrum:
    """What an aperture holds in each plane.

    `sigma` is one standard deviation of `values`, the voxels taken as independent: in cubes that
    were resampled neighbours are not, and the true one is larger.
    """

    values: np.ndarray  # shape (z,), float32, in `unit`: sum or mean; NaN where none is known
    sigma: np.ndarray | None  # shape (z,), float32
    voxels: float  # of a plane in the aperture, those at its edge by the share that lies inside
    share: float  # of them that was read, 0 to 1; sums are scaled up to the whole until it is 1
    unit: str = ""  # that of the cube for a mean; a sum of Jy/beam is one of Jy


def aperture_spectrum(
    cube: Cube,
    circle: Aperture,
    how: How = "sum",
    *,
    by_rows: bool = False,
    report: Report = nothing,
    partial: Callable[[ApertureSpectrum], None] | None = None,
) -> ApertureSpectrum:
    """Add up the spectra within an aperture.

    What is given per beam or per area is summed as the flux it is, see `cubeview.cubes.units`.

    Parameters
    ----------
    cube : Cube
    circle : Aperture
    how : {"sum", "mean"}
    by_rows : bool
        True where whole spectra are read fastest: a few rows from all over the circle are taken
        first, so that the first answer has its final shape. False where planes are: it grows
        plane by plane.
    report : Report
        Called after each piece; may raise Cancelled.
    partial : callable, optional
        Given what is known so far, every 30 ms.

    Raises
    ------
    CubeviewError
        If the cube cannot be read.
    """
    depth = cube.shape[0]
    rows, columns, weights = circle.cover(cube.shape)
    spaxel, unit = summed(cube) if how == "sum" else (1.0, cube.unit)
    sums = _Sums(depth, cube.uncertainty is not None, spaxel, unit)
    voxels = float(weights.sum())
    cut = _rows if by_rows else _planes
    pieces = cut(rows, columns, weights, depth)
    last = time.perf_counter()
    done = 0.0
    for number, (box, inside) in enumerate(pieces, start=1):
        sums.add(cube, box, inside)
        done += (box[0].stop - box[0].start) * float(inside.sum())
        # Sums of shares are not exact; 1 stands for the end.
        share = 1.0 if number == len(pieces) else min(done / (voxels * depth), _NEARLY)
        report(share, "adding up spectra")
        if partial is not None and share < 1 and time.perf_counter() - last > _PARTIAL_S:
            last = time.perf_counter()
            partial(sums.spectrum(how, voxels, share, 1 / share if by_rows else 1.0))
    return sums.spectrum(how, voxels, 1.0, 1.0)


_Pieces = list[tuple[Box, np.ndarray]]


def _rows(rows: slice, columns: slice, weights: np.ndarray, depth: int) -> _Pieces:
    """Row by row, each eighth one first."""
    order = [y for first in range(_COARSE) for y in range(len(weights))[first::_COARSE]]
    pieces: _Pieces = []
    for y in order:
        (lit,) = np.nonzero(weights[y])
        if len(lit):
            part = slice(columns.start + int(lit[0]), columns.start + int(lit[-1]) + 1)
            row = slice(rows.start + y, rows.start + y + 1)
            pieces.append(((slice(0, depth), row, part), weights[y : y + 1, lit[0] : lit[-1] + 1]))
    return pieces


def _planes(rows: slice, columns: slice, weights: np.ndarray, depth: int) -> _Pieces:
    """Slabs of planes around the circle."""
    if not weights.size:
        return []
    step = max(1, _SLAB // weights.size)
    return [
        ((slice(z, min(z + step, depth)), rows, columns), weights) for z in range(0, depth, step)
    ]


class _Sums:
    """Sums over the voxels seen so far, plane by plane."""

    def __init__(self, depth: int, noisy: bool, spaxel: float, unit: str) -> None:
        self._spaxel, self._unit = spaxel, unit
        self._total = np.zeros(depth)
        self._filled = np.zeros(depth)
        self._variance = np.zeros(depth) if noisy else None

    def add(self, cube: Cube, box: Box, inside: np.ndarray) -> None:
        """Take the voxels of a box by the share that lies inside, shape (rows, columns)."""
        values = cube.box(box)
        finite = np.isfinite(values)
        finite &= inside > 0
        planes = box[0]
        self._filled[planes] += (finite * inside).sum(axis=(1, 2))
        self._total[planes] += _sum(values, finite, inside)
        if self._variance is not None and cube.uncertainty is not None:
            self._variance[planes] += _squares(cube.uncertainty, box, finite, inside)

    def spectrum(self, how: How, voxels: float, share: float, factor: float) -> ApertureSpectrum:
        """Return what is known so far; `factor` makes up for rows still missing in a sum."""
        empty = self._filled == 0
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            scale = (
                1 / self._filled if how == "mean" else np.full(len(empty), factor * self._spaxel)
            )
            values = np.where(empty, np.nan, self._total * scale).astype(np.float32)
            sigma = None
            if self._variance is not None:
                # A mean of fewer voxels is noisier by itself; so is a sum scaled up.
                spread = np.sqrt(self._variance)
                sigma = np.where(empty, np.nan, spread * scale).astype(np.float32)
        return ApertureSpectrum(values, sigma, voxels, share, self._unit)


def _sum(values: np.ndarray, finite: np.ndarray, weights: np.ndarray) -> np.ndarray:
    if not finite.all():
        values = np.where(finite, values, np.float32(0))
    total: np.ndarray = (values * weights).sum(axis=(1, 2))
    return total


def _squares(sigma: Pixels, box: Box, finite: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sum sigma² where the cube has a value; a voxel without noise there adds none."""
    noise = sigma.box(box) * weights
    noise[~finite | ~np.isfinite(noise)] = 0.0
    total: np.ndarray = np.square(noise, out=noise).sum(axis=(1, 2))
    return total
