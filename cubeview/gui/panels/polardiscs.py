"""Polar maps of a heart side by side, with the 17 segments and what is said of them; keys and
clicks choose and score a segment.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PyQt6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PyQt6.QtWidgets import QSizePolicy, QWidget

from cubeview.cubes.scores import SEGMENTS, WORST
from cubeview.gui.widgets.basic import painting, plain_tip
from cubeview.gui.widgets.theme import DARK, colours
from cubeview.measure.heart import disc

SIDE = 128
"""Pixels of a picture of a disc along each side."""
_SMALLEST, _LARGEST = 120, 190
_ARM = 9.0
_FONT = 0.062, 7, 15  # of a disc's side, and between these pixels
_HINT = (
    "Click a segment, or press A and walk with the arrow keys or Tab. 0 to 4 score it, Delete "
    "takes the score back, D goes to the other state, Return takes what is suggested, Esc leaves."
)
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_DIGITS = [Qt.Key(Qt.Key.Key_0 + number) for number in range(10)]


@dataclass(frozen=True, eq=False)
class Disc:
    """One disc: its name, a picture of `SIDE` pixels, and a text for each segment.

    Parameters
    ----------
    name : str
    role : str
        The state whose wall it is; empty for a difference.
    rings : tuple of float
        From `disc.ends`.
    image : QImage
    texts : sequence of str, 17
    sure : sequence of bool, 17
        False where the text is only suggested.
    """

    name: str
    role: str
    rings: tuple[float, ...]
    image: QImage
    texts: Sequence[str]
    sure: Sequence[bool]


class PolarDiscs(QWidget):
    """The discs of a heart, as large as they fit.

    Signals
    -------
    scored(int)
        A score for the segment chosen.
    cleared(), accepted(), left()
        The score is to be taken back; what is suggested is to be taken; the keyboard is to go.
    walked(str, int)
        A state and a segment, by key.
    picked(str, float, float)
        A state and a place on its disc, by mouse: see `cubeview.measure.heart.disc`.
    refused(str)
        Why a key does nothing.
    painted()
        Somebody could see it.
    """

    scored = pyqtSignal(int)
    cleared = pyqtSignal()
    accepted = pyqtSignal()
    left = pyqtSignal()
    walked = pyqtSignal(str, int)
    picked = pyqtSignal(str, float, float)
    refused = pyqtSignal(str)
    painted = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.discs: tuple[Disc, ...] = ()
        self.role, self.segment = "", 1
        self.cross: tuple[float, float] | None = None
        self.words = ""
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolTip(plain_tip(_HINT))
        self.setAccessibleName("Polar maps in 17 segments")

    def set_discs(self, discs: Sequence[Disc]) -> None:
        """Show other discs; the state chosen stays where there still is one of it."""
        if len(discs) != len(self.discs):
            self.updateGeometry()
        self.discs = tuple(discs)
        if self.role not in self.roles:
            self.role = self.roles[0] if self.roles else ""
        self.update()

    @property
    def roles(self) -> tuple[str, ...]:
        """The states that can be scored."""
        return tuple(dict.fromkeys(one.role for one in self.discs if one.role))

    def choose(self, role: str, segment: int) -> None:
        """Mark a segment of a state."""
        if role in self.roles:
            self.role, self.segment = role, segment
            self.update()

    def set_cross(self, cross: tuple[float, float] | None) -> None:
        """Mark where the cursor is, on all discs; None where it is not on the wall."""
        if cross != self.cross:
            self.cross = cross
            self.update()

    def set_words(self, words: str) -> None:
        """Write something into the cell after the last disc, line by line."""
        if words != self.words:
            self.words = words
            self.update()

    def sizeHint(self) -> QSize:
        """Return room for two discs beside and below each other."""
        return QSize(2 * _SMALLEST + 20, 2 * (_SMALLEST + self._line()) + 20)

    def heightForWidth(self, width: int) -> int:
        """Return what two discs beside each other, and those below them, ask for."""
        if not self.discs:
            return 0
        side = min(max(width // 2 - 8, _SMALLEST), _LARGEST)
        return -(-(len(self.discs) + 1) // 2) * (side + self._line() + 6)

    def minimumSizeHint(self) -> QSize:
        """Return what a narrow dock can do with."""
        return QSize(_SMALLEST, _SMALLEST + self._line() if self.discs else 0)

    def event(self, event: QEvent | None) -> bool:
        """Take keys that mean a score here and something else in the window."""
        if event is not None and event.type() == QEvent.Type.ShortcutOverride:
            assert isinstance(event, QKeyEvent)
            if self.discs and _plain(event) and event.key() in _KEYS:
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Score, walk, or leave."""
        if event is None:
            return
        key = event.key()
        if not self.discs or not _plain(event) or key not in _KEYS:
            event.ignore()
        elif key in _DIGITS:
            number = _DIGITS.index(Qt.Key(key))
            if number <= WORST:
                self.scored.emit(number)
            else:
                self.refused.emit(f"Scores are 0 to {WORST}; {number} labels when Esc was pressed.")
        elif key in _ARROWS:
            self._walk(self.role, disc.beside(self.segment, *_ARROWS[Qt.Key(key)]))
        elif key == Qt.Key.Key_D:
            others = [role for role in self.roles if role != self.role]
            self._walk(others[0] if others else self.role, self.segment)
        elif key == Qt.Key.Key_Delete:
            self.cleared.emit()
        elif key == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            self.accepted.emit()

    def focusNextPrevChild(self, next: bool) -> bool:
        """Walk through all segments of all states before the keyboard goes on."""
        states = self.roles
        if self.role in states:
            step = 1 if next else -1
            place = SEGMENTS * states.index(self.role) + self.segment - 1 + step
            if 0 <= place < SEGMENTS * len(states):
                self._walk(states[place // SEGMENTS], place % SEGMENTS + 1)
                return True
        return super().focusNextPrevChild(next)

    def focusInEvent(self, event: QFocusEvent | None) -> None:
        """Show that keys mean segments now; coming by Tab, begin at that end."""
        super().focusInEvent(event)
        reason, states = event.reason() if event is not None else None, self.roles
        if states and reason == Qt.FocusReason.TabFocusReason:
            self._walk(states[0], 1)
        elif states and reason == Qt.FocusReason.BacktabFocusReason:
            self._walk(states[-1], SEGMENTS)
        self.update()

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        """Show that they do not any more."""
        super().focusOutEvent(event)
        self.update()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Choose the segment and the place that was clicked."""
        if event is None:
            return
        for number, one in enumerate(self.discs):
            where = self.where(number)
            right, down = (
                2 * (at - middle) / where.width()
                for at, middle in (
                    (event.position().x(), where.center().x()),
                    (event.position().y(), where.center().y()),
                )
            )
            if np.hypot(right, down) <= 1:
                role = one.role or self.role
                self.choose(role, disc.segment_at(right, down))
                self.picked.emit(role, right, down)
                return

    def where(self, number: int) -> QRectF:
        """Return where a disc is drawn, counted from 0: as large as all of them fit."""
        line, count = self._line(), len(self.discs) + 1  # and one for the words

        def side(columns: int) -> float:
            rows = -(-count // columns)
            return min(self.width() / columns - 8, self.height() / rows - line - 6)

        columns = max(range(1, count + 1), key=side)
        edge, rows = max(side(columns), 1.0), -(-count // columns)
        row, column = divmod(number, columns)
        wide, high = self.width() / columns, self.height() / rows
        free = (high - edge - line) / 2
        return QRectF(wide * (column + 0.5) - edge / 2, high * row + free + line, edge, edge)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the discs."""
        with painting(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            for number, one in enumerate(self.discs):
                self._paint(painter, one, self.where(number))
            painter.setPen(QColor(colours().text))
            after = self.where(len(self.discs)).adjusted(4, 0, 4, 0)
            painter.drawText(after, int(Qt.AlignmentFlag.AlignVCenter), self.words)
        if self.discs:
            self.painted.emit()

    def _paint(self, painter: QPainter, one: Disc, where: QRectF) -> None:
        theme, line = colours(), self._line()
        chosen = one.role == self.role
        painter.setPen(QColor(theme.accent if chosen and self.hasFocus() else theme.text))
        above = QRectF(where.left() - 8, where.top() - line, where.width() + 16, line)
        painter.drawText(above, int(Qt.AlignmentFlag.AlignCenter), one.name)
        painter.setPen(QColor(theme.line))
        painter.setBrush(QColor(DARK.ground))  # as under the slices, in either theme
        painter.drawEllipse(where)
        painter.drawImage(where, one.image)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        middle, half = where.center(), where.width() / 2
        painter.setPen(QPen(QColor(DARK.text), 1.0))
        for radius in disc.EDGES[1:]:
            painter.drawEllipse(middle, radius * half, radius * half)
        for inner, outer, turn in disc.spokes():
            way = QPointF(-np.sin(turn), -np.cos(turn)) * half
            painter.drawLine(middle + way * inner, middle + way * outer)
        if chosen:
            painter.setPen(QPen(QColor(DARK.accent), 3.0 if self.hasFocus() else 1.5))
            painter.drawPath(_outline(self.segment, middle, half))
        if self.cross is not None:
            at = middle + QPointF(*self.cross) * half
            for colour, width in ((DARK.ground, 3.5), (DARK.accent, 2.0)):
                painter.setPen(QPen(QColor(colour), width))
                painter.drawLine(at - QPointF(_ARM, 0), at + QPointF(_ARM, 0))
                painter.drawLine(at - QPointF(0, _ARM), at + QPointF(0, _ARM))
        self._write(painter, one, middle, half)

    def _write(self, painter: QPainter, one: Disc, middle: QPointF, half: float) -> None:
        """Write what is said of the segments, with a dark edge around light letters."""
        share, least, most = _FONT
        font = painter.font()
        font.setPixelSize(round(min(max(2 * half * share, least), most)))
        font.setBold(True)
        edge = QPen(QColor(DARK.ground), 2.6, join=Qt.PenJoinStyle.RoundJoin)
        for segment, text in enumerate(one.texts, start=1):
            words = QPainterPath()
            words.addText(QPointF(0, 0), font, text)
            box = words.boundingRect()
            words.translate(middle + QPointF(*disc.middle(segment)) * half - box.center())
            painter.strokePath(words, edge)
            sure = one.sure[segment - 1]
            painter.fillPath(words, QColor("#ffffff" if sure else DARK.text))

    def _walk(self, role: str, segment: int) -> None:
        self.choose(role, segment)
        self.walked.emit(self.role, self.segment)

    def _line(self) -> int:
        return self.fontMetrics().height() + 2


_KEYS = {
    *_ARROWS,
    *_DIGITS,
    *(Qt.Key.Key_D, Qt.Key.Key_Delete, Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter),
}


def _plain(event: QKeyEvent) -> bool:
    return not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier


def _outline(segment: int, middle: QPointF, half: float) -> QPainterPath:
    """Return the edge of a segment on a disc."""
    path, (inner, outer, start, span) = QPainterPath(), disc.bounds(segment)

    def ring(radius: float) -> QRectF:
        edge = QPointF(radius, radius) * half
        return QRectF(middle - edge, middle + edge)

    if not inner:
        path.addEllipse(ring(outer))
        return path
    # Qt counts degrees from the right anticlockwise: anterior is at 90, septal follows.
    first, turned = 90 + np.degrees(start), np.degrees(span)
    path.arcMoveTo(ring(outer), first)
    path.arcTo(ring(outer), first, turned)
    path.arcTo(ring(inner), first + turned, -turned)
    path.closeSubpath()
    return path
