"""The first plane of a compressed cube, in the place of the views until its case is open."""

from PyQt6.QtCore import QRect, QSize, Qt
from PyQt6.QtGui import QImage, QPainter, QPaintEvent
from PyQt6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from cubeview.cubes.reduce import plane_levels, to_steps
from cubeview.gui.widgets.basic import label
from cubeview.gui.widgets.colormaps import picture, table
from cubeview.io import Preview

MOST_PX = 2048
"""Rows or columns painted; of larger planes every second, third ... is."""


class PreviewPage(QWidget):
    """A gray picture and what it is. There is no case: nothing can be asked, drawn or labelled."""

    def __init__(self) -> None:
        super().__init__()
        self.words = label("", "dim")
        self.words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.picture = _Picture()
        layout = QVBoxLayout(self)
        layout.addWidget(self.picture, 1)
        layout.addWidget(self.words)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_plane(self, preview: Preview) -> None:
        """Paint a plane, its first row at the bottom, and say which it is."""
        which = f"channel {preview.index + 1}" if preview.index else "first channel"
        self.words.setText(f"unpacking {preview.name} … {which} shown")
        every = 1 + max(preview.plane.shape) // MOST_PX  # the window must not wait for millions
        plane = preview.plane[::every, ::every]
        steps = to_steps(plane, *plane_levels(plane))
        self.picture.image = picture(table("gray")[steps[::-1]])
        self.picture.update()


class _Picture(QWidget):
    """Paints an image as large as fits, its pixels square."""

    def __init__(self) -> None:
        super().__init__()
        self.image = QImage()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint."""
        if self.image.isNull():
            return
        keep = Qt.AspectRatioMode.KeepAspectRatio
        size: QSize = self.image.size().scaled(self.size(), keep)
        where = QRect(0, 0, size.width(), size.height())
        where.moveCenter(self.rect().center())
        painter = QPainter(self)
        painter.drawImage(where, self.image)
        painter.end()
