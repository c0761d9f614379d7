"""The strip above the slices that asks the user to check the ventricle, and how to adjust it."""

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from cubeview.gui.desk.placing import Placing
from cubeview.gui.desk.session import Session
from cubeview.gui.widgets.basic import set_part
from cubeview.kinds import kind_of


class VentricleStrip(QFrame):
    """Shown while a fit is doubtful or the handles are out; empty and away otherwise."""

    def __init__(self, session: Session, placing: Placing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._placing = session, placing
        self.setProperty("part", "message")
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 5, 6, 5)
        self.words = QLabel()
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setWordWrap(True)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row.addWidget(self.words, 1)
        self.right_button = self._button("It is right", placing.confirm, "Take it as it is")
        self.undo_button = self._button(
            "Undo  Ctrl+Z", placing.undo, "Back to before the last drag"
        )
        self.fit_button = self._button(
            "Fit again", placing.fit_again, "Drop what was placed by hand and fit anew"
        )
        self.adjust_button = self._button(
            "Adjust  V", lambda: placing.adjust(not session.adjusting), "Show the handles (V)"
        )
        for button in (self.right_button, self.undo_button, self.fit_button, self.adjust_button):
            row.addWidget(button)
        session.adjusting_changed.connect(self._refresh)
        session.case_changed.connect(self._refresh)
        placing.changed.connect(self._refresh)
        self._refresh()

    def _button(self, text: str, slot: object, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.clicked.connect(lambda _=False: slot())  # type: ignore[operator]
        return button

    def _refresh(self) -> None:
        session = self._session
        heart = session.case is not None and kind_of(session.case).ventricle
        doubts = session.doubtful if heart and session.ventricles else {}
        adjusting = heart and session.adjusting and bool(session.ventricles)
        if doubts and not adjusting:
            where = " and ".join(doubts) if set(doubts) != {"heart"} else ""
            reason = "; ".join(dict.fromkeys(doubts.values()))
            self.words.setText(f"⚠ Check the ventricle{f' in {where}' if where else ''}: {reason}")
            set_part(self.words, "warn")
        else:
            self.words.setText(
                "Drag the centre, the ends of the axes (size), or the ring beyond the base (turns "
                "the long axis). All states get the same size."
            )
            set_part(self.words, "dim")
        self.right_button.setVisible(bool(doubts))
        self.undo_button.setVisible(adjusting)
        self.undo_button.setEnabled(self._placing.can_undo)
        self.fit_button.setVisible(adjusting)
        self.fit_button.setEnabled(self._placing.by_user)
        self.adjust_button.setText("Done  V" if adjusting else "Adjust  V")
        self.setVisible(bool(doubts) or adjusting)
