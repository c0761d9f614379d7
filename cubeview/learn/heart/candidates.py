"""Where in a cube a left ventricle may lie: matching a hot, hollow, open wall at every place.

The match is a normalised correlation within the reach of the template, so that liver or gut
brighter than the heart cannot win by brightness alone.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.fft import irfftn, next_fast_len, rfftn
from scipy.ndimage import binary_opening, gaussian_filter, map_coordinates

from cubeview.learn.heart.mixture import shares
from cubeview.learn.heart.wall import Wall, reach_of

# Chosen on simulated pairs and on the real scans at hand; see docs/ventricle.md for the outcome.
_STEP_MM = 8.0  # of the grid: about the wall's thickness
_REACH_MM = 62.0  # of the template: the longest ventricle from its centre
_WIDE_MM = (27.0, 36.0)  # outer radii that are tried: a small and a large ventricle
_WHOLE = 0.9  # share of what a blurred voxel is made of


@dataclass(frozen=True, eq=False)
class Candidate:
    """A place, direction and size to start a fit from, and how well the template matched."""

    wall: Wall
    score: float


def resample(values: np.ndarray, spacing: np.ndarray, step_mm: float, blur_mm: float) -> np.ndarray:
    """Return the cube on an isotropic grid with the same first voxel centre, after a blur.

    Parameters
    ----------
    values : ndarray, shape (z, y, x), float32
    spacing : ndarray, shape (3,), mm
    step_mm : float
    blur_mm : float
        Standard deviation of a Gaussian.
    """
    for axis, mm in enumerate(spacing):
        # Blocks of an odd number of fine voxels, so that a block's centre is a voxel's centre.
        block = 2 * int((step_mm / mm - 1) / 4) + 1
        if block > 1:
            values = _blocks(values, axis, block)
            spacing = np.where(np.arange(3) == axis, mm * block, spacing)
    smooth = gaussian_filter(values, blur_mm / spacing, truncate=3.0)
    shape = [
        int(np.floor((n - 1) * s / step_mm)) + 1 for n, s in zip(values.shape, spacing, strict=True)
    ]
    at = np.meshgrid(
        *[np.arange(n) * step_mm / s for n, s in zip(shape, spacing, strict=True)], indexing="ij"
    )
    resampled: np.ndarray = map_coordinates(smooth, at, order=1, mode="nearest")
    return resampled


def measured(values: np.ndarray, spacing: np.ndarray, step_mm: float, blur_mm: float) -> np.ndarray:
    """Return where the grid of `resample` shows what a camera saw, and not what a mask took away.

    Zeros in a row in all directions are a mask, or air; single zeros are counts.

    Parameters
    ----------
    values : ndarray, shape (z, y, x)
    spacing : ndarray, shape (3,), mm
    step_mm, blur_mm : float
        As for `resample`.
    """
    seen = ~binary_opening(values == 0)
    whole: np.ndarray = resample(seen.astype(np.float32), spacing, step_mm, blur_mm) > _WHOLE
    return whole


def _blocks(values: np.ndarray, axis: int, block: int) -> np.ndarray:
    """Mean over blocks centred on every `block`-th voxel along an axis."""
    turned = np.moveaxis(values, axis, 0)
    before = block // 2
    after = -(len(turned) + before) % block
    padded = np.pad(turned, ((before, after), (0, 0), (0, 0)), mode="edge")
    mean = padded.reshape(-1, block, *padded.shape[1:]).mean(axis=1, dtype=np.float32)
    return np.moveaxis(mean, 0, axis)


def candidates(
    values: np.ndarray,
    spacing: np.ndarray,
    poses: list[np.ndarray],
    count: int,
    clip: float,
) -> list[Candidate]:
    """Find the best places for a ventricle.

    Parameters
    ----------
    values : ndarray, shape (z, y, x), float32
        Counts, zero where there are none.
    spacing : ndarray, shape (3,), mm
    poses : list of ndarray, shape (3, 3)
        Directions to try: rows apex to base, inferior, lateral.
    count : int
        How many candidates at most.
    clip : float
        Counts are cut at this share of the brightest organ's before matching: 1 when the heart is
        the brightest thing there, less when liver or gut is.

    Returns
    -------
    list of Candidate
        Best first, different in place or direction.
    """
    grid = resample(values, spacing, _STEP_MM, 4.0)
    level = clip * bright_level(grid, _STEP_MM)
    if not level > 0:
        return []
    image = (np.minimum(grid, level) / level).astype(np.float32)
    pad = int(np.ceil(_REACH_MM / _STEP_MM))
    shape = [next_fast_len(max(n + pad, 2 * pad), real=True) for n in image.shape]
    spectrum, squared = rfftn(image, shape), rfftn(image**2, shape)
    crop = tuple(slice(0, n) for n in image.shape)
    found = []
    for axes in poses:
        for wide in _WIDE_MM:
            match, reach, middle, power, whole = _matcher(axes.tobytes(), wide, tuple(shape))
            match = irfftn(spectrum * match, shape)[crop]
            mean = irfftn(spectrum * reach, shape)[crop] / whole
            spread = irfftn(squared * reach, shape)[crop] / whole - mean**2
            score = match / np.sqrt(power * whole * np.maximum(spread, 1e-4))
            score *= np.sqrt(np.clip(match / power / 0.35, 0.0, 1.0))
            for _ in range(2):
                best = np.unravel_index(int(score.argmax()), score.shape)
                wall = Wall(np.array(best) * _STEP_MM - middle, axes, 1.72 * wide, wide)
                found.append(Candidate(wall, float(score[best])))
                score[tuple(slice(max(0, i - 4), i + 5) for i in best)] = -1.0
    found.sort(key=lambda candidate: -candidate.score)
    kept: list[Candidate] = []
    for candidate in found:
        if len(kept) < count and all(_different(candidate.wall, k.wall) for k in kept):
            kept.append(candidate)
    return kept


def bright_level(values: np.ndarray, step_mm: float) -> float:
    """Return the value above which 40 cm³ lie: the brightness of myocardium, liver or gut."""
    count = min(int(40_000 / step_mm**3), values.size - 1)
    return float(np.partition(values.ravel(), -count - 1)[-count - 1])


def _different(first: Wall, second: Wall) -> bool:
    apart = np.linalg.norm(first.centre - second.centre) > 25.0
    return bool(apart or first.axes[0] @ second.axes[0] < 0.3)


@lru_cache(maxsize=1)
def _lattice() -> np.ndarray:
    n = int(_REACH_MM // _STEP_MM)
    line = np.arange(-n, n + 1) * _STEP_MM
    return np.stack(np.meshgrid(line, line, line, indexing="ij"))


def _template(axes: np.ndarray, wide: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Template of zero mean within its support, the support, and its middle from its centre."""
    size = Wall(np.zeros(3), axes, 1.72 * wide, wide)
    middle = axes[0] * (size.base - 1.0) / 2 * size.long_mm
    wall = Wall(-middle, axes, size.long_mm, wide)
    lattice = _lattice()
    places = lattice.reshape(3, -1)
    share = shares(wall, places)[0]
    support = reach_of(wall, places, 18.0, 8.0)
    template = support * (share - support @ share / support.sum())
    shape = lattice.shape[1:]
    return template.reshape(shape), support.reshape(shape), middle


# Both states of a case, and each image at each brightness of its organs, are matched alike.
@lru_cache(maxsize=32)
def _matcher(
    axes: bytes, wide: float, shape: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float, float]:
    """Conjugate spectra of template and support, the middle, the template's power, the support."""
    template, support, middle = _template(np.frombuffer(axes).reshape(3, 3), wide)
    power = float((template**2 / np.maximum(support, 0.1)).sum())
    match, reach = (np.conj(_spectrum(kernel, shape)) for kernel in (template, support))
    return match, reach, middle, power, support.sum()


def _spectrum(kernel: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Spectrum of a kernel centred at the origin."""
    padded = np.zeros(shape, dtype=np.float32)
    n = kernel.shape[0] // 2
    padded[: kernel.shape[0], : kernel.shape[1], : kernel.shape[2]] = kernel
    spectrum: np.ndarray = rfftn(np.roll(padded, (-n, -n, -n), axis=(0, 1, 2)), shape)
    return spectrum
