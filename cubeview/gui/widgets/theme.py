"""How the window looks: two palettes, one style sheet, and the switch between them."""

from dataclasses import asdict, dataclass
from string import Template
from typing import Literal

from PyQt6.QtCore import QEvent, Qt
from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import QApplication

ThemeName = Literal["dark", "light", "system"]
THEMES: tuple[ThemeName, ...] = ("system", "dark", "light")
LEAST, MOST = 70, 200
"""Sizes of letters, % of the system's."""


@dataclass(frozen=True)
class Colours:
    """The colours of one theme; every text colour has a contrast of 4.5 or more on each ground.

    `accent` is for lines, bars and marks, `on_accent` for text upon it, `select` for the ground of
    a chosen row.
    """

    ground: str
    card: str
    raised: str
    line: str
    text: str
    dim: str
    accent: str
    on_accent: str
    select: str
    good: str
    warn: str
    bad: str


_DARK_AND_LIGHT = {
    "ground": ("#14171c", "#e9ecf0"),
    "card": ("#1b1f26", "#ffffff"),
    "raised": ("#242a33", "#f1f3f6"),
    "line": ("#2f3641", "#c4cad3"),
    "text": ("#d7dce3", "#1b1f26"),
    "dim": ("#8b95a3", "#58616e"),
    "accent": ("#4aa3ff", "#1565c0"),
    "on_accent": ("#0d1117", "#ffffff"),
    "select": ("#22426b", "#cfe3fa"),
    "good": ("#5ac58e", "#1a6b40"),
    "warn": ("#f0b429", "#7d5600"),
    "bad": ("#ef6f6c", "#b3261e"),
}
DARK = Colours(**{name: dark for name, (dark, _) in _DARK_AND_LIGHT.items()})
LIGHT = Colours(**{name: light for name, (_, light) in _DARK_AND_LIGHT.items()})


def colours() -> Colours:
    """Return the colours in force, for widgets that paint themselves."""
    ground = QApplication.palette().color(QPalette.ColorRole.Window)
    return DARK if ground.lightness() < 128 else LIGHT


def new_colours(event: QEvent, worn: Colours | None) -> Colours | None:
    """Return what a widget must change into on an event; None where it is dressed so already.

    Each time a widget finds another parent such an event comes, mostly with the same colours.
    """
    if event.type() not in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
        return None
    found = colours()
    return None if found is worn else found


def theme(name: ThemeName) -> None:
    """Dress the whole application.

    Parameters
    ----------
    name : {"dark", "light", "system"}
        ``"system"``: light where the system says light, else dark.
    """
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    hints = app.styleHints()
    assert hints is not None
    light = name == "light" or (name == "system" and hints.colorScheme() == Qt.ColorScheme.Light)
    chosen = LIGHT if light else DARK
    sheet = Template(_SHEET).substitute(asdict(chosen))
    # Each of the three goes through every widget there is.
    if app.styleSheet() == sheet and colours() is chosen:
        return
    if not app.styleSheet():
        app.setStyle("Fusion")
    app.setPalette(_palette(chosen))
    app.setStyleSheet(sheet)


def text_size(percent: int) -> int:
    """Give all letters of the application a size; return it, within `LEAST` and `MOST`.

    What has measured its letters when it was made, as views have, is to be made anew.

    Parameters
    ----------
    percent : int
        Of the size the system asked for.
    """
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    percent = min(max(percent, LEAST), MOST)
    font = app.font()
    usual = app.property("usual letters")
    if usual is None:
        usual = font.pointSizeF()
        app.setProperty("usual letters", usual)
    size = usual * percent / 100
    if size == font.pointSizeF():
        return percent
    font.setPointSizeF(size)
    # What a sheet gives a weight keeps its size with it.
    sheet = app.styleSheet()
    app.setStyleSheet("")
    app.setFont(font)
    app.setStyleSheet(sheet)
    for widget in app.allWidgets():
        if share := widget.property("letters"):
            own = widget.font()
            own.setPointSizeF(size * share)
            widget.setFont(own)
    return percent


def _palette(c: Colours) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    texts = (role.Text, role.WindowText, role.ButtonText)
    for colour, places in (
        (c.ground, (role.Window, role.Shadow)),
        (c.text, (*texts, role.ToolTipText, role.HighlightedText)),
        (c.card, (role.Base,)),
        (c.raised, (role.AlternateBase, role.Button, role.ToolTipBase, role.Light)),
        (c.dim, (role.PlaceholderText,)),
        (c.bad, (role.BrightText,)),
        (c.select, (role.Highlight,)),
        (c.accent, (role.Accent, role.Link, role.LinkVisited)),
        (c.line, (role.Midlight, role.Mid, role.Dark)),
    ):
        for where in places:
            palette.setColor(where, QColor(colour))
    for where in texts:
        palette.setColor(QPalette.ColorGroup.Disabled, where, QColor(c.dim))
    return palette


# Boxes with arrows are left to Fusion and the palette: a style sheet that touches them must paint
# the arrows too. Widgets are addressed by class or by the "part" property, never by object name:
# names belong to the saved layout.
_SHEET = """
QMainWindow, QDialog { background: $ground; }
QMainWindow::separator { background: $ground; width: 6px; height: 6px; }
QMainWindow::separator:hover { background: $line; }
QToolTip { background: $raised; color: $text; border: 1px solid $line; padding: 4px; }

QMenuBar { background: $card; border-bottom: 1px solid $line; padding: 2px 6px; }
QMenuBar::item { background: transparent; padding: 5px 10px; border-radius: 4px; }
QMenuBar::item:selected { background: $raised; }
QMenu { background: $card; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 5px 26px 5px 22px; border-radius: 4px; }
QMenu::item:selected { background: $select; color: $text; }
QMenu::item:disabled { color: $dim; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }

QToolBar { background: $card; border: none; border-bottom: 1px solid $line; padding: 4px 8px;
           spacing: 4px; }
QToolBar::separator { background: $line; width: 1px; margin: 5px 6px; }
QToolButton { background: transparent; border: 1px solid transparent; border-radius: 5px;
              padding: 4px 9px; }
QToolButton:hover { background: $raised; }
QToolButton:checked, QToolButton:pressed { background: $select; }
QToolButton:focus { border-color: $accent; }
QToolButton:disabled { color: $dim; }
QToolButton[popupMode="2"] { padding-right: 20px; }
QToolButton::menu-indicator { subcontrol-origin: border; subcontrol-position: center right;
                              right: 6px; }

QStatusBar { background: $card; border-top: 1px solid $line; }
QStatusBar::item { border: none; }

QDockWidget { color: $dim; font-weight: 600; }
QDockWidget::title { background: $card; border: 1px solid $line; border-bottom: none;
                     border-top-left-radius: 7px; border-top-right-radius: 7px;
                     padding: 6px 10px; text-align: left; }
QDockWidget > QWidget { background: $card; border: 1px solid $line; border-top: none;
                        border-bottom-left-radius: 7px; border-bottom-right-radius: 7px; }
QTabBar::tab { background: $ground; color: $dim; padding: 5px 6px; border: 1px solid $line;
               border-radius: 4px; margin: 2px; }
QTabBar::tab:selected { background: $raised; color: $text; }

QScrollArea, QScrollArea > QWidget > QWidget { background: transparent; border: none; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: $line; border-radius: 4px; min-height: 24px; min-width: 24px;
                     margin: 1px; }
QScrollBar::handle:hover { background: $dim; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QPushButton { background: $raised; border: 1px solid $line; border-radius: 5px;
              padding: 5px 12px; }
QPushButton:hover { border-color: $dim; }
QPushButton:pressed { background: $select; }
QPushButton:checked { background: $select; border-color: $accent; }
QPushButton:focus { border-color: $accent; }
QPushButton:disabled { color: $dim; background: $card; }
QPushButton[part="main"] { background: $accent; color: $on_accent; border-color: $accent;
                           font-weight: 600; }
QPushButton[part="main"]:focus { border-color: $text; }
QPushButton[part="main"]:disabled { background: $raised; color: $dim; border-color: $line; }
QPushButton[part="chip"] { background: transparent; color: $warn; border: 1px solid $warn;
                           border-radius: 9px; padding: 1px 9px; }
QPushButton[part="chip"]:hover { background: $raised; }
QPushButton[part="quiet"] { background: transparent; border: 1px solid transparent;
                            padding: 3px 7px; color: $dim; }
QPushButton[part="quiet"]:hover { background: $raised; color: $text; }
QPushButton[part="quiet"]:focus { border-color: $accent; }

QComboBox QAbstractItemView { background: $card; border: 1px solid $line; padding: 2px;
                              selection-background-color: $select; selection-color: $text; }
QSlider { min-height: 18px; }
QSlider::groove:horizontal { background: $line; height: 4px; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $dim; height: 4px; border-radius: 2px; }
QSlider::handle:horizontal { background: $accent; width: 12px; height: 12px; margin: -4px 0;
                             border-radius: 6px; }
QSlider::handle:horizontal:focus { border: 2px solid $text; margin: -6px 0; }
QSlider::handle:horizontal:disabled { background: $dim; }
QProgressBar { background: $raised; border: 1px solid $line; border-radius: 4px; height: 9px;
               text-align: center; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }

QAbstractItemView { background: $card; border: none; outline: none; }
QListView::item, QTreeView::item, QTableView::item { padding: 4px 6px; border-radius: 4px; }
QListView::item:selected, QTreeView::item:selected, QTableView::item:selected {
    background: $select; color: $text; }
QListView::item:hover:!selected { background: $raised; }
QHeaderView::section { background: $card; color: $dim; border: none;
                       border-bottom: 1px solid $line; padding: 4px 6px; }
QPlainTextEdit, QTextEdit { background: $card; border: 1px solid $line; border-radius: 5px; }

QLabel[part="heading"] { color: $dim; font-weight: 600; }
QLabel[part="dim"] { color: $dim; }
QLabel[part="warn"] { color: $warn; }
QLabel[part="bad"] { color: $bad; }
QLabel[part="good"] { color: $good; }
QLabel[part="badge"] { color: $warn; border: 1px solid $warn; border-radius: 9px;
                       padding: 1px 10px; margin: 3px 8px; }
QFrame[part="card"] { background: $card; border: 1px solid $line; border-radius: 7px; }
QFrame[part="rule"] { background: $line; border: none; max-height: 1px; }
QFrame[part="message"] { background: $raised; border: 1px solid $line; border-radius: 5px; }
"""
