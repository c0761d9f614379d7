"""A picture of the window shows no path and no patient's name."""

import numpy as np
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from cubeview.cubes.axes import plain_axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube, Source
from cubeview.gui.widgets.basic import keep_out, picture_of

COLOUR = (9, 250, 7)


def shows(picture, colour=COLOUR):
    image = picture.toImage() if not isinstance(picture, QImage) else picture
    return any(
        image.pixelColor(x, y).getRgb()[:3] == colour
        for x in range(0, image.width(), 2)
        for y in range(0, image.height(), 2)
    )


def coloured(widget):
    widget.setStyleSheet(f"background: rgb{COLOUR}; color: rgb{COLOUR};")
    return widget


def test_what_is_to_be_kept_out_is_covered_and_nothing_else(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    layout = QVBoxLayout(window)
    first, second = coloured(QLabel("Doe^Jane")), QLabel("public")
    layout.addWidget(first)
    layout.addWidget(second)
    window.show()
    assert shows(picture_of(window))
    keep_out(first)
    assert not shows(picture_of(window))
    keep_out(first, False)
    assert shows(picture_of(window))


def test_recent_files_messages_and_names_of_files_are_in_no_picture(window, qtbot, tmp_path):
    path = tmp_path / "Doe^Jane.nii"
    window.memory.opened([path])
    window.opening.recent_changed.emit()
    window.messages.error(f"{path}: cut short")
    axes = tuple(plain_axis(2, name) for name in "zyx")
    cube = Cube(axes, ArrayPixels(np.zeros((2, 2, 2))), "volume", source=Source(path))
    window.session.add_cases((Case("Doe^Jane", "volume", {"flux": cube}),))
    recent = [button for button in window.cases.findChildren(QPushButton) if "Doe" in button.text()]
    kept_out = [window.messages, window.status_line.job_text, window.notes.identifiers.text,
                window.cases.list, *recent]  # fmt: skip
    assert recent
    for widget in kept_out:
        assert widget.property("private"), widget
        coloured(widget)
    window.show()
    window.docks.show("cases")
    qtbot.waitUntil(lambda: not window.messages.visibleRegion().isEmpty())
    qtbot.waitUntil(lambda: not window.cases.list.visibleRegion().isEmpty())
    assert shows(window.grab())
    out = tmp_path / "picture.png"
    window.save_picture(out)
    assert not shows(QImage(str(out)))


def test_names_of_cases_that_are_no_names_of_files_stay(window, tmp_path):
    axes = tuple(plain_axis(2, name) for name in "zyx")
    source = Source(tmp_path / "Doe^Jane.dcm")
    cube = Cube(axes, ArrayPixels(np.zeros((2, 2, 2))), "heart", source=source)
    window.session.add_cases((Case("Heart 1a2b3c4d", "heart", {"stress": cube}),))
    assert not window.cases.list.property("private")
