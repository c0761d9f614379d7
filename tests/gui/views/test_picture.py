"""A picture is one large view: in colour, or one band alone; its map lies over it."""

import numpy as np
import pytest
from PyQt6.QtCore import QPointF

from cubeview.cubes.answer import Overlay
from cubeview.cubes.axes import plain_axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.gui.desk.display import ALL_SHADES
from cubeview.gui.panels.levels import LevelsControl
from cubeview.gui.views.picture import PictureView
from tests.gui.views.test_slice import colour, opened  # noqa: F401

BANDS = {"red": (250, 0), "green": (10, 200), "blue": (0, 90)}


@pytest.fixture
def picture():
    axes = plain_axis(1, "Slice"), plain_axis(8, "Row"), plain_axis(12, "Column")
    cubes = {}
    for name, (left, right) in BANDS.items():
        values = np.full((1, 8, 12), float(left))
        values[..., 6:] = right
        cubes[name] = Cube(axes, ArrayPixels(values), "picture", facts={"shades": "256"})
    return Case("two halves", "picture", cubes)


def test_in_colour_and_each_band_alone(opened, picture, qtbot):  # noqa: F811
    session, ortho, _ = opened(picture)
    (view,) = ortho.slices
    assert isinstance(view, PictureView)
    assert session.display.levels_from == ALL_SHADES
    assert view.title.words == ("Colour", "red, green, blue", "no scale")
    assert colour(view, 2, 1) == pytest.approx((250, 10, 0), abs=3)
    assert colour(view, 9, 6) == pytest.approx((0, 200, 90), abs=3)
    control = LevelsControl(session)
    qtbot.addWidget(control)
    assert list(control.rows) == list(BANDS)
    assert not control.bands.isHidden()
    control.bands.setCurrentIndex(control.bands.findData("blue"))
    control.bands.activated.emit(control.bands.currentIndex())
    assert colour(view, 2, 1) == pytest.approx((0, 0, 0), abs=4)
    assert view.title.words[0] == "Blue"
    assert colour(view, 9, 6) == pytest.approx((90, 90, 90), abs=4)


def test_row_nought_is_on_top_and_a_stretch_lifts_the_dark(opened, picture):  # noqa: F811
    values = np.zeros((1, 8, 12))
    values[0, 0] = 60.0
    cube = Cube(picture.main.axes, ArrayPixels(values), "picture", facts={"shades": "256"})
    session, ortho, _ = opened(Case("a", "picture", {"light": cube}))
    (view,) = ortho.slices
    dark = colour(view, 3, 0)[0]
    session.set_display(stretch="asinh")
    assert colour(view, 3, 0)[0] > dark + 40
    scene = [view.canvas.box.mapViewToScene(QPointF(3, y)).y() for y in (0, 7)]
    assert scene[0] < scene[1]


def test_a_map_lies_over_the_picture(opened, picture):  # noqa: F811
    session, ortho, _ = opened(picture)
    values = np.zeros((1, 4, 6), np.float32)
    values[0, 1, 2] = 2.0
    box = slice(0, 1), slice(2, 6), slice(3, 9)
    session.set_overlay(
        Overlay(
            case=picture,
            values=dict.fromkeys(BANDS, values),
            boxes=dict.fromkeys(BANDS, box),
            method="CAM",
            target="barred",
            model="bars",
            unit="logit",
            settings={},
        )
    )
    (view,) = ortho.slices
    rect = view.canvas.overlay.mapRectToParent(view.canvas.overlay.boundingRect())
    assert (rect.left(), rect.top(), rect.width(), rect.height()) == (2.5, 1.5, 6.0, 4.0)
    assert colour(view, 5, 3) != pytest.approx((250, 10, 0), abs=10)
    assert colour(view, 3, 5) == pytest.approx((250, 10, 0), abs=3)
