"""What an empty window says: what can be dropped on it, and samples to begin with."""

from functools import partial

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QFrame, QVBoxLayout, QWidget

from cubeview.gui.desk.samples import Sample
from cubeview.gui.widgets.basic import button, headline, label
from cubeview.gui.widgets.layout import put, row

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
        title = headline()
        title.setText("Drop a heart scan or a sky cube here")
        words = label(
            "DICOM: reconstructed SPECT, a folder or single files; rest and stress find each "
            "other.\nFITS: cubes with two sky axes and a spectral one.",
            "dim",
        )
        self.open_button = button("Open files…  Ctrl+O", self.files_wanted.emit, part="main")
        self.folder_button = button("Open folder…", self.folder_wanted.emit)
        put(inner, title, words, row(self.open_button, self.folder_button, None))
        self.sample_buttons = [
            button(sample.title, partial(self.wanted.emit, list(sample.paths)))
            for sample in samples
        ]
        if samples:
            inner.addSpacing(8)
            put(inner, label("Or begin with a sample (simulated)", "heading"))
            put(inner, row(*self.sample_buttons, None))
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        put(outer, row(None, (card, 4), None))
        outer.addStretch(3)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
