"""Cubes smoothed on the sky or along the spectrum, worked out when they are asked for."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from astropy import units

from cubeview.cubes.beam import Beam, beam_correlation, beam_of, between, covariance, kernel_of
from cubeview.cubes.changed import UnmaskedPixels
from cubeview.cubes.cube import Box, Cube, Note, Pixels
from cubeview.errors import CubeviewError, Report, nothing

Kernel = Literal["gauss", "box", "hanning"]
KERNELS: tuple[str, ...] = get_args(Kernel)
_FWHM = float(np.sqrt(8 * np.log(2)))
_LEAST_SHARE = 1e-6
_SLAB = 2**22  # voxels smoothed at once


@dataclass(frozen=True, eq=False)
class SmoothedPixels(Pixels):
    """Means weighted by a kernel around each voxel, of what is known; of errors, theirs.

    What is unknown stays so, and takes no part in its neighbours; neither does what lies beyond
    the edge.
    """

    pixels: Pixels
    kernel: np.ndarray  # shape (z, y, x), each odd, its sum 1
    factor: float = 1.0
    noise: Pixels | None = None  # one standard deviation; those of the means are told then

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (z, y, x)."""
        return self.pixels.shape

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube."""
        wide, inside = [], []
        for part, length, reach in zip(box, self.shape, self.kernel.shape, strict=True):
            start, stop, _ = part.indices(length)
            low, high = max(start - reach // 2, 0), min(stop + reach // 2, length)
            wide.append(slice(low, max(low, high)))
            inside.append(slice(start - low, max(start, stop) - low))
        around: Box = (wide[0], wide[1], wide[2])
        if any(part.stop <= part.start for part in inside):
            return np.empty([part.stop - part.start for part in inside], np.float32)
        values = self.pixels.box(around).astype(np.float64)
        known = np.isfinite(values)
        share = self._around(known.astype(np.float64), self.kernel)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.noise is None:
                made = self._around(np.where(known, values, 0.0), self.kernel) / share
            else:
                variance = np.square(self.noise.box(around), dtype=np.float64)
                told = np.isfinite(variance)
                spread = self._around(np.where(known & told, variance, 0.0), self.kernel**2)
                made = np.sqrt(np.maximum(spread, 0.0)) / share
                known &= told
            made = np.where(known & (share > _LEAST_SHARE), made * self.factor, np.nan)
        return made[inside[0], inside[1], inside[2]].astype(np.float32)

    def read(self, report: Report = nothing) -> np.ndarray:
        """Return the whole cube, a few planes at a time."""
        depth, height, width = self.shape
        step = max(1, _SLAB // max(1, height * width))
        sky = slice(0, height), slice(0, width)
        parts = []
        for start in range(0, depth, step):
            report(start / depth, "smoothing")
            parts.append(self.box((slice(start, min(start + step, depth)), *sky)))
        return np.concatenate(parts)

    def _around(self, values: np.ndarray, kernel: np.ndarray) -> np.ndarray:
        from scipy.ndimage import convolve1d
        from scipy.signal import oaconvolve

        if kernel.shape[1:] == (1, 1):
            along: np.ndarray = convolve1d(values, kernel[:, 0, 0], axis=0, mode="constant")
            return along
        made: np.ndarray = oaconvolve(values, kernel, mode="full", axes=(1, 2))
        rows, columns = kernel.shape[1] // 2, kernel.shape[2] // 2
        height, width = values.shape[1:]
        return made[:, rows : rows + height, columns : columns + width]


def along_spectrum(cube: Cube, width: float, kernel: Kernel = "gauss") -> Cube:
    """Return a cube smoothed along its first axis.

    Errors are those of independent channels; neighbours share their noise afterwards.

    Parameters
    ----------
    cube : Cube
    width : float
        Channels: the full width at half maximum, or of a box its length, an odd number.
    kernel : {"gauss", "box", "hanning"}
        Hanning takes three channels, ¼ ½ ¼, whatever the width.

    Raises
    ------
    CubeviewError
        If it is no kernel, or longer than the cube.
    """
    if kernel != "hanning" and width > cube.shape[0]:
        raise CubeviewError(f"the cube has {cube.shape[0]} channels: smooth over fewer.")
    weights = _weights(width, kernel)
    if len(weights) > 2 * cube.shape[0]:
        raise CubeviewError(f"the cube has {cube.shape[0]} channels: smooth over fewer.")
    said = {
        "gauss": f"a Gaussian of {width:g} channels (FWHM)",
        "box": f"a mean over {width:g} channels",
        "hanning": "a Hanning kernel over three channels",
    }[kernel]
    return _made(cube, weights[:, None, None], 1.0, 1.0, f"smoothed along the spectrum by {said}")


def on_sky(cube: Cube, fwhm: float) -> Cube:
    """Return a cube smoothed on the sky by a round Gaussian; its beam grows where it has one.

    Parameters
    ----------
    cube : Cube
    fwhm : float
        Arcsec.

    Raises
    ------
    CubeviewError
        If the cube has no sky coordinates, or values per beam and no beam.
    """
    if not (np.isfinite(fwhm) and fwhm > 0):
        raise CubeviewError("the width of a kernel is a number of arcsec above 0.")
    told = f"smoothed on the sky by a Gaussian of {fwhm:g} arcsec (FWHM)"
    return _wider(cube, covariance((fwhm, fwhm, 0.0)), told)


def to_beam(cube: Cube, beam: Beam) -> Cube:
    """Return a cube smoothed to a larger beam; values per beam are told per the new one.

    Parameters
    ----------
    cube : Cube
        With a beam.
    beam : (major, minor, angle)
        Full widths at half maximum, arcsec; position angle, degrees.

    Raises
    ------
    CubeviewError
        If the cube has no beam, or the one wanted is not wider in every direction.
    """
    if cube.beam is None:
        raise CubeviewError(
            "the file says no beam, so none can be reached. Smooth by a kernel instead."
        )
    major, minor, angle = beam
    if not (np.isfinite(beam).all() and 0 < minor <= major):
        raise CubeviewError("a beam has a major axis, a minor one that is not larger, an angle.")
    told = f"smoothed to a beam of {major:g} × {minor:g} arcsec at {angle:g} °"
    return _wider(cube, between(cube.beam, beam), told, beam)


def _wider(cube: Cube, spread: np.ndarray, told: str, beam: Beam | None = None) -> Cube:
    """Return a cube smoothed on the sky by a Gaussian of a covariance."""
    if cube.wcs is None:
        raise CubeviewError("the cube has no sky coordinates: nobody knows how long an arcsec is.")
    power = _per_beam(cube)
    if power and cube.beam is None:
        raise CubeviewError(
            f"values are in {cube.unit}, and the file says no beam: smoothed values would be per "
            "another one that nobody knows."
        )
    kernel = kernel_of(cube, spread)
    scale, more = 1.0, 1.0
    if cube.beam is not None:
        beam = beam or beam_of(covariance(cube.beam) + spread)
        scale = (beam[0] * beam[1] / (cube.beam[0] * cube.beam[1])) ** power
        more = _shared(cube, kernel)
        if power:
            told += f", values times {scale:.6g} for the area of the beam"
    made = _made(cube, kernel[None], scale, more, told)
    return replace(made, beam=beam) if cube.beam is not None else made


def _made(cube: Cube, kernel: np.ndarray, scale: float, more: float, told: str) -> Cube:
    values = UnmaskedPixels(cube)
    noise = None
    if cube.uncertainty is not None:
        noise = SmoothedPixels(values, kernel, scale * more, cube.uncertainty)
        left = float(np.sqrt(np.square(kernel).sum())) * more
        told += f"; errors {left:.4g} times those of one voxel" + (
            ", voxels of one beam sharing their noise" if more != 1.0
            else ", voxels taken as independent"
        ) + "; neighbours share their noise now"  # fmt: skip
    return replace(
        cube,
        pixels=SmoothedPixels(values, kernel, scale),
        uncertainty=noise,
        mask=None,
        gates=(),
        as_read=None,
        notes=(*cube.notes, Note("info", told)),
    )


def _shared(cube: Cube, kernel: np.ndarray) -> float:
    """Return by how much noise that is one within a beam is left larger than independent noise."""
    from scipy.signal import fftconvolve

    pairs = fftconvolve(kernel, kernel[::-1, ::-1])
    rows, columns = kernel.shape
    together = beam_correlation(cube, *np.mgrid[1 - rows : rows, 1 - columns : columns])
    return float(np.sqrt((pairs * together).sum() / np.square(kernel).sum()))


def _per_beam(cube: Cube) -> int:
    """Return how often values are per beam: 1 for Jy/beam, 0 for K."""
    if cube.quantity_unit is None:
        return 1 if "beam" in cube.unit.lower() else 0
    pairs = zip(cube.quantity_unit.bases, cube.quantity_unit.powers, strict=True)
    return sum(-int(power) for base, power in pairs if base == units.beam)


def _weights(width: float, kernel: Kernel) -> np.ndarray:
    """Return a kernel along one axis, odd, its sum 1."""
    if kernel == "hanning":
        return np.array([0.25, 0.5, 0.25])
    if not (np.isfinite(width) and width > 0):
        raise CubeviewError("a kernel is a number of channels above 0 wide.")
    if kernel == "box":
        if width != int(width) or int(width) % 2 == 0:
            raise CubeviewError("a box is an odd number of channels long, so that none moves.")
        return np.full(int(width), 1.0 / width)
    sigma = width / _FWHM
    reach = max(1, int(np.ceil(4 * sigma)))
    made = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return np.asarray(made / made.sum())
