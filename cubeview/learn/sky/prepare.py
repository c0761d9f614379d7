"""What the sky network is shown: a window of flux over its noise, and the noise itself.

The same function prepares simulated windows for training and real ones for prediction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.cube import Box, Cube
from cubeview.cubes.normal import robust_sigma
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.learn.models.prepared import Prepared
from cubeview.learn.models.rooms import rebuilt


@dataclass(frozen=True)
class SkyConfig:
    """How a window becomes network input.

    Parameters
    ----------
    kind : str
        ``"sky"``.
    size : int
        Voxels along each axis; the cube's own sampling is kept.
    soft : float
        Signal-to-noise above which the flux channel grows logarithmically:
        ``soft * asinh(S/N / soft) / 3``.
    noise_limit : float
        Largest absolute value of the noise channel, ``ln(sigma / median sigma)``; also what it
        says of voxels without data.
    """

    kind: str = "sky"
    size: int = 32
    soft: float = 8.0
    noise_limit: float = 1.5
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {
        "size": (4, 96),
        "soft": (0.1, 1000.0),
        "noise_limit": (0.01, 20.0),
    }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "SkyConfig":
        """Rebuild from a model card; see `cubeview.learn.models.rooms.rebuilt`."""
        return rebuilt(cls(), values)


def prepare_sky(
    case: Case,
    config: SkyConfig,
    roles: tuple[str, ...] = (),
    *,
    ventricles: Mapping[str, Ventricle] | None = None,
    report: Report = nothing,
) -> Prepared:
    """Cut a case's window out of its cube and scale it for the sky network.

    Parameters
    ----------
    case : Case
        A sky case whose `window` says where to look; `config.size` voxels around its centre are
        taken, whatever its own size. What lies outside the cube counts as no data.
    roles, ventricles : ignored
        Taken so that all preparations are called alike.

    Raises
    ------
    CubeviewError
        If the case is no sky cube, has no window, or its window holds no data.
    """
    if case.kind != config.kind:
        raise CubeviewError(
            f"{case.name}: not a sky cube. This model judges windows of spectral cubes; "
            "choose a model for this kind of scan."
        )
    if case.window is None:
        raise CubeviewError(
            f"{case.name}: this model judges a small window, not a whole cube. Put the cursor on "
            "a source and ask again."
        )
    cube = case.main
    report(0.0, "cutting out the window")
    ends = zip(case.window, cube.shape, strict=True)
    start = tuple(_start(part, length, config.size) for part, length in ends)
    flux, sigma = cut(cube, start, (config.size,) * 3)
    seen = np.isfinite(flux)
    if not seen.any():
        raise CubeviewError(
            f"{case.name}: there is no data at this place (all voxels are blank). Put the cursor "
            "inside the field."
        )
    values, cautions = prepare_window(flux, sigma, config)
    if seen.mean() < 0.25:
        known = f"only {100 * seen.mean():.0f} % of the window holds data"
        cautions = (*cautions, f"{known}: the model has seen few windows that empty")
    cautions = (*cautions, *_sampling(cube))
    grid = np.eye(4)
    grid[:3, 3] = start
    return Prepared(case=case, input=values, grids={case.roles[0]: grid}, cautions=cautions)


def prepare_window(
    flux: np.ndarray, sigma: np.ndarray | None, config: SkyConfig
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Scale a window of flux and sigma for the sky network.

    Parameters
    ----------
    flux : ndarray, shape (z, y, x)
        NaN where there is no data.
    sigma : ndarray, shape (z, y, x), or None
        Standard deviation in the unit of `flux`; None estimates it from the flux.

    Returns
    -------
    input : ndarray, shape (2, z, y, x), float32
        Flux over its spaxel's median sigma, softened, 0 where there is no data; and the sigma of
        each voxel over the window's median, logarithmic. The stated sigma is first multiplied by
        one factor for the window, so that it agrees with the scatter between channels.
    cautions : tuple of str
    """
    cautions: tuple[str, ...] = ()
    if sigma is None:
        sigma = channel_sigma(flux)
        said = "the noise was estimated channel by channel from the window itself"
        cautions = (f"the file states no uncertainty: {said}",)
    with np.errstate(invalid="ignore"):
        known = np.isfinite(flux) & np.isfinite(sigma) & (sigma > 0)
    flux = np.where(known, flux, np.nan).astype(np.float64)
    sigma = np.where(known, sigma, np.nan).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = flux / sigma
    factor = scatter(ratio)
    if not 1 / 3 <= factor <= 3:
        off = f"{max(factor, 1 / factor):.1f} times too {'small' if factor > 1 else 'large'}"
        cautions = (*cautions, f"the uncertainty in the file looks {off}")
    factor = min(max(factor, 0.2), 5.0)
    median = np.nanmedian(sigma) if known.any() else 1.0
    # One sigma for each spaxel: divided by that of each voxel, a continuum would seem absorbed
    # wherever a sky line raises the noise.
    usual = np.ones(flux.shape[1:])
    columns = known.any(axis=0)
    usual[columns] = np.nanmedian(sigma[:, columns], axis=0)
    with np.errstate(invalid="ignore"):
        shown = config.soft * np.arcsinh(flux / (usual * factor * config.soft)) / 3.0
        noise = np.clip(np.log(sigma / median), -config.noise_limit, config.noise_limit)
    channels = np.stack([np.where(known, shown, 0.0), np.where(known, noise, config.noise_limit)])
    return channels.astype(np.float32), cautions


def scatter(ratio: np.ndarray) -> float:
    """Return how much a window scatters, in units of its stated sigma; 1 when that is right.

    From differences of voxels two channels apart: a continuum cancels, and the light that
    resampling gives to the next channel does not count. 1 where too few voxels are known.
    """
    steps = ratio[2:] - ratio[:-2]
    steps = steps[np.isfinite(steps)]
    if steps.size < 100:
        return 1.0
    return float(robust_sigma(steps) / np.sqrt(2.0)) or 1.0


def channel_sigma(flux: np.ndarray) -> np.ndarray:
    """Estimate the standard deviation of each channel of a window from its own voxels.

    The median absolute deviation over the sky, of the flux less each spaxel's median so that
    continuum does not count; a channel is never believed to be less noisy than a third of the
    window's quiet channels. Shape (z, y, x), the same across each channel; NaN where nothing is
    known.
    """
    flux = np.asarray(flux, dtype=np.float64)
    sigma = np.full(len(flux), np.nan)
    known = np.isfinite(flux)
    line_free = np.full(flux.shape[1:], np.nan)
    columns = known.any(axis=0)
    line_free[columns] = np.nanmedian(flux[:, columns], axis=0)
    left = flux - line_free
    for z in np.flatnonzero(known.any(axis=(1, 2))):
        sigma[z] = robust_sigma(left[z][known[z]])
    if np.isfinite(sigma).any():
        floor = np.nanpercentile(sigma, 25) / 3.0
        sigma = np.maximum(sigma, floor if floor > 0 else 1.0)
    return np.broadcast_to(sigma[:, None, None], flux.shape).copy()


def _start(part: slice, length: int, size: int) -> int:
    """Return the first voxel of `size` voxels around the centre of a window along one axis.

    A window that was cut at one edge of the cube is anchored at its other end.
    """
    extent = part.stop - part.start
    if extent < size and part.start == 0 and part.stop < length:
        return int(part.stop - size)
    if extent < size and part.stop == length and part.start > 0:
        return int(part.start)
    return int((part.start + part.stop) // 2 - size // 2)


def overlap(
    start: tuple[int, ...], size: tuple[int, ...], shape: tuple[int, ...]
) -> tuple[Box, Box]:
    """Return what a window and a cube share, in voxels of the cube and of the window.

    Parameters
    ----------
    start, size : tuple of three int, voxels along (z, y, x)
        Of the window, which may begin before the cube and reach beyond it.
    shape : tuple of three int
        Of the cube.
    """
    inside, target = [], []
    for first, side, length in zip(start, size, shape, strict=True):
        low = max(first, 0)
        high = max(min(first + side, length), low)
        inside.append(slice(low, high))
        target.append(slice(low - first, high - first))
    return (inside[0], inside[1], inside[2]), (target[0], target[1], target[2])


def cut(
    cube: Cube, start: tuple[int, ...], size: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return flux and sigma of a window, float32; None for sigma where the file states none.

    Parameters
    ----------
    cube : Cube
    start, size : tuple of three int, voxels along (z, y, x)
        NaN is returned where the window reaches beyond the cube.
    """
    box, place = overlap(start, size, cube.shape)
    flux = np.full(size, np.nan, np.float32)
    flux[place] = cube.box(box)
    if cube.uncertainty is None:
        return flux, None
    sigma = np.full_like(flux, np.nan)
    sigma[place] = cube.uncertainty.box(box)
    return flux, sigma


def _sampling(cube: Cube) -> tuple[str, ...]:
    """Return a caution when a line of ordinary width would not be sampled as in training."""
    axis = cube.axes[0]
    if axis.kind != "spectral" or len(axis) < 2:
        return ("the first axis is not known to be spectral: the model expects channels there",)
    here = abs(axis.values[len(axis) // 2]) or abs(axis.step)
    if axis.convention or not axis.medium or here == 0:
        return ()
    # km/s per channel; lines of galaxies are 50 to 500 km/s wide, the model knows 2 to 14 channels.
    speed = 299792.458 * abs(axis.step) / here
    if speed > 400:
        looks = "a line falls into one of them and looks like a cosmic ray"
        return (f"channels are {speed:.0f} km/s wide: {looks}",)
    if speed < 3:
        return (f"channels are {speed:.1f} km/s wide: a line may be wider than the window",)
    return ()
