"""Fitting a beating wall to the gates of a scan.

Damped least squares (Marquardt 1963, J SIAM 11:431) with what is usual of hearts as prior; counts
go straight with brightness, which is solved for at each step (Golub and Pereyra 1973, SIAM J Numer
Anal 10:413). What changes over the beat is a few harmonics of it.
"""

from dataclasses import dataclass

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.cubes.ventricle import BASE_AT, Ventricle
from cubeview.errors import Report, nothing
from cubeview.measure.heart.beating import OWN, SHARED, Grid, Shares, shares

_STEP_MM = 6.0
"""Between the points at which gates are compared: half of what such scanners resolve. At 5 mm the
fit takes twice as long and is no better."""
MANY_GATES = 12
_WAVES, _WAVES_OF_MANY = 3, 4
"""Harmonics of a beat that is cut into fewer gates, and into so many: of 8 gates the fourth is
hardly to be told from noise."""
_MARGIN_MM, _EDGE_MM = 6.0, 8.0  # around the ventricle that counts, and over which it fades
_BEYOND_MM = 12.0  # the basal plane, likewise
_WALL_MM = 10.0  # a healthy wall: between the ellipsoid around it and the cavity
_BASE_SHARE = 0.055  # 10 mm per mm of the ellipsoid: from its widest section to its base
_CORRELATED = 4.0
"""How much neighbouring points share of their noise: so many are one."""
_MOST_STEPS, _TRIES = 16, 4
_GAIN = 0.2  # in squares of sigma: a step that gains less is the last

# By their order in `SHARED` and `OWN`: what is usual, how far hearts differ from it, and the small
# change whose effect stands for the slope.
_USUAL = np.array([0, 0, 0, 0, 0, np.log(2.2), 0, 0, np.log(4.9), np.log(120.0), 0, 0])
_SPREAD = np.array([1.0, 1.0, 1.0, 0.2, 0.2, 0.2, 0.08, 0.08, 0.25, 0.25, 0.15, 0.15])
_CHANGE = np.array([0.1, 0.1, 0.1, 0.03, 0.03, 0.05, 0.02, 0.02, 0.03, 0.03, 0.03, 0.03])
_MEAN_SPREAD = np.array([0.3, 0.25, 1.2, 0.3, 0.3])
_WAVE_SPREAD = np.array([0.2, 0.1, 0.5, 0.15, 0.15])
_OWN_CHANGE = np.array([0.02, 0.02, 0.1, 0.1, 0.1])
_FALL = np.array([1.0, 0.4, 0.2, 0.1])  # of the amplitude from wave to wave
_S, _O = len(SHARED), len(OWN)


def waves_of(gates: int) -> int:
    """Return how many harmonics of the beat so many gates tell."""
    return _WAVES if gates < MANY_GATES else _WAVES_OF_MANY


def basis(phases: np.ndarray, waves: int, gates: int = 0) -> np.ndarray:
    """Return the harmonics of a beat at phases, shape (phases, 1 + 2 waves).

    Parameters
    ----------
    phases : ndarray, radians
    waves : int
    gates : int
        How many gates the beat is cut into, each the mean of its part; 0 for moments.
    """
    columns = [np.ones_like(phases)]
    for wave in range(1, waves + 1):
        share = np.sinc(wave / gates) if gates else 1.0
        columns += [share * np.cos(wave * phases), share * np.sin(wave * phases)]
    return np.stack(columns, axis=1)


@dataclass(frozen=True, eq=False)
class _State:
    """A beat that is tried: numbers, brightness that suits them best, what is left of counts."""

    vector: np.ndarray
    own: np.ndarray  # (gates, len(OWN))
    columns: list[np.ndarray]  # of each gate, (unknowns of the brightness, points)
    bright: np.ndarray  # (unknowns,)
    left: list[np.ndarray]  # of each gate, (points,)

    @property
    def total(self) -> float:
        """Sum of the squares of what is left."""
        return sum(float(one @ one) for one in self.left)


class BeatFit:
    """The gates of a scan around a ventricle, to be fitted by a beating wall.

    The numbers of a beat are those of `SHARED`, then those of `OWN` for each column of `basis`.

    Parameters
    ----------
    cube : Cube
        With gates.
    ventricle : Ventricle
        Fitted to their sum.
    gains : ndarray, shape (gates,)
        What the counts of each gate are multiplied with.
    """

    def __init__(self, cube: Cube, ventricle: Ventricle, gains: np.ndarray) -> None:
        from scipy.ndimage import map_coordinates

        self._gates, radii = len(cube.gates), ventricle.radii
        ends = radii + _MARGIN_MM + _EDGE_MM
        top = BASE_AT * radii[0] + _BEYOND_MM + _EDGE_MM
        up, down, right = (
            np.arange(-end, high + _STEP_MM / 2, _STEP_MM, dtype=np.float32)
            for end, high in zip(ends, (top, *ends[1:]), strict=True)
        )
        self._grid = Grid((up, down, right), _STEP_MM)
        own = np.stack(np.meshgrid(up, down, right, indexing="ij"), axis=-1).astype(np.float64)
        outside = (np.linalg.norm(own / radii, axis=-1) - 1) * radii.min()
        weight = np.clip((_MARGIN_MM + _EDGE_MM - outside) / _EDGE_MM, 0, 1)
        weight *= np.clip((BASE_AT * radii[0] + _BEYOND_MM - own[..., 0]) / _EDGE_MM, 0, 1)
        voxels = np.moveaxis((ventricle.centre + own @ ventricle.axes) / cube.spacing, -1, 0)
        wanted = float(weight.sum())
        for place, count in zip(voxels, cube.shape, strict=True):
            weight[(place < 0) | (place > count - 1)] = 0.0
        self.covered = float(weight.sum()) / wanted
        """Share of the ventricle's surroundings that lies in the cube."""
        self._near = np.flatnonzero(weight > 0.01)
        self._root = np.sqrt(weight.ravel()[self._near]).astype(np.float32)
        places = voxels.reshape(3, -1)[:, self._near]
        counts = [
            gain * map_coordinates(np.nan_to_num(gate.pixels.read()), places, order=3)
            for gate, gain in zip(cube.gates, gains, strict=True)
        ]
        self._values = (np.stack(counts) / np.percentile(counts, 95)).astype(np.float32)
        self._values *= self._root
        self._afar = (own.reshape(-1, 3)[self._near].T / 40.0).astype(np.float32)
        waves = waves_of(self._gates)
        phases = 2 * np.pi * (np.arange(self._gates) + 0.5) / self._gates
        self._waves = basis(phases, waves, self._gates)
        spreads = [_WAVE_SPREAD * fall for fall in _FALL[:waves] for _ in (0, 1)]
        self._spread = np.concatenate([_SPREAD, _MEAN_SPREAD, *spreads])
        self._usual = np.zeros(len(self._spread))
        self._usual[:_S] = _USUAL
        wide = float(np.sqrt(radii[1] * radii[2])) - _WALL_MM
        self._usual[_S : _S + 3] = (
            np.log(max(wide, 12.0)),
            np.log(max(radii[0] - _WALL_MM, 20.0)),
            _BASE_SHARE * radii[0],
        )
        self._noise = 1.0

    def solve(self, report: Report = nothing) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers of the beat that fits best, shape (n,), and their covariance."""
        start = self._usual.copy()
        start[_S + _O] = 0.05  # wide in the first gates
        state, damping = self._tried(start), 1e-2
        for step in range(_MOST_STEPS):
            report(step / _MOST_STEPS, "Fitting the beat")
            normal, right = self._slopes(state)
            cost = self._cost(state)
            for _ in range(_TRIES):
                damped = normal + np.diag(np.diag(normal) * damping)
                change = np.clip(np.linalg.solve(damped, right), -1, 1)
                change[:_S] = np.clip(change[:_S], -3 * _SPREAD, 3 * _SPREAD)
                trial = self._tried(state.vector + change)
                if (gained := cost - self._cost(trial)) > 0:
                    break
                damping *= 6
            else:
                break
            state, damping = trial, max(damping / 6, 1e-4)
            if gained < _GAIN:
                break
        return state.vector, np.linalg.inv(normal)

    def _tried(self, vector: np.ndarray) -> _State:
        own = self._waves @ vector[_S:].reshape(-1, _O)
        columns = [self._columns(shares(self._grid, vector[None, :_S], one[None])) for one in own]
        unknowns = len(columns[0])
        normal, right = np.eye(unknowns) * 1e-5 * len(self._root), np.zeros(unknowns)
        for part, values in zip(columns, self._values, strict=True):
            normal += part @ part.T
            right += part @ values
        bright = np.linalg.solve(normal, right).astype(np.float32)
        left = [v - bright @ p for p, v in zip(columns, self._values, strict=True)]
        return _State(vector, own, columns, bright, left)

    def _flat(self, seen: Shares) -> list[np.ndarray]:
        """Return shares and places at the points that count, each of shape (k, points)."""
        shape = seen.wall.shape
        return [
            np.broadcast_to(one, shape).reshape(shape[0], -1)[:, self._near]
            for one in (seen.wall, seen.cavity, *seen.where)
        ]

    def _columns(self, seen: Shares) -> np.ndarray:
        """Return what each unknown of the brightness adds, shape (unknowns, points).

        The uptake goes with the place in the wall to second order, what is around straight.
        """
        wall, cavity, z, x, y = (one[0] for one in self._flat(seen))
        around = 1 - wall - cavity
        modes = (z, x, y, z * x, z * y, z * z, x * x - y * y, x * y)
        rows = [wall, *(wall * mode for mode in modes), cavity, around]
        rows += [around * far for far in self._afar]
        columns: np.ndarray = np.stack(rows) * self._root
        return columns

    def _seen(self, seen: Shares, bright: np.ndarray) -> np.ndarray:
        """Return the counts of k walls of the same brightness, shape (k, points)."""
        wall, cavity, z, x, y = self._flat(seen)
        uptake = bright[0] + x * bright[2] + y * bright[3]
        uptake += z * (bright[1] + bright[4] * x + bright[5] * y + bright[6] * z)
        uptake += bright[7] * (x * x - y * y) + bright[8] * (x * y)
        around = bright[10] + bright[11:] @ self._afar
        counts: np.ndarray = wall * (uptake - around) + cavity * (bright[9] - around) + around
        counts *= self._root
        return counts

    def _cost(self, state: _State) -> float:
        """Return how far it is from the counts and from what is usual, in squares of sigma."""
        off = (state.vector - self._usual) / self._spread
        return state.total / self._noise + float(off @ off)

    def _slopes(self, state: _State) -> tuple[np.ndarray, np.ndarray]:
        """Return normal matrix (n, n) and right side (n,), the brightness taken out.

        What the noise is, is learned from what is left.
        """
        self._noise = _CORRELATED * state.total / (self._gates * float((self._root**2).sum()))
        n, m = len(state.vector), len(state.bright)
        moves = np.concatenate([_CHANGE, _OWN_CHANGE])
        moved = [k for k in range(_S + _O) if k not in (_S + 3, _S + 4)]
        whole, right = np.zeros((n + m, n + m)), np.zeros(n + m)
        for gate, (own, columns) in enumerate(zip(state.own, state.columns, strict=True)):
            tried = np.tile(np.concatenate([state.vector[:_S], own]), (len(moved), 1))
            tried[np.arange(len(moved)), moved] += moves[moved]
            seen = self._seen(shares(self._grid, tried[:, :_S], tried[:, _S:]), state.bright)
            rows = np.empty((_S + _O + m, len(self._root)), np.float32)
            rows[moved] = (seen - state.bright @ columns) / moves[moved, None]
            rows[_S + 3 : _S + 5] = rows[:2]  # a gate's own shift does what the shared place does
            rows[_S + _O :] = columns
            spread = np.zeros((_S + _O + m, n + m))
            spread[:_S, :_S] = np.eye(_S)
            spread[_S : _S + _O, _S:n] = np.kron(self._waves[gate], np.eye(_O))
            spread[_S + _O :, n:] = np.eye(m)
            whole += spread.T @ (rows @ rows.T) @ spread
            right += spread.T @ (rows @ state.left[gate])
        whole, right = whole / self._noise, right / self._noise
        whole[np.arange(n), np.arange(n)] += 1 / self._spread**2
        right[:n] -= (state.vector - self._usual) / self._spread**2
        bottom = whole[n:, n:] + np.eye(m) * 1e-6
        out = np.linalg.solve(bottom, np.concatenate([whole[n:, :n], right[n:, None]], axis=1))
        normal: np.ndarray = whole[:n, :n] - whole[:n, n:] @ out[:, :-1]
        return normal, right[:n] - whole[:n, n:] @ out[:, -1]
