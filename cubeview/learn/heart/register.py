"""Registration of two ventricles on the same grid, by correlation inside a weight: rigid, and where
wanted with a change of size.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial.transform import Rotation

# Expected mismatch after both ventricles were centred by their own fit, as measured in real pairs
# (median 1-2 mm, tails of 7 mm and 7 degrees). It only steadies directions the image does not
# determine, above all the turn about the long axis of a nearly symmetric wall.
_SHIFT_MM = 12.0
_TURN_MM = 8.0
_ARM_MM = 40.0  # a turn counts as the way of a point so far out, the size of a ventricle
_PRIOR = 0.004  # chosen on the same pairs, as a share of the weighted variance
# Between two scans of one heart the size changes by some per cent: another beat, another filter.
_SIZE_MM = 1.5  # at the arm
_TRUSTED = 0.1  # a difference of this share of the brightest counts half


@dataclass(frozen=True, eq=False)
class Rigid:
    """A map from fixed to moving millimetres about the common grid centre.

    Parameters
    ----------
    rotation : ndarray, shape (3, 3)
    shift_mm : ndarray, shape (3,)
        ``moving = size * rotation @ fixed + shift_mm``.
    correlation : float
        Weighted correlation of the two smoothed images under the map, -1 to 1.
    size : float
        How much larger the moving one is; 1 for a rigid map.
    """

    rotation: np.ndarray
    shift_mm: np.ndarray
    correlation: float
    size: float = 1.0

    @property
    def turn_deg(self) -> float:
        """Angle of the rotation."""
        return float(np.degrees(Rotation.from_matrix(self.rotation).magnitude()))


def register(
    fixed: np.ndarray,
    moving: np.ndarray,
    weight: np.ndarray,
    voxel_mm: float,
    *,
    resize: bool = False,
) -> Rigid:
    """Find the map under which `moving` correlates best with `fixed` inside `weight`.

    Levenberg-Marquardt on the weighted least squares of ``fixed - gain · moving - offset``, which
    has its minimum where the correlation has its maximum; coarse (two voxels of smoothing), then
    fine (one voxel).

    Parameters
    ----------
    fixed, moving : ndarray, shape (d, h, w), float32
        Images on the same isotropic grid.
    weight : ndarray, shape (d, h, w)
        0 outside the ventricle of `fixed`.
    voxel_mm : float
    resize : bool
        Whether the size may differ too. Then what one image has and the other lacks (a defect in
        one state) counts less as well, since it would be taken for a shift and another size.
    """
    found = _register(fixed, moving, weight, voxel_mm, resize)
    if not resize:
        return found
    trust = _trust(fixed, moving, weight, voxel_mm, found)
    again = _register(fixed, moving, weight * trust, voxel_mm, resize)
    # How much the two look alike is still a matter of the whole ventricle.
    return replace(again, correlation=_alike(fixed, moving, weight, voxel_mm, again))


def _register(
    fixed: np.ndarray, moving: np.ndarray, weight: np.ndarray, voxel_mm: float, resize: bool
) -> Rigid:
    half = (np.array(fixed.shape) - 1) / 2
    inside = np.nonzero(weight > 0.05)
    places = (np.stack(inside) - half[:, None]) * voxel_mm  # (3, n) mm about the grid centre
    root = np.sqrt(weight[inside])
    found = Rigid(np.eye(3), np.zeros(3), 0.0)
    for sigma in (2.0, 1.0):
        target = gaussian_filter(fixed, sigma)[inside]
        smooth = gaussian_filter(moving, sigma)
        layers = [smooth, *np.gradient(smooth, voxel_mm)]
        found = _descend(_Match(target, layers, places, root, voxel_mm, half, resize), found)
    return found


def _matched(
    fixed: np.ndarray, moving: np.ndarray, voxel_mm: float, map_: Rigid
) -> tuple[np.ndarray, np.ndarray]:
    """Both images smoothed, the moving one under a map; each flat."""
    half = (np.array(fixed.shape) - 1) / 2
    places = (np.indices(fixed.shape).reshape(3, -1) - half[:, None]) * voxel_mm
    at = (map_.size * (map_.rotation @ places) + map_.shift_mm[:, None]) / voxel_mm + half[:, None]
    there = map_coordinates(gaussian_filter(moving, 1.0), at, order=1, mode="nearest")
    return gaussian_filter(fixed, 1.0).ravel(), there


def _trust(
    fixed: np.ndarray, moving: np.ndarray, weight: np.ndarray, voxel_mm: float, map_: Rigid
) -> np.ndarray:
    """How much each place counts, 0 to 1: less where the two differ under a map."""
    target, there = _matched(fixed, moving, voxel_mm, map_)
    level = max(_TRUSTED * float(np.percentile(target[weight.ravel() > 0.5], 90)), 1e-6)
    columns = np.stack([there, np.ones_like(there)], axis=1)
    trust = np.ones_like(target)
    for _ in range(3):
        root = np.sqrt(weight.ravel() * trust)
        gain = np.linalg.lstsq(columns * root[:, None], target * root, rcond=None)[0]
        trust = 1.0 / (1.0 + ((target - columns @ gain) / level) ** 2)
    shaped: np.ndarray = trust.reshape(fixed.shape)
    return shaped


def _alike(
    fixed: np.ndarray, moving: np.ndarray, weight: np.ndarray, voxel_mm: float, map_: Rigid
) -> float:
    """Weighted correlation under a map."""
    target, there = _matched(fixed, moving, voxel_mm, map_)
    share = weight.ravel() / max(float(weight.sum()), 1e-6)
    target, there = target - share @ target, there - share @ there
    power = float((share @ target**2) * (share @ there**2))
    return float((share @ (target * there)) / np.sqrt(max(power, 1e-12)))


@dataclass(frozen=True, eq=False)
class _Match:
    """What a map is judged by.

    Parameters
    ----------
    target : ndarray, shape (n,)
        The fixed image inside the weight.
    layers : list of ndarray
        The moving image and its slopes along each axis.
    places : ndarray, shape (3, n), mm about the grid's centre
    root : ndarray, shape (n,)
        Of the weight.
    voxel_mm : float
    half : ndarray, shape (3,)
        The grid's centre, in voxels.
    resize : bool
    """

    target: np.ndarray
    layers: list[np.ndarray]
    places: np.ndarray
    root: np.ndarray
    voxel_mm: float
    half: np.ndarray
    resize: bool

    @cached_property
    def energy(self) -> float:
        """Weighted sum of squares of the fixed image about its mean."""
        off = self.target - self.root @ self.target / self.root.sum()
        return float((off * self.root) @ (off * self.root)) or 1.0

    @cached_property
    def prior(self) -> np.ndarray:
        """Weight of each step away from no map at all."""
        spread = np.array([_SHIFT_MM] * 3 + [_TURN_MM] * 3 + [_SIZE_MM] * self.resize)
        return _PRIOR / spread**2

    def away(self, map_: Rigid) -> np.ndarray:
        """Return shift, turn and, where it may differ, size as lengths in mm."""
        turn = Rotation.from_matrix(map_.rotation).as_rotvec() * _ARM_MM
        vector: np.ndarray = np.array([*map_.shift_mm, *turn, np.log(map_.size) * _ARM_MM])
        return vector[: len(self.prior)]

    def cost(self, map_: Rigid) -> tuple[float, float, np.ndarray]:
        """Return what is to be least, the share of the energy left, and gain and offset."""
        _, (values,) = self._under(map_, self.layers[:1])
        a = np.stack([values * self.root, self.root], axis=1)
        gain = np.linalg.lstsq(a, self.target * self.root, rcond=None)[0]
        residual = self.target * self.root - a @ gain
        share = float(residual @ residual) / self.energy
        return share + float(self.prior @ self.away(map_) ** 2), share, gain

    def normal(self, map_: Rigid, gain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the normal equations of a step from a map: matrix and right side."""
        moved, (values, *slopes) = self._under(map_, self.layers)
        g = np.stack(slopes) * gain[0]
        # d(moved) = dw × moved, so the slope along dw is moved × g; along ln size it is moved · g.
        parts = [g, np.cross(moved, g, axis=0) / _ARM_MM]
        if self.resize:
            parts.append((moved * g).sum(axis=0, keepdims=True) / _ARM_MM)
        jacobian = np.concatenate([*parts, values[None], np.ones_like(values)[None]]) * self.root
        residual = (self.target - gain[0] * values - gain[1]) * self.root
        matrix = jacobian @ jacobian.T / self.energy
        right = jacobian @ residual / self.energy
        held = np.arange(len(self.prior))
        matrix[held, held] += self.prior
        right[held] -= self.prior * self.away(map_)
        return matrix, right

    def stepped(self, map_: Rigid, step: np.ndarray) -> Rigid:
        """Return the map a step away."""
        return Rigid(
            Rotation.from_rotvec(step[3:6] / _ARM_MM).as_matrix() @ map_.rotation,
            map_.shift_mm + step[:3],
            0.0,
            map_.size * float(np.exp(step[6] / _ARM_MM)) if self.resize else 1.0,
        )

    def _under(self, map_: Rigid, layers: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
        """Where the places come to, before the shift, and the layers there."""
        moved = map_.size * (map_.rotation @ self.places)
        at = (moved + map_.shift_mm[:, None]) / self.voxel_mm + self.half[:, None]
        return moved, [map_coordinates(a, at, order=1, mode="nearest") for a in layers]


def _descend(match: _Match, start: Rigid) -> Rigid:
    """Levenberg-Marquardt from a start."""
    damping, now = 1e-3, start
    best, share, gain = match.cost(now)
    for _ in range(12):
        normal, right = match.normal(now, gain)
        for _ in range(4):
            damped = normal + np.diag(np.diag(normal) * damping + 1e-12)
            trial = match.stepped(now, np.linalg.solve(damped, right))
            value, trial_share, trial_gain = match.cost(trial)
            if value < best:
                break
            damping *= 10
        else:
            break
        gained, best, share, gain, now = best - value, value, trial_share, trial_gain, trial
        damping = max(damping / 10, 1e-6)
        if gained < 1e-5:
            break
    sign = 1.0 if gain[0] >= 0 else -1.0
    return replace(now, correlation=sign * float(np.sqrt(max(0.0, 1.0 - share))))
