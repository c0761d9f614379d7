"""What a case opens with: levels, and a colour map that suits its kind."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.reduce import PERCENTILES, VENTRICLE, levels_in, sample_levels
from cubeview.errors import CubeviewError
from cubeview.gui.desk.measured import IMAGE
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.styles import WHITE, Display
from cubeview.kinds import kind_of

BY_HAND = "set by hand"
ALL_SHADES = "all shades"


def default_display(case: Case, session: Session) -> dict[str, Any]:
    """Return the fields of `Display` a case opens with: levels, and a map that suits its kind.

    A map the user chose stays while cases of one kind follow each other.
    """
    colormap, suited = session.display.colormap, kind_of(case).colormaps
    if colormap not in suited:
        colormap = suited[0]
    how = VENTRICLE if kind_of(case).ventricle else next(iter(PERCENTILES))
    if (shades := case.main.facts.get("shades", "")) and kind_of(case).flat:
        # Made to be looked at: brightened channel by channel it would lose its colours.
        whole = 0.0, float(shades.replace(",", "")) - 1.0
        levels = dict.fromkeys(case.roles, whole)
        return {"levels": levels, "levels_from": ALL_SHADES, "colormap": colormap}
    return {"levels": levels_of(session, how), "levels_from": how, "colormap": colormap}


def bands_shown(case: Case, display: Display) -> tuple[str, ...]:
    """Return the roles of a picture that are shown: one, or three as red, green and blue.

    Of more than three bands the longest, the middle and the shortest waves; of two their mean
    would stand for the third, so the first is shown alone.
    """
    roles = case.roles
    if display.band in roles or len(roles) < 3:
        return (display.band if display.band in roles else roles[0],)
    return roles[0], roles[len(roles) // 2], roles[-1]


def levels_of(session: Session, how: str) -> dict[str, tuple[float, float]]:
    """Return levels for each role of the current case; (0, 1) where a file cannot be read."""
    levels = {}
    assert session.case is not None
    for role, cube in session.case.cubes.items():
        try:
            levels[role] = sample_levels(cube, how, session.ventricles.get(role))
        except CubeviewError:  # the views that cannot read it either say so
            levels[role] = (0.0, 1.0)
    white = session.shown.white_plane
    if white is not None:
        levels[WHITE] = levels_in(white[np.isfinite(white)], how)
    if (image := session.measured.image) is not None:
        levels[IMAGE] = levels_in(image.values[np.isfinite(image.values)], how)
    return levels


def follow_ventricles(session: Session) -> None:
    """Take new levels from new ellipsoids, unless the user chose them otherwise."""
    if session.case is not None and session.display.levels_from == VENTRICLE:
        session.set_display(levels=levels_of(session, VENTRICLE))


def whole_of(session: Session, roles: Iterable[str]) -> str:
    """Return what 100 % of a heart is: only of a known ventricle is it the maximum of that."""
    return VENTRICLE if session.ventricles.keys() >= set(roles) else "the brightest in the middle"
