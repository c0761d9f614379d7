"""What a case opens with: levels, and a colour map that suits its kind."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from cubeview.cubes.case import Case
from cubeview.cubes.reduce import (
    PERCENTILES,
    VENTRICLE,
    levels_in,
    sample_levels,
    ventricle_maximum,
)
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


def set_levels(session: Session, role: str, low: float, high: float) -> None:
    """Take levels of one role, and the same shares of their own maximum for all linked states.

    What is no range is not taken.
    """
    case, levels = session.case, dict(session.display.levels or {})
    if not low < high:
        return
    levels[role] = (low, high)
    if session.display.linked and case is not None and role in case.cubes:
        own = whole(session, role)
        for other in case.cubes:
            share = whole(session, other) / own
            levels[other] = (low * share, high * share)
    session.set_display(levels=levels, levels_from=BY_HAND)


def move_level(session: Session, role: str, end: int, percent: float) -> None:
    """Move the lower (0) or the upper (1) level of a state by % of its maximum.

    They stay a per cent apart, and the lower one does not go below zero.
    """
    levels = (session.display.levels or {}).get(role)
    if levels is None:
        return
    hundred = whole(session, role)
    low, high = (100 * level / hundred for level in levels)
    if end:
        high = max(high + percent, low + 1.0)
    else:
        low = min(max(low + percent, min(low, 0.0)), high - 1.0)
    set_levels(session, role, low * hundred / 100, high * hundred / 100)


def link_levels(session: Session, on: bool) -> None:
    """Let the states of a heart have one pair of levels, that of the first; or each its own."""
    session.set_display(linked=on)
    case, levels = session.case, session.display.levels or {}
    if on and case is not None and len(case.roles) > 1 and case.roles[0] in levels:
        set_levels(session, case.roles[0], *levels[case.roles[0]])


def reset_levels(session: Session) -> None:
    """Choose the levels as a case opens with them."""
    if session.case is not None:
        made = default_display(session.case, session)
        session.set_display(levels=made["levels"], levels_from=made["levels_from"])


def whole(session: Session, role: str) -> float:
    """Return what 100 % of a state is, in the unit of its cube."""
    assert session.case is not None
    return ventricle_maximum(session.case.cubes[role], session.ventricles.get(role))


def follow_ventricles(session: Session) -> None:
    """Take new levels from new ellipsoids, unless the user chose them otherwise."""
    if session.case is not None and session.display.levels_from == VENTRICLE:
        session.set_display(levels=levels_of(session, VENTRICLE))


def whole_of(session: Session, roles: Iterable[str]) -> str:
    """Return what 100 % of a heart is: only of a known ventricle is it the maximum of that."""
    return VENTRICLE if session.ventricles.keys() >= set(roles) else "the brightest in the middle"
