"""From the peaks of a searched cube to its catalogue: purity, threshold, world coordinates."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.catalogue import Catalogue, Detection, step_value
from cubeview.cubes.cube import Cube
from cubeview.errors import CubeviewError
from cubeview.learn.search.measure import Shape

_LIMIT_STEP = 0.02
"""Steps of S/N in which a limit is looked for."""

PURITY = 0.9
"""Purity the default threshold is chosen for."""

FLOOR = 4.0
"""Peaks below this S/N are not looked at."""

WHITE_FLOOR = 3.5
"""The same in the image of all channels, where there are a thousand times fewer places."""


@dataclass(frozen=True)
class Peak:
    """A peak that passed, before it has a number: class, S/N, probability, place and size.

    `strength` is what peaks of a class are sorted out by, see `cubeview.learn.search.score`.
    """

    label: str
    sn: float
    strength: float
    probability: float
    shape: Shape


@dataclass(eq=False)
class Found:
    """Peaks of the whole cube; `false_lines` and `false_white` are strengths in the flipped one."""

    peaks: list[Peak]
    false_lines: list[float]
    false_white: list[float]
    artefacts: list[float]
    known: int


def purity_curve(real: list[float], false: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return purity against threshold, from strengths found in the data and the flipped data.

    Thresholds, shape (n,), are the strength of everything found, rising; purity is one less false
    over found, both at the threshold and above, and never negative.
    """
    thresholds = np.unique(np.asarray(real, dtype=np.float64))
    found = len(real) - np.searchsorted(np.sort(real), thresholds)
    wrong = len(false) - np.searchsorted(np.sort(false), thresholds)
    return thresholds, np.clip(1.0 - wrong / np.maximum(found, 1), 0.0, 1.0)


def cautious_curve(
    real: list[float], false: list[float], floor: float = FLOOR
) -> tuple[np.ndarray, np.ndarray]:
    """Return the purity against threshold that the data promise at least.

    In a small cube the threshold would lie just above the brightest of a handful of false peaks,
    where on average one more waits in the data. False peaks are therefore counted twice, and the
    larger number taken: those there are, and the smooth tail, exponential in the square of the
    strength as that of a Gaussian field's maxima is, that fits all of them, their number raised
    by its error.

    Parameters
    ----------
    real, false : list of float
        Strengths found in the data and in the flipped data.
    floor : float
        Strength from which peaks were looked at.
    """
    thresholds = np.unique(np.asarray(real, dtype=np.float64))
    return thresholds, _purity_at(thresholds, real, false, floor)


def limit(real: list[float], false: list[float], wanted: float, floor: float = FLOOR) -> float:
    """Return the strength from which on what is found is as pure as wanted.

    It takes in what the lowest threshold of that purity on `cautious_curve` does, but is no
    property of the faintest peak there happens to be: it is where the false ones, not the real
    ones, leave off. Where nothing found is pure enough it lies above all of it.

    Parameters
    ----------
    real, false : list of float
    wanted : float
        Purity.
    floor : float
    """
    highest = max([floor, *real, *false])
    steps = np.arange(floor, 2.0 * highest + 10.0, _LIMIT_STEP)
    above = np.nextafter(np.asarray(false, dtype=np.float64), np.inf)
    thresholds = np.unique(np.concatenate([steps, np.asarray(real, dtype=np.float64), above]))
    thresholds = thresholds[thresholds >= floor]
    good = thresholds[_purity_at(thresholds, real, false, floor) >= wanted]
    return float(good[0])


def _purity_at(
    thresholds: np.ndarray, real: list[float], false: list[float], floor: float
) -> np.ndarray:
    found = np.maximum(len(real) - np.searchsorted(np.sort(real), thresholds), 1)
    wrong = len(false) - np.searchsorted(np.sort(false), thresholds)
    tail = np.asarray(false, dtype=np.float64)
    tail = tail[tail >= floor]
    beyond = (tail**2 - floor**2) / 2
    slope = min(1.0, len(tail) / beyond.sum()) if beyond.any() else 1.0
    most = len(tail) + math.sqrt(len(tail)) + 1.0
    smooth = most * np.exp(-slope * np.maximum(thresholds**2 - floor**2, 0.0) / 2)
    purity: np.ndarray = np.clip(1.0 - np.maximum(wrong, smooth) / found, 0.0, 1.0)
    return purity


def catalogue_of(
    case: Case, model: str, found: Found, threshold: float | None, wanted: float
) -> Catalogue:
    """Return the catalogue of a search; see `cubeview.learn.search.run.search`.

    Parameters
    ----------
    case : Case
    model : str
    found : Found
    threshold : float or None
        Signal-to-noise from which a peak counts; None to find it from the purity wanted.
    wanted : float
        Purity.
    """
    if not found.known:
        raise CubeviewError(
            f"{case.name}: the cube holds no data that can be searched (all voxels are blank)."
        )
    strengths = {
        label: [peak.strength for peak in found.peaks if peak.label == label]
        for label in ("emission line", "absorption", "continuum")
    }
    lines, white = strengths["emission line"], strengths["continuum"]
    line_sn, line_purity = cautious_curve(lines, found.false_lines)
    white_sn, white_purity = purity_curve(white, found.false_white)
    notes: tuple[str, ...] = ()
    least = threshold
    if least is None:
        least = limit(lines, found.false_lines, wanted)
        if lines and least > max(lines):
            notes = (
                f"no emission line of this cube reaches a purity of {wanted:.0%}: {len(lines)} "
                f"peaks below S/N {least:.1f} are left out; state a threshold to see them",
            )
    dark = limit(strengths["absorption"], found.false_lines, wanted)
    limits = {
        "emission line": least,
        # Nothing in the data can imitate absorption before a source: noise alone sets its limit.
        "absorption": max(dark if threshold is None else threshold, FLOOR),
        # Few and faint as they are they are listed, with the purity they have at least.
        "continuum": white_sn[white_purity >= wanted].min(initial=math.inf),
    }
    curves = {
        "emission line": (line_sn, line_purity),
        "continuum": cautious_curve(white, found.false_white, WHITE_FLOOR),
        "absorption": (np.zeros(0), np.zeros(0)),
    }
    taken = [peak for peak in found.peaks if peak.strength >= limits[peak.label]]
    taken.sort(key=lambda peak: -peak.sn)
    if unsure := sum(peak.probability < 0.5 for peak in taken):
        notes = (*notes, f"{unsure} of them rest on their S/N alone: the network is not sure")
    if artefacts := sum(sn >= min(least, 1e9) for sn in found.artefacts):
        notes = (*notes, f"{artefacts} peaks were set aside as artefacts")
    if case.main.uncertainty is None:
        notes = (*notes, "the file states no uncertainty: the noise was estimated from the data")
    return Catalogue(
        case=case,
        model=model,
        detections=tuple(_entries(case.main, taken, curves)),
        threshold=least,
        purity_sn=line_sn,
        purity=line_purity,
        false_peaks=sum(sn >= least for sn in found.false_lines),
        notes=notes,
    )


def _entries(
    cube: Cube, taken: list[Peak], curves: dict[str, tuple[np.ndarray, np.ndarray]]
) -> Iterator[Detection]:
    step, _, arcsec = cube.spacing
    for number, peak in enumerate(taken, 1):
        spectral, dec, ra = cube.world(*peak.shape.centre)
        line = peak.label != "continuum"
        yield Detection(
            number=number,
            label=peak.label,
            probability=peak.probability,
            sn=peak.sn,
            strength=peak.strength,
            purity=step_value(*curves[peak.label], peak.strength),
            ra_deg=ra if cube.wcs is not None else math.nan,
            dec_deg=dec if cube.wcs is not None else math.nan,
            spectral=spectral if line else math.nan,
            voxel=peak.shape.centre,
            sky_extent=peak.shape.sky_px * arcsec,
            spectral_extent=peak.shape.channels * step if line else math.nan,
        )
