"""Rows of slices as perfusion is read: each cut of the heart with stress over rest, matched by
the ventricles.
"""

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PyQt6.QtWidgets import QSizePolicy

from cubeview.cubes.reduce import to_steps
from cubeview.cubes.rows import CUTS, Cut, Grid, place_of, voxel_at
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.desk.session import Session
from cubeview.gui.views.fetch import OnceAFrame
from cubeview.gui.views.maskimage import mask_pictures
from cubeview.gui.views.strips import Strip, cut_rows
from cubeview.gui.views.view import CaseView
from cubeview.gui.widgets.basic import painting
from cubeview.gui.widgets.colormaps import picture, table
from cubeview.gui.widgets.theme import DARK, colours

_GAP = 2.0
_CLOSEST = 6.0
_NOTCH = 120
_FEWEST = 6  # slices beside each other: a single state would hang too large for more
_MOST_LINES = 2  # more slices than that are hardly cut: they would lie closer than voxels
_STEPS = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_PageDown: -1,
    Qt.Key.Key_PageUp: 1,
    Qt.Key.Key_Home: -1000,
    Qt.Key.Key_End: 1000,
}
_NONE = "The left ventricle has not been found: rows are cut along it. Find it above, or adjust it."


class RowsView(CaseView):
    """Short, vertical and horizontal long axis of every state; one cursor, one zoom, one pan.

    A click sets the session's cursor; the wheel and the keys left and right step it from slice to
    slice, up and down go to another cut. Where a row would leave much of the height empty, it goes
    on in a further line.
    """

    def __init__(self, session: Session, jobs: Jobs) -> None:
        super().__init__(session)
        self._jobs = jobs
        self._job: Job | None = None
        self.strips: list[Strip] = []
        self.words = ""
        self.zoom, self.middle = 1.0, QPointF(0.5, 0.5)  # shares of a slice, the same in all
        self._pictures: list[list[QImage]] = []
        self._masks: list[list[QImage]] = []  # empty where nothing is painted
        self.row = 0  # whose slices the keys step through
        self._stepped: tuple[Cut, tuple[int, int, int], tuple[int, float, float]] | None = None
        self._drag: tuple[str, QPointF] | None = None
        self._wheel = 0
        self._slow = OnceAFrame(self._cut, self)
        self.setMinimumSize(QSize(360, 240))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Rows of slices")
        self.follow(
            (session.cursor_changed, self.update),
            (session.display_changed, self._colour),
            (session.ventricles_changed, self._slow.ask),
            (session.ventricle_placed, self._slow.ask),
            (session.gate_changed, self._slow.ask),
            (session.painting.changed, self._mask),
            (session.painting.brush_changed, self._mask),
        )

    def stop(self) -> None:
        """Leave the session, and what is being cut."""
        super().stop()
        if self._job is not None:
            self._job.cancel()

    def fit(self) -> None:
        """Show whole slices."""
        self.zoom, self.middle = 1.0, QPointF(0.5, 0.5)
        self.update()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Cut as many slices as fit now."""
        super().resizeEvent(event)
        self._slow.ask()

    def cell(self, row: int, number: int) -> QRectF:
        """Return where a slice of a row is drawn, counted from 0."""
        side, head, states = self._side(), self._head(), len(self.case.roles)
        block, role = divmod(row, states)
        line, column = divmod(number, self._columns())
        down = (block * self._lines() + line) * states + role
        left = self._left() + column * (side + _GAP)
        return QRectF(left, (block + 1) * head + down * (side + _GAP), side, side)

    @property
    def in_use(self) -> Strip:
        """The row whose slices the keys step through."""
        return self.strips[self.row % len(self.strips)]

    def place(self, strip: Strip) -> tuple[int, float, float]:
        """Return slice, row and column of the cursor: the same in all states, as matched."""
        if self._stepped is not None and self._stepped[:2] == (strip.cut, self.session.cursor):
            return self._stepped[2]  # the nearest voxel may lie nearer to the slice before
        ventricle = self.session.ventricles[self.case.roles[0]]
        return place_of(ventricle, self.case.main.spacing, strip.grid, self.session.cursor)

    def _head(self) -> float:
        return self.fontMetrics().height() + 4.0

    def _left(self) -> float:
        names = [*self.case.roles, *(cut.short for cut in CUTS)]
        return max(self.fontMetrics().horizontalAdvance(name) for name in names) + 14.0

    def _lines(self) -> int:
        """Return over how many lines each row goes: as many as fill the height."""
        widest = (self.width() - self._left()) / _FEWEST
        room = self.height() - len(CUTS) * self._head() - 2
        return min(max(1, int(room / (len(CUTS) * len(self.case.roles) * widest))), _MOST_LINES)

    def _side(self) -> float:
        rows = len(CUTS) * len(self.case.roles) * self._lines()
        room = self.height() - len(CUTS) * self._head() - rows * _GAP - 2
        return max(24.0, min(room / rows, (self.width() - self._left()) / _FEWEST - _GAP))

    def _columns(self) -> int:
        return max(1, int((self.width() - self._left()) / (self._side() + _GAP)))

    def _count(self) -> int:
        return self._columns() * self._lines()

    def _cut(self) -> None:
        """Cut the rows in a lane, or take them as they were cut before."""
        session, case = self.session, self.case
        if session.held:  # the rows follow when the ventricle is let go of
            return
        if self._job is not None:
            self._job.cancel()
        ventricles = {role: session.ventricles.get(role) for role in case.roles}
        known = {role: found for role, found in ventricles.items() if found is not None}
        if len(known) < len(ventricles):
            self._take([], _NONE)
            return
        gate, count = session.gate, self._count()
        same = (*known.values(), count)  # values without equality: the very ellipsoids
        kept = session.shown.rows
        if kept.get("cut for") != same:
            kept.clear()
            kept["cut for"] = same
        if gate in kept:
            self._take(kept[gate], "")
            return

        def finished(strips: list[Strip]) -> None:
            kept[gate] = strips
            self._take(strips, "")

        self._job = self._jobs.start(
            "rows",
            "cutting the rows",
            lambda job: cut_rows(case, known, gate, count, job),
            finished=finished,
            failed=lambda why: self._take([], why),
        )

    def _take(self, strips: list[Strip], words: str) -> None:
        self.strips, self.words = strips, words
        self._colour()

    def _colour(self) -> None:
        display = self.session.display
        levels, rows = display.levels or {}, table(display.colormap)
        self._pictures = [
            [
                picture(rows[to_steps(plane, *levels.get(strip.role, (0, 1)), display.stretch)])
                for plane in strip.values
            ]
            for strip in self.strips
        ]
        self._mask()

    def _mask(self) -> None:
        """Lay what is painted over the slices."""
        self._masks = [mask_pictures(self.session, strip) for strip in self.strips]
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the rows, their names and ends, and the cursor."""
        with painting(self) as painter:
            self._paint(painter)

    def _paint(self, painter: QPainter) -> None:
        theme = colours()
        painter.setPen(QColor(theme.dim))
        if not self.strips:
            centred = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(self.rect().adjusted(20, 20, -20, -20), centred, self.words)
            return
        painter.setRenderHint(
            QPainter.RenderHint.SmoothPixmapTransform, self.session.display.smooth
        )
        for row, strip in enumerate(self.strips):
            first = self.cell(row, 0)
            if row % len(self.case.roles) == 0:
                self._name(painter, strip, first.top())
            painter.setPen(QColor(theme.text))
            beside = QRectF(2, first.top(), self._left() - 8, first.height())
            role = strip.role if len(self.case.roles) > 1 else strip.cut.short
            painter.drawText(beside, int(Qt.AlignmentFlag.AlignVCenter), role)
            for number, image in enumerate(self._pictures[row]):
                where = self.cell(row, number)
                painter.fillRect(where, QColor(DARK.ground))
                painter.drawImage(where, image, self._part(strip.grid))
                if self._masks[row]:
                    painter.drawImage(where, self._masks[row][number], self._part(strip.grid))
            self._letters(painter, strip, first)
            self._cross(painter, row, strip)

    def _name(self, painter: QPainter, strip: Strip, top: float) -> None:
        """Write the cut and what its ends are next to, above the first row of it."""
        theme, cut, head = colours(), strip.cut, self._head()
        right = self.cell(0, min(len(strip.grid.offsets), self._columns()) - 1).right()
        line = QRectF(self._left(), top - head, right - self._left(), head)
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        in_use = self.hasFocus() and self.in_use.cut is cut
        painter.setPen(QColor(theme.accent if in_use else theme.text))
        painter.drawText(line, middle, cut.name)
        painter.setPen(QColor(theme.dim))
        after = self.fontMetrics().horizontalAdvance(cut.name + "  ")
        painter.drawText(line.adjusted(after, 0, 0, 0), middle, f"{cut.first} → {cut.last}")

    def _letters(self, painter: QPainter, strip: Strip, where: QRectF) -> None:
        """Write which wall lies where into the first slice of a row, if there is room."""
        font = painter.font()
        small = painter.font()
        small.setPointSizeF(font.pointSizeF() * 0.7)
        painter.setFont(small)
        if where.width() >= 4 * painter.fontMetrics().horizontalAdvance("APEX"):
            painter.setPen(QColor(DARK.text))
            left, right, top, bottom = strip.cut.edges
            flag, inside = Qt.AlignmentFlag, where.adjusted(2, 0, -2, 0)
            for letter, at in (
                (left, flag.AlignLeft | flag.AlignVCenter),
                (right, flag.AlignRight | flag.AlignVCenter),
                (top, flag.AlignHCenter | flag.AlignTop),
                (bottom, flag.AlignHCenter | flag.AlignBottom),
            ):
                painter.drawText(inside, int(at), letter)
        painter.setFont(font)

    def _cross(self, painter: QPainter, row: int, strip: Strip) -> None:
        if strip.role not in self.session.ventricles:  # about to be cut anew
            return
        number, down, right = self.place(strip)
        where, part = self.cell(row, number), self._part(strip.grid)
        x = where.left() + (right + 0.5 - part.left()) / part.width() * where.width()
        y = where.top() + (down + 0.5 - part.top()) / part.height() * where.height()
        painter.setPen(QColor(colours().accent))
        painter.drawRect(where)
        if where.left() <= x <= where.right():
            painter.drawLine(QPointF(x, where.top()), QPointF(x, where.bottom()))
        if where.top() <= y <= where.bottom():
            painter.drawLine(QPointF(where.left(), y), QPointF(where.right(), y))

    def _part(self, where: Grid) -> QRectF:
        """Return the part of a slice that is shown, in its pixels from its corner."""
        size = where.side / self.zoom
        centre = self.middle * float(where.side)
        return QRectF(centre.x() - size / 2, centre.y() - size / 2, size, size)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Take the left button as the cursor, the right as zoom, the middle or Shift as pan."""
        if event is None:
            return
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        pans = event.button() == Qt.MouseButton.MiddleButton or shift
        mode = "pan" if pans else "zoom" if event.button() == Qt.MouseButton.RightButton else "pick"
        self._drag = mode, event.position()
        if mode == "pick":
            self._pick(event.position())

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Drag what was pressed."""
        if event is None or self._drag is None:
            return
        (mode, last), position = self._drag, event.position()
        self._drag = mode, position
        if mode == "pick":
            self._pick(position)
        elif mode == "pan":
            self.middle -= (position - last) / (self._side() * self.zoom)
            self._settle()
        else:
            self._zoom(1.01 ** (last.y() - position.y()))

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """End a drag."""
        self._drag = None

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Step through the slices of the row in use, or go to another cut."""
        if event is None:
            return
        key, states = event.key(), len(self.case.roles)
        if not self.strips or event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            event.ignore()
        elif key in _STEPS:
            self._step(self.in_use, _STEPS[Qt.Key(key)])
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            row = self.row + (states if key == Qt.Key.Key_Down else -states)
            self.row = row if 0 <= row < len(self.strips) else self.row
            self.update()
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent | None) -> None:
        """Show which cut the keys step through."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        """Show that the keys mean something else now."""
        super().focusOutEvent(event)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Show whole slices."""
        self.fit()

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Step the cursor through the slices of the row under the mouse, zoom with Ctrl."""
        if event is None:
            return
        turn = event.angleDelta().y()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._zoom(1.18 ** (turn / _NOTCH))
        else:
            self._wheel += turn  # touchpads send many small turns
            notches = int(self._wheel / _NOTCH)
            self._wheel -= notches * _NOTCH
            if notches and (under := self._under(event.position())) is not None:
                self.row = under[0]
                self._step(self.strips[self.row], notches)
        event.accept()

    def _zoom(self, factor: float) -> None:
        self.zoom = min(max(self.zoom * factor, 1.0), _CLOSEST)
        self._settle()

    def _settle(self) -> None:
        """Keep the part that is shown within the slice."""
        half = 0.5 / self.zoom
        self.middle = QPointF(
            *(min(max(at, half), 1 - half) for at in (self.middle.x(), self.middle.y()))
        )
        self.update()

    def _under(self, at: QPointF) -> tuple[int, int, QPointF] | None:
        """Return row, slice and share of the slice under a point."""
        for row, strip in enumerate(self.strips):
            for number in range(len(strip.grid.offsets)):
                where = self.cell(row, number)
                if where.contains(at):
                    return row, number, (at - where.topLeft()) / where.width()
        return None

    def _pick(self, at: QPointF) -> None:
        if (under := self._under(at)) is not None:
            self.row, number, share = under
            strip = self.strips[self.row]
            part = self._part(strip.grid)
            right = part.left() + share.x() * part.width() - 0.5
            down = part.top() + share.y() * part.height() - 0.5
            self._go(strip, (number, down, right))

    def _step(self, strip: Strip, slices_on: int) -> None:
        number, down, right = self.place(strip)
        place = min(max(number + slices_on, 0), len(strip.grid.offsets) - 1), down, right
        self._go(strip, place)
        self._stepped = strip.cut, self.session.cursor, place
        self.update()

    def _go(self, strip: Strip, place: tuple[float, float, float]) -> None:
        cube, ventricle = self.case.cubes[strip.role], self.session.ventricles[strip.role]
        voxel = voxel_at(ventricle, cube.spacing, strip.grid, place)
        self.session.set_cursor(*self.session.from_role(strip.role, voxel))
