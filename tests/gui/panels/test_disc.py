import numpy as np
from PyQt6.QtCore import QPoint, Qt

from cubeview.cubes.answer import Overlay
from cubeview.cubes.ventricle import Ventricle
from cubeview.gui.desk.session import Session
from cubeview.gui.panels.disc import WallDisc
from tests.gui.fakes import make_heart, make_sky


def show(case, qtbot):
    session = Session()
    session.set_case(case)
    disc = WallDisc(session)
    qtbot.addWidget(disc)
    return session, disc


def test_a_click_on_the_wall_goes_to_the_place(qtbot):
    case = make_heart()
    session, disc = show(case, qtbot)
    role = case.roles[0]
    cube = case.cubes[role]
    size = np.array(cube.shape) * cube.spacing
    ventricle = Ventricle(size / 2, np.eye(3), size / 4)
    session.set_ventricles(case, {role: ventricle})
    assert disc.isHidden()
    values = np.zeros(cube.shape, np.float32)
    values[..., -cube.shape[2] // 3 :] = 1.0  # the lateral side
    box = tuple(slice(0, n) for n in cube.shape)
    overlay = Overlay(session.asked, {role: values}, {role: box}, "CAM", "mixed", "m", "logit")
    session.set_overlay(overlay)
    assert not disc.isHidden()
    mean = disc.mean(role)
    assert np.nanmean(mean[:, 40:]) > np.nanmean(mean[:, :24])
    where = disc._where(role)
    spot = QPoint(round(where.center().x()), round(where.center().y()))
    qtbot.mouseClick(disc, Qt.MouseButton.LeftButton, pos=spot)
    z, y, x = session.cursor_in(role)
    middle = np.array(cube.shape) / 2
    assert z < middle[0] - 1, "the apex"
    assert abs(y - middle[1]) <= 2
    assert abs(x - middle[2]) <= 2
    assert not disc.grab().isNull()
    session.set_overlay(None)
    assert disc.isHidden()


def test_the_sky_has_no_wall(qtbot):
    _, disc = show(make_sky(), qtbot)
    assert disc.isHidden()
