"""Small widgets the panels are built of."""

from collections.abc import Callable, Mapping

import numpy as np
from PyQt6.QtCore import QEvent, QObject, QRectF, QSize, Qt
from PyQt6.QtGui import QAction, QColor, QFontMetrics, QIcon, QPainter, QPaintEvent, QPixmap
from PyQt6.QtWidgets import (
    QApplication,
    QBoxLayout,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QMenu,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from cubeview.gui.widgets.colormaps import overlay_table, picture
from cubeview.gui.widgets.theme import colours


def label(text: str = "", part: str = "", *, wrap: bool = True) -> QLabel:
    """Return a plain-text label; `part` is its role in the style sheet."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    made.setProperty("part", part)
    if wrap:
        made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    return made


def headline() -> QLabel:
    """Return a label in large, bold letters."""
    made = label()
    font = made.font()
    font.setPointSizeF(font.pointSizeF() * 1.5)
    font.setBold(True)
    made.setFont(font)
    return made


def say(made: QLabel | QPushButton, text: str, part: str | None = None) -> None:
    """Write on a label or button, or hide it where there is nothing to say."""
    made.setText(text)
    made.setVisible(bool(text))
    if part is not None:
        set_part(made, part)


def button(
    text: str, slot: Callable[[], object], tip: str = "", part: str = "", *, name: str = ""
) -> QPushButton:
    """Return a button.

    Parameters
    ----------
    text : str
    slot : callable
        Called without arguments.
    tip, part : str
        Tooltip, and its role in the style sheet.
    name : str
        For a screen reader, where the text is a sign.
    """
    made = QPushButton(text)
    made.setProperty("part", part)
    made.setToolTip(tip)
    made.setAccessibleName(name)
    # `clicked` carries a state that a slot without arguments must not get.
    made.clicked.connect(lambda: slot())
    return made


def answers(dialog: QDialog, *names: str) -> QDialogButtonBox:
    """Return standard buttons, by their names in Qt, that accept or reject a dialog."""
    box = QDialogButtonBox()
    for name in names:
        box.addButton(QDialogButtonBox.StandardButton[name])
    box.accepted.connect(dialog.accept)
    box.rejected.connect(dialog.reject)
    return box


def put(layout: QBoxLayout, *items: QWidget | QLayout | tuple[QWidget, int] | None) -> None:
    """Add items to a layout; one with a number takes that share of what is left, None all of it."""
    for item in items:
        if isinstance(item, QLayout):
            layout.addLayout(item)
        elif isinstance(item, tuple):
            layout.addWidget(*item)
        elif item is None:
            layout.addStretch(1)
        else:
            layout.addWidget(item)


def row(*items: QWidget | QLayout | tuple[QWidget, int] | None) -> QHBoxLayout:
    """Return items side by side, as `put` takes them."""
    made = QHBoxLayout()
    put(made, *items)
    return made


def empty(layout: QLayout) -> None:
    """Take all widgets of a layout away."""
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()


def copy_text(text: str) -> None:
    """Put a text where the user can paste it from."""
    if (clipboard := QApplication.clipboard()) is not None:
        clipboard.setText(text)


def rule() -> QFrame:
    """Return a thin line between two groups."""
    line = QFrame()
    line.setProperty("part", "rule")
    line.setFixedHeight(1)
    return line


def set_part(widget: QWidget, part: str) -> None:
    """Change a widget's role in the style sheet."""
    if widget.property("part") != part:
        widget.setProperty("part", part)
        if (style := widget.style()) is not None:
            style.polish(widget)


class PanelArea(QScrollArea):
    """A frameless scroll area that lets a panel be lower than what it holds, never narrower."""

    def __init__(self, panel: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(panel)
        panel.installEventFilter(self)

    def minimumSizeHint(self) -> QSize:
        """Return the least width of the panel with its scroll bar."""
        panel, bar = self.widget(), self.verticalScrollBar()
        assert panel is not None
        assert bar is not None
        return QSize(panel.minimumSizeHint().width() + bar.sizeHint().width(), 60)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Tell the dock when the panel needs another width."""
        if event is not None and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)


def chooser(name: str, tip: str = "") -> QComboBox:
    """Return a combo box that takes the width it is given, whatever its longest entry asks for."""
    box = QComboBox()
    box.setAccessibleName(name)
    box.setToolTip(tip)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
    return box


def colour_icon(colour: str) -> QIcon:
    """Return a small square of a colour, grey where the text names none."""
    square = QPixmap(10, 10)
    square.fill(QColor(colour) if QColor(colour).isValid() else QColor("#8b95a3"))
    return QIcon(square)


def add_action(menu: QMenu, text: str, slot: Callable[[], object]) -> QAction:
    """Add an entry to a menu; the slot is called without arguments."""
    action = menu.addAction(text)
    assert action is not None
    action.triggered.connect(lambda _=False: slot())
    return action


def column(widget: QWidget) -> QVBoxLayout:
    """Return the layout of a panel, with the ground and the margins all panels share."""
    widget.setProperty("part", "panel")
    widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    layout = QVBoxLayout(widget)
    layout.setContentsMargins(12, 8, 12, 12)
    layout.setSpacing(8)
    return layout


class Bars(QWidget):
    """Probabilities as bars, one row each: name, bar, number."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[tuple[str, float, bool]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_values(self, values: Mapping[str, float], marked: str) -> None:
        """Show probabilities in the order given, one of them in the accent colour."""
        self._rows = [(name, value, name == marked) for name, value in values.items()]
        # A painted widget says nothing to a screen reader unless told.
        self.setAccessibleDescription(
            ", ".join(f"{name} {value:.2f}" for name, value in values.items())
        )
        self.updateGeometry()
        self.update()

    @property
    def rows(self) -> list[tuple[str, float, bool]]:
        """Name, value and whether it is the marked one, as painted."""
        return list(self._rows)

    def sizeHint(self) -> QSize:
        """Return a height that fits the rows in the current font."""
        return QSize(220, self._row_height() * len(self._rows))

    def minimumSizeHint(self) -> QSize:
        """Return the least size in which names stay readable."""
        return QSize(150, self._row_height() * len(self._rows))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the rows."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        c, metrics, height = colours(), self.fontMetrics(), self._row_height()
        names = max((metrics.horizontalAdvance(name) for name, _, _ in self._rows), default=0) + 10
        names = min(names, self.width() // 2)
        numbers = metrics.horizontalAdvance("0.00") + 8
        for place, (name, value, marked) in enumerate(self._rows):
            top = place * height
            painter.setPen(QColor(c.text if marked else c.dim))
            side = Qt.AlignmentFlag.AlignVCenter
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, names - 6)
            painter.drawText(QRectF(0, top, names, height), side, shown)
            number = QRectF(self.width() - numbers, top, numbers, height)
            painter.drawText(number, side | Qt.AlignmentFlag.AlignRight, f"{value:.2f}")
            track = QRectF(names, top + height / 2 - 4, self.width() - names - numbers, 8)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(c.raised))
            painter.drawRoundedRect(track, 4, 4)
            # A probability near 0 stays a mark, not nothing.
            track.setWidth(max(track.width() * value, 3.0))
            painter.setBrush(QColor(c.accent if marked else c.dim))
            painter.drawRoundedRect(track, min(4, track.width() / 2), 4)

    def _row_height(self) -> int:
        return QFontMetrics(self.font()).height() + 7


class SignedBar(QWidget):
    """The colour bar of a map: from evidence against to evidence for, zero in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self._peak, self._unit, self._threshold = 0.0, "", 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_scale(self, peak: float, unit: str, threshold: float) -> None:
        """Show a scale from ``-peak`` to ``peak``, clear where a map is below the threshold."""
        self._peak, self._unit, self._threshold = peak, unit, threshold
        self.setAccessibleDescription(f"from −{peak:.3g} to +{peak:.3g} {unit}")
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for the bar and one line of numbers."""
        return QSize(220, self.fontMetrics().height() * 2 + 16)

    minimumSizeHint = sizeHint

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the bar with its end values and what they mean."""
        painter = QPainter(self)
        c, line = colours(), self.fontMetrics().height()
        width, bar = self.width(), QRectF(0, line + 3, self.width(), 9)
        rows = overlay_table(1.0, self._threshold)[1:]
        painter.fillRect(bar, QColor(c.raised))
        painter.drawImage(bar, picture(rows[None, np.arange(width) * len(rows) // width]))
        painter.setPen(QColor(c.dim))
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        over, under = QRectF(0, 0, width, line), QRectF(0, bar.bottom() + 3, width, line)
        painter.drawText(over, left, "against")
        painter.drawText(over, right, "for")
        painter.drawText(over, Qt.AlignmentFlag.AlignHCenter, self._unit)
        painter.drawText(under, left, f"−{self._peak:.3g}")
        painter.drawText(under, Qt.AlignmentFlag.AlignHCenter, "0")
        painter.drawText(under, right, f"+{self._peak:.3g}")
