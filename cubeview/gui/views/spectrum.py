"""The spectrum at the cursor, with its error band and the channels that spoke."""

import warnings

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QEvent
from PyQt6.QtGui import QColor

from cubeview.cubes.aperture import ApertureSpectrum
from cubeview.cubes.region import circle_on
from cubeview.gui.desk.jobs import Jobs
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.units import NO_UNIT, unit_text, value_unit
from cubeview.gui.desk.words import coordinate_text, value_text
from cubeview.gui.views.adding import Adding
from cubeview.gui.views.fetch import Fetch, OnceAFrame
from cubeview.gui.views.fitted import Fitted
from cubeview.gui.views.interval import IntervalMarks
from cubeview.gui.views.lines import LineMarks
from cubeview.gui.views.marks import Band
from cubeview.gui.views.plot import Plot
from cubeview.gui.views.ticks import caption_of, captions
from cubeview.gui.views.title import Title
from cubeview.gui.views.traces import TraceCurves
from cubeview.gui.views.view import CaseView
from cubeview.gui.views.windows import Intervals, draw_window
from cubeview.gui.widgets.basic import chooser, offer
from cubeview.gui.widgets.layout import put, row
from cubeview.gui.widgets.theme import colours
from cubeview.kinds import kind_of
from cubeview.measure.sky.spectrum import smoothed

_WHY_COLOUR = "#ef6f6c"
_WIDTHS = {1: "Not smoothed"} | {n: f"Smoothed over {n}" for n in (3, 5, 9, 15, 31)}


class SpectrumView(CaseView):
    """Values along the first axis at the cursor, ± one sigma, over world coordinates.

    While an overlay is shown, its mean strength in each channel, relative to the strongest, lies
    under the spectrum.
    """

    def __init__(self, session: Session, jobs: Jobs) -> None:
        self._built = False  # Qt's constructor already sends change events
        super().__init__(session)
        self.cube = self.case.main
        self._place: tuple[object, ...] = ()
        self._words: tuple[str, ...] = ()
        self._rows, self._unit = np.zeros((0, 0)), self.cube.unit
        self.title = Title()
        self.plot = Plot("Spectrum")
        self.curve = pg.PlotCurveItem(connect="finite", skipFiniteCheck=False)
        self.band = Band()
        self.intervals = Intervals()
        self.template = Fitted(self.plot)
        self.smooth = chooser("Smoothing of the spectrum", "Mean of so many channels")
        offer(self.smooth, _WIDTHS)
        self.smooth.setMinimumContentsLength(15)
        self.smooth.currentIndexChanged.connect(lambda _: self._draw(self._rows))
        for item in (self.intervals, self.band, self.curve):
            self.plot.box.addItem(item, ignoreBounds=True)
        self.traces = TraceCurves(self.plot)
        self.fitted = pg.PlotCurveItem()
        self.fitted.setZValue(4)
        self.plot.box.addItem(self.fitted, ignoreBounds=True)
        self.lines = LineMarks(session, self.plot, self.cube)
        self.measuring = IntervalMarks(session, self.plot, self.cube.axes[0])
        self.why = Plot("Strength of the map in each channel")
        self.why.setMaximumHeight(70)
        self.why.setMinimumHeight(50)
        self.why_curve = pg.PlotCurveItem(
            pen=pg.mkPen(_WHY_COLOUR, width=1), fillLevel=0, brush=_WHY_COLOUR + "50"
        )
        self.why.box.addItem(self.why_curve)
        self.why.world.hide()
        self.why.box.setXLink(self.plot.box)
        self.why.hide()
        layout = self.card()
        put(layout, row((self.title, 1), self.smooth), (self.plot, 1), self.why)

        axis = self.cube.axes[0]
        self.plot.world.set_axis(axis)
        self.plot.world.set_caption(caption_of(axis))
        self.plot.set_left(value_unit(self.cube) or NO_UNIT)
        self.why.set_left("why")
        self.why.left.setTicks([[(0, "0"), (1, "1")]])
        for plot in (self.plot, self.why):
            plot.left.setWidth(4.2 * captions().height())  # one above the other
            plot.set_whole(-0.5, len(axis) - 0.5)
            plot.picked.connect(self._put_channel)
            plot.hovered.connect(self._point)
            plot.stepped.connect(lambda n: self._put_channel(self.session.cursor[0] + n))
            plot.takes_spans = kind_of(self.cube).window_px > 0
            plot.spanned.connect(lambda *ends: draw_window(session, {0: ends}))

        self._adding = Adding(jobs, "spectrum", self._show_aperture, self._say, self)
        self._fetch = Fetch(jobs, "spectrum", self._show, self._say, self)
        self._follow_soon = OnceAFrame(self._follow, self)
        self.follow(
            (session.cursor_changed, self._follow_soon.ask),
            (session.aperture_changed, self._follow_soon.ask),
            (session.marks_changed, self._draw_windows),
            (session.window_changed, self._draw_windows),
            (session.curve_changed, self._draw_curve),
            (session.measured_changed, self._follow_measured),
            (session.overlay_changed, self._draw_why),
            (session.overlay_style_changed, self._draw_why),
        )
        self._paint_like_palette()
        self._follow()
        self._draw_why()
        self._follow_measured()
        self._built = True

    def stop(self) -> None:
        """Leave the session; untie the plots, or one follows the other while it is deleted."""
        super().stop()
        self.why.box.setXLink(None)

    def changeEvent(self, event: QEvent | None) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if self._built and event is not None and event.type() == QEvent.Type.PaletteChange:
            self._paint_like_palette()

    def _point(self, at: float | None) -> None:
        """Say what lies under the mouse."""
        z = -1 if at is None else round(at)
        axis = self.cube.axes[0]
        if not 0 <= z < len(axis):
            self.pointed.emit("")
            return
        words = [f"Mouse: {coordinate_text(axis, axis.world(z))}", f"channel {z + 1}"]
        if name := self.lines.name_at(at or 0.0):
            words.insert(1, f"{name} at z = {self.session.measured.redshift:g}")
        if self._is_shown() and len(self._rows):
            unit = unit_text(self.cube, self._unit)
            words.append(value_text(float(self._rows[0][z]), unit))
        self.pointed.emit(" · ".join(words))

    def _put_channel(self, channel: float) -> None:
        _, y, x = self.session.cursor
        self.session.set_cursor(channel, y, x)

    def _follow(self) -> None:
        z, y, x = self.session.cursor
        self._draw_windows()
        self._draw_curve()
        self.plot.marker.setValue(z)
        self.why.marker.setValue(z)
        radius, how = self.session.aperture, self.session.aperture_how
        place = (y, x, radius, how) if radius else (y, x)
        if place == self._place:
            return
        self._place = place
        if radius:
            self._fetch.stop()
            self._adding.get(self.cube, circle_on(self.cube, y, x, radius), how)
            return
        self._adding.stop()
        self._unit = self.cube.unit
        self._words = (f"voxel {x + 1}, {y + 1}",)
        self._write_title()
        sigma = self.cube.uncertainty

        def read() -> np.ndarray:
            values = self.cube.spectrum(y, x)
            if sigma is None:
                return values[None]
            return np.stack([values, sigma.spectrum(y, x)])

        self._fetch.get(self.cube, (y, x), read, scattered=True)

    def _show_aperture(self, found: ApertureSpectrum) -> None:
        radius, how = self.session.aperture, self.session.aperture_how
        arcsec = radius * min(self.cube.spacing[1:])
        size = f"{radius:.3g} px" if self.cube.wcs is None else f"{arcsec:.3g}″"
        words = [f"{how} of {found.voxels:.4g} voxels", f"r = {size}"]
        if found.share < 1:
            words.append(f"{found.share:.0%} read")
        self._words = tuple(words)
        self._unit = found.unit
        rows = [found.values] if found.sigma is None else [found.values, found.sigma]
        self._draw(np.stack(rows))

    def _show(self, rows: np.ndarray) -> None:
        if len(rows) > 1:
            self._words = (*self._words[:1], "band ± 1 σ")
        self._draw(rows)

    def _draw_curve(self) -> None:
        curve = self.session.curve
        here = curve is not None and curve.place == self.session.cursor[1:]
        self.template.show(self.cube, curve if here and not self.session.aperture else None)

    def _draw(self, rows: np.ndarray) -> None:
        self._rows = rows
        if not len(rows):
            return
        noise = rows[1] if len(rows) > 1 else None
        values, sigma = smoothed(rows[0], noise, self.smooth.currentData())
        self.curve.setData(np.arange(len(values)), values)
        if sigma is not None:
            self.band.set_range(values - sigma, values + sigma)
        self._arrange()

    def _follow_measured(self) -> None:
        self.measuring.follow()
        self.lines.follow()
        asked = self.session.measured
        if asked.fit is None:
            self.fitted.clear()
        else:
            curve = asked.fit.curve
            self.fitted.setData(asked.fit.start + np.arange(len(curve)), curve)
        if self.traces.set_traces(asked.traces, asked.chosen):
            self._arrange()

    def _is_shown(self) -> bool:
        """Tell whether the cursor's spectrum has the unit of those of the apertures."""
        return self.traces.unit in (None, self._unit)

    def _write_title(self) -> None:
        words = self._words if self._is_shown() else ()
        self.title.set_words("Spectrum", *words, signs=self.traces.signs)

    def _arrange(self) -> None:
        """Show what has one unit: the spectra of apertures, and that of the cursor with them."""
        alone = self._is_shown()
        self._write_title()
        self.curve.setVisible(alone)
        self.band.setVisible(alone and len(self._rows) > 1)
        unit = self._unit if alone else self.traces.unit
        known = self.cube.unit == unit
        self.plot.set_left(
            (value_unit(self.cube) if known else unit_text(self.cube, unit or "")) or NO_UNIT
        )
        ends = [self.traces.ends()]
        if alone and len(self._rows):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # a spectrum without a value
                ends.append((float(np.nanmin(self._rows[0])), float(np.nanmax(self._rows[0]))))
        low, high = np.fmin.reduce([low for low, _ in ends]), np.fmax.reduce([h for _, h in ends])
        if np.isfinite(low) and np.isfinite(high):
            margin = 0.05 * (high - low) or 1.0
            self.plot.box.setYRange(float(low - margin), float(high + margin), padding=0)

    def _say(self, text: str) -> None:
        self.curve.clear()
        self._rows = self._rows[:0]
        self.band.setVisible(False)
        self.title.set_words("Spectrum", text)

    def _draw_windows(self) -> None:
        session = self.session
        _, y, x = session.cursor
        self.intervals.set_windows(session.marks, session.window, y, x, colours().dim)

    def _draw_why(self) -> None:
        overlay = self.session.overlay
        shown = overlay is not None and bool(overlay.values) and self.session.overlay_style.visible
        self.why.setVisible(shown)
        self.title.set_map(overlay.name if overlay is not None and shown else "")
        if overlay is None or not shown:
            return
        role, values = next(iter(overlay.values.items()))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # channels the map says nothing of
            strength = np.nan_to_num(np.nanmean(np.abs(values), axis=(1, 2)))
        strength /= strength.max() or 1.0
        start = overlay.boxes[role][0].start
        self.why_curve.setData(np.arange(start, start + len(strength)), strength)
        self.why.box.setYRange(0, 1, padding=0.05)

    def _paint_like_palette(self) -> None:
        theme = colours()
        self.curve.setPen(pg.mkPen(theme.text, width=1))
        band = QColor(theme.accent)
        band.setAlpha(80)
        self.band.set_colour(band)
        self.measuring.paint(theme)
        self.lines.paint_like(theme)
        self.fitted.setPen(pg.mkPen(theme.bad, width=1))
