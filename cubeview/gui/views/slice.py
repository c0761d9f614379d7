"""One orthogonal slice of one cube of the case."""

from functools import partial

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, pyqtSignal

from cubeview.cubes.handles import drag
from cubeview.cubes.plane import edge_letters, frame_of, heart_region
from cubeview.cubes.reduce import plane_levels, pool_peak, to_steps, upsample
from cubeview.cubes.region import circle_on
from cubeview.cubes.ventricle import Ventricle
from cubeview.gui.desk.jobs import Jobs
from cubeview.gui.desk.measured import IMAGE, SkyImage
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.styles import WHITE
from cubeview.gui.desk.units import unit_text
from cubeview.gui.desk.words import values_unit
from cubeview.gui.views.apertures import ApertureMarks
from cubeview.gui.views.canvas import PlaneCanvas
from cubeview.gui.views.contourmarks import ContourMarks
from cubeview.gui.views.fetch import Fetch, OnceAFrame
from cubeview.gui.views.mapimage import map_plane
from cubeview.gui.views.maskimage import MaskImage
from cubeview.gui.views.outlines import draw_outline
from cubeview.gui.views.pathmarks import PathMarks
from cubeview.gui.views.placemarks import PlaceMarks
from cubeview.gui.views.planewords import plane_words, words_under
from cubeview.gui.views.sources import Sources
from cubeview.gui.views.ticks import body_offsets, sky_offsets
from cubeview.gui.views.title import Title
from cubeview.gui.views.view import CaseView
from cubeview.gui.views.windows import WindowMarks, draw_window
from cubeview.gui.widgets.colormaps import overlay_table, table
from cubeview.io.voxels.white import white_light
from cubeview.kinds import kind_of


class SliceView(CaseView):
    """The plane of one role's cube through the cursor, across one axis."""

    activated = pyqtSignal()  # the user works in this view
    enlarged = pyqtSignal()  # the title was double-clicked

    def __init__(self, session: Session, role: str, axis: int, jobs: Jobs) -> None:
        super().__init__(session)
        self.role = role
        self.cube = self.case.cubes[role]
        self.axis = axis
        self.frame = frame_of(self.cube, axis)
        self.index: int | None = None
        self._gate: int | None = None
        self._plane: np.ndarray | None = None
        self._grabbed: Ventricle | None = None
        self._pooled = 1
        self._is_sky = axis == 0 and self.cube.axes[0].kind == "spectral"
        self._shown: object = None  # of the sky: WHITE, the image of an interval, None a channel
        self._shapes = tuple(n for a, n in enumerate(self.cube.shape) if a != axis)

        self.title = Title()
        self.title.double_clicked.connect(self.enlarged)
        self.canvas = PlaneCanvas()
        layout = self.card()
        layout.addWidget(self.title)
        layout.addWidget(self.canvas, 1)

        self._fetch = Fetch(jobs, f"plane {role} {axis}", self._show, self._say, self)
        self._sum = Fetch(jobs, f"white light {role}", self._show, self._say, self)
        self._follow_soon = OnceAFrame(self._follow, self)
        self._pool_soon = OnceAFrame(self._pool, self)
        self._repaint_soon = OnceAFrame(self._repaint, self)
        self.canvas.picked.connect(self._put_cursor)
        self.canvas.moved.connect(self._move_cursor)
        self.canvas.stepped.connect(self.step)
        self.canvas.focused.connect(self.activated)
        self.canvas.sized.connect(self._size_aperture)
        self.canvas.hovered.connect(self._point)
        self.canvas.zoomed.connect(self._pool_soon.ask)
        self.canvas.grabbed.connect(self._grab)
        self.canvas.dragged.connect(self._drag)
        self.canvas.dropped.connect(session.drop_ventricle)
        self.canvas.takes_boxes = kind_of(self.cube).window_px > 0
        self.canvas.boxed.connect(self._draw_box)
        self.follow(
            (session.cursor_changed, self._follow_soon.ask),
            (session.gate_changed, self._follow_soon.ask),
            (session.display_changed, self._repaint_soon.ask),
            (session.overlay_changed, self._draw_overlay),
            (session.overlay_style_changed, self._style_overlay),
            (session.ventricles_changed, self._take_ventricles),
            (session.ventricle_placed, self._take_ventricles),
            (session.window_changed, self._draw_outline),
            (session.aperture_changed, self._draw_ring),
            (session.marks_changed, self._draw_marks),
            (session.adjusting_changed, self._draw_outline),
            (session.catalogue_changed, self._draw_sources),
            (session.white_changed, self._follow),
            (session.measured_changed, self._follow_soon.ask),
        )
        # As a screen reader says it; which plane it is the title above it says.
        self.canvas.setAccessibleName(" ".join({self._heading(): 0, self.frame.name: 0}))
        self._set_up_axes()
        self._style_overlay()
        self.painted = MaskImage(session.painting, self.canvas, role, axis, self.frame)
        self._mask_soon = OnceAFrame(lambda: self.painted.draw(self.index or 0), self)
        self.follow(
            (session.painting.changed, self._mask_soon.ask),
            (session.painting.brush_changed, self.painted.follow_brush),
        )
        self.marks = WindowMarks()
        self.canvas.box.addItem(self.marks, ignoreBounds=True)
        self.sources = Sources()
        self.canvas.box.addItem(self.sources, ignoreBounds=True)
        self._draw_sources()
        if self._is_sky:
            self.apertures = ApertureMarks(session, self.cube, self.canvas)
            self.places = PlaceMarks(session, self.canvas)
            self.path = PathMarks(session, self.cube, self.canvas)
            self.contours = ContourMarks(session, self.cube, self.canvas)
            self.follow((session.contours.changed, self.contours.follow))
            self.contours.follow()
            for marks in (self.apertures, self.places, self.path):
                self.follow((session.measured_changed, marks.follow))
                marks.follow()
        self._follow()

    def step(self, planes: int) -> None:
        """Go some planes on along this view's axis."""
        cursor = np.array(self.session.cursor_in(self.role), dtype=float)
        here = self.session.cursor
        # Where this cube has finer planes than the main one, one plane may be no step there.
        for more in range(1, 9):
            there = cursor.copy()
            there[self.axis] += planes * more
            self.session.set_cursor(*self.session.from_role(self.role, there))
            if self.session.cursor != here:
                return

    def wrap_step(self) -> None:
        """Go one plane on, from the last to the first."""
        index = self.session.cursor_in(self.role)[self.axis]
        self.step(1)
        if self.session.cursor_in(self.role)[self.axis] == index:
            self.step(1 - self.cube.shape[self.axis])

    # What the user does

    def _put_cursor(self, across: float, up: float) -> None:
        voxel = [float(v) for v in self.session.cursor_in(self.role)]
        voxel[self.frame.across], voxel[self.frame.up] = across, up
        self.session.set_cursor(*self.session.from_role(self.role, voxel))

    def _move_cursor(self, right: int, upward: int) -> None:
        x = -right if self.frame.leftward else right
        y = -upward if self.frame.downward else upward
        cursor = self.session.cursor_in(self.role)
        self._put_cursor(cursor[self.frame.across] + x, cursor[self.frame.up] + y)

    def _point(self, at: QPointF | None) -> None:
        """Say what lies under the mouse: its value is that of the picture."""
        unit = values_unit(self.cube)
        if isinstance(self._shown, SkyImage):
            unit = unit_text(self.cube, self._shown.unit)
        words = words_under(self.session, self.role, self.frame, self._plane, at, unit)
        if words and at is not None and self._is_sky:
            words = " · ".join(filter(None, (self.places.name_at(at.x(), at.y()), words)))
        self.pointed.emit(words and f"Mouse: {words}")

    def _grab(self, name: str) -> None:
        self._grabbed = self.session.ventricles.get(self.role)

    def _drag(self, name: str, across: float, up: float) -> None:
        if self._grabbed is None:
            return
        x, y = self.frame.across, self.frame.up
        to = (across, up) if x < y else (up, across)  # in the order of the cube's axes
        moved = drag(self._grabbed, self.cube.spacing, self.axis, name, to)
        self.session.place_ventricle(self.role, moved)

    def _draw_box(self, left: float, right: float, low: float, high: float) -> None:
        spans = {self.frame.across: (left, right), self.frame.up: (low, high)}
        draw_window(self.session, spans)

    def _size_aperture(self, notches: int) -> None:
        radius = self.session.aperture
        if radius:
            # At least a voxel a notch, or small ones would seem stuck.
            grown = radius * 1.1**notches
            self.session.set_aperture(max(1.0, grown, radius + notches if notches > 0 else 0.0))

    # What the session says

    def _draw_ring(self) -> None:
        if self._is_sky:
            _, y, x = self.session.cursor_in(self.role)
            self.canvas.set_ring(circle_on(self.cube, y, x, self.session.aperture))

    def _follow(self) -> None:
        cursor = self.session.cursor_in(self.role)
        place = cursor[self.frame.across], cursor[self.frame.up]
        self.canvas.crosshair.set_position(*place)
        self.marks.set_cursor(*place)
        self._draw_ring()
        index, gate = cursor[self.axis], self.session.gate
        shown = self._wanted()
        if (index, gate, shown) == (self.index, self._gate, self._shown):
            return
        new = shown is not self._shown
        self.index, self._gate, self._shown = index, gate, shown
        self._write_title()
        if isinstance(shown, SkyImage):
            self._fetch.stop()
            self._sum.stop()
            if new:
                self._show(shown.values)
        elif shown == WHITE:
            self._fetch.stop()
            self._sum.get(self.cube, "white", lambda: white_light(self.cube), scattered=True)
        else:
            self._sum.stop()
            self._read(gate, index)
        self.painted.draw(index)
        self._draw_overlay()
        self._draw_outline()
        self._draw_marks()
        if self.session.catalogue is not None:
            self._draw_sources()

    def _read(self, gate: int | None, index: int) -> None:
        read = partial(self.case.plane, self.role, gate, self.axis, index)
        self._fetch.get(self.cube, (index, gate), read, scattered=self.axis != 0)

    def _wanted(self) -> SkyImage | str | None:
        """What lies in the sky plane in place of a channel."""
        if not self._is_sky:
            return None
        return self.session.measured.seen or (WHITE if self.session.white else None)

    def _show(self, plane: np.ndarray) -> None:
        self._plane = plane.T if self.frame.transposed else plane
        if self._shown == WHITE:
            self.session.set_white_plane(plane, plane_levels(plane))
        self._repaint()

    def _say(self, text: str) -> None:
        self._plane = None
        self.canvas.image.clear()
        self.title.set_words(self._heading(), text)

    def _repaint(self) -> None:
        # White light has levels of its own: the mean is far flatter than a channel.
        key = WHITE if self._shown == WHITE else IMAGE if self._shown else self.role
        levels = (self.session.display.levels or {}).get(key)
        if self._plane is None or levels is None:
            return
        plane = self._plane
        if self._pooled > 1:
            plane = pool_peak(plane, 1, self._pooled)
        elif self._smooth:
            plane = upsample(plane, self._smooth)
        if kind_of(self.cube).ventricle:  # no counts around the scan either
            self.canvas.box.setBackgroundColor(tuple(table(self.session.display.colormap)[1]))
        self._paint(plane, levels)

    def _paint(self, plane: np.ndarray, levels: tuple[float, float]) -> None:
        display = self.session.display
        self.canvas.image.setImage(
            to_steps(plane, *levels, display.stretch),
            autoLevels=False,
            lut=table(display.colormap),
            rect=self._rect(plane.shape[1]),
        )

    @property
    def _smooth(self) -> int:
        """How many times finer a heart is painted than its voxels."""
        if not self.session.display.smooth or not kind_of(self.cube).ventricle:
            return 0
        return 4 if max(self._shapes) <= 96 else 2 if max(self._shapes) <= 160 else 0

    def _rect(self, columns: int) -> QRectF:
        """Where the picture lies; pooled, its last column may stand over the last channel."""
        width = self.cube.shape[self.frame.across]
        if self._pooled > 1:
            width = columns * self._pooled
        return QRectF(-0.5, -0.5, width, self.cube.shape[self.frame.up])

    def _pool(self) -> None:
        """Choose how many channels share a screen column, so that no narrow line falls out."""
        if self.cube.axes[self.frame.across].kind != "spectral":
            return
        voxels, _ = self.canvas.pixels_across()
        pooled = 2 ** max(0, int(np.ceil(np.log2(max(voxels, 1.0)) - 1e-6)))
        if pooled != self._pooled:
            self._pooled = pooled
            self._write_title()
            self._repaint()

    def _draw_overlay(self) -> None:
        overlay, item = self.session.overlay, self.canvas.overlay
        index = None if self._shown else self.index
        found = overlay and map_plane(overlay, self.role, self.frame, self.axis, index)
        self._name_map(bool(found))
        if not found:
            item.clear()
            return
        plane, peak, where = found
        plane = upsample(plane, self._smooth) if self._smooth else plane
        item.setImage(to_steps(plane, -peak, peak), autoLevels=False, rect=where)

    def _style_overlay(self) -> None:
        style = self.session.overlay_style
        self.canvas.overlay.setLookupTable(overlay_table(style.opacity, style.threshold))
        self.canvas.overlay.setVisible(style.visible)
        self._name_map(self.canvas.overlay.image is not None)

    def _name_map(self, there: bool) -> None:
        overlay = self.session.overlay
        seen = there and overlay is not None and self.session.overlay_style.visible
        self.title.set_map(overlay.name if overlay is not None and seen else "")

    def _take_ventricles(self) -> None:
        if self.session.held:  # the axes count from the new centre when it is let go
            self._set_region()
        else:
            self._set_up_axes()
        self._follow()
        self._draw_outline()

    def _draw_outline(self) -> None:
        assert self.index is not None
        draw_outline(self.session, self.role, self.cube, self.canvas, self.frame, self.index)

    def _draw_sources(self) -> None:
        """Ring what a search found, on the sky only, and faintly what lies at other wavelengths."""
        catalogue = self.session.catalogue if self.axis == 0 else None
        at = self.index if self._shown is None else None, self.cube.axes[0].step
        self.sources.set_sources(catalogue.detections if catalogue else (), self.frame, *at)

    def _draw_marks(self) -> None:
        assert self.index is not None
        axes = self.axis, self.index, self.frame.across, self.frame.up
        self.marks.set_marks(self.session.marks, *axes)

    # What the cube says

    def _set_up_axes(self) -> None:
        canvas, frame = self.canvas, self.frame
        ventricle = self.session.ventricles.get(self.role)
        canvas.set_frame(frame)
        for item, number in ((canvas.across, frame.across), (canvas.up, frame.up)):
            axis, caption = self.cube.axes[number], ""
            if axis.kind == "celestial" and self.cube.wcs is not None:
                axis, caption = sky_offsets(self.cube, number)
            elif axis.kind == "space":
                falls = frame.leftward if number == frame.across else frame.downward
                axis, caption = body_offsets(self.cube, number, falls, ventricle)
            item.set_axis(axis, caption=caption)
            if not kind_of(self.cube).ventricle:
                item.set_caption(item.caption)
        canvas.set_letters(edge_letters(self.cube, frame))
        self._set_region()

    def _set_region(self) -> None:
        """Choose what a fitted view shows: the heart, or everything."""
        ranges = [(-0.5, n - 0.5) for n in self.cube.shape]
        region = heart_region(self.case, self.session.ventricles).get(self.role)
        if region is not None:
            centre, half = region
            steps = zip(centre, self.cube.spacing, strict=True)
            ranges = [((c - half) / step, (c + half) / step) for c, step in steps]
        self.canvas.set_fit(ranges[self.frame.across], ranges[self.frame.up])
        # The picture stays where it is while an ellipsoid is dragged over it.
        if self.canvas.fitted and not self.session.adjusting:
            self.canvas.fit()

    def _heading(self) -> str:
        if self.role in kind_of(self.cube).states:
            return self.role.capitalize()
        return self.frame.name

    def _write_title(self) -> None:
        assert self.index is not None
        letters = bool(self.canvas.letters)
        words, short = plane_words(
            self.cube, self.frame, self._heading(), self.index, self._shown, self._pooled, letters
        )
        self.title.set_words(*words, short=short)
