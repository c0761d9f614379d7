"""The redshift of a spectrum by its lines, with its doubt; and which lines lie where at one.

The spectrum above its running median, in standard deviations and smoothed as a line is wide, is
correlated with a list of lines on an axis of log wavelength, where a redshift is a shift (Tonry &
Davis 1979, AJ 84:1511).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from astropy import constants, units
from scipy.ndimage import gaussian_filter1d, median_filter

from cubeview.errors import CubeviewError

_C_KMS = float(constants.c.to_value(units.km / units.s))
_STEP_KMS = 30.0
_WIDTH_KMS = 120.0  # standard deviation of a line that is looked for
_BASE_KMS = 12000.0  # width of the running median
_CAP = 8.0
"""Standard deviations: one bright line, or cosmic ray, weighs no more than this."""
_SEEN = 3.0
_APART = 0.003  # of 1 + z: nearer peaks are one
_NEAR_KMS = 400.0


@dataclass(frozen=True)
class Identified:
    """A line found at a redshift.

    Parameters
    ----------
    name : str
    observed : float
        Where it is expected, vacuum wavelength in Angstrom.
    centre : float
        Where it is, Angstrom.
    sn : float
        Of a line of the usual width there; negative for absorption.
    """

    name: str
    observed: float
    centre: float
    sn: float


@dataclass(frozen=True)
class Candidate:
    """A redshift.

    Parameters
    ----------
    z, error : float
        The error is from the scatter of the lines seen about it, or the width of a line over its
        S/N where there is one alone.
    score : float
        Of the correlation, in standard deviations of scores at all other redshifts.
    lines : tuple of Identified
        Those seen at 3 standard deviations or more.
    """

    z: float
    error: float
    score: float
    lines: tuple[Identified, ...]


@dataclass(frozen=True)
class Redshift:
    """The best redshifts, and what is doubtful about the first.

    Parameters
    ----------
    candidates : tuple of Candidate
        Best first; at most five.
    doubts : tuple of str
        Empty where several lines agree on one redshift and nothing comes near it.
    """

    candidates: tuple[Candidate, ...]
    doubts: tuple[str, ...]


class _Log:
    """A spectrum in standard deviations on an axis of log wavelength, smoothed as a line is."""

    def __init__(self, angstrom: np.ndarray, values: np.ndarray, sigma: np.ndarray | None) -> None:
        order = np.argsort(angstrom)
        wave, flux = angstrom[order], values[order].astype(np.float64)
        known = np.isfinite(flux) & np.isfinite(wave) & (wave > 0)
        if sigma is not None:
            known &= np.isfinite(sigma[order]) & (sigma[order] > 0)
        if known.sum() < 20:
            raise CubeviewError("the spectrum has fewer than 20 known channels.")
        wave, flux = wave[known], flux[known]
        step = _C_KMS * float(np.median(np.diff(np.log(wave))))
        wide = max(3, round(_BASE_KMS / step) | 1)
        above = flux - median_filter(flux, min(wide, len(flux) // 2 * 2 - 1), mode="nearest")
        if sigma is None:
            noise = np.full(len(above), 1.4826 * np.median(np.abs(above - np.median(above))))
            noise[noise <= 0] = 1.0
        else:
            noise = sigma[order][known]
        smooth = max(_WIDTH_KMS / step, 0.5)
        signal = gaussian_filter1d(above / noise, smooth, mode="constant")
        # Errors given are often too small: the spectrum's own scatter is what a peak stands out of.
        spread = 1.4826 * float(np.median(np.abs(signal - np.median(signal)))) or 1.0
        self.start, self.step = float(np.log(wave[0])), _STEP_KMS / _C_KMS
        self.at = np.arange(self.start, np.log(wave[-1]), self.step)
        self.sn = np.interp(self.at, np.log(wave), signal / spread)

    def clipped(self, places: np.ndarray) -> np.ndarray:
        """Return the signal at log wavelengths, capped; 0 beyond the ends."""
        found: np.ndarray = np.interp(
            places, self.at, np.clip(self.sn, -_CAP, _CAP), left=0.0, right=0.0
        )
        return found


def identify(
    angstrom: np.ndarray,
    values: np.ndarray,
    sigma: np.ndarray | None,
    z: float,
    lines: Mapping[str, float],
) -> tuple[Identified, ...]:
    """Return the lines that are seen in a spectrum at a redshift.

    Parameters
    ----------
    angstrom : ndarray, shape (n,)
        Wavelengths in vacuum.
    values, sigma : ndarray, shape (n,)
        Errors of one standard deviation; None measures them.
    z : float
    lines : mapping of str to float
        Frequency at rest in Hz, by name.

    Raises CubeviewError if the spectrum has too few known channels.
    """
    return _seen(_Log(angstrom, values, sigma), z, _rest(lines))


def redshift_of(
    angstrom: np.ndarray,
    values: np.ndarray,
    sigma: np.ndarray | None,
    lines: Mapping[str, float],
    *,
    low: float = -0.005,
    high: float = 1.8,
    dark: Sequence[str] = (),
) -> Redshift:
    """Return the redshifts at which a list of lines fits a spectrum best.

    Parameters
    ----------
    angstrom, values, sigma, lines
        As `identify` takes them.
    low, high : float
        Redshifts that are tried.
    dark : sequence of str
        Lines that are dark; all others are bright.

    Raises
    ------
    CubeviewError
        If the limits are none, or the spectrum has too few known channels.
    """
    if not -1 < low < high:
        raise CubeviewError("redshifts are looked for from a smaller to a larger one above -1.")
    spectrum = _Log(angstrom, values, sigma)
    rest = _rest(lines)
    shifts = np.arange(np.log1p(low), np.log1p(high), spectrum.step)
    score = np.zeros(len(shifts))
    for name, wave in rest.items():
        signal = spectrum.clipped(np.log(wave) + shifts)
        # What is there counts; what is missing, as lines often are, counts little against.
        score += np.maximum(-signal if name in dark else signal, -1.0)
    middle = np.median(score)
    score = (score - middle) / (1.4826 * float(np.median(np.abs(score - middle))) or 1.0)
    found: list[Candidate] = []
    left = score.copy()
    while len(found) < 5 and np.isfinite(left).any():
        top = int(np.nanargmax(left))
        left[np.abs(shifts - shifts[top]) < _APART] = np.nan
        found.append(_refined(spectrum, float(np.expm1(shifts[top])), float(score[top]), rest))
    return Redshift(tuple(found), _doubts(found))


def _rest(lines: Mapping[str, float]) -> dict[str, float]:
    """Return vacuum wavelengths at rest, Angstrom."""
    return {
        name: float((hz * units.Hz).to_value(units.AA, units.spectral()))
        for name, hz in lines.items()
    }


def _seen(spectrum: _Log, z: float, rest: Mapping[str, float]) -> tuple[Identified, ...]:
    found = []
    reach = round(_NEAR_KMS / _STEP_KMS)
    for name, wave in rest.items():
        at = (np.log(wave * (1 + z)) - spectrum.start) / spectrum.step
        if not 0 <= at <= len(spectrum.at) - 1:
            continue
        first = max(round(at) - reach, 0)
        part = spectrum.sn[first : round(at) + reach + 1]
        top = int(np.abs(part).argmax())
        if abs(part[top]) < _SEEN or top in (0, len(part) - 1):
            continue
        a, b, c = np.abs(part[top - 1 : top + 2])
        shift = 0.5 * (a - c) / (a - 2 * b + c) if a - 2 * b + c < 0 else 0.0
        centre = float(np.exp(spectrum.start + (first + top + shift) * spectrum.step))
        found.append(Identified(name, wave * (1 + z), centre, float(part[top])))
    return tuple(found)


def _refined(spectrum: _Log, z: float, score: float, rest: Mapping[str, float]) -> Candidate:
    """Return a redshift from the centres of the lines seen at it."""
    lines = _seen(spectrum, z, rest)
    if not lines:
        return Candidate(z, _WIDTH_KMS / _C_KMS * (1 + z), score, ())
    each = np.array([one.centre / rest[one.name] - 1 for one in lines])
    weight = np.array([one.sn**2 for one in lines])
    mean = float((weight * each).sum() / weight.sum())
    alone = _WIDTH_KMS / _C_KMS * (1 + z) / float(np.sqrt(weight.sum()))
    scatter = float(np.sqrt((weight * (each - mean) ** 2).sum() / weight.sum() / len(lines)))
    return Candidate(mean, max(alone, scatter), score, lines)


def _doubts(found: Sequence[Candidate]) -> tuple[str, ...]:
    doubts = []
    best = found[0]
    # Two names of one peak are one line; dark ones alone are known by three.
    places = {round(one.centre, 1) for one in best.lines}
    bright = {round(one.centre, 1) for one in best.lines if one.sn > 0}
    if not places:
        doubts.append("no line stands out")
    elif len(bright) < 2 and len(places - bright) < 3:
        doubts.append("one bright line only: it may be another")
    if best.score < 6:
        doubts.append(f"it stands out by {best.score:.1f} standard deviations only")
    if len(found) > 1 and found[1].score > 0.8 * best.score:
        doubts.append(f"z = {found[1].z:.5f} fits nearly as well")
    return tuple(doubts)
