"""Registration of two ventricles on the same grid, by correlation inside a weight: rigid, and where
wanted with a change of size.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial.transform import Rotation

# Expected mismatch after both ventricles were centred by their own fit (median 1-2 mm, tails of
# 7 mm and 7 degrees in real pairs). It only steadies directions the image does not determine,
# above all the turn about the long axis of a nearly symmetric wall.
_SHIFT_MM = 12.0
_TURN_MM = 8.0
_ARM_MM = 40.0
_PRIOR = 0.004
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

    Returns
    -------
    Rigid
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
        found = _descend(target, layers, places, root, found, voxel_mm, half, resize)
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


def _descend(
    target: np.ndarray,
    layers: list[np.ndarray],
    places: np.ndarray,
    root: np.ndarray,
    start: Rigid,
    voxel_mm: float,
    half: np.ndarray,
    resize: bool,
) -> Rigid:
    """Levenberg-Marquardt from a start."""
    damping = 1e-3
    level = root @ target / root.sum()
    energy = float(((target - level) * root) @ ((target - level) * root)) or 1.0
    spread = np.array([_SHIFT_MM] * 3 + [_TURN_MM] * 3 + [_SIZE_MM] * resize)
    prior = _PRIOR / spread**2

    def away(map_: Rigid) -> np.ndarray:
        turn = Rotation.from_matrix(map_.rotation).as_rotvec() * _ARM_MM
        vector: np.ndarray = np.array([*map_.shift_mm, *turn, np.log(map_.size) * _ARM_MM])
        return vector[: len(spread)]

    def cost(map_: Rigid) -> tuple[float, float, np.ndarray]:
        moved = map_.size * (map_.rotation @ places)
        at = (moved + map_.shift_mm[:, None]) / voxel_mm + half[:, None]
        values = map_coordinates(layers[0], at, order=1, mode="nearest")
        a = np.stack([values * root, root], axis=1)
        gain = np.linalg.lstsq(a, target * root, rcond=None)[0]
        residual = target * root - a @ gain
        share = float(residual @ residual) / energy
        return share + float(prior @ away(map_) ** 2), share, gain

    now = start
    best, share, gain = cost(now)
    for _ in range(12):
        moved = now.size * (now.rotation @ places)
        at = (moved + now.shift_mm[:, None]) / voxel_mm + half[:, None]
        values, *slopes = (map_coordinates(a, at, order=1, mode="nearest") for a in layers)
        g = np.stack(slopes) * gain[0]
        # d(moved) = dw × moved, so the slope along dw is moved × g; along ln size it is moved · g.
        parts = [g, np.cross(moved, g, axis=0) / _ARM_MM]
        if resize:
            parts.append((moved * g).sum(axis=0, keepdims=True) / _ARM_MM)
        jacobian = np.concatenate([*parts, values[None], np.ones_like(values)[None]]) * root
        residual = (target - gain[0] * values - gain[1]) * root
        normal = jacobian @ jacobian.T / energy
        right = jacobian @ residual / energy
        held = np.arange(len(spread))
        normal[held, held] += prior
        right[held] -= prior * away(now)
        improved = False
        for _ in range(4):
            damped = normal + np.diag(np.diag(normal) * damping + 1e-12)
            step = np.linalg.solve(damped, right)
            trial = Rigid(
                Rotation.from_rotvec(step[3:6] / _ARM_MM).as_matrix() @ now.rotation,
                now.shift_mm + step[:3],
                0.0,
                now.size * float(np.exp(step[6] / _ARM_MM)) if resize else 1.0,
            )
            value, trial_share, trial_gain = cost(trial)
            if value < best:
                improved = True
                break
            damping *= 10
        if not improved:
            break
        gained, best, share, gain, now = best - value, value, trial_share, trial_gain, trial
        damping = max(damping / 10, 1e-6)
        if gained < 1e-5:
            break
    sign = 1.0 if gain[0] >= 0 else -1.0
    return replace(now, correlation=sign * float(np.sqrt(max(0.0, 1.0 - share))))
