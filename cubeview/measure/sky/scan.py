"""How well templates fit a spectrum at every redshift: weighted least squares by correlations.

On a grid of log wavelength a redshift is a shift, so that the normal equations of all redshifts are
correlations (Tonry & Davis 1979, AJ 84:1511; Glazebrook et al. 1998, ApJ 492:98).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import fft
from scipy.ndimage import median_filter, uniform_filter1d

from cubeview.measure.sky.templates import STEP, Template, transformed

_LEAST_COVERED, _OF_QUASARS = 0.8, 0.5
"""Share of the channels that a template must reach at a redshift; that of quasars ends at Lyman
alpha."""
_PRICE = 4.0
"""What a free parameter must gain in χ²; the best of many redshifts gains some by chance."""
_SMOOTH = 0.02
"""Width of the continuum, in the decimal logarithm of wavelength, beyond a template."""
_CHUNK = 1500
_MOST_TERMS = 7
BENT = 3
"""Legendre polynomials added to free combinations, for calibration and dust."""


@dataclass(frozen=True, eq=False)
class Placed:
    """A spectrum on the grid of the templates.

    Parameters
    ----------
    first : int
        Number of the first channel, in steps of `STEP`.
    values, weights : ndarray, shape (n,)
        Weight 0 where there is no channel.
    smooth : int
        Steps of the grid that a channel is wide.
    beyond : ndarray, shape (n + 1,)
        By how much a smooth continuum lowers χ² of the channels up to each, added up.
    channels : int
        With weight.
    off : float
        By how much channels lie beyond where they were put, on average, in steps.
    """

    first: int
    values: np.ndarray
    weights: np.ndarray
    smooth: int
    beyond: np.ndarray
    channels: int
    off: float

    def continuum(self, scale: float) -> float:
        """Return the evidence of a continuum alone, as that of a template is counted.

        Of a running level, or of so many polynomials as pay, whichever is more.
        """
        gains = [float(self.beyond[-1]) / scale - len(self.values) * STEP / _SMOOTH * _PRICE]
        here = np.flatnonzero(self.weights)
        across = np.linspace(-1.0, 1.0, len(self.values))[here]
        root = np.sqrt(self.weights[here])
        wanted = self.values[here] * root
        for terms in range(1, _MOST_TERMS + 1):
            design = np.polynomial.legendre.legvander(across, terms - 1) * root[:, None]
            weights, *_ = np.linalg.lstsq(design, wanted, rcond=None)
            gain = np.sum(wanted**2) - np.sum((wanted - design @ weights) ** 2)
            gains.append(float(gain) / scale - terms * _PRICE)
        return max(gains)

    @property
    def total(self) -> float:
        """χ² of no flux at all."""
        return float(np.sum(self.weights * self.values**2))


@dataclass(frozen=True, eq=False)
class Scan:
    """A template at every redshift.

    Parameters
    ----------
    template : Template
    z : ndarray, shape (s,)
    matrix, vector : ndarray, shape (s, k, k) and (s, k)
        The normal equations.
    beyond : ndarray, shape (s,)
        By how much the continuum lowers χ² where the template does not reach.
    free : ndarray, shape (s,)
        By how much the best combination lowers χ², with `beyond`.
    """

    template: Template
    z: np.ndarray
    matrix: np.ndarray
    vector: np.ndarray
    beyond: np.ndarray
    free: np.ndarray

    def evidence(self, scale: float) -> np.ndarray:
        """Return by how much the type lowers χ² at each redshift, less what its freedom costs.

        Twice the logarithm of the evidence: of single objects at any brightness, all as likely, or
        of any combination at a price for each of its parameters, whichever is more.

        Parameters
        ----------
        scale : float
            What χ² is divided by where no template fits within the noise.
        """
        terms = self.vector.shape[1] + BENT
        found: np.ndarray = (self.free - self.beyond) / scale - terms * _PRICE
        single = self.template.single
        if len(single):
            upper = np.triu(np.ones(self.matrix.shape[1:]))
            twice = 2 * upper - np.eye(len(upper))
            i, j = np.nonzero(upper)
            products = (single[:, i] * single[:, j] * twice[i, j]).T
            for start in range(0, len(found), _CHUNK):
                part = slice(start, start + _CHUNK)
                along = np.clip(self.vector[part] @ single.T, 0.0, None)
                size = self.matrix[part][:, i, j] @ products
                gain = along**2 / np.maximum(size, 1e-30) / scale
                best = gain.max(axis=1)
                mean = np.exp((gain - best[:, None]) / 2).mean(axis=1)
                found[part] = np.maximum(found[part], best + 2 * np.log(mean) - _PRICE)
        return found + self.beyond / scale


def placed(wave_a: np.ndarray, values: np.ndarray, sigma: np.ndarray) -> Placed:
    """Return a spectrum on the grid; several channels to a step become their weighted mean.

    Parameters
    ----------
    wave_a : ndarray, shape (m,)
        Vacuum wavelengths, Ångström, rising.
    values, sigma : ndarray, shape (m,)
        All known, sigma above zero.
    """
    log = np.log10(wave_a)
    numbers = np.round(log / STEP).astype(int)
    first = int(numbers[0])
    count = int(numbers[-1]) - first + 1
    weight = np.bincount(numbers - first, sigma**-2.0, count)
    total = np.bincount(numbers - first, values * sigma**-2.0, count)
    mean = total / np.where(weight > 0, weight, 1.0)
    smooth = max(1, round(float(np.median(np.diff(log))) / STEP))
    here = np.flatnonzero(weight)
    width = max(3, round(_SMOOTH / STEP / smooth))
    level = uniform_filter1d(median_filter(mean[here], width, mode="nearest"), width)
    gain = np.zeros(count)
    gain[here] = weight[here] * (mean[here] ** 2 - (mean[here] - level) ** 2)
    beyond = np.concatenate([[0.0], np.cumsum(gain)])
    off = float(np.average(log / STEP - numbers, weights=sigma**-2.0))
    return Placed(first, mean, weight, smooth, beyond, len(here), off)


def scanned(data: Placed, template: Template, low: float, high: float) -> Scan | None:
    """Return a template at all redshifts between two; None where it reaches none of them.

    Parameters
    ----------
    data : Placed
    template : Template
    low, high : float
    """
    offset = data.first - template.first
    ends = np.log10(1.0 + np.array([max(low, template.low), min(high, template.high)])) / STEP
    shifts = np.arange(int(np.ceil(ends[0])), int(np.floor(ends[1])) + 1)
    count, reach = len(data.values), template.basis.shape[1]
    # The channels of the data that the template reaches, from `begin` up to `end`.
    begin = np.clip(shifts - offset, 0, count)
    end = np.clip(shifts - offset + reach, 0, count)
    seen = np.concatenate([[0], np.cumsum(data.weights > 0)])
    least = _OF_QUASARS if template.type == "quasar" else _LEAST_COVERED
    kept = (end > begin) & (seen[end] - seen[begin] >= least * data.channels)
    shifts, begin, end = shifts[kept], begin[kept], end[kept]
    if not len(shifts):
        return None
    length = fft.next_fast_len(count + reach, real=True)
    known = transformed(template, length, data.smooth)
    at = (offset - shifts) % length

    def along(rows: np.ndarray, array: np.ndarray) -> np.ndarray:
        """Correlate an array with template rows: sum over j of array[j] row[j + offset - shift]."""
        turned = np.conj(fft.rfft(array, length)) * rows
        found: np.ndarray = fft.irfft(turned, length)[:, at]
        return found

    size = len(template.basis)
    matrix = np.empty((len(shifts), size, size))
    for (i, j), row in zip(known.pairs, along(known.products, data.weights), strict=True):
        matrix[:, i, j] = matrix[:, j, i] = row
    vector = along(known.spectra, data.weights * data.values).T
    outside = data.beyond[begin] + data.beyond[-1] - data.beyond[end]
    free = _free(data, matrix, vector, along, known.spectra, begin, end) + outside
    z = 10 ** ((shifts + data.off) * STEP) - 1.0
    return Scan(template, z, matrix, vector, outside, free)


def _free(
    data: Placed,
    matrix: np.ndarray,
    vector: np.ndarray,
    along: Callable[[np.ndarray, np.ndarray], np.ndarray],
    spectra: np.ndarray,
    begin: np.ndarray,
    end: np.ndarray,
) -> np.ndarray:
    """Return by how much the best combination with polynomials lowers χ² at each shift."""
    count, size = len(data.values), vector.shape[1]
    bent = np.polynomial.legendre.legvander(np.linspace(-1.0, 1.0, count), BENT - 1).T
    whole = np.empty((len(vector), size + BENT, size + BENT))
    whole[:, :size, :size] = matrix
    right = np.empty((len(vector), size + BENT))
    right[:, :size] = vector

    def within(array: np.ndarray) -> np.ndarray:
        """Add up the channels that the template reaches."""
        sums = np.concatenate([[0.0], np.cumsum(array)])
        found: np.ndarray = sums[end] - sums[begin]
        return found

    for i, one in enumerate(bent):
        whole[:, :size, size + i] = whole[:, size + i, :size] = along(spectra, data.weights * one).T
        right[:, size + i] = within(data.weights * data.values * one)
        for j, other in enumerate(bent):
            whole[:, size + i, size + j] = within(data.weights * one * other)
    norm = np.sqrt(np.maximum(np.einsum("sii->si", whole), 1e-300))
    whole /= norm[:, :, None] * norm[:, None, :]
    right /= norm
    whole += 1e-8 * np.eye(size + BENT)
    best = np.linalg.solve(whole, right[..., None])[..., 0]
    found: np.ndarray = np.einsum("sk,sk->s", right, best)
    return found
