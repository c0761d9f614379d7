"""Makes the image of an interval and the spectra of apertures, in the background, whenever what
is asked for changes.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QObject, pyqtSignal

from cubeview.cubes.cube import Cube
from cubeview.cubes.doubt import believed
from cubeview.cubes.reduce import plane_levels
from cubeview.cubes.region import circle_on
from cubeview.cubes.shape import Shape
from cubeview.errors import Report, part_of
from cubeview.gui.desk.display import BY_HAND
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.measured import IMAGE, Measured, SkyImage, Trace, free_name
from cubeview.gui.desk.open_case import OpenCase
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.units import in_shown_units

if TYPE_CHECKING:
    from cubeview.measure.sky.images import IntervalImage
    from cubeview.measure.sky.moments import Moment
    from cubeview.measure.sky.one import SpectrumFit
    from cubeview.measure.sky.pv import PositionVelocity
    from cubeview.measure.sky.spectrum import Spectrum

_MOST_UNDOS = 100
_POWERS = {"moment 0": 1, "moment 1": 1, "moment 2": 2, "ew": 1}
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
    refused(str), unfitted(str), pathless(str)
        The same of spectra, of a fit, and of a path.
    """

    said = pyqtSignal(str)
    refused = pyqtSignal(str)
    unfitted = pyqtSignal(str)
    pathless = pyqtSignal(str)

    def __init__(self, session: Session, jobs: Jobs) -> None:
        super().__init__()
        self._session, self._jobs = session, jobs
        self._image = Latest(jobs, "interval", "Making the image of the interval")
        self._spectra = Latest(jobs, "apertures", "Adding up the apertures")
        self._path = Latest(jobs, "path", "Reading along the path")
        self._known: dict[Hashable, Spectrum] = {}
        session.aperture_changed.connect(self._follow_shapes)
        session.measured_changed.connect(self._follow)
        for signal in (session.measured_changed, session.cursor_changed, session.aperture_changed):
            signal.connect(self._forget_fit)
        session.measured_changed.connect(self._follow_shapes)
        session.measured_changed.connect(self._follow_path)
        session.case_changed.connect(self._case_changed)

    def undo(self) -> None:
        """Go back to before the last change."""
        before = self._session.shown.measured_before
        if before:
            there = self._session.measured.at(before.pop())
            self._session.set_measured(**vars(there))

    def add(self, shapes: Sequence[Shape]) -> None:
        """Add apertures; the last one is chosen."""
        asked = self._session.measured
        made = list(asked.shapes)
        for shape in shapes:
            made.append(shape if shape.name else replace(shape, name=free_name(made)))
        self._session.set_measured(note=True, shapes=tuple(made), chosen=len(made) - 1)

    def remove(self, number: int) -> None:
        """Take an aperture away."""
        asked = self._session.measured
        if not 0 <= number < len(asked.shapes):
            return
        shapes = asked.shapes[:number] + asked.shapes[number + 1 :]
        background = asked.background
        background = -1 if background == number else background - (background > number)
        chosen = min(number, len(shapes) - 1)
        self._session.set_measured(note=True, shapes=shapes, chosen=chosen, background=background)

    def fit(self, line: str, *, window_kms: float, resolution: float, sign: int) -> None:
        """Fit a line to the spectrum shown: that of the chosen aperture, or of the cursor."""
        session, opened, asked = self._session, self._session.shown, self._session.measured
        case, shown, trace = session.case, shown_key(opened, session.aperture_how), self._trace
        if case is None:
            return
        if trace is None and isinstance(shown[0], Shape):
            self.unfitted.emit("The spectrum of the aperture is not known yet: fit again then.")
            return
        cube, (_, y, x), radius = believed(case.main), session.cursor, session.aperture
        how, redshift = session.aperture_how, asked.redshift
        whose = f"voxel {x + 1}, {y + 1}" if trace is None else trace.spectrum.name

        def work(job: Job) -> "SpectrumFit":
            from cubeview.measure.sky.one import fit_spectrum
            from cubeview.measure.sky.spectrum import spectrum_of

            values, sigma, unit = cube.spectrum(y, x), None, cube.unit
            if trace is not None or radius:
                one = trace.spectrum if trace is not None else spectrum_of(
                    cube, circle_on(cube, y, x, radius), how=how, report=job.report
                )  # fmt: skip
                values, unit = one.values, one.unit
                sigma = one.sigma if cube.uncertainty is not None else None
            elif cube.uncertainty is not None:
                sigma = cube.uncertainty.spectrum(y, x)
            return fit_spectrum(
                cube, values, sigma, unit, line, redshift, window_kms=window_kms,
                resolution=resolution, sign=sign,
            )  # fmt: skip

        def finished(found: "SpectrumFit") -> None:
            if session.shown is opened and self._key == shown:
                self.unfitted.emit("")
                session.set_measured(fit=found, fit_of=whose, fit_key=shown)

        self._jobs.start(
            "fit", f"Fitting {line}", work, finished=finished, failed=self.unfitted.emit
        )

    @property
    def _trace(self) -> Trace | None:
        """The spectrum of the chosen aperture."""
        asked = self._session.measured
        return next((one for one in asked.traces if one.number == asked.chosen), None)

    @property
    def _key(self) -> tuple[object, ...]:
        """What tells the spectrum shown from others."""
        return shown_key(self._session.shown, self._session.aperture_how)

    def _forget_fit(self) -> None:
        asked = self._session.measured
        if asked.fit is not None and self._key != asked.fit_key:
            self._session.set_measured(fit=None)

    def _follow_shapes(self) -> None:
        session, asked, opened = self._session, self._session.measured, self._session.shown
        case, how = session.case, session.aperture_how
        wanted = [n for n in range(len(asked.shapes)) if n != asked.background]
        if case is None or not wanted:
            self._spectra.forget()
            if asked.traces:
                session.set_measured(traces=())
            return
        around = asked.shapes[asked.background] if asked.background >= 0 else None
        keys = {n: (id(opened), asked.shapes[n], around, how) for n in wanted}
        cube, known = case.main, dict(self._known)

        def work(job: Job) -> "dict[Hashable, Spectrum]":
            from cubeview.io.region_files import aperture_of
            from cubeview.measure.sky.spectrum import spectrum_of

            made: dict[Hashable, Spectrum] = {}
            background = None if around is None else aperture_of(cube, around)
            for place, (n, key) in enumerate(keys.items()):
                if key not in known:
                    aperture = aperture_of(cube, asked.shapes[n])
                    report = part_of(job.report, place / len(keys), 1 / len(keys))
                    name = asked.shapes[n].name
                    known[key] = spectrum_of(
                        cube, aperture, name=name, background=background, how=how, report=report
                    )
                made[key] = known[key]
            return made

        def finished(made: "dict[Hashable, Spectrum]") -> None:
            self._known = made
            if session.shown is not opened:
                return
            now = session.measured
            traces = [Trace(n, made[key]) for n, key in keys.items() if n < len(now.shapes)]
            self.refused.emit("")
            session.set_measured(traces=tuple(traces))

        def failed(why: str) -> None:
            session.set_measured(traces=())
            self.refused.emit(why)

        self._spectra.get(tuple(keys.values()), work, finished, failed)

    def clear_interval(self) -> None:
        """Take the interval, its windows and its image away."""
        self._session.set_measured(note=True, interval=None, continuum=())

    def toggle_image(self) -> None:
        """Show the image in the sky plane, or the channels again."""
        self._session.set_measured(image_shown=not self._session.measured.image_shown)

    def _case_changed(self) -> None:
        self._image.forget()
        self._spectra.forget()
        self._path.forget()
        self.said.emit("")
        self.refused.emit("")
        self.pathless.emit("")
        if self._session.measured.image is None:
            self._follow()
        self._follow_shapes()
        self._follow_path()

    def _follow_path(self) -> None:
        session, asked, opened = self._session, self._session.measured, self._session.shown
        case = session.case
        if case is None or not asked.path:
            self._path.forget()
            if asked.pv is not None:
                session.set_measured(pv=None)
            return
        cube = case.main

        def work(job: Job) -> "PositionVelocity":
            from cubeview.measure.sky.pv import position_velocity

            return position_velocity(cube, asked.path, asked.path_width, report=job.report)

        def finished(made: "PositionVelocity") -> None:
            if session.shown is opened and session.measured.path:
                self.pathless.emit("")
                session.set_measured(pv=made)

        def failed(why: str) -> None:
            session.set_measured(pv=None)
            self.pathless.emit(why)

        key = id(opened), asked.path, asked.path_width
        self._path.get(key, work, finished, failed)

    def _follow(self) -> None:
        session, asked = self._session, self._session.measured
        del session.shown.measured_before[:-_MOST_UNDOS]
        case, opened = session.case, session.shown
        if case is None or asked.interval is None:
            self._image.forget()
            if asked.image is not None:
                session.set_measured(image=None)
                levels = session.display.levels or {}
                if IMAGE in levels:
                    session.set_display(levels={k: v for k, v in levels.items() if k != IMAGE})
            return
        key = (
            id(opened), asked.interval, asked.continuum, asked.through, asked.how, asked.least_sn
        )  # fmt: skip
        cube = case.main
        self._image.get(
            key,
            lambda job: _made(cube, asked, job.report),
            lambda made: self._take(made, asked, opened),
            self._failed,
        )

    def _take(self, image: SkyImage, asked: Measured, opened: OpenCase) -> None:
        session = self._session
        if session.shown is not opened or session.measured.interval is None:
            return
        former, display = session.measured.image, session.display
        by_hand = display.levels_from == BY_HAND and IMAGE in (display.levels or {})
        if not (by_hand and (former is None or former.name == image.name)):
            levels = {**(display.levels or {}), IMAGE: plane_levels(image.values)}
            session.set_display(levels=levels)
        self.said.emit("")
        session.set_measured(image=image)

    def _failed(self, why: str) -> None:
        self._session.set_measured(image=None)
        self.said.emit(why)


def shown_key(opened: OpenCase, how: str) -> tuple[object, ...]:
    """Return what tells the spectrum that is shown of a case from others, wherever it is shown."""
    asked = opened.measured
    if 0 <= asked.chosen < len(asked.shapes) and asked.chosen != asked.background:
        around = asked.shapes[asked.background] if asked.background >= 0 else None
        return asked.shapes[asked.chosen], around, how
    _, y, x = opened.cursor
    return y, x, opened.aperture, how


def _made(cube: Cube, asked: Measured, report: Report) -> SkyImage:
    """Return the image that is asked for, in the unit that its spectral axis is shown in."""
    from cubeview.measure.sky.continuum import Windows
    from cubeview.measure.sky.images import interval_images
    from cubeview.measure.sky.moments import moments

    assert asked.interval is not None
    windows = Windows(asked.continuum, asked.through)
    one: Moment | IntervalImage
    if asked.how.startswith("moment"):
        order = int(asked.how[-1])
        found = moments(
            cube, *asked.interval, orders=(order,), continuum=windows, least_sn=asked.least_sn,
            report=report,
        )  # fmt: skip
        one, words = found.moments[0], found.words
    else:
        images = interval_images(
            cube, *asked.interval, (asked.how,), continuum=windows, report=report
        )
        one, words = images.images[0], images.words
    power = _POWERS.get(asked.how, 0)
    factor, unit = in_shown_units(cube.axes[0], one.unit, power) if power else (1.0, one.unit)
    return SkyImage(asked.how, one.values * factor, one.sigma * factor, unit, asked.interval, words)
