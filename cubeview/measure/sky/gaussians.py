"""Gaussians over a straight continuum, fitted to many spectra at once, with errors.

Levenberg-Marquardt (Marquardt 1963, SIAM J 11:431) on all spectra of a batch together: each step is
a few operations on arrays, where a loop over spaxels would call an optimiser for each.
"""

import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d

from cubeview.errors import CubeviewError

_ROUNDS = 60
_SETTLED = 1e-7
"""Relative fall of chi² below which a spectrum is left alone."""
LEAST_CHANNELS = 8
MOST_COMPONENTS = 3
_NARROWEST = 0.35
"""Channels: a narrower Gaussian lies between the channels and could be of any height."""
_STANDS_OUT = 2.0  # standard deviations
_WIDTHS = (0.7, 1.4, 2.8, 5.6)  # channels, standard deviations that are tried first


class Member(NamedTuple):
    """A Gaussian of a line: where it lies when the line is at v, and its share of the area.

    Its centre is at ``scale * v + offset``, its width `scale` times that of the line, its area
    `ratio` times the line's flux.
    """

    scale: float = 1.0
    offset: float = 0.0
    ratio: float = 1.0


@dataclass(frozen=True)
class Model:
    """What is fitted: lines that move together, in one or several components.

    Parameters
    ----------
    lines : tuple of tuple of Member
        Each line has a flux of its own; its members keep their ratios. All share velocity and
        dispersion.
    components : int
        1 to 3, each with fluxes, velocity and dispersion of its own; narrower ones come first.
    """

    lines: tuple[tuple[Member, ...], ...] = ((Member(),),)
    components: int = 1

    @property
    def each(self) -> int:
        """Parameters of a component: fluxes, velocity, dispersion."""
        return len(self.lines) + 2

    @property
    def count(self) -> int:
        """Parameters of all: the components', level and slope."""
        return self.components * self.each + 2


ONE_LINE = Model()


class Fitted(NamedTuple):
    """Fits of n spectra by p parameters.

    Parameters
    ----------
    values, errors : ndarray, shape (n, p)
        Of each component the areas of its lines, centre and standard deviation; then the continuum
        in the middle of the window and its slope. NaN where nothing could be fitted.
    covariance : ndarray, shape (n, p, p)
    """

    values: np.ndarray
    errors: np.ndarray
    covariance: np.ndarray


def fit_gaussians(
    x: np.ndarray,
    values: np.ndarray,
    sigma: np.ndarray | None,
    *,
    sign: int = 1,
    model: Model = ONE_LINE,
) -> Fitted:
    """Fit Gaussians over a straight continuum to each of many spectra.

    Parameters
    ----------
    x : ndarray, shape (z,)
    values : ndarray, shape (n, z)
        NaN is left out.
    sigma : ndarray, shape (n, z), or None
        Standard deviations; None measures them as the scatter about each fit.
    sign : {1, -1}
        Emission or absorption.
    model : Model
        One Gaussian unless it says otherwise.

    Raises
    ------
    CubeviewError
        If more components are asked for than can be told apart.
    """
    if not 1 <= model.components <= MOST_COMPONENTS:
        raise CubeviewError(f"{model.components} components: choose 1 to {MOST_COMPONENTS}.")
    size = _size(values)
    values = values / size[:, None]
    sigma = None if sigma is None else sigma / size[:, None]
    step = float(np.median(np.abs(np.diff(x))))
    middle = float(x.mean())
    at = (x - middle) / step
    weight = np.isfinite(values).astype(np.float64)
    if sigma is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            weight = np.where(np.isfinite(values) & (sigma > 0), 1.0 / sigma, 0.0)
    seen = np.where(weight > 0, values, 0.0).astype(np.float64)
    enough = (weight > 0).sum(axis=1) >= max(LEAST_CHANNELS, model.count + 3)
    fit = _Fit(at, seen, weight, enough, _counted(model, middle, step))
    best, chi2, settled = fit.run(fit.begun(sign), 1)
    if model.components > 1:
        best, chi2, settled = fit.several(best, model.components)
        best = _narrowest_first(best, model)
    values_out, covariance = fit.told(best, chi2, settled, sigma is None, model)
    scale = _scales(model, step)
    sizes = np.where(_sized(model), size[:, None], 1.0) * scale
    values_out *= sizes
    covariance *= sizes[:, :, None] * sizes[:, None, :]
    for number in range(model.components):
        values_out[:, (number + 1) * model.each - 2] += middle
    errors = np.sqrt(np.maximum(np.einsum("nii->ni", covariance), 0.0))
    return Fitted(values_out, errors, covariance)


def _sized(model: Model) -> np.ndarray:
    """Return which parameters grow with the values of the spectra."""
    one = [True] * len(model.lines) + [False, False]
    return np.array(one * model.components + [True, True])


def _scales(model: Model, step: float) -> np.ndarray:
    """Return what parameters in channels are multiplied by to be in the unit of the axis."""
    return np.array([step] * (model.components * model.each) + [1.0, 1.0 / step])


def _counted(model: Model, middle: float, step: float) -> Model:
    """Return the model on an axis of channels counted from the middle."""
    lines = tuple(
        tuple(one._replace(offset=(one.offset + (one.scale - 1.0) * middle) / step) for one in line)
        for line in model.lines
    )
    return Model(lines, model.components)


def _size(values: np.ndarray) -> np.ndarray:
    """Return about how much each spectrum varies: fluxes of 1e-17 are fitted as those of 1 are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nothing in a spectrum
        away = np.abs(values - np.nanmedian(values, axis=1, keepdims=True))
        size, most = np.nanmedian(away, axis=1), np.nanmax(away, axis=1)
    size = np.where(size > 0, size, most)
    found: np.ndarray = np.where(size > 0, size, 1.0)
    return found


def _narrowest_first(best: np.ndarray, model: Model) -> np.ndarray:
    parts = best[:, :-2].reshape(len(best), model.components, model.each)
    order = np.argsort(parts[:, :, -1], axis=1)
    sorted_parts = np.take_along_axis(parts, order[..., None], axis=1)
    return np.concatenate([sorted_parts.reshape(len(best), -1), best[:, -2:]], axis=1)


_Run = tuple[np.ndarray, np.ndarray, np.ndarray]


class _Fit:
    """Spectra of n rows on an axis of channels, and the ways a model is fitted to them."""

    def __init__(
        self,
        at: np.ndarray,
        seen: np.ndarray,
        weight: np.ndarray,
        enough: np.ndarray,
        model: Model,
    ) -> None:
        self.at, self.seen, self.weight, self.enough = at, seen, weight, enough
        self.lines, self.each = model.lines, model.each

    def begun(self, sign: int) -> np.ndarray:
        """Where to begin: where the lines together stand out most, at one of several widths."""
        at, seen, weight = self.at, self.seen, self.weight
        level, slope = _straight(at, seen, weight)
        above = sign * np.where(weight > 0, seen - level[:, None] - slope[:, None] * at, 0.0)
        count, every = len(self.lines), np.arange(len(seen))
        best = np.zeros((len(seen), self.each + 2))
        most = np.full(len(seen), -np.inf)
        for tried in _WIDTHS:
            smooth = gaussian_filter1d(above, tried, axis=1)
            parts = np.stack([self._shifted(smooth, line) for line in self.lines])
            # Noise is smoothed to its share of one over the root of the width.
            found = np.square(np.maximum(parts, 0.0)).sum(axis=0) * tried
            place = found.argmax(axis=1)
            found = found[every, place]
            new = found > most
            most[new] = found[new]
            # A Gaussian smoothed by one of its own width is lower by the root of two.
            height = np.maximum(np.sqrt(2.0) * parts[:, every, place], 1e-30).T
            fluxes = sign * height * tried * np.sqrt(2 * np.pi)
            best[new, :count] = fluxes[new]
            best[new, count] = at[place[new]]
            best[new, count + 1] = tried
        best[:, -2], best[:, -1] = level, slope
        return best

    def _shifted(self, smooth: np.ndarray, line: tuple[Member, ...]) -> np.ndarray:
        """Return a smoothed spectrum where the members of a line lie for each velocity."""
        at = self.at
        step = 1.0 if at[-1] > at[0] else -1.0
        found, weights = np.zeros_like(smooth), 0.0
        for one in line:
            place = (one.scale * at + one.offset - at[0]) / step
            low = np.clip(np.floor(place).astype(int), 0, len(at) - 2)
            part = place - low
            inside = (place >= 0) & (place <= len(at) - 1)
            values = smooth[:, low] * (1 - part) + smooth[:, low + 1] * part
            found += one.ratio * np.where(inside, values, 0.0)
            weights += one.ratio**2
        return found / weights

    def several(self, one: np.ndarray, components: int) -> _Run:
        """Fit several components from what one fitted, the best of two ways to begin."""
        width = one[:, self.each - 1]
        spread = np.linspace(-1.0, 1.0, components)
        wider = np.geomspace(0.6, 2.0, components)
        best: _Run | None = None
        for apart, wide in ((spread, np.full(components, 0.6)), (np.zeros(components), wider)):
            parts = np.repeat(one[:, None, : self.each], components, axis=1)
            parts[:, :, : len(self.lines)] /= components
            parts[:, :, -2] += apart * width[:, None]
            parts[:, :, -1] *= wide
            start = np.concatenate([parts.reshape(len(one), -1), one[:, -2:]], axis=1)
            run = self.run(start, components)
            if best is None:
                best = run
            else:
                better = run[1] < best[1]
                for kept, fresh in zip(best, run, strict=True):
                    kept[better] = fresh[better]
        assert best is not None
        return best

    def run(self, best: np.ndarray, components: int) -> _Run:
        """Return parameters, chi², and which settled."""
        best = best.copy()
        self._within(best, components)
        design, chi2 = self._model(best, components)
        damping = np.full(len(best), 1e-2)
        going = self.enough.copy()
        for _ in range(_ROUNDS):
            if not going.any():
                break
            jacobian, residual = design
            normal = np.einsum("nzi,nzj->nij", jacobian[going], jacobian[going])
            slope = np.einsum("nzi,nz->ni", jacobian[going], residual[going])
            diagonal = np.einsum("nii->ni", normal)
            diagonal += damping[going, None] * diagonal + 1e-12
            trial = best.copy()
            trial[going] += np.linalg.solve(normal, slope[..., None])[..., 0]
            self._within(trial, components)
            tried, new = self._model(trial, components)
            better = going & (new < chi2)
            settled = better & (chi2 - new <= _SETTLED * chi2)
            best[better] = trial[better]
            for kept, fresh in zip(design, tried, strict=True):
                kept[better] = fresh[better]
            chi2 = np.where(better, new, chi2)
            damping = np.where(better, damping / 5, damping * 4)
            going &= ~settled & (damping < 1e9)
        return best, chi2, self.enough & ~going

    def _within(self, best: np.ndarray, components: int) -> None:
        """Keep centres in the window and widths from a part of a channel to the whole."""
        for number in range(components):
            centre = (number + 1) * self.each - 2
            np.clip(best[:, centre], self.at.min() - 1, self.at.max() + 1, out=best[:, centre])
            width = np.abs(best[:, centre + 1])
            best[:, centre + 1] = np.clip(width, _NARROWEST, np.ptp(self.at))

    def _model(
        self, best: np.ndarray, components: int
    ) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
        """Return the weighted slopes by each parameter, the weighted residuals, and chi²."""
        at = self.at
        jacobian = np.zeros((*self.seen.shape, best.shape[1]))
        model = best[:, -2, None] + best[:, -1, None] * at
        for number in range(components):
            first = number * self.each
            centre, width = first + self.each - 2, first + self.each - 1
            v, s = best[:, centre, None], best[:, width, None]
            for flux, line in enumerate(self.lines, first):
                for one in line:
                    off = (at - one.scale * v - one.offset) / (one.scale * s)
                    unit = np.exp(-0.5 * off**2) * (one.ratio / (one.scale * np.sqrt(2 * np.pi)))
                    unit /= s
                    jacobian[..., flux] += unit
                    part = best[:, flux, None] * unit
                    model += part
                    jacobian[..., centre] += part * off / s
                    jacobian[..., width] += part * (off**2 - 1) / s
        jacobian[..., -2] = 1.0
        jacobian[..., -1] = at
        jacobian *= self.weight[..., None]
        residual = (self.seen - model) * self.weight
        return (jacobian, residual), (residual**2).sum(axis=1)

    def told(
        self, best: np.ndarray, chi2: np.ndarray, settled: np.ndarray, measured: bool, model: Model
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return parameters and their covariance.

        What has not settled, or lies beyond the spectrum's ends, is no answer.
        """
        centres = best[:, self.each - 2 : -2 : self.each]
        within = (centres > self.at.min()) & (centres < self.at.max())
        settled = settled & within.all(axis=1)
        (jacobian, _), _ = self._model(best, model.components)
        normal = np.einsum("nzi,nzj->nij", jacobian, jacobian)
        normal[~settled] = np.eye(best.shape[1])
        covariance = np.linalg.pinv(normal, hermitian=True)
        if measured:
            freedom = np.maximum((self.weight > 0).sum(axis=1) - best.shape[1], 1)
            covariance *= (chi2 / freedom)[:, None, None]
        best = best.copy()
        best[~settled] = covariance[~settled] = np.nan
        return best, covariance


def _straight(
    at: np.ndarray, seen: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return level and slope of a straight line through what does not stand out, shape (n,)."""
    chosen = (weight > 0).astype(np.float64)
    for _ in range(3):
        count, x1, x2 = (chosen @ at**power for power in range(3))
        y1, xy = (chosen * seen).sum(axis=1), (chosen * seen) @ at
        below = np.maximum(count * x2 - x1**2, 1e-12)
        slope = (count * xy - x1 * y1) / below
        level = (y1 - slope * x1) / np.maximum(count, 1)
        off = seen - level[:, None] - slope[:, None] * at
        scatter = np.sqrt((chosen * off**2).sum(axis=1) / np.maximum(count, 1))
        kept = (weight > 0) & (np.abs(off) <= _STANDS_OUT * scatter[:, None])
        chosen = np.where(kept.sum(axis=1, keepdims=True) >= LEAST_CHANNELS, kept, chosen)
    return level, slope
