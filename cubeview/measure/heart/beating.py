"""A left ventricle that beats, as counts: the wall between two surfaces, blurred by the scanner.

The muscle keeps its volume and its uptake over the beat (Germano et al. 1995, J Nucl Med 36:2138
hold its volume; that counts per volume stay is physics), so a wall of half the area is twice as
thick and, where it is thinner than the scanner resolves, twice as bright.
"""

from dataclasses import dataclass

import numpy as np

SHARED = ("down", "right", "along", "tilt_down", "tilt_right", "power", "oval", "oval_skew",
          "blur", "muscle", "slope_down", "slope_right")  # fmt: skip
"""What all gates share, in the order of its numbers: place of the widest section towards inferior,
lateral and base (10 mm), tilt of the long axis, ln of the bluntness of the apex, ovalness of the
section and of it turned by 45°, ln of the blur's sigma (mm), ln of the muscle's volume (ml), slope
of the basal plane."""
OWN = ("wide", "long", "base", "down", "right")
"""What each gate has of its own: ln of half the width and of the length to the apex of the cavity
(mm), height of the basal plane over the widest section and shift of the place (10 mm)."""

_FAR_MM = 60.0
_REACH = 3.0  # sigmas of the blur
_SECANTS = 8


@dataclass(frozen=True, eq=False)
class Grid:
    """Points around a ventricle, at even steps in its own directions.

    Parameters
    ----------
    lines : tuple of three ndarray, float32, mm
        Places along each direction: to the base, to inferior, to lateral.
    step : float, mm
    """

    lines: tuple[np.ndarray, np.ndarray, np.ndarray]
    step: float

    @property
    def shape(self) -> tuple[int, int, int]:
        """Points along each direction."""
        up, down, right = (len(line) for line in self.lines)
        return up, down, right


@dataclass(frozen=True, eq=False)
class Surfaces:
    """Inner and outer surface of the wall; each value of shape (...,).

    The inner is |height / long|ⁿ + (across / wide)² = 1, the outer `thick` further out, both open
    at the basal plane.

    Parameters
    ----------
    long, wide, base, thick : ndarray, mm
    power : ndarray
    round_ : ndarray
        Area of the section over that of a circle.
    """

    long: np.ndarray
    wide: np.ndarray
    base: np.ndarray
    thick: np.ndarray
    power: np.ndarray
    round_: np.ndarray

    @property
    def volume(self) -> np.ndarray:
        """Of the cavity, up to the basal plane, ml."""
        return _sack(self.long, self.wide, self.base, self.power, self.round_)


def surfaces(shared: np.ndarray, own: np.ndarray) -> Surfaces:
    """Return the surfaces that numbers stand for.

    Parameters
    ----------
    shared : ndarray, shape (..., len(`SHARED`))
    own : ndarray, shape (..., len(`OWN`))
    """
    long, wide = np.exp(own[..., 1]), np.exp(own[..., 0])
    power, oval, skew = np.exp(shared[..., 5]), shared[..., 6], shared[..., 7]
    round_ = 1.0 + 0.5 * (oval**2 + skew**2)
    base = np.minimum(10.0 * own[..., 2], 0.95 * long)
    muscle = np.exp(shared[..., 9])
    inner = _sack(long, wide, base, power, round_)

    def excess(depth: np.ndarray) -> np.ndarray:
        over: np.ndarray = _sack(long + depth, wide + depth, base, power, round_) - inner - muscle
        return over

    low, thick = np.ones_like(inner), np.full_like(inner, 9.0)
    below, now = excess(low), excess(thick)
    for _ in range(_SECANTS):  # it is nearly a straight line
        change = now - below
        move = np.where(change == 0, 0.0, now * (thick - low) / np.where(change == 0, 1.0, change))
        low, below, thick = thick, now, np.maximum(thick - move, 0.1)
        now = excess(thick)
    return Surfaces(long, wide, base, thick, power, round_)


def _sack(
    long: np.ndarray, wide: np.ndarray, base: np.ndarray, power: np.ndarray, round_: np.ndarray
) -> np.ndarray:
    """Return the volume within a surface up to the basal plane, ml."""
    above = base - np.sign(base) * np.abs(base) ** (power + 1) / ((power + 1) * long**power)
    below = long * power / (power + 1)
    volume: np.ndarray = np.pi * wide**2 * round_ * (above + below) / 1000.0
    return volume


@dataclass(frozen=True, eq=False)
class Shares:
    """How much of each point is wall and cavity, blurred, each of shape (k, up, down, right).

    `where` tells the places in the wall: height and the two directions across, in half axes of the
    middle of the wall.
    """

    wall: np.ndarray
    cavity: np.ndarray
    where: tuple[np.ndarray, np.ndarray, np.ndarray]


def shares(grid: Grid, shared: np.ndarray, own: np.ndarray) -> Shares:
    """Return what a scanner sees of k walls.

    Parameters
    ----------
    grid : Grid
    shared : ndarray, shape (k, len(`SHARED`))
    own : ndarray, shape (k, len(`OWN`))
    """
    shape = surfaces(shared, own)

    def each(values: np.ndarray) -> np.ndarray:
        return np.asarray(values, np.float32)[:, None, None, None]

    up = grid.lines[0][:, None, None]
    down, right = grid.lines[1][:, None], grid.lines[2]
    tilt_down, tilt_right = each(shared[:, 3]), each(shared[:, 4])
    height = up + (tilt_down * down + tilt_right * right - each(10.0 * shared[:, 2]))
    down = down - (tilt_down * up + each(10.0 * (shared[:, 0] + own[:, 3])))  # (k, up, down, 1)
    right = right - (tilt_right * up + each(10.0 * (shared[:, 1] + own[:, 4])))  # (k, up, 1, right)
    squares = down * down, right * right
    across2 = squares[0] + squares[1]
    outline = each(shared[:, 6]) * (squares[0] - squares[1])
    outline += each(2 * shared[:, 7]) * (down * right)
    outline /= np.maximum(across2, 1.0)
    outline += 1.0
    beside = np.sqrt(across2)
    beside /= outline
    long, wide, thick = each(shape.long), each(shape.wide), each(shape.thick)
    # |height / long|ⁿ⁻¹, of both surfaces from one power.
    bent = np.abs(height)
    np.maximum(bent, 1e-3, out=bent)
    far = bent ** each(shape.power - 1.0)
    inner = _within(grid.step, (bent, far, beside), (long, wide), each(shape.power))
    outer = _within(grid.step, (bent, far, beside), (long + thick, wide + thick), each(shape.power))
    plane = height - each(shared[:, 10]) * down
    plane -= each(shared[:, 11]) * right
    below = np.clip((each(0.5 + shape.base / grid.step)) - plane / np.float32(grid.step), 0, 1)
    inner *= below
    outer *= below
    outer -= inner
    sigma = np.exp(shared[:, 8])
    wall, cavity = _blurred(grid, np.stack([outer, inner], axis=1), sigma).swapaxes(0, 1)
    middle = 0.5 * thick
    where = (
        np.clip(height / (long + middle), -1.2, 1.2),
        np.clip(down / (wide + middle), -1.3, 1.3),
        np.clip(right / (wide + middle), -1.3, 1.3),
    )
    return Shares(wall, cavity, where)


def _within(
    step: float,
    place: tuple[np.ndarray, np.ndarray, np.ndarray],
    half: tuple[np.ndarray, np.ndarray],
    power: np.ndarray,
) -> np.ndarray:
    """Return which share of each point's surroundings lies within a surface."""
    height, far, beside = place
    end = far * half[0] ** (1.0 - power)
    beside = beside / half[1]
    level = end * (height / half[0])
    level += beside * beside
    level -= 1.0
    slope = (power / half[0]) * end
    slope *= slope
    beside *= 2 / half[1]
    beside *= beside
    slope += beside
    np.sqrt(slope, out=slope)
    np.maximum(slope, 1.0 / _FAR_MM, out=slope)
    level /= slope
    level *= -1.0 / step
    level += 0.5
    share: np.ndarray = np.clip(level, 0, 1, out=level)
    return share


def _blurred(grid: Grid, values: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Return values of shape (k, parts, up, down, right) blurred by Gaussians of sigma (k,), mm."""
    up, down, right = (_smearing(n, grid.step, sigma) for n in grid.shape)
    k, parts, *shape = values.shape
    values = values @ right[:, None, None]
    values = down[:, None, None] @ values
    flat = values.reshape(k, parts, shape[0], -1)
    blurred: np.ndarray = (up[:, None] @ flat).reshape(k, parts, *shape)
    return blurred


def _smearing(count: int, step: float, sigma: np.ndarray) -> np.ndarray:
    """Return matrices that blur a line, shape (k, count, count), float32, symmetric."""
    apart = np.arange(count) * step
    apart = (apart[:, None] - apart) / sigma[:, None, None]
    weights = np.exp(-0.5 * apart**2)
    weights[np.abs(apart) > _REACH] = 0.0
    middle = weights[:, count // 2].sum(axis=-1)
    matrices: np.ndarray = (weights / middle[:, None, None]).astype(np.float32)
    return matrices
