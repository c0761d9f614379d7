"""A parametric left ventricular wall.

The wall lies between two coaxial bullet-shaped surfaces (an ellipsoid towards the apex, a gentler
one towards the base) cut by a basal plane, blurred by the scanner.
"""

from dataclasses import dataclass, replace

import numpy as np

# Thickness and blur cannot be told apart at emission resolution, so the thickness is fixed at a
# usual mean over the heart beat and the blur is fitted.
WALL_MM = 8.5


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


def _own(wall: Wall, places: np.ndarray) -> np.ndarray:
    """Places in the wall's own frame, shape (3, n), in the precision they came in."""
    axes, centre = wall.axes.astype(places.dtype), wall.centre.astype(places.dtype)
    own: np.ndarray = axes @ (places - centre[:, None])
    return own


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
    axis /= np.sqrt(axis @ axis)
    down = start.axes[1] - (start.axes[1] @ axis) * axis
    down /= np.sqrt(down @ down)
    right = start.axes[2] - (start.axes[2] @ axis) * axis - (start.axes[2] @ down) * down
    right /= np.sqrt(right @ right)
    long = start.long_mm * np.exp(_within(vector[5], -0.7, 0.7))
    wide = start.wide_mm * np.exp(_within(vector[6], -0.7, 0.7))
    return Wall(
        centre=start.centre + 10.0 * (start.axes.T @ vector[:3]),
        axes=np.array([axis, down, right]),
        long_mm=_within(long, 30.0, 95.0),
        wide_mm=_within(wide, 18.0, 60.0),
        base=_within(start.base + vector[7], 0.1, 1.0),
        blur_mm=_within(start.blur_mm * np.exp(vector[8]), 4.0, 14.0),
        roundness=_within(start.roundness + vector[9], -0.25, 0.25),
        gap_mm=_within(start.gap_mm + 20.0 * vector[10], 0.0, 40.0),
        fade_mm=_within(start.fade_mm * np.exp(vector[11]), 15.0, 90.0),
    )


def _within(value: float, low: float, high: float) -> float:
    """`np.clip` of one number, which takes 20 times as long."""
    return float(min(max(value, low), high))
