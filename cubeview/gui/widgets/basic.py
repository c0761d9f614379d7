"""Small widgets the panels are built of."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from html import escape
from typing import Any, TypeVar

from PyQt6 import sip
from PyQt6.QtCore import QEvent, QObject, QPoint, QSize, Qt
from PyQt6.QtGui import QAction, QColor, QIcon, QPainter, QPalette, QPixmap
from PyQt6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QWidget,
)

_W = TypeVar("_W", bound=QWidget)


class _Unturned(QObject):
    """Leaves the wheel to what scrolls around a field."""

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Pass a wheel on."""
        if event is None or event.type() != QEvent.Type.Wheel:
            return False
        event.ignore()
        return True


@contextmanager
def painting(widget: QWidget) -> Iterator[QPainter]:
    """Paint a widget; Qt aborts the program over a painter that was left open."""
    painter = QPainter(widget)
    try:
        yield painter
    finally:
        painter.end()


def steady(made: _W) -> _W:
    """Return a button or a field that only means it changes: not by the wheel of who scrolls.

    A click does not take the keyboard from the views either, but for fields that are typed in: the
    next space or arrow key would press or change once more what was clicked.
    """
    typed = isinstance(made, QAbstractSpinBox)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus if typed else Qt.FocusPolicy.TabFocus)
    made.installEventFilter(_Unturned(made))
    return made


def label(text: str = "", part: str = "", *, wrap: bool = True) -> QLabel:
    """Return a plain-text label.

    Parameters
    ----------
    text : str
    part : str
        Its role in the style sheet.
    wrap : bool
        Break long lines.
    """
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    made.setProperty("part", part)
    if wrap:
        made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    return made


def plain_tip(text: str) -> str:
    """Return a tooltip that shows a text as it is: Qt would draw what looks like HTML.

    Text of a file could have pictures fetched from anywhere.
    """
    return f'<p style="white-space:pre-wrap">{escape(text)}</p>' if "<" in text else text


def keep_out(widget: QWidget, on: bool = True) -> None:
    """Have a widget covered in pictures of the window: it may show a patient's name or a path."""
    widget.setProperty("private", on)


def picture_of(window: QWidget) -> QPixmap:
    """Return a picture of a window without what `keep_out` was said of."""
    picture = window.grab()
    painter = QPainter(picture)
    for widget in window.findChildren(QWidget):
        if widget.property("private"):
            seen = widget.visibleRegion().boundingRect()
            place = seen.translated(widget.mapTo(window, QPoint()))
            painter.fillRect(place, window.palette().color(QPalette.ColorRole.Base))
    painter.end()
    return picture


def headline() -> QLabel:
    """Return a label in large, bold letters."""
    made = label()
    made.setProperty("letters", 1.5)  # of the others', whatever size those have: see `text_size`
    font = made.font()
    font.setPointSizeF(font.pointSizeF() * 1.5)
    font.setBold(True)
    made.setFont(font)
    return made


def say(made: QLabel | QPushButton, text: str, part: str | None = None) -> None:
    """Write on a label or button, or hide it where there is nothing to say.

    Parameters
    ----------
    made : QLabel or QPushButton
    text : str
        Empty to hide it.
    part : str, optional
        A new role in the style sheet; None keeps the old.
    """
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
    made = steady(QPushButton(text))
    made.setProperty("part", part)
    made.setToolTip(plain_tip(tip))
    made.setAccessibleName(name)
    # `clicked` carries a state that a slot without arguments must not get.
    made.clicked.connect(lambda: slot())
    return made


def tick(text: str, tip: str = "") -> QCheckBox:
    """Return a box to tick."""
    box = steady(QCheckBox(text))
    box.setToolTip(plain_tip(tip))
    return box


def answers(dialog: QDialog, *names: str) -> QDialogButtonBox:
    """Return standard buttons, by their names in Qt, that accept or reject a dialog."""
    box = QDialogButtonBox()
    for name in names:
        box.addButton(QDialogButtonBox.StandardButton[name])
    box.accepted.connect(dialog.accept)
    box.rejected.connect(dialog.reject)
    return box


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
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # or a click between its fields takes the keys
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
        if watched is None or sip.isdeleted(watched):  # as while the window is taken down
            return False
        return super().eventFilter(watched, event)


def chooser(name: str, tip: str = "") -> QComboBox:
    """Return a combo box that takes the width it is given, whatever its longest entry asks for."""
    box = steady(QComboBox())
    box.setAccessibleName(name)
    box.setToolTip(plain_tip(tip))
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
    return box


def colour_icon(colour: str) -> QIcon:
    """Return a small square of a colour, grey where the text names none."""
    square = QPixmap(10, 10)
    square.fill(QColor(colour) if QColor(colour).isValid() else QColor("#8b95a3"))
    return QIcon(square)


def offer(box: QComboBox, entries: Mapping[Any, str], chosen: object = None) -> None:
    """Offer these entries and no others.

    Parameters
    ----------
    box : QComboBox
    entries : mapping of data to text
    chosen : object
        The data of the one to begin with; the first where there is none such.
    """
    box.clear()
    for data, text in entries.items():
        box.addItem(text, data)
    box.setCurrentIndex(max(0, box.findData(chosen)))


def add_action(menu: QMenu, text: str, slot: Callable[[], object]) -> QAction:
    """Add an entry to a menu.

    Parameters
    ----------
    menu : QMenu
    text : str
    slot : callable
        Called without arguments.
    """
    action = menu.addAction(text)
    assert action is not None
    action.triggered.connect(lambda _=False: slot())
    return action
