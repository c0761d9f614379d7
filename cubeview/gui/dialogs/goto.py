"""The field that asks where to go, and says where that is while it is written."""

from PyQt6.QtWidgets import QDialog, QLineEdit, QVBoxLayout, QWidget

from cubeview.errors import CubeviewError
from cubeview.gui.desk.destinations import WAYS, Destination, destination
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.words import place_text
from cubeview.gui.widgets.basic import label, set_part
from cubeview.gui.widgets.layout import put

_WIDTH = 560


class GoToDialog(QDialog):
    """Puts the cursor where the text leads; Enter goes there, Esc stays."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setWindowTitle("Go to")
        self.setMinimumWidth(_WIDTH)
        self.field = QLineEdit()
        self.field.setAccessibleName("Go to")
        self.field.setPlaceholderText("6563.2   Ha z=0.02   12:34:56.7 +1:02:03   channel 120")
        self.said = label(WAYS, "dim")
        put(QVBoxLayout(self), self.field, self.said)
        self.field.textChanged.connect(self._say)
        self.field.returnPressed.connect(self._go)

    def ask(self) -> None:
        """Show the field, ready to be written in."""
        self.show()
        self.raise_()
        self.activateWindow()
        self.field.selectAll()
        self.field.setFocus()

    def _find(self) -> Destination:
        session, case = self._session, self._session.case
        if case is None:
            raise CubeviewError("Nothing is open.")
        return destination(
            case.main, self.field.text(), redshift=session.measured.redshift, marks=session.marks
        )

    def _voxel(self, found: Destination) -> tuple[float, float, float]:
        z, y, x = self._session.cursor
        return (
            z if found.z is None else found.z,
            y if found.y is None else found.y,
            x if found.x is None else found.x,
        )

    def _say(self) -> None:
        if not self.field.text().strip():
            self.said.setText(WAYS)
            set_part(self.said, "dim")
            return
        try:
            found = self._find()
        except CubeviewError as error:
            self.said.setText(str(error))
            set_part(self.said, "warn")
        else:
            z, y, x = self._voxel(found)
            self.said.setText(f"{found.words}: {place_text(self._session, (z, y, x))}")
            set_part(self.said, "dim")

    def _go(self) -> None:
        try:
            found = self._find()
        except CubeviewError:
            self._say()
            return
        self._session.set_cursor(*self._voxel(found))
        self.hide()
