"""The one table of what can be done: menus, toolbar, shortcuts and the key list come from it."""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QMenu, QWidget

MENUS = ("File", "View", "Cube", "Model", "Label", "Tools", "Help")


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
    handler : str
        Dotted path from the window to what is called: ``"opening.ask_files"``.
    shortcut : str
        As QKeySequence reads it; empty for none.
    needs : {"", "case", "heart", "pair", "overlay", "spectral", "sky", "gated"}
        What must be there for it to be possible.
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
    handler: str
    shortcut: str = ""
    needs: Literal["", "case", "heart", "pair", "overlay", "spectral", "sky", "gated"] = ""
    views_only: bool = False
    checkable: bool = False
    toolbar: str = ""
    after_line: bool = False


ACTIONS = (
    Action("open", "&Open files…", "File", "opening.ask_files", "Ctrl+O", toolbar="Open"),
    Action("open_folder", "Open &folder…", "File", "opening.ask_folder", "Ctrl+Shift+O"),
    Action("close_case", "&Close case", "File", "close_case", "Ctrl+W", needs="case"),
    Action(
        "save_map", "&Save map…", "File", "explain.save", "Ctrl+S", needs="overlay", after_line=True
    ),
    Action("save_picture", "Save &picture of the window…", "File", "ask_picture", "Ctrl+Shift+S"),
    Action("quit", "&Quit", "File", "close", "Ctrl+Q", after_line=True),
    Action("fit", "Fit the slices &into their views", "View", "ortho.fit", "F", needs="case"),
    Action("full_screen", "&Full screen", "View", "set_full_screen", "F11", checkable=True),
    Action("reset_layout", "&Reset layout", "View", "reset_layout"),
    Action("next_case", "&Next case", "Cube", "cases.next", "Ctrl+Down", needs="case"),
    Action("previous_case", "&Previous case", "Cube", "cases.previous", "Ctrl+Up", needs="case"),
    Action(
        "play",
        "Pl&ay through the slices",
        "Cube",
        "ortho.play",
        "Space",
        needs="case",
        views_only=True,
        checkable=True,
        toolbar="Play",
        after_line=True,
    ),
    Action(
        "beat",
        "Play the bea&t of a gated scan",
        "Cube",
        "ortho.beat",
        "B",
        needs="gated",
        checkable=True,
    ),
    Action(
        "aperture",
        "Ap&erture at the cursor",
        "Cube",
        "ortho.toggle_aperture",
        "R",
        needs="case",
        after_line=True,
    ),
    Action(
        "aperture_mean",
        "&Mean or sum of the aperture",
        "Cube",
        "ortho.toggle_mean",
        "Shift+R",
        needs="case",
    ),
    Action("swap", "&Swap rest and stress", "Cube", "notes.swap", "S", needs="pair"),
    Action("white", "W&hite light", "Cube", "ortho.toggle_white", "W", needs="spectral"),
    Action("spectral_axis", "Spectral a&xis…", "Cube", "ask_spectral", "X", needs="spectral"),
    Action("guesses", "&Correct what was guessed…", "Cube", "ask_guesses", "G", needs="case"),
    Action(
        "adjust",
        "Adjust the &ventricle",
        "Cube",
        "placing.adjust",
        "V",
        needs="heart",
        checkable=True,
        toolbar="Ventricle",
    ),
    Action("undo_ventricle", "&Undo placing the ventricle", "Cube", "placing.undo", "Ctrl+Z"),
    Action("fit_again", "Fit the ventricle a&gain", "Cube", "placing.fit_again", needs="heart"),
    Action("about_cube", "A&bout this cube", "Cube", "show_notes", "I", needs="case"),
    Action("predict", "&Classify", "Model", "predict.run", "P", needs="case"),
    Action(
        "cam",
        "Class activation &map",
        "Model",
        "explain.run_cam",
        "C",
        needs="case",
        after_line=True,
    ),
    Action("occlusion", "&Occlusion", "Model", "explain.run_occlusion", "O", needs="case"),
    Action("grad_cam", "&Grad-CAM++", "Model", "explain.run_grad_cam", "Shift+C", needs="case"),
    Action(
        "gradients",
        "&Integrated gradients",
        "Model",
        "explain.run_gradients",
        "Shift+O",
        needs="case",
    ),
    Action("toggle_map", "Show or &hide the map", "Model", "explain.toggle", "H", needs="overlay"),
    Action("fainter", "Map &fainter", "Model", "explain.fainter", "[", needs="overlay"),
    Action("stronger", "Map &stronger", "Model", "explain.stronger", "]", needs="overlay"),
    Action("teach", "&Teach…", "Model", "show_teach", "T", after_line=True),
    Action("models", "Model m&anager…", "Model", "models.open"),
    Action("unsure", "&Unsure", "Label", "labelling.unsure", "U", needs="case"),
    Action("quality", "&Quality flag", "Label", "labelling.flag_quality", "Q", needs="case"),
    Action("undo", "Undo &label", "Label", "labelling.undo", "Z"),
    Action("redo", "&Redo label", "Label", "labelling.redo", "Shift+Z"),
    Action(
        "next_unlabelled", "&Next unlabelled case", "Label", "worklist.next", "N", after_line=True
    ),
    Action("back", "&Back to the case before", "Label", "shelf.back", "Backspace"),
    Action(
        "add_to_library",
        "&Add this case to the library",
        "Label",
        "labelling.add_current",
        needs="case",
        after_line=True,
    ),
    Action("import_folder", "Import &folder…", "Label", "boxes.ask_folder"),
    Action("import_labels", "&Import labels…", "Label", "boxes.ask_import"),
    Action("export_labels", "E&xport labels…", "Label", "boxes.ask_export"),
    Action("label_sets", "Label &sets…", "Label", "boxes.edit_sets", after_line=True),
    Action("agreement", "A&greement of readers…", "Label", "boxes.show_agreement"),
    Action("search", "&Search for sources", "Tools", "search_sources", "Ctrl+F", needs="sky"),
    Action("cancel_jobs", "&Cancel running work", "Tools", "cancel_jobs", "Esc"),
    Action("cache_size", "Space for &fast spectra…", "Tools", "copying.ask_size"),
    Action("models_folder", "Open the &models folder", "Tools", "open_models_folder"),
    Action("keys", "&Keys", "Help", "show_keys", "F1"),
    Action("about", "&About CubeView", "Help", "show_about"),
)

VIEW_KEYS = (
    ("Wheel", "Step through the slices under the mouse"),
    ("Arrow keys, Page Up/Down", "Step the cursor"),
    ("Click or drag", "Move the cursor"),
    ("Ctrl+Wheel", "Zoom"),
    ("Alt+Wheel", "Make the aperture larger or smaller"),
    ("Right drag", "Zoom"),
    ("Middle drag, Shift+drag", "Pan"),
    ("Ctrl+drag", "Draw the window to label in a sky cube; in the spectrum its interval"),
    ("Double click", "Fit into the view; on a title, one view alone"),
)
"""Keys and mouse moves the views answer by themselves; for the key list."""

LABEL_KEYS = (("1 … 9", "Label with the class of that key"),)
"""Keys that mean what the label set in use says; for the key list."""


class Actions:
    """The actions of one window, by key.

    Parameters
    ----------
    window : QWidget
        What the handlers are looked up on.
    views : QWidget
        Where `views_only` keys count.
    """

    def __init__(self, window: QWidget, views: QWidget) -> None:
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
            action.setToolTip(f"{tip} ({entry.shortcut})" if entry.shortcut else tip)
            handler = attrgetter(entry.handler)(window)
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

    def enable(self, have: set[str]) -> None:
        """Allow what is possible with what there is (see `Action.needs`)."""
        for entry, action in self:
            if entry.needs:
                action.setEnabled(entry.needs in have)
