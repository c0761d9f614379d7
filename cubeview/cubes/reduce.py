"""Planes made smaller, larger or into grey steps for the screen, and the levels between which
they are painted.
"""

from functools import lru_cache
from typing import Literal

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.cubes.ventricle import Ventricle, inside

Stretch = Literal["linear", "sqrt", "log", "asinh"]
STRETCHES: tuple[Stretch, ...] = ("linear", "sqrt", "log", "asinh")

VENTRICLE = "ventricle maximum"
PERCENTILES = {"99.5 %": 99.5, "98 %": 98.0, "95 %": 95.0}
WAYS = (*PERCENTILES, "zscale", "min–max", VENTRICLE)
"""Ways to choose levels, as shown to the user and as taken by `sample_levels`."""

_SAMPLE = 2_000_000  # voxels read at most for a sample
_KEPT = 300_000  # and kept of them
_STEPS = 16384  # fine enough that a log stretch shows no bands at the dark end


@lru_cache(maxsize=8)
def sample(cube: Cube) -> np.ndarray:
    """Return finite values from all over a cube, shape (n,), float32, n at most 300,000.

    Small cubes are taken whole, large ones by planes across axis 0, each of them one read. Read
    once per cube: percentiles cost 18-58 ms a frame when taken anew.
    """
    planes, rows, columns = cube.shape
    count = int(np.clip(_SAMPLE // max(1, rows * columns), 1, planes))
    if count == planes:
        values = cube.box((slice(0, planes), slice(0, rows), slice(0, columns))).ravel()
    else:
        picked = np.linspace(0, planes - 1, min(count, 24) + 2).round().astype(int)[1:-1]
        values = np.concatenate([cube.plane(0, int(i)).ravel() for i in picked])
    values = values[np.isfinite(values)]
    # An odd step does not run along with the rows of the planes.
    kept: np.ndarray = values[:: max(1, len(values) // _KEPT) | 1]
    return kept


@lru_cache(maxsize=8)
def ventricle_maximum(cube: Cube, ventricle: Ventricle | None = None) -> float:
    """Return the largest value in the left ventricle, the 100 % of a heart; in ``cube.unit``.

    Without an ellipsoid the central half of each axis stands in, and its 99.9th percentile, for
    gut and liver may reach into it. 1 when nothing there is positive.

    Source: each series to its own maximum myocardial count, ASNC imaging guidelines 2018.
    """
    if ventricle is None:
        z, y, x = (slice(n // 4, max(n - n // 4, n // 4 + 1)) for n in cube.shape)
        values = cube.box((z, y, x))
    else:
        whole = cube.box(tuple(slice(0, n) for n in cube.shape))  # type: ignore[arg-type]
        values = whole[inside(ventricle, cube.shape, cube.spacing)]
    values = values[np.isfinite(values)]
    if not len(values):
        return 1.0
    top = float(np.percentile(values, 99.9) if ventricle is None else values.max())
    return top if top > 0 else 1.0


@lru_cache(maxsize=8)
def bright_extent(cube: Cube) -> tuple[np.ndarray, float]:
    """Return where a heart scan has counts: centre (z, y, x) and largest half width, in mm.

    Voxels above 15 % of the maximum of the middle of the cube; the whole cube when there are none.
    """
    whole = cube.box(tuple(slice(0, n) for n in cube.shape))  # type: ignore[arg-type]
    bright = whole > 0.15 * ventricle_maximum(cube)
    if not bright.any():
        bright = np.ones(cube.shape, dtype=bool)
    low, high = np.empty(3), np.empty(3)
    for axis, step in enumerate(cube.spacing):
        places = np.flatnonzero(bright.any(axis=tuple(a for a in range(3) if a != axis)))
        low[axis], high[axis] = (places[0] - 0.5) * step, (places[-1] + 0.5) * step
    return (low + high) / 2, float((high - low).max() / 2)


def sample_levels(cube: Cube, how: str, ventricle: Ventricle | None = None) -> tuple[float, float]:
    """Choose the values painted darkest and brightest, in cube.unit.

    Low lies below high, whatever the cube holds; (0, 1) for a cube without a finite value.

    Parameters
    ----------
    cube : Cube
    how : str, one of `WAYS`
        Percentiles are central: 99.5 % leaves 0.25 % at each end. ``"ventricle maximum"``: from
        0 to the largest value in the ventricle.
    ventricle : Ventricle, optional
        For ``"ventricle maximum"`` only.
    """
    if how == VENTRICLE:
        return 0.0, ventricle_maximum(cube, ventricle)
    return levels_in(sample(cube), how)


def levels_in(values: np.ndarray, how: str) -> tuple[float, float]:
    """Choose levels as `sample_levels` does, for finite values at hand and not by a ventricle."""
    if not len(values):
        return 0.0, 1.0
    if how in PERCENTILES:
        outside = (100.0 - PERCENTILES[how]) / 2
        low, high = np.percentile(values, [outside, 100.0 - outside])
    elif how == "zscale":
        from astropy.visualization import ZScaleInterval

        low, high = ZScaleInterval().get_limits(values)
    else:
        low, high = values.min(), values.max()
    low, high = float(low), float(high)
    if not low < high:
        low, high = float(values.min()), float(values.max())
    return (low, high) if low < high else (low, low + (abs(low) or 1.0))


def to_steps(plane: np.ndarray, low: float, high: float, stretch: str = "linear") -> np.ndarray:
    """Return a plane as rows of a colour table, same shape, uint8.

    0 is kept for voxels without a value; `low` and below become 1, `high` and above 255.

    Parameters
    ----------
    plane : ndarray, float32
    low, high : float, in the plane's unit, low < high
    stretch : {"linear", "sqrt", "log", "asinh"}
        Log and asinh as in SAOImage DS9 (exponent 1000; asinh(10 x) / asinh(10)).
    """
    # Inf - inf and values far beyond the levels are clipped, not worth a warning.
    with np.errstate(over="ignore", invalid="ignore"):
        fine = np.subtract(plane, np.float32(low), dtype=np.float32)
        fine *= np.float32((_STEPS - 1) / (high - low))
        np.clip(fine, 0, _STEPS - 1, out=fine)
    empty = np.isnan(fine) if np.isnan(np.min(fine, initial=0.0)) else None
    if empty is not None:
        fine[empty] = 0
    steps: np.ndarray = _stretch_table(stretch).take(fine.astype(np.uint16))
    if empty is not None:
        steps[empty] = 0
    return steps


@lru_cache(maxsize=4)
def _stretch_table(stretch: str) -> np.ndarray:
    x = np.linspace(0.0, 1.0, _STEPS)
    if stretch == "sqrt":
        x = np.sqrt(x)
    elif stretch == "log":
        x = np.log1p(1000 * x) / np.log1p(1000)
    elif stretch == "asinh":
        x = np.arcsinh(10 * x) / np.arcsinh(10)
    steps: np.ndarray = np.rint(1 + 254 * x).astype(np.uint8)
    return steps


def pool_peak(plane: np.ndarray, axis: int, factor: int) -> np.ndarray:
    """Return a plane shortened along one axis, each voxel the largest of `factor` in a row.

    Taking every n-th channel instead would hide a line one channel wide, a mean would drown it.

    Parameters
    ----------
    plane : ndarray, shape (rows, columns)
    axis : int
    factor : int
        The last voxel may stand for fewer.
    """
    lines = np.moveaxis(plane, axis, 0)
    while factor > 2 and factor % 2 == 0:  # every pass over far voxels costs as much as over near
        lines = _pooled(lines, 2)
        factor //= 2
    back: np.ndarray = np.moveaxis(_pooled(lines, factor), 0, axis)
    return back


def _pooled(lines: np.ndarray, factor: int) -> np.ndarray:
    pooled = lines[::factor].copy("K")  # laid out as the lines are
    for shift in range(1, factor):  # 30 times faster than reduceat
        part = lines[shift::factor]
        np.fmax(pooled[: len(part)], part, out=pooled[: len(part)])
    return pooled


def upsample(plane: np.ndarray, factor: int) -> np.ndarray:
    """Return a plane `factor` times finer both ways by cubic convolution.

    A 64 x 64 heart painted in blocks is hard to read; values are interpolated before they get
    colours. NaN count as 0.

    Source: Keys 1981, IEEE Trans. ASSP 29:1153, a = -1/2.
    """
    fine: np.ndarray = _finer(_finer(np.nan_to_num(plane), factor).T, factor).T
    return fine


def _finer(plane: np.ndarray, factor: int) -> np.ndarray:
    """Interpolate along the first axis, the end rows repeated outwards.

    Row by row and not as a product of matrices: the threads of BLAS wait for each other longer
    than the work takes, tens of milliseconds on a busy machine.
    """
    length = len(plane)
    padded = plane[np.clip(np.arange(-2, length + 2), 0, length - 1)]
    fine = np.empty((length * factor, plane.shape[1]), dtype=plane.dtype)
    for phase in range(factor):
        where = (phase + 0.5) / factor - 0.5
        below = int(np.floor(where))
        fine[phase::factor] = sum(
            _keys(abs(where - below - shift)) * padded[2 + below + shift :][:length]
            for shift in (-1, 0, 1, 2)
        )
    return fine


def _keys(d: float) -> float:
    """Weight of a row at distance `d` from the place asked for."""
    if d < 1:
        return 1.5 * d**3 - 2.5 * d**2 + 1
    return -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2


def plane_levels(plane: np.ndarray) -> tuple[float, float]:
    """Return levels for one plane alone: its 1st and 99.5th percentile; (0, 1) without values."""
    values = plane[np.isfinite(plane)]
    if not values.size:
        return 0.0, 1.0
    low, high = np.percentile(values, [1.0, 99.5])
    return float(low), float(high if high > low else low + 1.0)
