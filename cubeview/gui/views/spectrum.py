"""The spectrum at the cursor, with its error band and the channels that spoke."""

import warnings
from dataclasses import replace

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QEvent
from PyQt6.QtGui import QColor

from cubeview.cubes.aperture import ApertureSpectrum
from cubeview.cubes.cube import Cube
from cubeview.cubes.region import circle_on
from cubeview.cubes.units import parse_unit
from cubeview.gui.desk.jobs import Jobs
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.units import NO_UNIT, value_unit
from cubeview.gui.views.adding import Adding
from cubeview.gui.views.fetch import Fetch, OnceAFrame
from cubeview.gui.views.fitted import Fitted
from cubeview.gui.views.marks import Band
from cubeview.gui.views.plot import Plot
from cubeview.gui.views.ticks import caption_of
from cubeview.gui.views.title import Title
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
        self.title = Title()
        self.plot = Plot("Spectrum")
        self.curve = pg.PlotCurveItem(connect="finite", skipFiniteCheck=False)
        self.band = Band()
        self.intervals = Intervals()
        self.fitted = Fitted(self.plot)
        self.smooth = chooser("Smoothing of the spectrum", "Mean of so many channels")
        offer(self.smooth, _WIDTHS)
        self.smooth.setMinimumContentsLength(15)
        self.smooth.currentIndexChanged.connect(lambda _: self._draw(self._rows))
        self._rows = np.full((1, 1), np.nan, np.float32)
        for item in (self.intervals, self.band, self.curve):
            self.plot.box.addItem(item, ignoreBounds=True)
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
        self._name_values(self.cube)
        self.why.set_left("why")
        self.why.left.setTicks([[(0, "0"), (1, "1")]])
        for plot in (self.plot, self.why):
            plot.left.setWidth(62)  # one above the other
            plot.set_whole(-0.5, len(axis) - 0.5)
            plot.picked.connect(self._put_channel)
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
            (session.overlay_changed, self._draw_why),
            (session.overlay_style_changed, self._draw_why),
        )
        self._paint_like_palette()
        self._follow()
        self._draw_why()
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

    def _name_values(self, cube: Cube) -> None:
        self.plot.set_left(value_unit(cube) or NO_UNIT)

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
        self._name_values(self.cube)
        self.title.set_words("Spectrum", f"voxel {x + 1}, {y + 1}")
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
        self.title.set_words("Spectrum", *words)
        unit = parse_unit(found.unit)
        self._name_values(replace(self.cube, unit=found.unit, quantity_unit=unit))
        rows = [found.values] if found.sigma is None else [found.values, found.sigma]
        self._draw(np.stack(rows))

    def _show(self, rows: np.ndarray) -> None:
        self._draw(rows)
        if len(rows) > 1:
            self.title.set_words(*self.title.words[:2], "band ± 1 σ")

    def _draw_curve(self) -> None:
        curve = self.session.curve
        here = curve is not None and curve.place == self.session.cursor[1:]
        self.fitted.show(self.cube, curve if here and not self.session.aperture else None)

    def _draw(self, rows: np.ndarray) -> None:
        self._rows = rows
        noise = rows[1] if len(rows) > 1 else None
        values, sigma = smoothed(rows[0], noise, self.smooth.currentData())
        rows = np.stack([values] if sigma is None else [values, sigma])
        self.curve.setData(np.arange(len(values)), values)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a spectrum without a value
            low, high = np.nanmin(values), np.nanmax(values)
        if len(rows) > 1:
            self.band.set_range(values - rows[1], values + rows[1])
        self.band.setVisible(len(rows) > 1)
        if np.isfinite(low) and np.isfinite(high):
            margin = 0.05 * (high - low) or 1.0
            self.plot.box.setYRange(float(low - margin), float(high + margin), padding=0)

    def _say(self, text: str) -> None:
        self.curve.clear()
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
