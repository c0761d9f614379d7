"""From a few strokes to a mask: the random walker with what the strokes' voxels look like.

Source: Grady 2005, CVPR 1:763, "Multilabel random walker image segmentation using prior models",
eq. 9: each voxel goes to the label a walker from it reaches first, where steps across edges of the
picture are rare, and where a voxel's value is likely for a label it may stop there too.
"""

import numpy as np
from scipy.ndimage import gaussian_filter, label
from scipy.sparse import coo_matrix, csr_matrix, diags
from scipy.sparse.linalg import cg
from scipy.special import expit

from cubeview.cubes.cube import Box
from cubeview.errors import CubeviewError, Report, nothing

UNKNOWN, OUTSIDE = -1, 0
"""In strokes: nobody painted here, and painted as none of the labels."""

MOST_VOXELS = 96**3
"""Most voxels the walk is solved for: about three times what takes a second."""

_MARGIN = 6
_EDGES, _PRIOR, _LEAST = 2.0, 0.2, 1e-4
"""How much a step across an edge costs, how much a likely value counts, and the rarest step;
chosen on nuclei and on one simulated wall."""
_SMOOTH_PX = 0.7
_PRECISION, _STEPS = 1e-2, 200


def room_of(strokes: np.ndarray) -> Box:
    """Return the box of the strokes with a margin: beyond it nothing is marked.

    Raises CubeviewError if nothing was painted.
    """
    painted = strokes != UNKNOWN
    if not painted.any():
        raise CubeviewError("nothing was painted: draw a stroke inside and one outside.")
    sides = []
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        here = np.flatnonzero(painted.any(axis=others))
        low, high = int(here[0]) - _MARGIN, int(here[-1]) + 1 + _MARGIN
        sides.append(slice(max(0, low), min(strokes.shape[axis], high)))
    return sides[0], sides[1], sides[2]


def spread(values: np.ndarray, strokes: np.ndarray, *, report: Report = nothing) -> np.ndarray:
    """Return the label of each voxel, uint16, 0 outside.

    Parameters
    ----------
    values : ndarray, shape (z, y, x)
        NaN is outside.
    strokes : ndarray of int, the same shape
        `UNKNOWN`, `OUTSIDE`, or the number of a label.
    report : Report
        May raise Cancelled.

    Raises
    ------
    CubeviewError
        If there is no stroke inside or none outside, or the box is too large.
    """
    seeds = np.unique(strokes[strokes != UNKNOWN])
    if len(seeds) < 2 or seeds[0] != OUTSIDE:
        raise CubeviewError("two kinds of stroke are needed: one inside, and one outside.")
    if values.size > MOST_VOXELS:
        raise CubeviewError(
            f"strokes span {values.size:,} voxels, more than the {MOST_VOXELS:,} a mask is grown "
            "in: draw them around one thing."
        )
    report(0.0, "growing the mask")
    known = np.isfinite(values)
    low = float(values[known].min()) if known.any() else 0.0
    smooth = gaussian_filter(np.where(known, values, low).astype(np.float64), _SMOOTH_PX)
    painted = np.where(known, strokes, OUTSIDE).ravel()
    steps = _steps(smooth)
    marked = np.where(painted > OUTSIDE, 1, painted)
    likely = _likely(smooth.ravel(), painted)
    found = np.full(painted.shape, OUTSIDE)
    inside = _walked(steps, marked, np.unique(seeds > OUTSIDE).astype(int), likely)
    labels = seeds[seeds > OUTSIDE]
    report(0.5, "growing the mask")
    # Which label: labels may look alike, so that only edges and distance tell them apart.
    which = _walked(steps, np.where(painted > OUTSIDE, painted, UNKNOWN), labels, None)
    found[inside == 1] = which[inside == 1]
    report(1.0, "grown")
    return _held(found.reshape(values.shape), strokes)


def _walked(
    steps: csr_matrix, painted: np.ndarray, seeds: np.ndarray, likely: np.ndarray | None
) -> np.ndarray:
    """Return which kind of stroke a walker from each voxel reaches first, shape (n,).

    Parameters
    ----------
    steps : sparse matrix, shape (n, n)
    painted : ndarray, shape (n,)
    seeds : ndarray
        The kinds there are.
    likely : ndarray, shape (n,), or None
        How likely the value of each voxel is for the last of two kinds.
    """
    if len(seeds) == 1:
        return np.full(painted.shape, seeds[0])
    prior = 0.0 if likely is None else _PRIOR
    degree = np.asarray(steps.sum(axis=1)).ravel()
    whole: csr_matrix = (diags(degree + prior) - steps).tocsr()
    free = np.flatnonzero(painted == UNKNOWN)
    rows = whole[free]
    inner, outer = rows[:, free], rows[:, painted != UNKNOWN]
    fixed = painted[painted != UNKNOWN]
    scale = diags(1.0 / inner.diagonal())
    chances = np.zeros((len(seeds), len(free)))
    for place, seed in enumerate(seeds[1:], 1):
        pull = -(outer @ (fixed == seed).astype(float))
        if likely is not None:
            pull += prior * likely[free]
        chances[place], _ = cg(inner, pull, rtol=_PRECISION, maxiter=_STEPS, M=scale)
    chances[0] = 1.0 - chances[1:].sum(axis=0)
    found = painted.copy()
    found[free] = seeds[chances.argmax(axis=0)]
    return found


def _held(found: np.ndarray, strokes: np.ndarray) -> np.ndarray:
    """Return labels without the pieces that no stroke of their own touches, uint16."""
    held = np.zeros(found.shape, np.uint16)
    for seed in np.unique(found[found > OUTSIDE]):
        pieces, _ = label(found == seed)
        touched = np.unique(pieces[strokes == seed])
        held[np.isin(pieces, touched[touched > 0])] = seed
    return held


def _likely(flat: np.ndarray, painted: np.ndarray) -> np.ndarray:
    """Return how likely each value is inside: by the nearest of the strokes' mean values."""
    kinds = [flat[painted == seed] for seed in np.unique(painted[painted != UNKNOWN])]
    means = np.array([part.mean() for part in kinds])
    within = np.sqrt(np.mean([part.var() for part in kinds])) + 1e-3 * (np.ptp(means) or 1.0)
    away = -0.5 * ((flat[None] - means[:, None]) / within) ** 2
    outside, inside = away[0], away[1:].max(axis=0)
    likely: np.ndarray = expit(inside - outside)
    return likely


def _steps(smooth: np.ndarray) -> csr_matrix:
    """Return how easily neighbours are reached from each other, symmetric."""
    number = np.arange(smooth.size).reshape(smooth.shape)
    mean = np.mean([np.square(np.diff(smooth, axis=axis)).mean() for axis in range(3)]) or 1.0
    ones, others, weights = [], [], []
    for axis in range(3):
        ones.append(np.delete(number, -1, axis).ravel())
        others.append(np.delete(number, 0, axis).ravel())
        rise = np.square(np.diff(smooth, axis=axis)).ravel()
        weights.append(np.exp(-_EDGES * rise / mean) + _LEAST)
    here, there, weight = (np.concatenate(part) for part in (ones, others, weights))
    size = (smooth.size, smooth.size)
    half = coo_matrix((weight, (here, there)), shape=size)
    return (half + half.T).tocsr()
