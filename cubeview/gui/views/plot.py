"""The drawing area of curves: axes in world units, a marker, and what the mouse does on it."""

from html import escape

import pyqtgraph as pg
from PyQt6.QtCore import QEvent, QPointF, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent

from cubeview.gui.views.canvas import FAR
from cubeview.gui.views.drags import draws_box, is_drag
from cubeview.gui.views.ticks import WorldAxis, caption_style, captions
from cubeview.gui.widgets.theme import Colours, colours, new_colours

_KEYS: dict[int, int] = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_PageDown: -1,
    Qt.Key.Key_PageUp: 1,
    Qt.Key.Key_Home: -FAR,
    Qt.Key.Key_End: FAR,
}
_ZOOMS: dict[int, float] = {
    Qt.Key.Key_Plus: 0.8,
    Qt.Key.Key_Equal: 0.8,
    Qt.Key.Key_Minus: 1.25,
}


class Plot(pg.GraphicsView):
    """Curves over voxel indices of one axis, with a marker at the cursor.

    Signals
    -------
    picked(float)
        The user put the cursor at a voxel index.
    stepped(int)
        Arrow keys: voxels to go.
    ranged(float, float)
        The user chose what is shown of the axis: from, to.
    spanned(float, float)
        An interval was drawn: from, to, in voxels.
    measure_began(float, bool), measured(float), measure_ended()
        While the plot `measures`, a drag with the left button: where it began, in voxels, and
        whether with Shift; where it is; its end.
    hovered(object)
        The mouse is at a place, in voxels, without a button; None once it has left.
    """

    picked = pyqtSignal(float)
    stepped = pyqtSignal(int)
    ranged = pyqtSignal(float, float)
    spanned = pyqtSignal(float, float)
    measure_began = pyqtSignal(float, bool)
    measured = pyqtSignal(float)
    measure_ended = pyqtSignal()
    hovered = pyqtSignal(object)

    def __init__(self, name: str) -> None:
        self._built = False  # Qt's constructor already sends change events
        super().__init__()
        self.setAccessibleName(name)
        # Files dropped here are for the window; a graphics view would swallow them.
        self.setAcceptDrops(False)
        self.viewport().setAcceptDrops(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumHeight(90)
        # A PlotItem brings a form of settings, a menu and buttons nobody sees: half its time.
        self.box = pg.ViewBox(enableMouse=False, enableMenu=False)
        self.world, self.left = WorldAxis("bottom"), pg.AxisItem("left")
        # "(×0.001)" beside the unit would be another scale than the colour bar's.
        self.left.enableAutoSIPrefix(False)
        layout = pg.GraphicsLayout()
        layout.setContentsMargins(1, 3, 11, 1)
        layout.setSpacing(0)
        for item, row, column in ((self.left, 0, 0), (self.box, 0, 1), (self.world, 1, 1)):
            layout.addItem(item, row, column)
        self.setCentralItem(layout)
        for axis in (self.left, self.world):
            axis.linkToView(self.box)
        self.marker = pg.InfiniteLine(angle=90, movable=False)
        self.marker.setZValue(10)
        self.box.addItem(self.marker, ignoreBounds=True)
        self.whole = (0.0, 1.0)
        self.fitted = True
        self.takes_spans = False
        self.measures = False
        self.span = pg.LinearRegionItem(movable=False)
        self.span.hide()
        self.box.addItem(self.span, ignoreBounds=True)
        self._start = QPointF()
        self._drag: tuple[str, QPointF] | None = None
        self._words = ""
        self._dressed = colours()
        self._paint_like_palette(self._dressed)
        self._built = True

    def set_left(self, text: str) -> None:
        """Write beside the values, as much as there is room for."""
        self._words = text
        self._write_left()

    def set_whole(self, low: float, high: float) -> None:
        """Set what a fitted plot shows, in voxel indices."""
        self.whole = (low, high)
        if self.fitted:
            self.fit()

    def fit(self) -> None:
        """Show the whole axis."""
        self.fitted = True
        self.box.setXRange(*self.whole, padding=0)

    def show_across(self, left: float, right: float) -> None:
        """Show this range, as chosen in another view."""
        self.fitted = False
        self.box.setXRange(left, right, padding=0)

    def at(self, position: QPointF) -> QPointF:
        """Return the (voxel, value) under a point of the widget."""
        point: QPointF = self.box.mapSceneToView(self.mapToScene(position.toPoint()))
        return point

    def voxels_to_pixel(self) -> float:
        """Return how many voxels a pixel of the screen is wide."""
        left, right = self.box.viewRange()[0]
        return float(right - left) / max(1, self.box.width())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the left button as the cursor, or to measure, others as pan."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        left = event.button() == Qt.MouseButton.LeftButton
        if left and self.measures and not draws_box(event):
            self._drag, self._start = ("measure", event.position()), event.position()
            self.measure_began.emit(self.at(event.position()).x(), shift)
            return
        picks = left and not shift
        self._drag = "pick" if picks else "pan", event.position()
        if picks and self.takes_spans and draws_box(event):
            self._drag, self._start = ("span", event.position()), event.position()
        elif picks:
            self.picked.emit(self.at(event.position()).x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag what was pressed."""
        if self._drag is None:
            self.hovered.emit(self.at(event.position()).x())
            return
        mode, last = self._drag
        if mode == "pick":
            self.picked.emit(self.at(event.position()).x())
        elif mode == "measure":
            if is_drag(self._start, event.position()):
                self._start = QPointF(-FAR, -FAR)  # a drag stays one on the way back
                self.measured.emit(self.at(event.position()).x())
        elif mode == "span":
            self.span.setRegion((self.at(self._start).x(), self.at(event.position()).x()))
            self.span.show()
        else:
            self.fitted = False
            moved = self.at(last) - self.at(event.position())
            self.box.translateBy(x=moved.x(), y=0)
            self.ranged.emit(*self.box.viewRange()[0])
        self._drag = mode, event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag."""
        mode = self._drag[0] if self._drag is not None else ""
        spans = mode == "span"
        self._drag = None
        if mode == "measure":
            self.measure_ended.emit()
            if self._start.x() != -FAR:  # a click
                self.picked.emit(self.at(event.position()).x())
        if not spans:
            return
        self.span.hide()
        start, stop = self.at(self._start).x(), self.at(event.position()).x()
        if is_drag(self._start, event.position()):
            self.spanned.emit(start, stop)
        else:
            self.picked.emit(stop)

    def leaveEvent(self, event: QEvent) -> None:
        """Tell that the mouse is elsewhere."""
        super().leaveEvent(event)
        self.hovered.emit(None)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show the whole axis."""
        self.fit()
        self.ranged.emit(*self.box.viewRange()[0])

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom along the axis, around the mouse."""
        self.fitted = False
        centre = self.at(event.position())
        self.box.scaleBy(x=0.85 ** (event.angleDelta().y() / 120), center=centre)
        self.ranged.emit(*self.box.viewRange()[0])
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step by arrow keys, zoom about the marker by plus and minus."""
        if event.key() in _KEYS:
            self.stepped.emit(_KEYS[event.key()])
        elif event.key() in _ZOOMS:
            self.fitted = False
            self.box.scaleBy(x=_ZOOMS[event.key()], center=QPointF(self.marker.value(), 0.0))
            self.ranged.emit(*self.box.viewRange()[0])
        else:
            event.ignore()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Fit what stands beside the values."""
        super().resizeEvent(event)
        if self._built:
            self._write_left()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if self._built and (theme := new_colours(event, self._dressed)):
            self._paint_like_palette(theme)

    def _write_left(self) -> None:
        room = int(self.left.height())
        fits = captions().elidedText(self._words, Qt.TextElideMode.ElideRight, room)
        # pyqtgraph takes what it is given for HTML.
        self.left.setLabel(escape(fits), **caption_style())

    def _paint_like_palette(self, theme: Colours) -> None:
        self._dressed = theme
        self.setBackground(theme.card)
        self.left.setStyle(tickFont=self.world.style["tickFont"])
        self.left.setPen(theme.line)
        self.left.setTextPen(theme.dim)
        self.world.set_colours(theme.line, theme.dim)
        self.marker.setPen(pg.mkPen(theme.accent, width=1))
