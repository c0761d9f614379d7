"""The dialog that asks how a cube is to be smoothed."""

from dataclasses import replace

from PyQt6.QtWidgets import QComboBox, QDialog, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from cubeview.cubes.case import Case
from cubeview.cubes.cube import Cube, Note
from cubeview.cubes.smoothed import along_spectrum, on_sky, to_beam
from cubeview.errors import CubeviewError
from cubeview.gui.desk.session import Session
from cubeview.gui.widgets.basic import answers, label, offer, say, steady
from cubeview.gui.widgets.layout import put

_KERNELS = {"gauss": "Gaussian (FWHM)", "box": "Mean", "hanning": "Hanning, three channels"}


class SmoothingDialog(QDialog):
    """Puts a smoothed cube beside the one it is made of, which stays as it is.

    The case must still be open when the user agrees.
    """

    def __init__(self, session: Session, case: Case, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._case = session, case
        self.setWindowTitle("Smooth")
        self.sky, self.beam, self.channels = QLineEdit(), QLineEdit(), QLineEdit()
        self.sky.setPlaceholderText("arcsec, FWHM")
        own = case.main.beam
        now = "the file says none" if own is None else f"now {own[0]:.4g} {own[1]:.4g} {own[2]:.4g}"
        self.beam.setPlaceholderText(f"major, minor, angle; {now}")
        self.beam.setEnabled(own is not None)
        self.kernel = steady(QComboBox())
        offer(self.kernel, _KERNELS, "gauss")
        form = QFormLayout()
        for name, field in (
            ("On the sky by", self.sky),
            ("To a beam of", self.beam),
            ("Along the spectrum by", self.channels),
            ("Kernel", self.kernel),
        ):
            field.setAccessibleName(name)
            form.addRow(name, field)
        self.channels.setPlaceholderText("channels")
        self.problem = label(part="warn")
        about = label("A new cube is put into the list; this one stays.", "dim")
        put(QVBoxLayout(self), about, form, self.problem, answers(self, "Ok", "Cancel"))
        self.problem.hide()

    def accept(self) -> None:
        """Add the smoothed cube and show it, or say why not and stay."""
        case, session = self._case, self._session
        if not any(one is case for one in session.cases):
            self.reject()
            return
        try:
            cube, told = self._made(case.main)
        except CubeviewError as error:
            say(self.problem, str(error))
            return
        if not told:
            say(self.problem, "Say how: a number in one of the fields.")
            return
        hashes = sorted(set((session.hashes_of(case) or {}).values()))
        made_of = tuple(Note("info", f"made of source SHA-256 {digest}") for digest in hashes)
        # It is no file's content: labels of the file are not for it.
        cube = replace(cube, source=None, notes=(*cube.notes, *made_of))
        made = replace(case, name=f"{case.name}, smoothed", cubes={case.roles[0]: cube})
        session.add_cases((made,))
        session.set_case(made)
        super().accept()

    def _made(self, cube: Cube) -> tuple[Cube, bool]:
        """Return the cube as asked for, and whether anything was."""
        told = False
        hanning = self.kernel.currentData() == "hanning"
        if self.channels.text().strip() or hanning:
            width = 1.0 if hanning else self._numbers(self.channels, 1)[0]
            cube, told = along_spectrum(cube, width, self.kernel.currentData()), True
        if self.sky.text().strip():
            cube, told = on_sky(cube, self._numbers(self.sky, 1)[0]), True
        if self.beam.text().strip():
            found = self._numbers(self.beam, 3)
            cube, told = to_beam(cube, (found[0], found[1], found[2])), True
        return cube, told

    def _numbers(self, field: QLineEdit, count: int) -> list[float]:
        """Return the numbers of a field; of a beam one stands for a round one."""
        try:
            found = [float(part) for part in field.text().replace(",", " ").split()]
        except ValueError:
            found = []
        if count == 3 and len(found) == 1:
            found = [found[0], found[0], 0.0]
        if len(found) != count:
            name = field.accessibleName().lower()
            raise CubeviewError(f"“{field.text()[:40]}”, {name}: write {count} numbers.")
        return found
