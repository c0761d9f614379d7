"""What an empty window says: what can be dropped on it, and samples to begin with."""

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from cubeview.gui.desk.samples import Sample
from cubeview.gui.widgets.basic import label

WIDTH_PX = 520


class StartPage(QWidget):
    """Shown in the middle while no case is open.

    Signals
    -------
    files_wanted(), folder_wanted()
        The user pressed a button to choose.
    wanted(object)
        A list of paths: a sample.
    """

    files_wanted = pyqtSignal()
    folder_wanted = pyqtSignal()
    wanted = pyqtSignal(object)

    def __init__(self, samples: tuple[Sample, ...]) -> None:
        super().__init__()
        card = QFrame()
        card.setProperty("part", "card")
        card.setMaximumWidth(WIDTH_PX)
        inner = QVBoxLayout(card)
        inner.setContentsMargins(32, 28, 32, 28)
        inner.setSpacing(12)
        title = label("Drop a heart scan or a sky cube here")
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setBold(True)
        title.setFont(font)
        inner.addWidget(title)
        inner.addWidget(
            label(
                "DICOM: reconstructed SPECT, a folder or single files; rest and stress find each "
                "other.\nFITS: cubes with two sky axes and a spectral one.",
                "dim",
            )
        )
        row = QHBoxLayout()
        self.open_button = QPushButton("Open files…  Ctrl+O")
        self.open_button.setProperty("part", "main")
        self.open_button.clicked.connect(self.files_wanted)
        self.folder_button = QPushButton("Open folder…")
        self.folder_button.clicked.connect(self.folder_wanted)
        row.addWidget(self.open_button)
        row.addWidget(self.folder_button)
        row.addStretch(1)
        inner.addLayout(row)
        self.sample_buttons: list[QPushButton] = []
        if samples:
            inner.addSpacing(8)
            inner.addWidget(label("Or begin with a sample (simulated)", "heading"))
            row = QHBoxLayout()
            for sample in samples:
                button = QPushButton(sample.title)
                paths = list(sample.paths)
                button.clicked.connect(lambda _=False, paths=paths: self.wanted.emit(paths))
                self.sample_buttons.append(button)
                row.addWidget(button)
            row.addStretch(1)
            inner.addLayout(row)
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        middle = QHBoxLayout()
        middle.addStretch(1)
        middle.addWidget(card, 4)
        middle.addStretch(1)
        outer.addLayout(middle)
        outer.addStretch(3)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
