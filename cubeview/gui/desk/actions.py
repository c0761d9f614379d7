"""The one table of what can be done: menus, toolbar, shortcuts and the key list come from it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QMenu, QWidget

from cubeview.cubes.case import Case
from cubeview.cubes.study import beside
from cubeview.gui.desk.session import Session
from cubeview.gui.widgets.basic import plain_tip
from cubeview.kinds import Kind, kind_of
from cubeview.learn.explain.methods import EXPLAINERS

MENUS = ("File", "View", "Cube", "Model", "Label", "Tools", "Help")

Need = Literal[  # "heart": one whose ventricle is known; "ventricle": one that has one to look for
    "",
    "case",
    "heart",
    "ventricle",
    "pair",
    "overlay",
    "spectral",
    "spectra",
    "sky",
    "gated",
    "patient",
    "study",
    "placed",
    "image",
]
SUITS: Mapping[Need, Callable[[Kind], bool]] = {
    "heart": lambda kind: kind.ventricle,
    "ventricle": lambda kind: kind.ventricle,
    "placed": lambda kind: kind.ventricle or bool(kind.window_px),
    "image": lambda kind: bool(kind.window_px),
    "pair": lambda kind: bool(kind.states),
    "gated": lambda kind: kind.patient,
    "patient": lambda kind: kind.patient,
    "study": lambda kind: kind.patient,
    "spectral": lambda kind: not kind.ventricle,
    "spectra": lambda kind: not kind.ventricle,
    "sky": lambda kind: bool(kind.window_px),
}
"""Which kinds of case can have what is needed; every kind, where it is not named here."""


@dataclass(frozen=True)
class Action:
    """One thing the user can do.

    Parameters
    ----------
    key : str
        Stable name, for tests and scripts.
    text : str
        In menus; ``&`` marks the mnemonic.
    menu : str
        One of `MENUS`.
    shortcut : str
        As QKeySequence reads it; empty for none.
    needs : str
        What must be there for it to be possible, as `there_is` names it; empty for nothing. Where
        the kind of the open case never has it, the action is hidden.
    views_only : bool
        The key counts only while the views have the focus: a space bar that always played would
        take the space bar away from every button.
    checkable : bool
        The handler is called with the new state.
    toolbar : str
        Short text on the toolbar; empty when not there.
    after_line : bool
        A line is drawn above it in the menu.
    """

    key: str
    text: str
    menu: str
    shortcut: str = ""
    needs: Need = ""
    views_only: bool = False
    checkable: bool = False
    toolbar: str = ""
    after_line: bool = False


ACTIONS = (
    Action("open", "&Open files…", "File", "Ctrl+O", toolbar="Open"),
    Action("open_folder", "Open &folder…", "File", "Ctrl+Shift+O"),
    Action("open_catalogue", "Open cata&logue over the sky…", "File", "Ctrl+T", needs="sky"),
    Action("open_session", "Ope&n session…", "File", "Ctrl+Alt+O"),
    Action("score_archive", "Score an archi&ve…", "File"),
    Action("close_case", "&Close case", "File", "Ctrl+W", needs="case"),
    Action("save_map", "&Save map…", "File", "Ctrl+S", needs="overlay", after_line=True),
    Action("heart_report", "&Report of this heart…", "File", "Ctrl+R", needs="heart"),
    Action("save_picture", "Save &picture of the window…", "File", "Ctrl+Shift+S"),
    Action("save_cube", "Save cu&be…", "File", "Ctrl+Alt+C", needs="sky"),
    Action("save_channels", "Save channel &maps…", "File", needs="sky"),
    Action("save_session", "Save s&ession…", "File", "Ctrl+Alt+S", needs="case"),
    Action("header", "&Header…", "File", "Ctrl+H", needs="sky", after_line=True),
    Action("quit", "&Quit", "File", "Ctrl+Q", after_line=True),
    Action("fit", "Fit the slices &into their views", "View", "F", needs="case"),
    Action(
        "rows", "Rows of &slices", "View", "L", needs="ventricle", checkable=True, toolbar="Rows"
    ),
    Action("link_levels", "Levels of the states &linked", "View", "Shift+L", needs="ventricle"),
    Action("brighter", "&Upper level lower", "View", "Alt+Down", needs="ventricle"),
    Action("darker", "Upper level &higher", "View", "Alt+Up", needs="ventricle"),
    Action("lower_up", "Lower level hi&gher", "View", "Alt+Right", needs="ventricle"),
    Action("lower_down", "Lo&wer level lower", "View", "Alt+Left", needs="ventricle"),
    Action("reset_levels", "Levels as at the &beginning", "View", "Alt+Home", needs="ventricle"),
    Action("full_screen", "&Full screen", "View", "F11", checkable=True),
    Action("reset_layout", "&Reset layout", "View"),
    Action("larger_text", "L&arger text", "View", "Ctrl++", after_line=True),
    Action("smaller_text", "S&maller text", "View", "Ctrl+-"),
    Action("usual_text", "Usual si&ze of text", "View", "Ctrl+0"),
    Action("close_top", "Close what is on &top", "View", "Esc"),
    Action("next_case", "&Next case", "Cube", "Ctrl+Down", needs="case"),
    Action("previous_case", "&Previous case", "Cube", "Ctrl+Up", needs="case"),
    Action(
        "match", "&Keep the place from cube to cube", "Cube", "Ctrl+M", needs="sky", checkable=True
    ),
    Action("blink", "Bl&ink: the case before and back", "Cube", "Ctrl+B", needs="case"),
    Action("projections", "Pro&jections of this study, and back", "Cube", "J", needs="study"),
    Action("next_in_study", "Next scan of this stud&y", "Cube", "Shift+J", needs="study"),
    Action("goto", "G&o to…", "Cube", "Ctrl+G", needs="sky"),
    Action(
        "play",
        "Pl&ay through the slices",
        "Cube",
        "Space",
        needs="case",
        views_only=True,
        checkable=True,
        toolbar="Play",
        after_line=True,
    ),
    Action("beat", "Play the bea&t of a gated scan", "Cube", "B", needs="gated", checkable=True),
    Action("aperture", "Ap&erture at the cursor", "Cube", "R", needs="spectral", after_line=True),
    Action("aperture_mean", "&Mean or sum of the aperture", "Cube", "Shift+R", needs="spectral"),
    Action("swap", "&Swap rest and stress", "Cube", "S", needs="pair"),
    Action("unpair", "Unpai&r rest and stress", "Cube", needs="pair"),
    Action("white", "W&hite light", "Cube", "W", needs="spectral"),
    Action("spectral_axis", "Spectral a&xis…", "Cube", "X", needs="spectral"),
    Action("smooth", "Smooth by a kerne&l…", "Cube", "Ctrl+J", needs="sky"),
    Action("guesses", "&Correct what was guessed…", "Cube", "G", needs="case"),
    Action(
        "adjust",
        "Adjust the &ventricle",
        "Cube",
        "V",
        needs="heart",
        checkable=True,
        toolbar="Ventricle",
    ),
    Action("undo_placed", "&Undo what was placed", "Cube", "Ctrl+Z", needs="placed"),
    Action("fit_again", "Fit the ventricle a&gain", "Cube", needs="ventricle"),
    Action("about_cube", "A&bout this cube", "Cube", "I", needs="case"),
    Action("predict", "&Classify", "Model", "P", needs="case"),
    *(
        Action(way.key, way.title, "Model", way.shortcut, needs="case", after_line=place == 0)
        for place, way in enumerate(EXPLAINERS.values())
    ),
    Action("try_answer", "&Does the answer hold?", "Model", "Ctrl+P", needs="case"),
    Action("toggle_map", "Show or &hide the map", "Model", "H", needs="overlay"),
    Action("fainter", "Map &fainter", "Model", "[", needs="overlay"),
    Action("stronger", "Map &stronger", "Model", "]", needs="overlay"),
    Action("explore", "E&xplore cases…", "Model", "E", after_line=True),
    Action("more_like_this", "More &like this", "Model", "Shift+E", needs="case"),
    Action("teach", "&Teach…", "Model", "T"),
    Action("models", "Model m&anager…", "Model"),
    Action("unsure", "&Unsure", "Label", "U", needs="case"),
    Action("quality", "&Quality flag", "Label", "Q", needs="case"),
    Action("score", "Score the s&egments", "Label", "A", needs="heart"),
    Action("undo", "Undo &label", "Label", "Z"),
    Action("redo", "&Redo label", "Label", "Shift+Z"),
    Action("next_unlabelled", "&Next unlabelled case", "Label", "N", after_line=True),
    Action("back", "&Back to the case before", "Label", "Backspace"),
    Action(
        "add_to_library", "&Add this case to the library", "Label", needs="case", after_line=True
    ),
    Action("import_folder", "Import &folder…", "Label"),
    Action("import_labels", "&Import labels…", "Label"),
    Action("export_labels", "E&xport labels…", "Label"),
    Action("label_sets", "Label &sets…", "Label", after_line=True),
    Action("agreement", "A&greement of readers…", "Label"),
    Action("paint", "&Paint a mask", "Tools", "K", needs="case"),
    Action("undo_mask", "&Undo painting", "Tools", "Ctrl+Shift+Z", needs="case"),
    Action("smaller_brush", "Smaller &brush", "Tools", ",", needs="case"),
    Action("larger_brush", "La&rger brush", "Tools", ".", needs="case"),
    Action("quality_control", "How it was ta&ken…", "Tools", "Shift+Q", needs="patient"),
    Action("search", "&Search for sources", "Tools", "Ctrl+F", needs="sky"),
    Action(
        "measure_interval",
        "Measure an &interval of the spectrum",
        "Tools",
        "M",
        needs="sky",
        checkable=True,
        toolbar="Measure",
        after_line=True,
    ),
    Action("apertures", "&Apertures on the sky…", "Tools", "Shift+A", needs="sky"),
    Action(
        "draw_path",
        "P&osition and velocity along a path",
        "Tools",
        "Shift+P",
        needs="sky",
        checkable=True,
    ),
    Action(
        "drag_lines",
        "&Drag the lines along the spectrum",
        "Tools",
        "D",
        needs="sky",
        checkable=True,
    ),
    Action("fit_line", "Fit a li&ne to the spectrum", "Tools", "Shift+F", needs="sky"),
    Action(
        "toggle_image", "Show or &hide the image of the interval", "Tools", "Shift+M", needs="image"
    ),
    Action(
        "contours",
        "Contours of this image o&ver all cubes",
        "Tools",
        "Ctrl+Shift+C",
        needs="sky",
        checkable=True,
    ),
    Action(
        "samp",
        "&Talk to other programs (SAMP)",
        "Tools",
        needs="sky",
        checkable=True,
        after_line=True,
    ),
    Action("samp_send", "S&end to other programs", "Tools", "Ctrl+E", needs="sky"),
    Action("cancel_jobs", "&Cancel running work", "Tools", after_line=True),
    Action("cache_size", "Space for &fast spectra…", "Tools", needs="spectra"),
    Action("models_folder", "Open the &models folder", "Tools"),
    Action("manual", "&Manual", "Help", "F1"),
    Action("keys", "&Keys", "Help", "Shift+F1"),
    Action("report", "Copy &report", "Help"),
    Action("about", "&About CubeView", "Help"),
)

VIEW_KEYS: tuple[tuple[str, str, Need], ...] = (
    ("Wheel", "Step through the slices under the mouse", ""),
    ("Arrow keys, Page Up/Down", "Step the cursor; in rows the slice, or go to another cut", ""),
    ("Home, End", "First and last slice", ""),
    ("Click or drag", "Move the cursor", ""),
    ("Ctrl+Wheel", "Zoom", ""),
    ("Alt+Wheel", "Make the aperture larger or smaller", "spectral"),
    ("Right drag", "Zoom", ""),
    ("+, −, Wheel in a curve", "Zoom along it", ""),
    ("Middle drag, Shift+drag", "Pan", ""),
    ("Ctrl+drag", "Draw the window to label in a sky cube; in the spectrum its interval", "sky"),
    ("Drag, Shift+drag while measuring", "Draw the interval in the spectrum, its continuum", "sky"),
    ("Drag with an aperture tool", "Draw an aperture; a click chooses the one it lies in", "sky"),
    ("Drag, or clicks, with the path", "Draw the path; a double click ends it", "sky"),
    ("Drag, Ctrl+drag", "While a mask is painted: paint, erase", ""),
    ("Double click", "Fit into the view; on a title, one view alone", ""),
    ("0 … 4, Delete", "In the polar map: score the segment, take the score back", "ventricle"),
    ("D, Return, Esc", "In it: the other state, take what is suggested, leave it", "ventricle"),
)
"""Keys and mouse moves the views answer by themselves, and what they need; for the key list."""

LABEL_KEYS = (("1 … 9", "Label with the class of that key"),)
"""Keys that mean what the label set in use says; for the key list."""


class Actions:
    """The actions of one window, by key.

    Parameters
    ----------
    window : QWidget
        Where their keys count.
    views : QWidget
        Where `views_only` keys count.
    handlers : mapping of key to callable
        What each action does.
    """

    def __init__(
        self, window: QWidget, views: QWidget, handlers: Mapping[str, Callable[..., object]]
    ) -> None:
        self._actions: dict[str, QAction] = {}
        for entry in ACTIONS:
            action = QAction(entry.text, window)
            action.setObjectName(entry.key)
            action.setCheckable(entry.checkable)
            if entry.shortcut:
                action.setShortcut(QKeySequence(entry.shortcut))
            if entry.toolbar:
                action.setIconText(entry.toolbar)
            tip = entry.text.replace("&", "").rstrip("…")
            action.setToolTip(plain_tip(f"{tip} ({entry.shortcut})" if entry.shortcut else tip))
            handler = handlers[entry.key]
            if entry.checkable:
                action.toggled.connect(handler)
            else:
                # `triggered` carries a state that a handler without arguments must not get.
                action.triggered.connect(lambda _=False, handler=handler: handler())
            if entry.views_only:
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                views.addAction(action)
            self._actions[entry.key] = action

    def __getitem__(self, key: str) -> QAction:
        return self._actions[key]

    def __iter__(self) -> Iterator[tuple[Action, QAction]]:
        return ((entry, self._actions[entry.key]) for entry in ACTIONS)

    def fill(self, menu: QMenu, name: str) -> None:
        """Add the actions of one menu."""
        for entry, action in self:
            if entry.menu == name:
                if entry.after_line:
                    menu.addSeparator()
                menu.addAction(action)

    def enable(self, session: Session) -> None:
        """Allow what is possible with what there is, and hide what the kind of case never has."""
        have = there_is(session)
        for entry, action in self:
            if entry.needs:
                action.setEnabled(entry.needs in have)
                action.setVisible(suits(entry.needs, session.case))


def suits(needs: Need, case: Case | None) -> bool:
    """Tell whether a case of this kind can have what is needed; anything can, without a case."""
    return case is None or needs not in SUITS or SUITS[needs](kind_of(case))


def there_is(session: Session) -> set[Need]:
    """Return what an action may need and is there."""
    case = session.case
    if case is None:
        return {"spectra"}
    known: dict[Need, bool] = {
        "case": True,
        "spectra": True,
        "heart": bool(session.ventricles),
        "ventricle": kind_of(case).ventricle,
        "pair": len(case.cubes) > 1,
        "spectral": case.main.axes[0].kind == "spectral",
        "sky": bool(kind_of(case).window_px),
        "gated": bool(case.gates),
        "patient": kind_of(case).patient,
        "study": bool(beside(case, session.cases)),
        "overlay": session.overlay is not None,
        "placed": bool(session.shown.undo or session.shown.measured_before),
        "image": session.measured.image is not None,
    }
    return {name for name, there in known.items() if there}
