"""Volumes and ejection fraction of the left ventricle from a gated scan, by the inner surface.

A beating wall of constant muscle is fitted to all gates at once (`cubeview.measure.heart.beatfit`);
asked is the volume within its inner surface up to the basal plane. No real gated study was at hand:
`tests/benchmarks/ejection_figures.py` has measured it on phantoms.
"""

from dataclasses import dataclass

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.cubes.gated import SEVERAL_BEATS, rejected_percent
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.measure.heart.beatfit import MANY_GATES, BeatFit, basis, waves_of
from cubeview.measure.heart.beating import OWN, SHARED, surfaces

PHANTOMS_ONLY = "No real gated study was at hand; checked on phantoms only"
"""Said wherever volumes and ejection fraction are shown."""
SMALL_ML = 25.0
"""End-systolic volume below which the scanner hardly resolves the cavity."""

_FEWEST, _USUAL_GATES = 6, 8
_LEAST_GATE, _UNEVEN = 0.3, 0.9
"""Counts of a gate, of the median: below which it tells nothing, and below which it is told of."""
_REJECTED_PERCENT = 10.0
_COVERED = 0.85  # of the ventricle's surroundings, in the cube
_LEAST_ML, _LEAST_ESV_ML = 25.0, 6.0  # smaller than any that was tried
_MOST_SPREAD = 8.0  # points of EF, beyond which it is no answer
_IN_ORDER = 0.6  # of what changes over the beat: the first wave's least share
_WIDER = 1.5
_LEAST_SPREAD = 0.05, 0.095
_LEAST_SPREAD_EF, _LEAST_SPREAD_EF_OF_FEW = 1.5, 2.7
"""How much farther off the truth is than the fit's own covariance says, and the least spread of EDV
and ESV (of each) and of EF, of many gates and of few (points): no heart is shaped as the fit is,
and few gates miss the ends of the beat. Chosen on 69 phantoms; the table in docs/reading.md is of
others."""
_PHASES = 64
_S, _O = len(SHARED), len(OWN)


@dataclass(frozen=True, eq=False)
class Ejection:
    """Volumes over the beat.

    Parameters
    ----------
    edv, esv : float, ml
        The largest and the smallest.
    ef : float, %
    spreads : tuple of three float
        One sigma of the three.
    curve : ndarray, shape (64,), ml
        Volume of the cavity over the beat, from its beginning.
    cautions : tuple of str
        Reasons to distrust it.
    """

    edv: float
    esv: float
    ef: float
    spreads: tuple[float, float, float]
    curve: np.ndarray
    cautions: tuple[str, ...] = ()

    @property
    def interval(self) -> tuple[float, float]:
        """The ejection fraction less and plus one sigma, within 0 to 100 %."""
        return max(self.ef - self.spreads[2], 0.0), min(self.ef + self.spreads[2], 100.0)

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"EDV {self.edv:.0f} ± {self.spreads[0]:.0f} ml, "
            f"ESV {self.esv:.0f} ± {self.spreads[1]:.0f} ml, "
            f"EF {self.ef:.0f} % ({low:.0f} to {high:.0f})"
        )


def ejection(cube: Cube, ventricle: Ventricle, *, report: Report = nothing) -> Ejection:
    """Measure a gated scan.

    Parameters
    ----------
    cube : Cube
        With gates, voxels in mm.
    ventricle : Ventricle
        Fitted to the sum of the gates.
    report : Report

    Returns
    -------
    Ejection
        Of a beat cut to its first harmonics, three of 8 gates and four of 16, so that 8 gates give
        a lower fraction (Germano et al. 1995: by 3.7 points).

    Raises
    ------
    CubeviewError
        If it cannot be told, and why.
    """
    cautions: list[str] = []
    gains = gains_of(cube, cautions)
    fit = BeatFit(cube, ventricle, gains)
    if fit.covered < _COVERED:
        raise CubeviewError("the ventricle lies at the edge of the scan, which cuts it off.")
    vector, covariance = fit.solve(report)
    waves = waves_of(len(cube.gates))

    def numbers(state: np.ndarray) -> np.ndarray:
        curve = _curve(state, waves)
        most, least = float(curve.max()), float(curve.min())
        return np.array([most, least, 100.0 * (1.0 - least / most)])

    edv, esv, ef = (float(value) for value in numbers(vector))
    moves = np.eye(len(vector)) * 1e-3
    slopes = np.stack([(numbers(vector + d) - numbers(vector - d)) / 2e-3 for d in moves], axis=1)
    own = _WIDER * np.sqrt(np.diag(slopes @ covariance @ slopes.T))
    least = _LEAST_SPREAD_EF if len(cube.gates) >= MANY_GATES else _LEAST_SPREAD_EF_OF_FEW
    spreads = np.hypot(own, (_LEAST_SPREAD[0] * edv, _LEAST_SPREAD[1] * esv, least))
    curve = _curve(vector, waves)
    if edv < _LEAST_ML or esv < _LEAST_ESV_ML or spreads[2] > _MOST_SPREAD:
        raise CubeviewError(
            "the cavity is too small for this scanner, or the scan too noisy: the fraction would "
            f"be uncertain by {max(spreads[2], _MOST_SPREAD):.0f} points."
        )
    if not _beats(curve, float(spreads[0])):
        raise CubeviewError("the volumes rise and fall several times: its gates are no one beat.")
    if esv < SMALL_ML:
        cautions.append(
            f"end-systolic volume below {SMALL_ML:.0f} ml: the scanner hardly resolves the cavity, "
            "and the fraction is less sure"
        )
    if ventricle.doubt > 0.5:
        cautions.append("the place of the ventricle is doubtful, and the volumes with it")
    return Ejection(
        edv, esv, ef, (float(spreads[0]), float(spreads[1]), float(spreads[2])), curve,
        tuple(cautions),
    )  # fmt: skip


def gains_of(cube: Cube, cautions: list[str]) -> np.ndarray:
    """Return what the gates' counts are multiplied with: the body about a heart does not beat.

    Parameters
    ----------
    cube : Cube
        With gates.
    cautions : list of str
        Reasons to distrust them are added to it.

    Returns
    -------
    ndarray, shape (gates,)

    Raises
    ------
    CubeviewError
        If they are too few, of several kinds of beat, or one is next to empty.
    """
    count = len(cube.gates)
    if count < _FEWEST:
        raise CubeviewError(
            f"{count} gates are too few to follow a beat; {_USUAL_GATES} are usual."
        )
    if any(SEVERAL_BEATS in gate.name for gate in cube.gates):
        raise CubeviewError("its gates are of several R-R intervals, not of one beat.")
    totals = np.array([float(np.nansum(g.pixels.read(), dtype=np.float64)) for g in cube.gates])
    usual = float(np.median(totals))
    if not usual > 0 or totals.min() < _LEAST_GATE * usual:
        number = int(totals.argmin()) + 1
        raise CubeviewError(f"gate {number} of {count} holds next to no counts.")
    if totals.min() < _UNEVEN * usual or totals.max() > usual / _UNEVEN:
        low, high = (100 * end / usual for end in (totals.min(), totals.max()))
        cautions.append(
            f"the gates hold unequal counts ({low:.0f} to {high:.0f} % of the usual), as of "
            "unequal times or an irregular beat; they were made equal"
        )
    rejected = rejected_percent(cube)
    if rejected is not None and rejected > _REJECTED_PERCENT:
        cautions.append(
            f"{rejected:.0f} % of the beats were rejected: the rest may not speak for them"
        )
    gains: np.ndarray = usual / totals
    return gains


def _curve(vector: np.ndarray, waves: int) -> np.ndarray:
    """Return the volumes of a beat, ml, shape (`_PHASES`,)."""
    phases = 2 * np.pi * np.arange(_PHASES) / _PHASES
    own = basis(phases, waves) @ vector[_S:].reshape(-1, _O)
    return surfaces(vector[:_S], own).volume


def _beats(curve: np.ndarray, spread: float) -> bool:
    """Tell whether volumes fall and rise once; what hardly changes is let pass."""
    power = np.abs(np.fft.rfft(curve - curve.mean())) ** 2
    return float(np.ptp(curve)) < 2 * spread or bool(power[1] > _IN_ORDER * power[1:].sum())
