"""Contour lines of an image: marching squares (Lorensen & Cline 1987, in two dimensions)."""

import numpy as np

# Which of a square's edges (below, right, above, left) a line joins, by which corners lie above
# the level: 1 for (0, 0), 2 for (0, 1), 4 for (1, 1), 8 for (1, 0), as (y, x).
_JOINS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((3, 0),), 2: ((0, 1),), 3: ((3, 1),), 4: ((1, 2),), 6: ((0, 2),), 7: ((3, 2),),
    8: ((2, 3),), 9: ((2, 0),), 11: ((2, 1),), 12: ((1, 3),), 13: ((1, 0),), 14: ((0, 3),),
}  # fmt: skip
_SADDLES = {5: (((3, 2), (1, 0)), ((3, 0), (1, 2))), 10: (((0, 3), (2, 1)), ((0, 1), (2, 3)))}
"""Where two opposite corners lie above: joined where the middle does too, else apart."""


def segments(plane: np.ndarray, level: float) -> np.ndarray:
    """Return where an image passes a level, as straight pieces.

    Parameters
    ----------
    plane : ndarray, shape (y, x)
        No line is drawn beside a value that is not known.
    level : float

    Returns
    -------
    ndarray, shape (n, 2, 2)
        Ends of each piece as (y, x), voxel indices.
    """
    plane = np.asarray(plane, np.float64)
    a, b, c, d = plane[:-1, :-1], plane[:-1, 1:], plane[1:, 1:], plane[1:, :-1]
    with np.errstate(invalid="ignore"):
        known = np.isfinite(a + b + c + d)
        kind = (a > level) + 2 * (b > level) + 4 * (c > level) + 8 * (d > level)
        middle = (a + b + c + d) / 4 > level
    kind = np.where(known, kind, 0)
    found = []
    for number, joins in _JOINS.items():
        found += [_pieces(plane, level, kind == number, *join) for join in joins]
    for number, (joined, apart) in _SADDLES.items():
        here = kind == number
        found += [_pieces(plane, level, here & middle, *join) for join in joined]
        found += [_pieces(plane, level, here & ~middle, *join) for join in apart]
    return np.concatenate(found)


def _pieces(
    plane: np.ndarray, level: float, where: np.ndarray, first: int, second: int
) -> np.ndarray:
    """Return pieces from one edge to another of all squares of a kind."""
    y, x = np.nonzero(where)
    return np.stack([_crossing(plane, level, y, x, edge) for edge in (first, second)], axis=1)


def _crossing(
    plane: np.ndarray, level: float, y: np.ndarray, x: np.ndarray, edge: int
) -> np.ndarray:
    """Return where the level is passed along an edge of squares, shape (n, 2)."""
    starts = ((0, 0), (0, 1), (1, 0), (0, 0))[edge]
    stops = ((0, 1), (1, 1), (1, 1), (1, 0))[edge]
    one = plane[y + starts[0], x + starts[1]]
    other = plane[y + stops[0], x + stops[1]]
    share = (level - one) / (other - one)
    down = y + starts[0] + share * (stops[0] - starts[0])
    right = x + starts[1] + share * (stops[1] - starts[1])
    return np.stack([down, right], axis=1)
