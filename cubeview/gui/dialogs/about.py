"""Help, About: what the program is, what it is made of, and a report for whoever helps."""

from html import escape

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QSplitter,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cubeview import __version__, crashlog
from cubeview.gui.desk.jobs import Job, Jobs
from cubeview.gui.dialogs.sheets import RESEARCH_USE
from cubeview.gui.widgets.basic import answers, copy_text
from cubeview.learn.models.card import ModelRef, find_models
from cubeview.learn.models.preload import preload
from cubeview.licences import Part, parts, versions
from cubeview.paths import resource

DEVICE_UNKNOWN = "not asked yet"


class AboutDialog(QDialog):
    """Versions, models, the device networks run on, and every licence.

    Parameters
    ----------
    parent : QWidget
    jobs : Jobs
        Asking for the device loads torch, which is done in a lane.
    """

    def __init__(self, parent: QWidget, jobs: Jobs) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("About CubeView")
        self.resize(680, 560)
        self._device = DEVICE_UNKNOWN
        self._models = find_models()
        self.text = QLabel()
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setWordWrap(True)
        self.text.setMargin(12)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.licences = _licences_page()
        tabs = QTabWidget()
        tabs.addTab(self.text, "CubeView")
        tabs.addTab(self.licences, "Licences")
        buttons = answers(self, "Close")
        self.copy_button = buttons.addButton(
            "Copy support report", QDialogButtonBox.ButtonRole.ActionRole
        )
        assert self.copy_button is not None
        self.copy_button.setToolTip("Versions, device, models and log; nothing about any case")
        self.copy_button.clicked.connect(lambda: copy_text(self.report()))
        layout = QVBoxLayout(self)
        layout.addWidget(tabs)
        layout.addWidget(buttons)
        self._fill()
        self._job = jobs.start(
            "device", "Looking for an accelerator", _device, finished=self._device_known
        )
        self.finished.connect(self._job.cancel)

    def report(self) -> str:
        """Return the support report: nothing in it comes from a case, a path or a file name."""
        return support_report(self._device, self._models)

    def _device_known(self, device: str) -> None:
        self._device = device
        self._fill()

    def _fill(self) -> None:
        rows = [*versions().items(), ("Networks run on", self._device)]
        table = "".join(
            f"<tr><td>{escape(name)}&nbsp;&nbsp;</td><td>{escape(value)}</td></tr>"
            for name, value in rows
        )
        models = "".join(
            f"<tr><td>{escape(ref.name)}&nbsp;&nbsp;</td>"
            f"<td>{escape(ref.card.title)}<br><small>SHA-256 {ref.card.weights_sha256[:16]}…, "
            f"{escape(ref.card.licence)}</small></td></tr>"
            for ref in self._models
        )
        self.text.setText(
            f"<h3>CubeView {__version__}</h3>"
            "<p>Linked views of heart scans and sky cubes; a 3-D network judges them, and shows "
            f"where it looked.</p><p>{RESEARCH_USE}</p>"
            "<p>Free software under the GNU General Public License, version 3 or later.</p>"
            f"<table>{table}</table><h4>Models</h4>"
            + (f"<table>{models}</table>" if models else "<p>none installed</p>")
        )


def support_report(device: str, models: tuple[ModelRef, ...]) -> str:
    """Return versions, system, device, models, screens and the end of the log as text."""
    lines = [f"{name}: {value}" for name, value in versions().items()]
    lines.append(f"Networks run on: {device}")
    for ref in models:
        # The user's own models bear names of the user's choice: a hospital's, perhaps a patient's.
        shipped = ref.folder.is_relative_to(resource("models"))
        name = ref.card.name if shipped else f"of the user's own, {ref.card.kind}"
        lines.append(f"Model: {name} {ref.card.weights_sha256}")
    lines += [
        f"Screen: {screen.size().width()} × {screen.size().height()}, "
        f"scale {screen.devicePixelRatio():g}"
        for screen in QApplication.screens()
    ]
    lines.append(f"Platform: {QApplication.platformName()}")
    return "\n".join((*lines, crashlog.told())).rstrip() + "\n"


def _device(job: Job) -> str:
    job.report(0.0, "looking for an accelerator")
    preload()
    from cubeview.learn.models.device import best_device

    return best_device()[1]


def _licences_page() -> QWidget:
    page = QSplitter(Qt.Orientation.Vertical)
    table = QTreeWidget()
    table.setColumnCount(3)
    table.setHeaderLabels(["Part", "Version", "Licence"])
    table.setRootIsDecorated(False)
    table.setColumnWidth(0, 220)
    text = QPlainTextEdit()
    text.setReadOnly(True)
    shown = _items(table)

    def show(item: QTreeWidgetItem | None) -> None:
        if item is not None:
            part = shown[table.indexOfTopLevelItem(item)]
            text.setPlainText("\n\n".join(filter(None, (part.home, part.text or part.licence))))

    table.currentItemChanged.connect(lambda item, _: show(item))
    page.addWidget(table)
    page.addWidget(text)
    page.setSizes([300, 200])
    table.setCurrentItem(table.topLevelItem(0))
    return page


def _items(table: QTreeWidget) -> list[Part]:
    """Fill the table; returns the part of each row."""
    licence = resource().parent / "LICENSE"
    text = licence.read_text(encoding="utf-8") if licence.is_file() else ""
    own = Part("CubeView", __version__, "GPL-3.0-or-later", "program", text)
    shown = [own, *parts()]
    for part in shown:
        QTreeWidgetItem(table, [part.name, part.version, part.licence])
    return shown
