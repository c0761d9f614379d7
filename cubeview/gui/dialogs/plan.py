"""A plan shown before it is carried out: counts, details, and one button that does it."""

from collections.abc import Sequence

from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from cubeview.gui.widgets.basic import answers, label


class PlanDialog(QDialog):
    """Says what would be done; accepted only by the button that names it.

    Parameters
    ----------
    title : str
    lines : sequence of (text, part)
        Counts, each with its role in the style sheet.
    details : sequence of str
        Case by case; empty for none.
    button : str
        What is done; empty when there is nothing to do.
    """

    def __init__(
        self,
        title: str,
        lines: Sequence[tuple[str, str]],
        details: Sequence[str],
        button: str,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.resize(560, 420 if details else 220)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(8)
        self.lines = [text for text, _ in lines]
        for text, part in lines:
            layout.addWidget(label(text, part))
        if details:
            shown = QPlainTextEdit("\n".join(details))
            shown.setReadOnly(True)
            shown.setAccessibleName("Details")
            layout.addWidget(shown, 1)
        else:
            layout.addStretch(1)
        layout.addWidget(label("Nothing has been changed yet." if button else "", "dim"))
        buttons = answers(self, "Cancel")
        self.do_button = None
        if button:
            self.do_button = buttons.addButton(button, QDialogButtonBox.ButtonRole.AcceptRole)
            assert self.do_button is not None
            self.do_button.setProperty("part", "main")
        layout.addWidget(buttons)
