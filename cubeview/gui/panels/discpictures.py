"""What the polar discs of a heart show: uptake, scores, or where a network looked."""

from collections.abc import Mapping, Sequence

import numpy as np

from cubeview.cubes.answer import Overlay
from cubeview.cubes.case import Case
from cubeview.cubes.polar import wall_mean
from cubeview.cubes.reduce import to_steps
from cubeview.cubes.scores import SEGMENTS, Scores
from cubeview.cubes.ventricle import Ventricle
from cubeview.gui.panels.polardiscs import SIDE, Disc
from cubeview.gui.widgets.colormaps import overlay_table, picture, table
from cubeview.measure.heart import disc
from cubeview.measure.heart.measured import Measured
from cubeview.measure.heart.normal import ABNORMAL, Deviation
from cubeview.measure.heart.segments import PolarMap, wall_voxels

DIFFERENCE = "stress − rest"
_POINTS = 50.0
"""Difference in points of % at which the colour is fullest."""
_SMALL = 0.1
"""Share of it below which there is no colour: so much differs between two scans of one heart."""
_FARTHEST = 5.0
"""Standard deviations at which the colour is fullest."""
_THICK = 50.0
"""% of brightening over the beat at which the colour is fullest."""
_CERTAIN = (True,) * SEGMENTS


def uptake(found: Measured, colormap: str) -> list[Disc]:
    """Return discs of uptake in % of the largest, of the difference in points, and of thickening.

    Parameters
    ----------
    found : Measured
    colormap : str
        Of the slices.
    """
    texts = {role: [f"{value:.0f}" for value in one.means()] for role, one in found.maps.items()}
    lost = found.difference
    between = [_signed(value) for value in lost.means()] if lost else []
    return [*_discs(found, colormap, texts, between, {}), *_thickening(found, colormap)]


def _thickening(found: Measured, colormap: str) -> list[Disc]:
    """Return discs of how much brighter the wall becomes over the beat, %."""
    made = []
    for role, one in found.thickenings.items():
        texts = [_signed(value).removeprefix("+") for value in one.means()]
        name = f"{role}, thickening %"
        made.append(_disc(name, role, one, table(colormap), (0.0, _THICK), texts, _CERTAIN))
    return made


def scored(found: Measured, colormap: str, own: Scores, shown: Scores) -> list[Disc]:
    """Return the same discs with scores; those that are only suggested stand in brackets.

    Parameters
    ----------
    found : Measured
    colormap : str
    own : Scores
        Of the reader.
    shown : Scores
        With those suggested where the reader gave none, or open.
    """
    texts, sure = {}, {}
    for role in found.maps:
        given = own.states.get(role, (None,) * SEGMENTS)
        sure[role] = [score is not None for score in given]
        texts[role] = [
            "·" if score is None else str(score) if said else f"({score})"
            for score, said in zip(shown.states[role], sure[role], strict=True)
        ]
    between: list[str] = []
    if found.difference is not None:
        pairs = zip(shown.states["stress"], shown.states["rest"], strict=True)
        known = [None not in pair for pair in pairs]
        both = zip(shown.differences(), known, strict=True)
        between = [str(value) if there else "·" for value, there in both]
        sure[""] = [a and b for a, b in zip(sure["stress"], sure["rest"], strict=True)]
    return _discs(found, colormap, texts, between, sure)


def looked_at(
    found: Measured, overlay: Overlay, case: Case, ventricles: Mapping[str, Ventricle]
) -> list[Disc]:
    """Return discs of a network's map as its mean over the depth of the wall, in % of its peak.

    Parameters
    ----------
    found : Measured
    overlay : Overlay
        A map of this case.
    case : Case
    ventricles : mapping of role to Ventricle
    """
    means = {}
    for role, polar in found.maps.items():
        if role in overlay.values and role in ventricles:
            places = wall_voxels(ventricles[role], case.cubes[role].spacing)
            mean = wall_mean(overlay.values[role], overlay.boxes[role], places)
            means[role] = PolarMap(np.nan_to_num(mean), polar.segments, polar.volumes)
    peak = max((float(np.abs(one.values).max()) for one in means.values()), default=0.0) or 1.0
    made = []
    for role, one in means.items():
        shown = disc.drawn(one.values, disc.ends(one), SIDE)
        image = picture(overlay_table(1.0, 0.0)[to_steps(shown, -peak, peak)])
        texts = [_signed(100 * value / peak).removeprefix("+") for value in one.means()]
        made.append(Disc(f"{overlay.method}, {role}", role, disc.ends(one), image, texts, _CERTAIN))
    return made


def _signed(value: float) -> str:
    """Return a whole number with its sign; 0 has none."""
    return f"{round(value):+d}".replace("+0", "0").replace("-", "−")


def deviating(deviations: Mapping[str, Deviation]) -> list[Disc]:
    """Return discs of how far each place lies from healthy hearts, in standard deviations.

    What is called a defect is coloured, and what lies as far above.
    """
    made = []
    for role, one in deviations.items():
        rows = overlay_table(1.0, -ABNORMAL / _FARTHEST)
        texts = [f"{round(z, 1) + 0.0:.1f}".replace("-", "−") for z in one.segments]
        made.append(
            _disc(f"{role}, SD", role, one.polar, rows, (-_FARTHEST, _FARTHEST), texts, _CERTAIN)
        )
    return made


def _discs(
    found: Measured,
    colormap: str,
    texts: Mapping[str, Sequence[str]],
    between: Sequence[str],
    sure: Mapping[str, Sequence[bool]],
) -> list[Disc]:
    rows = table(colormap)
    made = [
        _disc(role, role, one, rows, (0.0, 100.0), texts[role], sure.get(role, _CERTAIN))
        for role, one in found.maps.items()
    ]
    if (lost := found.difference) is not None:
        rows, span = overlay_table(1.0, _SMALL), (-_POINTS, _POINTS)
        made.append(_disc(DIFFERENCE, "", lost, rows, span, between, sure.get("", _CERTAIN)))
    return made


def _disc(
    name: str,
    role: str,
    polar: PolarMap,
    rows: np.ndarray,
    span: tuple[float, float],
    texts: Sequence[str],
    sure: Sequence[bool],
) -> Disc:
    rings = disc.ends(polar)
    image = picture(rows[to_steps(disc.drawn(polar.values, rings, SIDE), *span)])
    return Disc(name, role, rings, image, texts, sure)
