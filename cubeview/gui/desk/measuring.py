"""Makes the image of an interval, in the background, whenever what is asked for changes."""

from collections.abc import Callable, Hashable
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from cubeview.cubes.case import Case
from cubeview.cubes.reduce import plane_levels
from cubeview.gui.desk.display import BY_HAND
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.measured import IMAGE, Measured, SkyImage
from cubeview.gui.desk.open_case import OpenCase
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.units import in_shown_units
from cubeview.measure.sky.collapse import Collapsed, collapse

_MOST_UNDOS = 100
_POWERS = {"moment 0": 1, "moment 1": 1, "moment 2": 2}
"""Powers of the spectral unit that images are in."""


class Latest:
    """One kind of work of which only the newest order counts.

    What is at work is finished and shown, and the newest order is next: a drag, which orders
    once a frame, would else never show anything.
    """

    def __init__(self, jobs: Jobs, kind: str, title: str) -> None:
        self._jobs, self._kind, self._title = jobs, kind, title
        self._asked: Hashable = None
        self._busy = False
        self._next: Callable[[], None] | None = None

    def get(
        self,
        key: Hashable,
        work: Callable[[Job], Any],
        finished: Callable[[Any], None],
        failed: Callable[[str], None],
    ) -> None:
        """Do work for a key; the same one again does nothing."""
        if key == self._asked:
            return
        self._asked = key
        if self._busy:
            self._next = lambda: self._start(work, finished, failed)
        else:
            self._start(work, finished, failed)

    def forget(self) -> None:
        """Stop; the next order is taken whatever its key."""
        self._asked, self._next = None, None
        self._jobs.cancel(self._kind)

    def _start(
        self,
        work: Callable[[Job], Any],
        finished: Callable[[Any], None],
        failed: Callable[[str], None],
    ) -> None:
        self._busy = True
        job = self._jobs.start(self._kind, self._title, work, finished=finished, failed=failed)
        job.ended.connect(lambda: self._ended(job))

    def _ended(self, job: Job) -> None:
        self._busy = False
        waiting, self._next = self._next, None
        if waiting is not None:
            waiting()
        elif job.cancelled:
            self._asked = None  # asked for again, it is made again


class Measuring(QObject):
    """Follows what the user measures, and has it made.

    Signals
    -------
    said(str)
        Why an image cannot be made; empty once it can.
    """

    said = pyqtSignal(str)

    def __init__(self, session: Session, jobs: Jobs) -> None:
        super().__init__()
        self._session = session
        self._image = Latest(jobs, "interval", "Making the image of the interval")
        session.measured_changed.connect(self._follow)
        session.case_changed.connect(self._case_changed)

    def undo(self) -> None:
        """Go back to before the last change."""
        before = self._session.shown.measured_before
        if before:
            there = self._session.measured.at(before.pop())
            self._session.set_measured(**vars(there))

    def clear_interval(self) -> None:
        """Take the interval, its windows and its image away."""
        self._session.set_measured(note=True, interval=None, continuum=())

    def toggle_image(self) -> None:
        """Show the image in the sky plane, or the channels again."""
        self._session.set_measured(image_shown=not self._session.measured.image_shown)

    def _case_changed(self) -> None:
        self._image.forget()
        self.said.emit("")
        if self._session.measured.image is None:
            self._follow()

    def _follow(self) -> None:
        session, asked = self._session, self._session.measured
        del session.shown.measured_before[:-_MOST_UNDOS]
        case, opened = session.case, session.shown
        if case is None or asked.interval is None:
            self._image.forget()
            if asked.image is not None:
                session.set_measured(image=None)
            return
        key = (id(opened), asked.interval, asked.continuum, asked.how, asked.least_sn)
        cube, (low, high) = case.main, asked.interval

        def work(job: Job) -> Collapsed:
            return collapse(
                cube, low, high, asked.how, continuum=asked.continuum, least_sn=asked.least_sn,
                report=job.report,
            )  # fmt: skip

        self._image.get(key, work, lambda made: self._take(made, asked, opened, case), self._failed)

    def _take(self, made: Collapsed, asked: Measured, opened: OpenCase, case: Case) -> None:
        session = self._session
        if session.shown is not opened or session.measured.interval is None:
            return
        assert asked.interval is not None
        former, display = session.measured.image, session.display
        by_hand = display.levels_from == BY_HAND and IMAGE in (display.levels or {})
        power = _POWERS.get(asked.how, 0)
        factor, unit = in_shown_units(case.main.axes[0], made.unit, power) if power else (1.0, "")
        image = SkyImage(
            asked.how,
            made.values * factor,
            made.sigma * factor,
            unit or made.unit,
            asked.interval,
            made.words,
        )
        if not (by_hand and former is not None and former.name == image.name):
            levels = {**(display.levels or {}), IMAGE: plane_levels(image.values)}
            session.set_display(levels=levels)
        self.said.emit("")
        session.set_measured(image=image)

    def _failed(self, why: str) -> None:
        self._session.set_measured(image=None)
        self.said.emit(why)
