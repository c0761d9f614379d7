"""A parametric left ventricular wall and its fit to counts.

The wall lies between two coaxial bullet-shaped surfaces (an ellipsoid towards the apex, a gentler
one towards the base) cut by a basal plane, blurred by the scanner. How bright it is may vary
smoothly around it, so that a perfusion defect is explained by brightness and not by a smaller
ventricle. Brightness, cavity and surroundings are linear and are solved for at every step
(variable projection; Golub and Pereyra, SIAM J Numer Anal 1973, 10:413).
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from cubeview.learn.heart.descent import descend

# Numbers without another source were chosen on simulated pairs and on the real scans at hand; what
# they come to together is measured in docs/ventricle.md.

# Thickness and blur cannot be told apart at emission resolution, so the thickness is fixed at a
# usual mean over the heart beat and the blur is fitted.
WALL_MM = 8.5
_APEX_SHARE = 0.8  # of that thickness, at the apex
# How much slower the ventricle narrows towards the base than towards the apex.
_TAPER = 0.55
_LOGISTIC = 1.702  # expit(1.702 x) stays within 0.01 of the normal distribution function

# Usual values and spread of what is fitted: ln long, ln wide, base, ln blur, roundness, gap,
# ln fade. A wide ventricle is also long: the last row of the prior couples them.
_USUAL = np.array([np.log(55.0), np.log(32.0), 0.59, np.log(7.0), 0.0, 15.0, np.log(40.0)])
_SPREAD = np.array([0.17, 0.20, 0.12, 0.20, 0.06, 7.0, 0.35])
_USUAL_RATIO, _RATIO_SPREAD = np.log(55.0 / 32.0), 0.13
_PRIOR = 0.006  # weight of what is usual, as a share of the counts' variance
# Where only place and direction are fitted: the start's are known to about so much (10 mm, radian).
_PLACED = np.array([0.4, 0.4, 0.4, 0.1, 0.1])
_HOLD = 0.004  # weight of that, as a share of the counts' variance
_RIDGE = 0.05  # holds the uptake's modes to even uptake, as a share of what the wall itself weighs
_CAVITY = 1.0  # the same for counts inside, in units of the ridge


@dataclass(frozen=True, eq=False)
class Wall:
    """Shape and place of a wall.

    Parameters
    ----------
    centre : ndarray, shape (3,), cube mm
        On the axis, where the wall is widest.
    axes : ndarray, shape (3, 3)
        Rows: apex to base, towards inferior, towards lateral; orthonormal.
    long_mm, wide_mm : float
        From `centre` to the outside of the wall at the apex, and across the axis.
    base : float
        Where the basal plane cuts the axis, as a share of `long_mm` from the centre.
    blur_mm : float
        Standard deviation of the blur.
    roundness : float
        Inferior semi-axis is ``wide_mm · (1 + roundness)``, lateral ``wide_mm · (1 - roundness)``.
    gap_mm : float
        How much earlier the septum ends than the lateral wall.
    fade_mm : float
        Length over which the wall fades at the basal plane, blur included.
    """

    centre: np.ndarray
    axes: np.ndarray
    long_mm: float = 55.0
    wide_mm: float = 32.0
    base: float = 0.59
    blur_mm: float = 7.0
    roundness: float = 0.0
    gap_mm: float = 15.0
    fade_mm: float = 40.0

    @property
    def length_mm(self) -> float:
        """From the outside of the apex to the basal plane."""
        return self.long_mm * (1.0 + self.base)


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted wall and how well it explains the counts around it.

    Parameters
    ----------
    wall : Wall
    cost : float
        Share of the counts' variance not explained, plus the prior; smaller is better.
    gain : float
        Share of the variance that the wall explains and smooth surroundings alone do not.
    brightness : ndarray, shape (14,)
        Coefficients of wall (mean, then eight smooth modes), cavity, surroundings (level, slopes).
    """

    wall: Wall
    cost: float
    gain: float
    brightness: np.ndarray

    @property
    def hollow(self) -> float:
        """How far the wall stands out from the cavity, over its brightness."""
        return float((self.brightness[0] - self.brightness[9]) / max(self.brightness[0], 0.1))

    @property
    def contrast(self) -> float:
        """How far the wall stands out from the surroundings, over its brightness."""
        return float((self.brightness[0] - self.brightness[10]) / max(self.brightness[0], 0.1))

    @property
    def unevenness(self) -> float:
        """Spread of the brightness around the wall over its mean."""
        spread = np.sqrt((self.brightness[1:9] ** 2 / 3).sum())
        return float(spread / max(self.brightness[0], 0.1))


def shares(wall: Wall, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how much of each place is wall and how much is cavity, and in which direction it lies.

    Parameters
    ----------
    wall : Wall
    places : ndarray, shape (3, n), cube mm

    Returns
    -------
    wall_share, cavity_share : ndarray, shape (n,)
        0 to 1, after blur.
    direction : ndarray, shape (3, n)
        Unit vector from the centre in (to base, to inferior, to lateral), on the wall's sphere.
    """
    own = _own(wall, places)
    height = own[0] * np.where(own[0] > 0, _TAPER, 1.0)
    down, right = own[1] / (1 + wall.roundness), own[2] / (1 - wall.roundness)
    rho2 = down**2 + right**2
    slope = _LOGISTIC / wall.blur_mm
    outer = expit(-slope * _distance(height, rho2, wall.long_mm, wall.wide_mm, wall.blur_mm))
    long, wide = wall.long_mm - _APEX_SHARE * WALL_MM, wall.wide_mm - WALL_MM
    inner = expit(-slope * _distance(height, rho2, long, wide, wall.blur_mm))
    radius = np.sqrt(rho2) + 1e-6
    septal = np.maximum(-right / radius, 0.0) ** 2
    cut = expit(4.0 / wall.fade_mm * (wall.base * wall.long_mm - wall.gap_mm * septal - own[0]))
    unit = np.stack([height / wall.long_mm, down / wall.wide_mm, right / wall.wide_mm])
    unit /= np.sqrt((unit**2).sum(axis=0)) + 1e-6
    return (outer - inner) * cut, inner * cut, unit


def _own(wall: Wall, places: np.ndarray) -> np.ndarray:
    """Places in the wall's own frame, shape (3, n), in the precision they came in."""
    axes, centre = wall.axes.astype(places.dtype), wall.centre.astype(places.dtype)
    own: np.ndarray = axes @ (places - centre[:, None])
    return own


def _distance(
    height: np.ndarray, rho2: np.ndarray, a: float, b: float, blur_mm: float
) -> np.ndarray:
    """Distance to where the edge of an ellipsoid of revolution appears, negative inside.

    First order in the distance. Blur moves the half level of a curved edge towards its centre of
    curvature by the mean curvature times the blur squared: 3 mm at the apex.
    """
    along, beside = height**2 / a**2, rho2 / b**2
    s2 = along + beside
    s = np.sqrt(s2)
    slope = np.sqrt(along / a**2 + beside / b**2) / np.maximum(s, 1e-3)
    at_apex, at_side = a / b**2, 0.5 / b + 0.5 * b / a**2
    share = np.where(height < 0, along, 0.0) / np.maximum(s2, 1e-6)
    bend = at_side + (at_apex - at_side) * share
    distance: np.ndarray = (s - 1.0) / np.maximum(slope, 1.0 / a) + blur_mm**2 * bend
    return distance


def fit_wall(
    start: Wall,
    places: np.ndarray,
    values: np.ndarray,
    trust: np.ndarray,
    *,
    steps: int = 12,
    shape: bool = True,
) -> Fit:
    """Fit a wall to counts by Levenberg-Marquardt, from a start.

    Parameters
    ----------
    start : Wall
    places : ndarray, shape (3, n), cube mm
    values : ndarray, shape (n,)
        Smoothed counts, in units of about the wall's own brightness.
    trust : ndarray, shape (n,)
        Weight of each voxel, 0 to 1.
    steps : int
    shape : bool
        False holds the start's shape and size, and its place and direction loosely.
    """
    weight = reach_of(start, places, 12.0, 12.0) * trust
    near = weight > 0.01
    places, values, weight = places[:, near], values[near], weight[near]
    if near.sum() < 60:
        return Fit(start, 2.0, 0.0, np.zeros(14))
    mean = weight @ values / weight.sum()
    energy = float(weight @ (values - mean) ** 2) + 1e-6 * len(values)

    def residual(vector: np.ndarray) -> np.ndarray:
        left = solve(columns(changed(start, vector), places), values, weight)[0]
        return np.concatenate([left / np.sqrt(energy), prior(start, vector)])

    def placed(vector: np.ndarray) -> np.ndarray:
        held = np.sqrt(_HOLD) * vector / _PLACED
        return np.concatenate([residual(np.pad(vector, (0, 7))), held])

    if shape:
        vector, now = descend(residual, np.zeros(12), steps)
    else:
        vector, now = descend(placed, np.zeros(5), steps)
        vector = np.pad(vector, (0, 7))
    wall = changed(start, vector)
    left, brightness = solve(columns(wall, places), values, weight)
    gain = (unwalled(wall, places, values, weight) - float(left @ left)) / energy
    return Fit(wall, float(now @ now), gain, brightness)


def unwalled(wall: Wall, places: np.ndarray, values: np.ndarray, weight: np.ndarray) -> float:
    """Return what smooth surroundings alone leave of the counts around a wall, sum of squares.

    Parameters
    ----------
    wall : Wall
    places : ndarray, shape (n, 3), mm
    values, weight : ndarray, shape (n,)
    """
    root = np.sqrt(weight)
    plane = np.stack([np.ones_like(values), *(places - wall.centre[:, None]) / 50.0]) * root
    flat = np.linalg.lstsq(plane.T, values * root, rcond=None)[0]
    return float((((values * root) - flat @ plane) ** 2).sum())


def predict(fit: Fit, places: np.ndarray) -> np.ndarray:
    """Return the counts a fit expects at places, shape (3, n), in the units it was fitted in."""
    expected: np.ndarray = fit.brightness @ columns(fit.wall, places)
    return expected


def merit(fit: Fit) -> float:
    """How much a fit looks like a ventricle, about 0 to 1.7: explained, hollow, clear, even."""
    hollow, contrast = np.clip([fit.hollow, fit.contrast], -0.5, [0.7, 0.9])
    solid = max(0.0, 0.45 - hollow)
    return float(
        fit.gain
        - 2.0 * fit.cost
        + 0.5 * (hollow + contrast)
        - 1.5 * solid
        - 0.4 * min(fit.unevenness, 1.5)
    )


def turned_round(wall: Wall) -> Wall:
    """Return the same wall with its apex where its base was."""
    middle = wall.centre + 0.5 * (wall.base - 1.0) * wall.long_mm * wall.axes[0]
    axes = np.stack([-wall.axes[0], wall.axes[1], wall.axes[2]])
    return replace(wall, centre=2 * middle - wall.centre, axes=axes)


def reach_of(wall: Wall, places: np.ndarray, reach_mm: float, edge_mm: float) -> np.ndarray:
    """Return 1 at places within reach of a wall, falling to 0 over a soft edge beyond, shape (n,).

    Parameters
    ----------
    wall : Wall
    places : ndarray, shape (3, n), cube mm
    reach_mm, edge_mm : float
        From the outside of the wall.
    """
    own = _own(wall, places)
    low, high = -wall.long_mm, wall.base * wall.long_mm
    along = own[0] - np.clip(own[0], low + wall.wide_mm, max(high, low + wall.wide_mm))
    distance = np.sqrt(along**2 + own[1] ** 2 + own[2] ** 2) - wall.wide_mm
    reach: np.ndarray = np.clip((reach_mm + edge_mm - distance) / edge_mm, 0.0, 1.0)
    return reach


def changed(start: Wall, vector: np.ndarray) -> Wall:
    """Return a wall changed by what a fit fits.

    Parameters
    ----------
    start : Wall
    vector : ndarray, shape (12,)
        Centre along the start's axes in 10 mm; tilt of its axis towards inferior and lateral, in
        radian; ln length and width, base, ln blur, roundness, gap in 20 mm, ln fade.
    """
    tilt = vector[3] * start.axes[1] + vector[4] * start.axes[2]
    axis = start.axes[0] + tilt
    axis /= np.linalg.norm(axis)
    down = start.axes[1] - (start.axes[1] @ axis) * axis
    down /= np.linalg.norm(down)
    right = start.axes[2] - (start.axes[2] @ axis) * axis - (start.axes[2] @ down) * down
    right /= np.linalg.norm(right)
    long = start.long_mm * np.exp(np.clip(vector[5], -0.7, 0.7))
    wide = start.wide_mm * np.exp(np.clip(vector[6], -0.7, 0.7))
    return Wall(
        centre=start.centre + 10.0 * (start.axes.T @ vector[:3]),
        axes=np.stack([axis, down, right]),
        long_mm=float(np.clip(long, 30.0, 95.0)),
        wide_mm=float(np.clip(wide, 18.0, 60.0)),
        base=float(np.clip(start.base + vector[7], 0.1, 1.0)),
        blur_mm=float(np.clip(start.blur_mm * np.exp(vector[8]), 4.0, 14.0)),
        roundness=float(np.clip(start.roundness + vector[9], -0.25, 0.25)),
        gap_mm=float(np.clip(start.gap_mm + 20.0 * vector[10], 0.0, 40.0)),
        fade_mm=float(np.clip(start.fade_mm * np.exp(vector[11]), 15.0, 90.0)),
    )


def prior(start: Wall, vector: np.ndarray) -> np.ndarray:
    """Return rows of the least squares that hold the size near what ventricles have, shape (8,)."""
    now = np.array(
        [
            np.log(start.long_mm) + vector[5],
            np.log(start.wide_mm) + vector[6],
            start.base + vector[7],
            np.log(start.blur_mm) + vector[8],
            start.roundness + vector[9],
            start.gap_mm + 20.0 * vector[10],
            np.log(start.fade_mm) + vector[11],
        ]
    )
    off = (now - _USUAL) / _SPREAD
    ratio = (now[0] - now[1] - _USUAL_RATIO) / _RATIO_SPREAD
    rows: np.ndarray = np.sqrt(_PRIOR) * np.append(off, ratio)
    return rows


def columns(wall: Wall, places: np.ndarray) -> np.ndarray:
    """Return what the counts at places, shape (3, n), are a sum of, shape (14, n)."""
    share, cavity, (z, y, x) = shares(wall, places)
    offset = (places - wall.centre.astype(places.dtype)[:, None]) / 50.0
    outside = 1.0 - cavity - share
    modes = [np.ones_like(z), z, y, x, y * y - x * x, 2 * x * y, 2 * x * z, 2 * y * z]
    modes.append(1.5 * z * z - 0.5)
    return np.stack([*(share * mode for mode in modes), cavity, outside, *(outside * offset)])


def solve(
    parts: np.ndarray, values: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weighted residuals under the best brightness of each part, and that brightness.

    Parameters
    ----------
    parts : ndarray, shape (14, n)
        As `columns`.
    values, weight : ndarray, shape (n,)
    """
    root = np.sqrt(weight)
    design = parts * root
    target = values * root
    normal = (design @ design.T).astype(np.float64)
    ridge = _RIDGE * normal[0, 0]
    extra = np.full(len(design), 1e-3 * ridge + 1e-9)
    extra[1:9] = ridge + 1e-9
    extra[9] = _CAVITY * ridge
    coefficients = np.linalg.solve(normal + np.diag(extra), design @ target)
    residual: np.ndarray = target - coefficients.astype(design.dtype) @ design
    return residual, coefficients
