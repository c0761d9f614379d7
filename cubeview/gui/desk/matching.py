"""Keeps the place when the case is changed: cubes matched by their sky and their spectral axes."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy import units
from PyQt6.QtCore import QObject, pyqtSignal

from cubeview.cubes.case import Case
from cubeview.cubes.cube import Cube
from cubeview.errors import CubeviewError
from cubeview.gui.desk.open_case import OpenCase
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.spectral_places import frequency_at, index_of_frequency
from cubeview.kinds import kind_of


@dataclass(frozen=True, eq=False)
class _Place:
    """Where the user was: the sky of the cursor, km/s and Hz as observed; NaN for none."""

    opened: OpenCase
    sky: Any
    velocity: float
    frequency: float


class Matching(QObject):
    """While it is on, the next sky cube shows the place of the one before.

    Cursor and zoom by the WCS; the channel by velocity where both have one, else by frequency, and
    so by wavelength; colours and stretch, and levels where both are in one unit.

    Signals
    -------
    changed()
        It was turned on or off.
    """

    changed = pyqtSignal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.on = False
        self._left: _Place | None = None
        self._before: Case | None = None
        session.case_left.connect(self._leave)
        session.case_changed.connect(self._arrive)  # before the views are built

    def turn(self, on: bool) -> None:
        """Match cubes, or let each show its own place."""
        if on != self.on:
            self.on = on
            self.changed.emit()

    def blink(self) -> None:
        """Show the case that was shown before this one, at the same place while cubes match."""
        session = self._session
        others = [case for case in session.cases if case is not session.case]
        before = next((case for case in others if case is self._before), None)
        if others:
            session.set_case(before or others[0])

    def _leave(self) -> None:
        session, case = self._session, self._session.case
        self._before = case
        if case is None or not _matches(case):
            return
        from astropy.wcs.utils import pixel_to_skycoord

        cube, (z, y, x) = case.main, session.cursor
        velocity = frequency = float("nan")
        if cube.axes[0].name == "Velocity":
            velocity = float(cube.axes[0].values[z]) * _to_kms(cube)
        with suppress(CubeviewError):  # matched on the sky alone, or by velocity
            frequency = frequency_at(cube, z)
        sky = pixel_to_skycoord(x, y, cube.wcs)
        self._left = _Place(session.shown, sky, velocity, frequency)

    def _arrive(self) -> None:
        session, left, case = self._session, self._left, self._session.case
        if not self.on or left is None or case is None or not _matches(case):
            return
        before = left.opened.case
        if before is None or before is case:
            return
        cube = case.main
        z, y, x = session.cursor
        channel = _channel(cube, left)
        z = z if channel is None else channel
        across, up = (float(v) for v in left.sky.to_pixel(cube.wcs, origin=0))
        _, height, width = cube.shape
        if -0.5 <= across <= width - 0.5 and -0.5 <= up <= height - 0.5:
            y, x = round(up), round(across)
        session.set_cursor(z, y, x)
        if (part := left.opened.zoom.get(f"{before.roles[0]} 0")) is not None:
            shown = _part(before.main, cube, part)
            if shown is not None:
                session.shown.zoom[f"{case.roles[0]} 0"] = shown
        display = left.opened.display
        changes: dict[str, Any] = {"colormap": display.colormap, "stretch": display.stretch}
        if before.main.unit == cube.unit and before.roles == case.roles and display.levels:
            changes |= {"levels": display.levels, "levels_from": display.levels_from}
        session.set_display(**changes)


def _matches(case: Case) -> bool:
    return bool(kind_of(case).window_px) and case.main.wcs is not None


def _part(
    one: Cube, other: Cube, part: tuple[float, float, float, float]
) -> tuple[float, float, float, float] | None:
    """Return the part of another sky plane that is the same sky; None where it has none of it."""
    from astropy.wcs.utils import pixel_to_skycoord

    left, right, low, high = part
    sky = pixel_to_skycoord(np.array([left, right]), np.array([low, high]), one.wcs)
    across, up = sky.to_pixel(other.wcs, origin=0)
    if not np.isfinite([across, up]).all():
        return None
    return float(min(across)), float(max(across)), float(min(up)), float(max(up))


def _channel(cube: Cube, left: _Place) -> int | None:
    """Return the channel of a cube that shows what was seen; None where it has none."""
    axis = cube.axes[0]
    at = float("nan")
    if axis.name == "Velocity" and np.isfinite(left.velocity):
        at = axis.index(left.velocity / _to_kms(cube))
    elif np.isfinite(left.frequency):
        with suppress(CubeviewError):
            at = index_of_frequency(cube, left.frequency)
    return round(at) if -0.5 <= at <= len(axis) - 0.5 else None


def _to_kms(cube: Cube) -> float:
    return float(units.Unit(cube.axes[0].unit).to(units.km / units.s))
