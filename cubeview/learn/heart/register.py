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
        layers = np.stack([smooth, *np.gradient(smooth, voxel_mm)], axis=-1)
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
    layers : ndarray, shape (d, h, w, 4)
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
    layers: np.ndarray
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
        turn = _turn_of(map_.rotation) * _ARM_MM
        vector: np.ndarray = np.array([*map_.shift_mm, *turn, np.log(map_.size) * _ARM_MM])
        return vector[: len(self.prior)]

    def tried(self, map_: Rigid) -> "_Tried":
        """Return the moving image under a map, and how far it is from the fixed one."""
        moved = map_.size * (map_.rotation @ self.places)
        at = (moved + map_.shift_mm[:, None]) / self.voxel_mm + self.half[:, None]
        values, *slopes = _interpolated(self.layers, at)
        gain, offset = self._gain(values)
        residual = (self.target - gain * values - offset) * self.root
        share = float(residual @ residual) / self.energy
        cost = share + float(self.prior @ self.away(map_) ** 2)
        return _Tried(map_, cost, share, gain, residual, moved, values, slopes)

    def _gain(self, values: np.ndarray) -> tuple[float, float]:
        """By what a moving image is multiplied, and what is added, to come nearest the fixed."""
        weight = self.root**2
        share = weight / weight.sum()
        off = values - share @ values
        power = float(share @ off**2)
        if power <= 1e-12 * float(share @ values**2):
            columns = np.stack([values * self.root, self.root], axis=1)
            gain, offset = np.linalg.lstsq(columns, self.target * self.root, rcond=None)[0]
            return float(gain), float(offset)
        gain = float(share @ (off * self.target)) / power
        return gain, float(share @ self.target - gain * (share @ values))

    def normal(self, now: "_Tried") -> tuple[np.ndarray, np.ndarray]:
        """Return the normal equations of a step from a map: matrix and right side."""
        held = np.arange(len(self.prior))
        jacobian = np.empty((len(held) + 2, len(self.target)))
        g, moved = np.multiply(now.slopes, now.gain, out=jacobian[:3]), now.moved
        # d(moved) = dw × moved, so the slope along dw is moved × g; along ln size it is moved · g.
        for k, turn in enumerate(jacobian[3:6]):
            i, j = (k + 1) % 3, (k + 2) % 3
            np.subtract(moved[i] * g[j], moved[j] * g[i], out=turn)
        if self.resize:
            np.sum(moved * g, axis=0, out=jacobian[6])
        jacobian[3:-2] /= _ARM_MM
        jacobian[-2], jacobian[-1] = now.values, 1.0
        jacobian *= self.root
        matrix = jacobian @ jacobian.T / self.energy
        right = jacobian @ now.residual / self.energy
        matrix[held, held] += self.prior
        right[held] -= self.prior * self.away(now.map_)
        return matrix, right

    def stepped(self, map_: Rigid, step: np.ndarray) -> Rigid:
        """Return the map a step away."""
        return Rigid(
            _turned_by(step[3:6] / _ARM_MM) @ map_.rotation,
            map_.shift_mm + step[:3],
            0.0,
            map_.size * float(np.exp(step[6] / _ARM_MM)) if self.resize else 1.0,
        )


@dataclass(frozen=True, eq=False)
class _Tried:
    """A map, what is to be least under it (`cost`), and what a step from it is made of."""

    map_: Rigid
    cost: float
    share: float  # of the energy left
    gain: float
    residual: np.ndarray
    moved: np.ndarray  # where the places come to, before the shift
    values: np.ndarray
    slopes: list[np.ndarray]


def _descend(match: _Match, start: Rigid) -> Rigid:
    """Levenberg-Marquardt from a start."""
    damping, now = 1e-3, match.tried(start)
    for _ in range(12):
        normal, right = match.normal(now)
        for _ in range(4):
            damped = normal + np.diag(np.diag(normal) * damping + 1e-12)
            trial = match.tried(match.stepped(now.map_, np.linalg.solve(damped, right)))
            if trial.cost < now.cost:
                break
            damping *= 10
        else:
            break
        gained, now = now.cost - trial.cost, trial
        damping = max(damping / 10, 1e-6)
        if gained < 1e-5:
            break
    sign = 1.0 if now.gain >= 0 else -1.0
    return replace(now.map_, correlation=sign * float(np.sqrt(max(0.0, 1.0 - now.share))))


def _interpolated(layers: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Layers (d, h, w, k) between voxels, linearly, as at the edge beyond it, shape (k, n).

    As `map_coordinates` gives of one layer after another, which takes four times as long.
    """
    shape = layers.shape[:3]
    last = np.array(shape)[:, None] - 1
    at = np.clip(at, 0, last)
    low = np.minimum(at.astype(np.intp), np.maximum(last - 1, 0))
    part = at - low
    strides = np.array([shape[1] * shape[2], shape[2], 1])
    ahead = np.minimum(last.ravel(), 1) * strides
    flat, first = layers.reshape(-1, layers.shape[3]), strides @ low
    found = np.zeros((len(first), layers.shape[3]))
    for corner in np.ndindex(2, 2, 2):
        z, y, x = (p if c else 1.0 - p for c, p in zip(corner, part, strict=True))
        found += (z * y * x)[:, None] * flat.take(first + ahead @ corner, axis=0)
    return np.ascontiguousarray(found.T.astype(layers.dtype))


def _turned_by(turn: np.ndarray) -> np.ndarray:
    """Matrix of a turn given as axis times angle (Rodrigues)."""
    angle = float(np.sqrt(turn @ turn))
    x, y, z = turn
    across = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    first, second = np.sinc(angle / np.pi), 0.5 * np.sinc(angle / (2 * np.pi)) ** 2
    matrix: np.ndarray = np.eye(3) + first * across + second * (across @ across)
    return matrix


def _turn_of(matrix: np.ndarray) -> np.ndarray:
    """Axis times angle of a matrix, the reverse of `_turned_by`."""
    twice = np.array(
        [matrix[2, 1] - matrix[1, 2], matrix[0, 2] - matrix[2, 0], matrix[1, 0] - matrix[0, 1]]
    )
    sine, cosine = 0.5 * float(np.sqrt(twice @ twice)), 0.5 * (float(matrix.trace()) - 1.0)
    if cosine < -0.9:  # half a turn has an axis that the differences do not show
        return np.asarray(Rotation.from_matrix(matrix).as_rotvec())
    angle = float(np.arctan2(sine, cosine))
    return twice * (0.5 * angle / sine if sine > 1e-9 else 0.5)
