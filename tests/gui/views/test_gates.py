"""Gated scans: a slider over the gates, the beat as a film, a curve; flat scans in one view."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from cubeview.cubes.axes import Axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube, Gate
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError
from cubeview.gui.desk.words import values_text
from cubeview.gui.views.gates import GateView
from cubeview.io import open_path
from cubeview.measure.heart.ejection import Ejection
from tests.cubes.test_gated import CENTRE, TURN, fitted, shell
from tests.gui.fakes import make_heart

PICTURES = Path(__file__).resolve().parents[3] / "screenshots" / "gated"


@lru_cache(maxsize=4)
def beating(role, count=8, name="Beat"):
    shorts = 25 + 5 * np.cos(np.linspace(0, 2 * np.pi, count, endpoint=False))
    states = [shell(45.0, short, noise=5) for short in shorts]
    axes = tuple(
        Axis(axis, "space", "mm", 4.0 * np.arange(40)) for axis in ("Slice", "Row", "Column")
    )
    gates = tuple(Gate(f"time slot {n}", ArrayPixels(v)) for n, v in enumerate(states, 1))
    total = ArrayPixels(np.sum(states, axis=0))
    cube = Cube(axes, total, "heart", "counts", view="short axis", gates=gates)
    return cube


def ejected(cube, ventricle, *, report):
    if len(cube.gates) == 16:
        raise CubeviewError("the cavity is too small.")
    return Ejection(120.4, 47.6, 60.5, (6.0, 4.8, 3.2), np.zeros(64), ("it is doubtful",))


@pytest.fixture
def gated(window, with_case, network, monkeypatch):
    monkeypatch.setattr("cubeview.gui.views.gates.ejection", ejected)
    network.place = lambda case: {role: fitted(45.0, 30.0) for role in case.cubes}
    with_case(Case("Beat", "heart", {"stress": beating("stress"), "rest": beating("rest", 16)}))
    return window


def gates_of(window):
    (view,) = window.ortho.findChildren(GateView)
    return view


def test_an_ungated_case_has_no_slider(window, with_case):
    with_case(make_heart())
    assert not window.ortho.findChildren(GateView)
    assert not window.actions_table["beat"].isEnabled()


def test_the_slider_shows_a_gate_in_every_view(gated, qtbot):
    view, session = gates_of(gated), gated.session
    assert session.case.gates == 16
    sums = gated.ortho.slices[0].canvas.image.image.copy()
    view.slider.setValue(8)
    gated.ortho.follow_now()
    assert session.gate == 8
    stress, rest = (session.case.at_gate(role, session.gate) for role in ("stress", "rest"))
    assert stress.pixels is session.case.cubes["stress"].gates[4].pixels
    assert rest.pixels is session.case.cubes["rest"].gates[8].pixels
    assert not np.array_equal(gated.ortho.slices[0].canvas.image.image, sums)
    z, y, x = session.cursor
    value = stress.pixels.array[z, y, x]
    assert values_text(session).startswith(f"stress {value:.4g}".replace("-", "−"))
    view.sum_button.click()
    gated.ortho.follow_now()
    assert session.gate is None
    np.testing.assert_array_equal(gated.ortho.slices[0].canvas.image.image, sums)


def test_the_beat_runs_and_ends_with_the_sum(gated, qtbot):
    action = gated.actions_table["beat"]
    action.trigger()
    assert gates_of(gated).playing
    seen = set()
    gated.session.gate_changed.connect(lambda: seen.add(gated.session.gate))
    qtbot.waitUntil(lambda: len(seen) > 3, timeout=5000)
    action.trigger()
    assert not gates_of(gated).playing
    assert gated.session.gate is None
    assert not action.isChecked()


def test_the_curve_of_volumes_falls_and_rises(gated):
    curve = gates_of(gated).curves["stress"]
    places, volumes = curve.getData()
    assert places[0] == 0
    assert places[-1] == 15
    assert volumes.argmin() == 4
    assert volumes[4] < 0.8 * volumes[0]


def test_volumes_and_fraction_stand_below_the_curve(gated, qtbot):
    line = gates_of(gated).numbers
    qtbot.waitUntil(lambda: "EDV" in line.text(), timeout=5000)
    assert "stress: EDV 120 ± 6 ml, ESV 48 ± 5 ml, EF 60 % (57 to 64)\n" in line.text()
    assert line.text().endswith("stress: 8 gates")
    assert "rest: EDV, ESV and EF cannot be told: the cavity is too small." in line.text()
    assert "No real gated study was at hand; checked on phantoms only" in line.text()
    assert "it is doubtful" in line.toolTip()


def test_another_case_ends_the_beat_and_starts_with_its_sum(gated, with_case):
    gated.actions_table["beat"].trigger()
    with_case(make_heart())
    assert gated.session.gate is None
    assert not gated.actions_table["beat"].isChecked()


def test_a_case_left_while_it_beats_comes_back_as_its_sum(gated, with_case, qtbot):
    case, session = gated.session.case, gated.session
    gated.actions_table["beat"].trigger()
    qtbot.waitUntil(lambda: session.gate is not None)
    with_case(make_heart())
    session.set_case(case)
    assert session.gate is None
    session.set_gate(3)
    session.set_case(session.cases[-1])
    session.set_case(case)
    assert session.gate == 3, "a gate that was chosen stays"


def test_the_readout_follows_the_gate(gated, qtbot):
    line = gated.status_line.cursor_text
    qtbot.waitUntil(lambda: "counts" in line.text())
    of_all = line.text()
    gated.session.set_gate(3)
    qtbot.waitUntil(lambda: line.text() != of_all)


def test_gated_projections_have_a_curve_of_counts(window, with_case):
    cube = replace(beating("x"), kind="volume", view="projections", affine=None)
    with_case(Case("NM", "volume", {"flux": cube}))
    _, counts = gates_of(window).curves["flux"].getData()
    np.testing.assert_allclose(counts, [g.pixels.array.sum() for g in cube.gates], rtol=1e-6)


def test_a_single_image_is_shown_in_one_view(window, with_case, shared_data):
    with_case(open_path(shared_data / "nm" / "NM1_UNC.dcm")[0])
    assert [view.axis for view in window.ortho.slices] == [0]
    assert window.ortho.slices[0].canvas.image.image is not None


def test_projections_show_film_and_sinogram(window, with_case, shared_data):
    with_case(open_path(shared_data / "nm" / "rimd_cardiac_projections.dcm")[0])
    names = {view.frame.name for view in window.ortho.slices}
    assert {"projection", "sinogram"} <= names
    window.ortho.focused.wrap_step()
    assert window.session.cursor[0] == 16


@pytest.mark.screenshot
@pytest.mark.parametrize("what", ["gated", "NM1_UNC.dcm", "rimd_cardiac_projections.dcm"])
def test_pictures(window, with_case, qtbot, shared_data, what, network):
    window.resize(1440, 900)
    if what == "gated":
        found = {role: Ventricle(CENTRE, TURN, (51.0, 36.0, 36.0)) for role in ("stress", "rest")}
        network.place = lambda case: found
        with_case(Case("Beat", "heart", {"stress": beating("stress"), "rest": beating("rest")}))
        window.session.set_gate(3)
    else:
        with_case(open_path(shared_data / "nm" / what)[0])
    qtbot.wait(500)
    PICTURES.mkdir(parents=True, exist_ok=True)
    assert window.grab().save(str(PICTURES / f"{what.partition('.')[0]}.png"))
