"""How far each voxel of a plane lies within a polygon, exactly."""

import numpy as np


def polygon_shares(corners: np.ndarray, shape: tuple[int, int]) -> tuple[slice, slice, np.ndarray]:
    """Return the rows and columns a polygon touches, and the share of each voxel inside it.

    Parameters
    ----------
    corners : ndarray, shape (n, 2)
        As (y, x), voxel indices: a voxel reaches half of one to either side. Sides may not cross
        each other.
    shape : tuple of int
        Rows and columns of the plane.

    Returns
    -------
    rows, columns : slice
        Within the plane; empty where the polygon lies beside it.
    share : ndarray, shape (rows, columns), float64

    Notes
    -----
    The area of the polygon left of X and below Y is, by Green's theorem, the sum over its sides of
    the integral of min(x, X) dy below Y. Differences of it over the corners of a voxel are what
    the voxel holds.
    """
    if not np.isfinite(corners).all():  # a corner lies behind the projection
        return slice(0, 0), slice(0, 0), np.zeros((0, 0))
    parts = []
    for places, length in zip(corners.T, shape, strict=True):
        start = max(int(np.floor(places.min() + 0.5)), 0)
        stop = min(int(np.ceil(places.max() + 0.5)), length)
        parts.append(slice(start, max(start, stop)))
    rows, columns = parts
    if rows.start == rows.stop or columns.start == columns.stop:
        return slice(0, 0), slice(0, 0), np.zeros((0, 0))
    # Counted from the corner of the part: the areas that are subtracted stay small.
    y, x = (corners - (rows.start - 0.5, columns.start - 0.5)).T
    top = np.arange(rows.stop - rows.start + 1.0)[:, None]
    right = np.arange(columns.stop - columns.start + 1.0)[None, :]
    below = np.zeros((top.size, right.size))
    for here, there in zip(range(-1, len(y) - 1), range(len(y)), strict=True):
        below += _side(y[here], x[here], y[there], x[there], top, right)
    share = np.abs(np.diff(np.diff(below, axis=0), axis=1))
    return rows, columns, np.clip(share, 0.0, 1.0)


def _side(
    y0: float, x0: float, y1: float, x1: float, top: np.ndarray, right: np.ndarray
) -> np.ndarray | float:
    """Return the integral of min(x, right) dy along a side, where it lies below `top`."""
    if y0 == y1:
        return 0.0
    if y1 < y0:
        return -_side(y1, x1, y0, x0, top, right)
    # Nothing lies left of 0 or below it that would not fall out of the differences.
    end = np.clip(top, y0, y1)
    x_end = x0 + (x1 - x0) * ((end - y0) / (y1 - y0))
    low, high = np.minimum(x0, x_end), np.maximum(x0, x_end)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(high > low, np.clip((right - low) / (high - low), 0.0, 1.0), right >= low)
    mean = left * (low + left * (high - low) / 2) + (1.0 - left) * right
    found: np.ndarray = (end - y0) * mean
    return found
