"""Sources of line cubes by smoothing and clipping, linking, and their reliability.

After SoFiA (Serra et al. 2015, MNRAS 448:1922): the cube is smoothed with several kernels and what
exceeds a threshold in any is kept, sections 3.1 and 3.2; neighbours are linked; what the same finds
below zero says how many of a kind are noise (Serra, Jurek & Flöer 2012, PASA 29:296).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.ndimage import (
    binary_dilation,
    binary_propagation,
    find_objects,
    gaussian_filter1d,
    generate_binary_structure,
    median_filter,
)
from scipy.ndimage import uniform_filter1d as boxcar
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from cubeview.cubes.cube import Box, Cube
from cubeview.cubes.mask import MOST_LABELS, Mask, named
from cubeview.cubes.normal import FWHM_TO_SIGMA, MAD_TO_SIGMA, robust_sigma
from cubeview.errors import CubeviewError, Report, nothing

SKY_FWHM_PX = (0.0, 2.5, 5.0)
CHANNELS = (1, 3, 7, 15)
THRESHOLD = 4.5
"""Standard deviations of a smoothed cube: SoFiA's users take 3.5 to 5; chosen on 8 simulated."""

RELIABLE = 0.9
"""Least share of like finds that are no noise."""

LEAST_VOXELS = 5
MOST_VOXELS = 2**30
"""Most voxels of a cube: its mask takes two bytes each."""

_CORE = (96, 192, 192)
_HALO = (8, 15, 15)
"""A tile reaches this far beyond what it answers for: the largest kernel does so too."""

_STEADY_CHANNELS = 24
"""Fewest channels of which a median is taken for a continuum."""

_REPLACED = 2.0
"""What was found already counts so many sigma for larger kernels, or its halo would grow."""

_KDE_SCALE = 0.4
"""Width of the kernels of a density, in standard deviations of what was found below zero."""

_FEW = 6
_LEAST_SN = 3.0
_SURE_SN = 5.0
"""S/N in the best kernel from which a find is believed where little was found below zero."""
_AROUND_PX = 7
_WIDE_PLANE = 400
_LIGHT_FWHM_PX = 2.5
_EDGE, _EDGE_NOISE = 1.0, 1.5
"""A mask ends where lightly smoothed light falls to one sigma of a voxel, or to 1.5 sigma of its
own noise where that is more; light is added up to the latter, and a little beyond."""

_ROOM = 3
_MARGIN = 12
_CROSS = generate_binary_structure(3, 1)
_DISC = np.stack([np.zeros((3, 3), bool), _CROSS[1], np.zeros((3, 3), bool)])


@dataclass(frozen=True, eq=False)
class Sources:
    """What was found.

    Parameters
    ----------
    mask : Mask
        A label a source, strongest first.
    reliability : tuple of float
        Of each, 0 to 1; NaN where nothing lies below zero to tell it by.
    fluxes, errors : tuple of float
        Sums of the cube's values above the continuum over each mask grown by two or three voxels,
        in which its faint edges lie too; NaN as error where the cube states no uncertainty.
    doubted : int
        Finds that were set aside as too much like noise.
    notes : tuple of str
    """

    mask: Mask
    reliability: tuple[float, ...]
    fluxes: tuple[float, ...]
    errors: tuple[float, ...]
    doubted: int
    notes: tuple[str, ...]


def find_sources(
    cube: Cube,
    *,
    threshold: float = THRESHOLD,
    reliable: float = RELIABLE,
    report: Report = nothing,
) -> Sources:
    """Find sources of emission in a cube with a spectral axis.

    Tile by tile: memory grows with what is found and by the mask, not by what is worked on.

    Parameters
    ----------
    cube : Cube
        Spectral axis first. A steady continuum is taken off.
    threshold : float
        In standard deviations of each smoothed cube.
    reliable : float
        Least reliability, 0 to 1; 0 keeps all.
    report : Report
        May raise Cancelled.

    Raises
    ------
    CubeviewError
        If the cube has no spectral axis, holds no data, or is too large for a mask.
    """
    if cube.axes[0].kind not in ("spectral", "index") or cube.shape[0] < 3:
        raise CubeviewError("there is no spectrum along which a line could be found in this cube.")
    if np.prod(cube.shape, dtype=np.int64) > MOST_VOXELS:
        raise CubeviewError(f"more than {MOST_VOXELS:,} voxels: cut the cube into parts.")
    where, ratio = _clipped(cube, threshold, report)
    report(0.9, "linking")
    finds = []
    for sign in (1, -1):
        own = sign * ratio[0] > 0
        finds.append(_linked(where[own], np.abs(ratio[:, own]), cube.shape))
    sure = _reliability(*finds)
    keep = np.flatnonzero((sure >= reliable) & (finds[0].sn >= _LEAST_SN))
    keep = keep[np.argsort(-finds[0].sn[keep])][:MOST_LABELS]
    values = np.zeros(cube.shape, np.uint16)
    for number, one in enumerate(keep, 1):
        values.ravel()[finds[0].where[finds[0].which == one]] = number
    sums = []
    for number, box in enumerate(find_objects(values), 1):
        report(0.95 + 0.05 * number / (len(keep) + 1), "outlining")
        sums.append(_outlined(values, number, box, cube))
    report(1.0, "searched")
    told = len(finds[1].sn) > 0
    kept_by = (
        f"reliability from {len(finds[1].sn)} finds below zero: at least {reliable:g}"
        if told
        else "reliability cannot be told, since nothing was found below zero: kept is what suits a "
        "kernel better than noise usually does"
    )
    notes = (
        f"smoothed by {len(SKY_FWHM_PX) * len(CHANNELS)} kernels, clipped at {threshold:g} sigma, "
        + kept_by,
        "flux is of each mask grown by two or three voxels, above the continuum of its spaxels",
    )
    return Sources(
        Mask(values, named(f"source {n}" for n in range(1, len(keep) + 1)), cube),
        reliability=tuple(float(sure[one]) if told else math.nan for one in keep),
        fluxes=tuple(flux for flux, _ in sums),
        errors=tuple(error for _, error in sums),
        doubted=len(finds[0].sn) - len(keep),
        notes=notes,
    )


@dataclass(frozen=True, eq=False)
class _Finds:
    """Linked voxels of one sign: flat places, which find each belongs to, figures of each find."""

    where: np.ndarray
    which: np.ndarray
    sn: np.ndarray
    best: np.ndarray  # S/N in the kernel that suits best
    features: np.ndarray  # shape (finds, 3): log of peak, sum and size


def _clipped(cube: Cube, threshold: float, report: Report) -> tuple[np.ndarray, np.ndarray]:
    """Return flat places of what exceeds the threshold in any kernel, shape (n,), and (2, n):
    S/N, signed, and how far it exceeds in the best kernel.
    """
    boxes = _tiles(cube.shape)
    places: list[np.ndarray] = []
    values: list[np.ndarray] = []
    seen = False
    for number, core in enumerate(boxes):
        start = [max(0, p.start - h) for p, h in zip(core, _HALO, strict=True)]
        stop = [min(n, p.stop + h) for p, h, n in zip(core, _HALO, cube.shape, strict=True)]
        z, y, x = (slice(a, b) for a, b in zip(start, stop, strict=True))
        ratio = _ratio(cube, (z, y, x))
        if ratio is None:
            continue
        seen = True
        score, found = np.zeros_like(ratio), np.zeros(ratio.shape, bool)
        for step, smooth in enumerate(_kernels(ratio, found)):
            found |= smooth > threshold
            np.maximum(score, smooth, out=score)
            report(0.9 * (number + step / 12) / len(boxes), "smoothing and clipping")
        inner = tuple(slice(p.start - a, p.stop - a) for p, a in zip(core, start, strict=True))
        here = np.argwhere(found[inner]) + [p.start for p in core]
        places.append(np.ravel_multi_index(here.T, cube.shape))
        values.append(np.stack([ratio[inner][found[inner]], score[inner][found[inner]]]))
    if not seen:
        raise CubeviewError("the cube holds no data.")
    where, flat = np.concatenate(places).astype(np.int64), np.concatenate(values, axis=1)
    order = np.argsort(where)
    return where[order], flat[:, order]


def _ratio(cube: Cube, box: Box) -> np.ndarray | None:
    """Return light above a steady continuum over its noise, 0 without data; None without any."""
    flux, sigma = _light(cube, box)
    if not np.isfinite(flux).any():
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.nan_to_num(flux / sigma, nan=0.0, posinf=0.0, neginf=0.0)
    known = np.isfinite(flux)
    for plane, here in zip(ratio, known, strict=True):
        if here.sum() >= _WIDE_PLANE:  # what a channel has everywhere: an offset, or the sky's line
            plane[here] -= np.median(plane[here])
    found: np.ndarray = ratio.astype(np.float32)
    return found


def _light(cube: Cube, box: Box) -> tuple[np.ndarray, np.ndarray]:
    """Return light above a steady continuum, NaN without data, and the noise of each voxel.

    Where the file states none it is that of each channel, and how it differs over the sky.
    """
    flux = cube.box(box).astype(np.float32)
    known = np.isfinite(flux)
    stated = None if cube.uncertainty is None else cube.uncertainty.box(box)
    if stated is not None:
        known &= np.isfinite(stated) & (stated > 0)
    flux = np.where(known, flux, np.float32(np.nan))
    flux -= _level(flux, known)
    if stated is not None:
        return flux, stated
    each = np.array(
        [robust_sigma(plane[here]) if here.any() else 0.0
         for plane, here in zip(flux, known, strict=True)]
    )  # fmt: skip
    usual = float(np.median(each[each > 0])) if (each > 0).any() else 1.0
    sigma = np.maximum(each, usual / 3)[:, None, None]
    return flux, sigma * _across(flux / sigma, known)


def _across(ratio: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return how noise differs over the sky: mosaics and edges of a beam; about 1."""
    level = np.ones(ratio.shape[1:], np.float32)
    columns = known.sum(axis=0) >= _STEADY_CHANNELS
    if columns.any():
        level[columns] = MAD_TO_SIGMA * np.nanmedian(np.abs(ratio[:, columns]), axis=0)
    smooth: np.ndarray = median_filter(level, _AROUND_PX, mode="nearest")
    found: np.ndarray = np.maximum(smooth, 0.2)
    return found


def _level(flux: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return a steady continuum of each spaxel: its median, 0 where there are too few channels."""
    level = np.zeros(flux.shape[1:], np.float32)
    columns = known.sum(axis=0) >= _STEADY_CHANNELS
    if columns.any():
        level[columns] = np.nanmedian(flux[:, columns], axis=0)
    return level


def _kernels(ratio: np.ndarray, found: np.ndarray) -> Iterator[np.ndarray]:
    """Yield each smoothed cube over its own scatter, either sign; `found` is what was found."""
    known = ratio != 0  # beyond the edges of the data smoothing leaves next to nothing
    for sky, channels in product(SKY_FWHM_PX, CHANNELS):
        if channels > max(1, len(ratio) // 3):
            continue
        smooth = np.where(found, np.clip(ratio, -_REPLACED, _REPLACED), ratio)
        if channels > 1:
            smooth = boxcar(smooth, channels, axis=0, mode="constant")
        if sky:
            for axis in (1, 2):
                smooth = gaussian_filter1d(
                    smooth, sky * FWHM_TO_SIGMA, axis=axis, mode="constant", truncate=3.0
                )
        np.abs(smooth / np.float32(_scatter(smooth[known])), out=smooth)
        yield smooth


def _scatter(smooth: np.ndarray) -> float:
    """Return the standard deviation of noise by what lies below zero, where there is no source."""
    below = smooth[smooth < 0]
    return MAD_TO_SIGMA * float(np.median(-below)) if below.size else np.inf


def _linked(where: np.ndarray, figures: np.ndarray, shape: tuple[int, int, int]) -> _Finds:
    """Join voxels that touch, by their sorted flat places."""
    places = np.array(np.unravel_index(where, shape))
    rows, columns = [], []
    for step in product((-1, 0, 1), repeat=3):
        if step <= (0, 0, 0):
            continue
        there = places + np.array(step)[:, None]
        inside = ((there >= 0) & (there < np.array(shape)[:, None])).all(axis=0)
        flat = np.ravel_multi_index(there[:, inside], shape)
        found = np.minimum(np.searchsorted(where, flat), max(len(where) - 1, 0))
        hit = where[found] == flat if len(where) else np.zeros(0, bool)
        rows.append(np.flatnonzero(inside)[hit])
        columns.append(found[hit])
    ones = np.concatenate(rows), np.concatenate(columns)
    graph = coo_matrix((np.ones(len(ones[0]), bool), ones), (len(where), len(where)))
    count, which = connected_components(graph, directed=False) if len(where) else (0, where)
    size = np.bincount(which, minlength=count)
    kept = np.flatnonzero(size >= LEAST_VOXELS)
    new = np.full(count, -1)
    new[kept] = np.arange(len(kept))
    which = new[which]
    kept_here = which >= 0
    where, (sn, score), which = where[kept_here], figures[:, kept_here], which[kept_here]
    total = np.bincount(which, sn, minlength=len(kept))
    peak = np.zeros(len(kept))
    np.maximum.at(peak, which, sn)
    best = np.zeros(len(kept))
    np.maximum.at(best, which, score)
    size = size[kept]
    features = np.log10(np.stack([peak, total, size], axis=1)) if len(kept) else np.zeros((0, 3))
    return _Finds(where, which, total / np.sqrt(size), best, features)


def _reliability(light: _Finds, dark: _Finds) -> np.ndarray:
    """Return how reliable finds are: one minus the density of the negative ones over their own.

    Serra, Jurek & Flöer 2012, eq. 1. With too few below zero those are believed that suit a kernel
    better than all of these, and than noise usually does.
    """
    above, below = light.features, dark.features
    if len(below) < _FEW:
        believed: np.ndarray = light.best > max(_SURE_SN, dark.best.max(initial=0.0))
        return believed.astype(float)
    cover = np.cov(below.T) + 1e-4 * np.eye(3)
    root = np.linalg.cholesky(np.linalg.inv(cover * _KDE_SCALE**2))
    mine, noise = above @ root, below @ root
    sure = np.zeros(len(mine))
    for number, one in enumerate(mine):
        real = np.exp(-0.5 * ((mine - one) ** 2).sum(axis=1)).sum()
        false = np.exp(-0.5 * ((noise - one) ** 2).sum(axis=1)).sum()
        sure[number] = max(0.0, (real - false) / real)
    return sure


def _outlined(
    values: np.ndarray, number: int, box: tuple[slice, ...], cube: Cube
) -> tuple[float, float]:
    """Give a label the outline its lightly smoothed light has; return its flux and the error.

    Voxels of other labels stay theirs.
    """
    z, y, x = (
        slice(max(0, part.start - _MARGIN), min(n, part.stop + _MARGIN))
        for part, n in zip(box, cube.shape, strict=True)
    )
    spectrum = slice(0, cube.shape[0])  # for the continuum
    flux, sigma = (part[z] for part in _light(cube, (spectrum, y, x)))
    with np.errstate(invalid="ignore", divide="ignore"):
        smooth = np.nan_to_num(flux / sigma, nan=0.0, posinf=0.0, neginf=0.0)
    for axis in (1, 2):
        smooth = gaussian_filter1d(smooth, _LIGHT_FWHM_PX * FWHM_TO_SIGMA, axis=axis, truncate=3.0)
    part = values[z, y, x]
    found = part == number
    room = binary_dilation(found, _CROSS, iterations=_ROOM) & ((part == 0) | found)
    noise = _EDGE_NOISE * _scatter(smooth)
    outer = _reached(found, room & (smooth > noise))
    inner = _reached(found, room & (smooth > max(_EDGE, noise)))
    part[found] = 0
    part[inner] = number
    free = (part == 0) | inner
    outer |= inner
    for shape in (_DISC, _CROSS):
        outer = binary_dilation(outer, shape) & free
    known = outer & np.isfinite(flux)
    total = float(flux[known].sum(dtype=np.float64))
    if cube.uncertainty is None:
        return total, float("nan")
    return total, float(np.sqrt(np.square(sigma[known], dtype=np.float64).sum()))


def _reached(found: np.ndarray, bright: np.ndarray) -> np.ndarray:
    """Return what is bright and hangs together with what was found; that itself if none is."""
    seeds = found & bright
    if not seeds.any():
        return found.copy()
    reached: np.ndarray = binary_propagation(seeds, mask=bright)
    return reached


def _tiles(shape: tuple[int, int, int]) -> list[Box]:
    """Return the boxes that cover a cube once."""
    parts = [
        [slice(a, min(a + side, n)) for a in range(0, n, side)]
        for n, side in zip(shape, _CORE, strict=True)
    ]
    return [(z, y, x) for z, y, x in product(*parts)]
