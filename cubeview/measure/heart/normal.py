"""Normal limits of one's own: mean and spread of healthy hearts, and how far another lies below.

None are shipped: they hold for the patients, the camera and the protocol they were made with.
Limits are of one sex, one protocol and one state each, as far as these are stated.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from cubeview.errors import CubeviewError, refusing
from cubeview.measure.heart.segments import HEIGHTS, TURNS, PolarMap
from cubeview.paths import replacing
from cubeview.plain import from_json

FEWEST = 10
"""Healthy hearts below which there are no limits; 30 to 40 are usual in published ones."""
ABNORMAL = -2.5
"""Standard deviations from the mean below which a place is called a defect; a usual limit."""
_LEAST_SPREAD = 2.0
"""Points of % that a spread is at least taken as: that of ten hearts may be small by chance."""
_FORMAT = "cubeview-normals-1"
_LONGEST = 1 << 26


@dataclass(frozen=True)
class Group:
    """Whom limits are of; empty where it is not stated.

    Parameters
    ----------
    role : str
        ``"stress"`` or ``"rest"``.
    sex : str
        ``"M"`` or ``"F"``.
    protocol : str
        Tracer, and whether attenuation was corrected.
    """

    role: str
    sex: str = ""
    protocol: str = ""

    @property
    def words(self) -> str:
        """What the user reads."""
        sex = {"M": "men", "F": "women", "": "sex not stated"}.get(self.sex, self.sex)
        return f"{self.role}, {sex}, {self.protocol or 'protocol not stated'}"


@dataclass(frozen=True, eq=False)
class Limits:
    """Mean and standard deviation of healthy hearts.

    Parameters
    ----------
    cases : int
    mean, spread : ndarray, shape (`HEIGHTS`, `TURNS`), % of the largest counts
        Of each place of the polar map.
    segment_mean, segment_spread : ndarray, shape (17,)
    """

    cases: int
    mean: np.ndarray
    spread: np.ndarray
    segment_mean: np.ndarray
    segment_spread: np.ndarray


@dataclass(frozen=True, eq=False)
class Deviation:
    """How far a heart lies from healthy ones.

    Parameters
    ----------
    group : Group
    cases : int
        Healthy hearts it is compared with.
    polar : PolarMap
        Its values are standard deviations from the mean.
    segments : tuple of float, 17
        The same of the mean of each segment.
    """

    group: Group
    cases: int
    polar: PolarMap
    segments: tuple[float, ...]

    @property
    def defect(self) -> tuple[float, float]:
        """How much of the wall lies below `ABNORMAL`: % of it, and ml."""
        share, ml, _ = self.polar.below(ABNORMAL)
        return share, ml


def limits_of(healthy: Iterable[tuple[Group, PolarMap]]) -> dict[Group, Limits]:
    """Return the limits of each group that has hearts enough.

    Parameters
    ----------
    healthy : iterable of (Group, PolarMap)
        Each heart once a state.

    Raises
    ------
    CubeviewError
        If no group has `FEWEST` hearts; says how many each has.
    """
    groups: dict[Group, list[PolarMap]] = {}
    for group, polar in healthy:
        groups.setdefault(group, []).append(polar)
    found = {group: _limits(maps) for group, maps in groups.items() if len(maps) >= FEWEST}
    if not found:
        counts = "; ".join(f"{len(maps)} of {group.words}" for group, maps in groups.items())
        raise CubeviewError(
            f"limits need at least {FEWEST} healthy hearts of one state, sex and protocol; there "
            f"are {counts or 'none'}."
        )
    return found


def compared(polar: PolarMap, group: Group, normals: Mapping[Group, Limits]) -> Deviation:
    """Return how far a heart lies from the healthy ones of its group.

    Raises CubeviewError if there are no limits of its state, sex and protocol.
    """
    if group not in normals:
        there = "; ".join(known.words for known in normals)
        raise CubeviewError(f"there are no limits of {group.words}; there are {there or 'none'}.")
    limits = normals[group]
    values = (polar.values - limits.mean) / np.maximum(limits.spread, _LEAST_SPREAD)
    spread = np.maximum(limits.segment_spread, _LEAST_SPREAD)
    segments = (np.array(polar.means()) - limits.segment_mean) / spread
    return Deviation(
        group, limits.cases, replace(polar, values=values), tuple(float(z) for z in segments)
    )


def refuse_limits(path: Path) -> None:
    """Raise CubeviewError if limits cannot be written to a path, so that this is said before."""
    above = next(one for one in path.absolute().parents if one.exists())
    if path.is_dir() or not above.is_dir():
        raise CubeviewError(f"{path}: cannot be written. Name a file in a folder.")
    if path.exists():
        read_limits(path)


def write_limits(normals: Mapping[Group, Limits], path: Path) -> None:
    """Write limits as JSON, beside and renamed; CubeviewError if it cannot be written."""
    document = {
        "format": _FORMAT,
        "unit": "% of the largest counts",
        "groups": [
            {**asdict(group), "cases": limits.cases}
            | {name: np.round(getattr(limits, name), 2).tolist() for name in _ARRAYS}
            for group, limits in normals.items()
        ],
    }
    with refusing(path, "cannot be written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            part.write_text(json.dumps(document), encoding="utf-8")


def read_limits(path: Path) -> dict[Group, Limits]:
    """Return the limits of a file; CubeviewError if it cannot be read or is none."""
    with refusing(path, "cannot be read"):
        if path.stat().st_size > _LONGEST:
            raise CubeviewError(f"{path}: too large for a file of normal limits.")
        text = path.read_text(encoding="utf-8", errors="replace")
    try:
        document = from_json(text)
        if document["format"] != _FORMAT:
            raise ValueError(f"format {document['format']!r}")
        return dict(map(_group, document["groups"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CubeviewError(
            f"{path}: not a file of normal limits CubeView wrote ({error}). Make it anew with "
            "cubeview normals."
        ) from error


_ARRAYS = {
    "mean": (HEIGHTS, TURNS),
    "spread": (HEIGHTS, TURNS),
    "segment_mean": (17,),
    "segment_spread": (17,),
}


def _group(record: Mapping[str, object]) -> tuple[Group, Limits]:
    role, sex, protocol = (str(record[name]) for name in ("role", "sex", "protocol"))
    arrays = {name: np.array(record[name], dtype=np.float64) for name in _ARRAYS}
    for name, shape in _ARRAYS.items():
        if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
            raise ValueError(f"{name} of {role}")
    cases = record["cases"]
    if not isinstance(cases, int) or cases < FEWEST:
        raise ValueError(f"{cases} cases")
    return Group(role, sex, protocol), Limits(cases, **arrays)


def _limits(maps: list[PolarMap]) -> Limits:
    values = np.stack([one.values for one in maps])
    segments = np.array([one.means() for one in maps])
    return Limits(
        len(maps),
        mean=values.mean(axis=0),
        spread=values.std(axis=0, ddof=1),
        segment_mean=segments.mean(axis=0),
        segment_spread=segments.std(axis=0, ddof=1),
    )
