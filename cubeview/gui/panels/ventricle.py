"""The strip above the slices that asks the user to check the ventricle, and how to adjust it."""

from PyQt6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy

from cubeview.gui.desk.placing import Placing
from cubeview.gui.desk.session import Session
from cubeview.gui.widgets.basic import button, label, set_part
from cubeview.gui.widgets.layout import put
from cubeview.kinds import kind_of


class VentricleStrip(QFrame):
    """Shown while a fit is doubtful or the handles are out; empty and away otherwise."""

    def __init__(self, session: Session, placing: Placing) -> None:
        super().__init__()
        self._session, self._placing = session, placing
        self.setProperty("part", "message")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 5, 6, 5)
        self.words = label()
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.right_button = button("It is right", placing.confirm, "Take it as it is")
        tip = "Back to before the last drag"
        self.undo_button = button("Undo  Ctrl+Z", placing.undo, tip)
        tip = "Drop what was placed by hand and fit anew"
        self.fit_button = button("Fit again", placing.fit_again, tip)
        self.adjust_button = button(
            "Adjust  V",
            lambda: session.set_adjusting(not session.adjusting),
            "Show the handles (V)",
        )
        buttons = (self.right_button, self.undo_button, self.fit_button, self.adjust_button)
        put(layout, (self.words, 1), *buttons)
        session.adjusting_changed.connect(self._refresh)
        session.case_changed.connect(self._refresh)
        placing.changed.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        session = self._session
        heart = session.case is not None and kind_of(session.case).ventricle
        missing = self._placing.missing
        doubts = session.doubtful if heart and session.ventricles else {}
        adjusting = heart and session.adjusting and bool(session.ventricles)
        if missing:
            self.words.setText(
                "⚠ The left ventricle has not been found. Brightness is in % of the brightest in "
                "the middle of the scan, gut and liver included."
            )
            set_part(self.words, "warn")
        elif doubts and not adjusting:
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
        self.undo_button.setEnabled(bool(session.shown.undo))
        self.fit_button.setVisible(adjusting or missing)
        self.fit_button.setEnabled(self._placing.by_user or missing)
        self.fit_button.setText("Find it" if missing else "Fit again")
        self.adjust_button.setText("Done  V" if adjusting else "Adjust  V")
        self.adjust_button.setVisible(not missing)
        self.setVisible(bool(doubts) or adjusting or missing)
