"""The drawing area of one slice: pictures, marks, axes and letters, and what the mouse does on
them. It knows voxel indices of the plane, and nothing of cubes or sessions.
"""

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QEvent, QPointF, QRectF, QSizeF, Qt, pyqtBoundSignal, pyqtSignal
from PyQt6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent
from PyQt6.QtWidgets import QSizePolicy

from cubeview.cubes.plane import PlaneFrame
from cubeview.cubes.region import Circle
from cubeview.gui.views.drags import draws_box, is_drag
from cubeview.gui.views.marks import Crosshair, Handles, Letter
from cubeview.gui.views.ticks import WorldAxis
from cubeview.gui.widgets.theme import Colours, colours, new_colours

_ARROWS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
FAR = 1 << 20  # further than any cube goes: the first or the last plane
_PAGES: dict[int, int] = {
    Qt.Key.Key_PageUp: 1,
    Qt.Key.Key_PageDown: -1,
    Qt.Key.Key_Home: -FAR,
    Qt.Key.Key_End: FAR,
}
OUTLINE = "#e8eef7"  # lies on pictures, dark in either theme
NARROW_DIGITS = 30
"""Below a width of so many digits an axis without a caption is left out."""
_RING_CORNERS = 97
_WHEEL_STEP = 120  # eighths of a degree in one notch


class PlaneCanvas(pg.GraphicsView):
    """One plane with its overlay, crosshair, outline, axes and letters.

    Signals
    -------
    picked(float, float)
        The user put the cursor at (across, up), in voxels.
    moved(int, int)
        Arrow keys: voxels to the right and upward, as seen on the screen.
    stepped(int)
        Wheel or page keys: planes to go.
    sized(int)
        Wheel with Alt: notches up.
    zoomed()
        The visible range changed, by the user or by the layout.
    ranged(float, float)
        The user chose what is shown horizontally: from, to.
    focused()
        The view got the keyboard.
    grabbed(str)
        The user took a handle.
    dragged(str, float, float)
        A handle is at (across, up) now, in voxels.
    dropped()
        The handle was let go.
    draw_began(float, float), drawn(float, float), draw_ended(float, float)
        While the canvas `draws`, a drag with the left button, at (across, up) in voxels.
    drawn_out()
        While it draws: a double click.
    hovered(object)
        The mouse is at (across, up), in voxels, without a button; None once it has left.
    boxed(float, float, float, float)
        A box was drawn, in voxels: across from and to, up from and to.
    brushed(float, float, bool, bool)
        While it `paints`, the left button is at (across, up): just pressed or not, and with Ctrl,
        which erases, or not.
    lifted()
        The brush was lifted.
    """

    picked = pyqtSignal(float, float)
    moved = pyqtSignal(int, int)
    stepped = pyqtSignal(int)
    sized = pyqtSignal(int)
    zoomed = pyqtSignal()
    ranged = pyqtSignal(float, float)
    focused = pyqtSignal()
    grabbed = pyqtSignal(str)
    dragged = pyqtSignal(str, float, float)
    dropped = pyqtSignal()
    boxed = pyqtSignal(float, float, float, float)
    draw_began = pyqtSignal(float, float)
    drawn = pyqtSignal(float, float)
    draw_ended = pyqtSignal(float, float)
    drawn_out = pyqtSignal()
    hovered = pyqtSignal(object)
    brushed = pyqtSignal(float, float, bool, bool)
    lifted = pyqtSignal()

    def __init__(self) -> None:
        self._built = False  # Qt's constructor already sends change events
        super().__init__()
        # Files dropped here are for the window; a graphics view would swallow them.
        self.setAcceptDrops(False)
        self.viewport().setAcceptDrops(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(90, 110)
        # Views of a row are as wide as each other whatever is in them.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.box = pg.ViewBox(enableMouse=False, enableMenu=False)
        self.image = pg.ImageItem(axisOrder="row-major")
        self.overlay = pg.ImageItem(axisOrder="row-major")
        self.overlay.setZValue(5)
        self.crosshair = Crosshair()
        self.outline = pg.PlotCurveItem(antialias=True)
        self.outline.setZValue(10)
        self.handles = Handles()
        self.ring = pg.PlotCurveItem(antialias=True, pen=pg.mkPen(OUTLINE, width=1))
        self.ring.setZValue(15)
        self.band = pg.PlotCurveItem(pen=pg.mkPen(OUTLINE, width=1))
        self.band.setZValue(16)
        drawn = (self.image, self.overlay, self.outline, self.ring, self.band, self.crosshair)
        for item in (*drawn, self.handles):
            self.box.addItem(item, ignoreBounds=True)
        self.across = WorldAxis("bottom")
        self.up = WorldAxis("left")
        self._letters = {side: Letter(side) for side in ("left", "right", "top", "bottom")}
        layout = pg.GraphicsLayout()
        layout.setContentsMargins(2, 5, 4, 0)
        layout.setSpacing(0)
        for item, row, column in (
            (self._letters["top"], 0, 2),
            (self._letters["left"], 1, 0),
            (self.up, 1, 1),
            (self.box, 1, 2),
            (self._letters["right"], 1, 3),
            (self._letters["bottom"], 2, 2),
            (self.across, 3, 2),
        ):
            layout.addItem(item, row, column)
        self.setCentralItem(layout)
        self.across.linkToView(self.box)
        self.up.linkToView(self.box)
        self.whole = QRectF(0, 0, 1, 1)
        self._drag: tuple[str, QPointF] | None = None
        self._held = ""
        self._corner = QPointF()
        self._wheel = 0
        self.fitted = True
        self.takes_boxes = self.draws = self.paints = False
        self._dressed = colours()
        self.box.sigRangeChanged.connect(lambda *_: self.zoomed.emit())
        self.box.sigResized.connect(lambda *_: self.fit() if self.fitted else None)
        self.set_letters({})
        self._paint_like_palette(self._dressed)
        self._built = True

    def set_frame(self, frame: PlaneFrame) -> None:
        """Take the directions of the axes, and the shape of a voxel where it has one."""
        self.box.invertX(frame.leftward)
        self.box.invertY(frame.downward)
        self.box.setAspectLocked(frame.aspect is not None, ratio=frame.aspect or 1)

    def set_fit(self, across: tuple[float, float], up: tuple[float, float]) -> None:
        """Set what is shown when the picture is fitted: from and to, in voxel indices."""
        self.whole = QRectF(QPointF(across[0], up[0]), QPointF(across[1], up[1]))

    def fit(self) -> None:
        """Show the whole of what is worth seeing."""
        self.fitted = True
        self.box.setRange(self.whole, padding=0)

    def show_across(self, left: float, right: float) -> None:
        """Show this range horizontally, as chosen in another view."""
        self.fitted = False
        self.box.setXRange(left, right, padding=0)

    def show_part(self, left: float, right: float, low: float, high: float) -> None:
        """Show this part of the plane, in voxels."""
        self.fitted = False
        self.box.setRange(QRectF(QPointF(left, low), QPointF(right, high)), padding=0)

    def show_like(self, other: "PlaneCanvas") -> None:
        """Show the part of what is worth seeing that another view shows of its own."""
        self.fitted = other.fitted
        whole, shown, mine = other.whole, other.box.viewRect(), self.whole
        wide, high = mine.width() / whole.width(), mine.height() / whole.height()
        corner = shown.topLeft() - whole.topLeft()
        start = mine.topLeft() + QPointF(corner.x() * wide, corner.y() * high)
        part = QRectF(start, QSizeF(shown.width() * wide, shown.height() * high))
        self.box.setRange(mine if self.fitted else part, padding=0)

    def set_letters(self, letters: dict[str, str]) -> None:
        """Write marks in the margins: keys left, right, top, bottom."""
        for side, item in self._letters.items():
            item.set_text(letters.get(side, ""), self._dressed.text)

    @property
    def letters(self) -> dict[str, str]:
        """What stands in the margins."""
        return {side: item.text for side, item in self._letters.items() if item.text}

    def set_outline(
        self, points: np.ndarray | None, *, colour: str = OUTLINE, solid: bool = False
    ) -> None:
        """Draw a closed line.

        Parameters
        ----------
        points : ndarray, shape (n, 2), voxel indices across and up, or None
            None takes the line away.
        colour : str
        solid : bool
            Dashed otherwise.
        """
        style = Qt.PenStyle.SolidLine if solid else Qt.PenStyle.DashLine
        self.outline.setPen(pg.mkPen(colour, width=1, style=style))
        if points is None:
            self.outline.clear()
            return
        points = np.vstack([points, points[:1]])
        self.outline.setData(points[:, 0], points[:, 1])

    def set_ring(self, circle: Circle) -> None:
        """Draw an aperture of the sky's own plane; radius 0 takes it away."""
        across, up = circle.radius, circle.radius * circle.stretch
        if across <= 0:
            if self.ring.xData is not None:
                self.ring.clear()
            return
        turn = np.linspace(0, 2 * np.pi, _RING_CORNERS)
        self.ring.setData(circle.x + across * np.cos(turn), circle.y + up * np.sin(turn))

    def pixels_across(self) -> tuple[float, float]:
        """Return voxels to a screen pixel, horizontally and vertically."""
        (left, right), (low, high) = self.box.viewRange()
        return (right - left) / max(1, self.box.width()), (high - low) / max(1, self.box.height())

    def at(self, position: QPointF) -> QPointF:
        """Return the (across, up) voxel index under a point of the widget."""
        point: QPointF = self.box.mapSceneToView(self.mapToScene(position.toPoint()))
        return point

    # The mouse is read here and not by pyqtgraph's scene: a click must move the crosshair on
    # pressing, and a drag must follow from the first pixel.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the left button as the cursor, the right as zoom, the middle as pan."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        button, shift = event.button(), event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        pans = button == Qt.MouseButton.MiddleButton or shift
        mode = "pan" if pans else "zoom" if button == Qt.MouseButton.RightButton else "pick"
        if mode == "pick" and self.paints:
            mode = "erase" if draws_box(event) else "brush"
            self._brush(mode, event.position(), first=True)
        if mode == "pick" and (name := self.handles.near(self.at(event.position()))):
            self._held, mode = name, "handle"
            self.grabbed.emit(name)
        if mode == "pick" and self.takes_boxes and draws_box(event):
            self._corner, mode = event.position(), "box"
        if mode == "pick" and self.draws:
            mode = "draw"
            self._emit(self.draw_began, event.position())
        self._drag = mode, event.position()
        if mode == "pick":
            self._pick(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag what was pressed."""
        position = event.position()
        if self._drag is None:
            over = self.handles.near(self.at(position))
            self.setCursor(Qt.CursorShape.OpenHandCursor) if over else self.unsetCursor()
            self.hovered.emit(self.at(position))
            return
        mode, last = self._drag
        if mode == "pick":
            self._pick(position)
        elif mode in ("brush", "erase"):
            self._brush(mode, position, first=False)
        elif mode == "handle":
            point = self.at(position)
            self.dragged.emit(self._held, point.x(), point.y())
        elif mode == "draw":
            self._emit(self.drawn, position)
        elif mode == "box":
            one, other = self.at(self._corner), self.at(position)
            across = [one.x(), other.x(), other.x(), one.x(), one.x()]
            self.band.setData(across, [one.y(), one.y(), other.y(), other.y(), one.y()])
        elif mode == "pan":
            moved = self.at(last) - self.at(position)
            self.fitted = False
            self.box.translateBy(x=moved.x(), y=moved.y())
            self.ranged.emit(*self.box.viewRange()[0])
        else:
            self._zoom(1.01 ** (position.y() - last.y()), self.at(position))
        self._drag = mode, position

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag."""
        mode = self._drag[0] if self._drag is not None else ""
        self._drag = None
        if mode == "handle":
            self.dropped.emit()
        if mode == "draw":
            self._emit(self.draw_ended, event.position())
        if mode in ("brush", "erase"):
            self.lifted.emit()
        if mode == "box":
            self.band.clear()
            one, other = self.at(self._corner), self.at(event.position())
            if is_drag(self._corner, event.position()):
                self.boxed.emit(one.x(), other.x(), one.y(), other.y())
            else:
                self._pick(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Fit the picture, or end what is drawn; while it paints, two quick dabs are two dabs."""
        if self.draws:
            self.drawn_out.emit()
            return
        if self.paints and event.button() == Qt.MouseButton.LeftButton:
            self.mousePressEvent(event)
            return
        self.fit()
        self.ranged.emit(*self.box.viewRange()[0])

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Step through planes, zoom with Ctrl, size the aperture with Alt."""
        alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        # Alt makes a wheel turn sideways on most systems.
        turn = event.angleDelta().y() or (event.angleDelta().x() if alt else 0)
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._zoom(0.85 ** (turn / _WHEEL_STEP), self.at(event.position()))
        else:
            # Touchpads send many small turns.
            self._wheel += turn
            notches = int(self._wheel / _WHEEL_STEP)
            self._wheel -= notches * _WHEEL_STEP
            if notches:
                (self.sized if alt else self.stepped).emit(notches)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move by arrow and page keys."""
        key = event.key()
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            event.ignore()
        elif key in _ARROWS:
            self.moved.emit(*_ARROWS[key])
        elif key in _PAGES:
            self.stepped.emit(_PAGES[key])
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Tell that the keyboard is here."""
        super().focusInEvent(event)
        self.focused.emit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Give the room of plain mm axes to the picture where there is little."""
        super().resizeEvent(event)
        if self._built:
            narrow = self.width() < NARROW_DIGITS * QFontMetrics(self.font()).horizontalAdvance("0")
            for axis in (self.across, self.up):
                axis.give_way(narrow)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if self._built and (theme := new_colours(event, self._dressed)):
            self._paint_like_palette(theme)

    def leaveEvent(self, event: QEvent) -> None:
        """Tell that the mouse is elsewhere."""
        super().leaveEvent(event)
        self.hovered.emit(None)

    def _pick(self, position: QPointF) -> None:
        self._emit(self.picked, position)

    def _emit(self, signal: pyqtBoundSignal, position: QPointF) -> None:
        point = self.at(position)
        signal.emit(point.x(), point.y())

    def _brush(self, mode: str, position: QPointF, *, first: bool) -> None:
        point = self.at(position)
        self.brushed.emit(point.x(), point.y(), first, mode == "erase")

    def _zoom(self, factor: float, centre: QPointF) -> None:
        self.fitted = False
        self.box.scaleBy((factor, factor), center=centre)
        self.ranged.emit(*self.box.viewRange()[0])

    def _paint_like_palette(self, theme: Colours) -> None:
        self._dressed = theme
        self.setBackground(theme.card)
        for axis in (self.across, self.up):
            axis.set_colours(theme.line, theme.dim)
        self.set_letters(self.letters)
