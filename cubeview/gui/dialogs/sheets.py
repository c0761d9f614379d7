"""The non-modal boxes: the key list, what CubeView is, and the report of a bug."""

import platform
import sys
import traceback
from html import escape

from PyQt6.QtCore import QT_VERSION_STR, Qt
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from cubeview import __version__
from cubeview.cubes.case import Case
from cubeview.gui.desk.actions import ACTIONS, LABEL_KEYS, MENUS, VIEW_KEYS, suits
from cubeview.gui.widgets.basic import answers, copy_text, label

RESEARCH_USE = (
    "CubeView is for research only. It is not a medical device: do not use its answers to "
    "diagnose or treat anyone."
)


def keys_sheet(parent: QWidget, case: Case | None) -> QDialog:
    """Return the list of the keys that suit a case, or of all, made from the table of actions."""
    seen = [(key, what) for key, what, needs in VIEW_KEYS if suits(needs, case)]
    rows = [f"<tr><td colspan=2><b>In the views</b></td></tr>{_rows(seen)}"]
    native = QKeySequence.SequenceFormat.NativeText
    for menu in MENUS:
        keys = [
            (QKeySequence(a.shortcut).toString(native), a.text.replace("&", "").rstrip("…"))
            for a in ACTIONS
            if a.menu == menu and a.shortcut and suits(a.needs, case)
        ]
        if menu == "Label":
            keys = [*LABEL_KEYS, *keys]
        if keys:
            rows.append(f"<tr><td colspan=2><br><b>{menu}</b></td></tr>{_rows(keys)}")
    sheet = QDialog(parent)
    sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    sheet.setWindowTitle("Keys")
    sheet.resize(460, 560)
    text = QLabel(f"<table cellpadding=3>{''.join(rows)}</table>")
    text.setTextFormat(Qt.TextFormat.RichText)
    text.setWordWrap(True)
    text.setMargin(16)
    text.setAlignment(Qt.AlignmentFlag.AlignTop)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setWidget(text)
    layout = QVBoxLayout(sheet)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(area)
    return sheet


class BugDialog(QDialog):
    """One dialog for all bugs of a session: what happened, ready to be copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Something went wrong in CubeView")
        self.resize(680, 420)
        layout = QVBoxLayout(self)
        text = label(
            "This is a fault of the program, not yours. It goes on running and keeps what is open. "
            "The report below helps to mend it; read it before you send it: it may name files."
        )
        layout.addWidget(text)
        self.report = QPlainTextEdit()
        self.report.setReadOnly(True)
        self.report.setPlainText(
            f"CubeView {__version__}, Python {platform.python_version()}, Qt {QT_VERSION_STR}, "
            f"{platform.system()} {platform.release()} {platform.machine()}"
            f"{', frozen' if getattr(sys, 'frozen', False) else ''}"
        )
        layout.addWidget(self.report)
        buttons = answers(self, "Close")
        self.copy_button = buttons.addButton("Copy report", QDialogButtonBox.ButtonRole.ActionRole)
        assert self.copy_button is not None
        self.copy_button.clicked.connect(lambda: copy_text(self.report.toPlainText()))
        layout.addWidget(buttons)

    def add(self, error: BaseException) -> None:
        """Append a bug and show the dialog; the same one is not written twice."""
        trace = "".join(traceback.format_exception(error))
        if trace not in self.report.toPlainText():
            self.report.appendPlainText(f"\n{trace}")
        self.show()


def _rows(keys: list[tuple[str, str]]) -> str:
    return "".join(
        f"<tr><td>{escape(key)}&nbsp;&nbsp;&nbsp;</td><td>{escape(what)}</td></tr>"
        for key, what in keys
    )
