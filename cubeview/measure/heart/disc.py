"""The polar map as readers draw it: a disc, the apex in its middle and the base at its rim.

Anterior is up, septal left, inferior down and lateral right (Cerqueira et al. 2002, Circulation
105:539, figure 4). The rings are drawn of nearly the same width, the apex a little smaller.
Places on the disc are pairs of numbers, right and down, the rim at a distance of 1.
"""

import numpy as np

from cubeview.measure.heart.segments import HEIGHTS, TURNS, PolarMap, sector

EDGES = (0.0, 0.24, 0.5, 0.75, 1.0)
"""Distances from the middle at which the apex, the apical, the mid and the basal ring end."""
_FIRST = (17, 13, 7, 1)  # segment of each ring that is anterior
_SECTORS = (1, 4, 6, 6)
_STEP = 0.25
_WITHIN = 0.99


def ends(polar: PolarMap) -> tuple[float, ...]:
    """Return where on the way from apex (0) to base (1) the four rings of a map end, 0 first."""
    column = polar.segments[:, 0]
    counts = [np.isin(column, range(first, first + n)).sum() for first, n in _shape()]
    return tuple(float(end) / HEIGHTS for end in np.cumsum([0, *counts]))


def place_on(up: float, turn: float, rings: tuple[float, ...]) -> tuple[float, float]:
    """Return where on the disc a place of a polar map is drawn.

    Parameters
    ----------
    up : float
        0 at the apex to 1 at the base.
    turn : float, radian
        From anterior on by septal.
    rings : tuple of float
        From `ends`.
    """
    radius = float(np.interp(up, rings, EDGES))
    return -radius * float(np.sin(turn)), -radius * float(np.cos(turn))


def place_under(right: float, down: float, rings: tuple[float, ...]) -> tuple[float, float] | None:
    """Return which place of a polar map (up, turn) is drawn somewhere; None off the disc."""
    radius = float(np.hypot(right, down))
    if radius > 1:
        return None
    return float(np.interp(radius, EDGES, rings)), _turn(right, down)


def drawn(values: np.ndarray, rings: tuple[float, ...], side: int) -> np.ndarray:
    """Return a polar map on the disc, shape (side, side), float32; NaN off it.

    Parameters
    ----------
    values : ndarray, shape (`HEIGHTS`, `TURNS`)
        Apex to base, anterior on by septal; NaN where nothing is known.
    rings : tuple of float
        From `ends`.
    side : int
        Pixels along each side.
    """
    from scipy.ndimage import map_coordinates

    line = (np.arange(side) + 0.5) / side * 2 - 1
    down, right = np.meshgrid(line, line, indexing="ij")
    radius = np.hypot(right, down)
    up = np.interp(radius, EDGES, rings) * HEIGHTS - 0.5
    turn = (np.arctan2(-right, -down) % (2 * np.pi)) / (2 * np.pi) * TURNS - 0.5
    wrapped = np.concatenate([values[:, -1:], values, values[:, :1]], axis=1)
    shown = map_coordinates(wrapped, [np.clip(up, 0, HEIGHTS - 1), turn + 1], order=1)
    found: np.ndarray = np.where(radius <= 1, shown, np.nan).astype(np.float32)
    return found


def segment_at(right: float, down: float) -> int:
    """Return the segment drawn at a place of the disc; the nearest one off it."""
    radius = np.hypot(right, down)
    ring = min(int(np.searchsorted(EDGES[1:], radius, side="right")), 3)
    return sector(ring, _turn(right, down))


def bounds(segment: int) -> tuple[float, float, float, float]:
    """Return from which distance to which a segment is drawn, from which turn, and over how much.

    Raises ValueError for a number that is none of 1 to 17.
    """
    for ring, (first, n) in enumerate(_shape()):
        if first <= segment < first + n:
            span = 2 * np.pi / n
            return EDGES[ring], EDGES[ring + 1], (segment - first - 0.5) * span, span
    raise ValueError(f"there is no segment {segment}")


def middle(segment: int) -> tuple[float, float]:
    """Return the middle of a segment on the disc."""
    inner, outer, start, span = bounds(segment)
    radius, turn = (inner + outer) / 2 if inner else 0.0, start + span / 2
    return -radius * float(np.sin(turn)), -radius * float(np.cos(turn))


def beside(segment: int, right: int, down: int) -> int:
    """Return the next segment in a direction on the disc; the same one at the rim.

    Parameters
    ----------
    segment : int
    right, down : int
        One of them 1 or -1, the other 0.
    """
    x, y = middle(segment)
    for _ in range(3):
        x, y = x + _STEP * right, y + _STEP * down
        out = max(float(np.hypot(x, y)) / _WITHIN, 1.0)
        x, y = x / out, y / out
        if (found := segment_at(x, y)) != segment:
            return found
    return segment


def spokes() -> list[tuple[float, float, float]]:
    """Return the lines between the segments of a ring: from and to which distance, which turn."""
    return [
        (EDGES[ring], EDGES[ring + 1], 2 * np.pi * (number + 0.5) / n)
        for ring, n in enumerate(_SECTORS)
        for number in range(n if n > 1 else 0)
    ]


def _shape() -> list[tuple[int, int]]:
    return list(zip(_FIRST, _SECTORS, strict=True))


def _turn(right: float, down: float) -> float:
    return float(np.arctan2(-right, -down)) % (2 * np.pi)
