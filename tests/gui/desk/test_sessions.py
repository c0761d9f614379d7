"""Saved sessions without a window: files are found again, refusals lose nothing."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits

from cubeview.cubes.shape import Shape
from cubeview.cubes.spectral import with_spectral
from cubeview.errors import CubeviewError
from cubeview.gui.desk.saved import is_session, read_session, write_session
from cubeview.gui.dialogs.missing import MissingDialog
from cubeview.io import open_path
from cubeview.io.export.fits import write_cube
from tests.helpers.viewcases import sky_case
from tests.io.dicom.nm_files import nm, write

SHAPE = (6, 4, 5)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "data"
    made.mkdir()
    for name in ("one.fits", "two.fits"):
        values = np.random.default_rng(len(name) + ord(name[0])).normal(0, 0.1, SHAPE)
        write_cube(sky_case(SHAPE, values).main, made / name)
    return made


@pytest.fixture
def session(desk, folder):
    desk.session.add_cases((*open_path(folder / "one.fits"), *open_path(folder / "two.fits")))
    desk.session.set_case(desk.session.cases[1])
    return desk.session


@pytest.fixture
def saved(desk, session, ended, tmp_path):
    """The path of a saved session of two cubes."""
    path = tmp_path / "a.cubeview"
    desk.sessions.save(path)
    ended()
    return path


@pytest.fixture
def ended(desk, qtbot):
    return lambda: qtbot.waitUntil(lambda: not desk.jobs.running(), timeout=10_000)


def said(desk):
    return [message.text for message in desk.messages.messages()]


def forget(session):
    for case in session.cases:
        session.remove_case(case)


def names(session):
    return [case.main.source.path.name for case in session.cases]


def test_opened_twice_it_can_be_taken_back(desk, session, ended, tmp_path):
    path = tmp_path / "b.cubeview"
    session.set_measured(note=True, shapes=(Shape("circle", 2.0, 2.0, (1.0,), name="A1"),))
    ended()
    desk.sessions.save(path)
    ended()
    session.set_measured(note=True, shapes=(Shape("box", 2.0, 2.0, (2.0, 3.0), name="mine"),))
    ended()
    desk.opening.open([path])
    ended()
    assert len(session.cases) == 2
    assert session.measured.shapes[0].kind == "circle"
    desk.measuring.undo()
    assert session.measured.shapes[0].name == "mine"
    ended()


def test_it_moves_with_its_files_and_asks_for_those_that_stay(
    desk, session, saved, ended, folder, tmp_path, qtbot
):
    forget(session)
    there = tmp_path / "elsewhere"
    there.mkdir()
    shutil.move(saved, there)
    shutil.move(folder, there / "data")
    desk.opening.open([there / "a.cubeview"])
    ended()
    assert names(session) == ["one.fits", "two.fits"]
    # one of them goes, under another name
    forget(session)
    (tmp_path / "far" / "deep").mkdir(parents=True)
    shutil.move(there / "data" / "two.fits", tmp_path / "far" / "deep" / "renamed.fits")
    asked = []
    desk.sessions.asked.connect(lambda *all_: asked.append(all_))
    desk.opening.open([there / "a.cubeview"])
    ended()
    assert session.cases == ()
    ((path, missing, places),) = asked
    dialog = MissingDialog(path, missing)
    qtbot.addWidget(dialog)
    dialog.place_chosen.connect(lambda more: desk.sessions.open(path, places=[*places, *more]))
    assert dialog.list.count() == 1
    assert "two.fits" in dialog.list.item(0).text()
    dialog.look_in([tmp_path / "far"])
    ended()
    assert names(session) == ["one.fits", "renamed.fits"]
    forget(session)
    desk.sessions.open(path, without=True)
    ended()
    assert names(session) == ["one.fits"]
    assert "two.fits" in said(desk)[0]


BREAKS = [
    (lambda d: d.update(cubeview_session=9), "newer CubeView"),
    (lambda d: d.update(cubeview_session="x"), "damaged"),
    (lambda d: d.update(current=7), "current"),
    (lambda d: d["cases"][0]["state"].update(cursor=[1, 2]), "cursor"),
    (lambda d: d["cases"][0]["state"].update(redshift="fast"), "redshift"),
    (lambda d: d["cases"][0].pop("cubes"), "cubes"),
    (lambda d: d["cases"][0]["state"].update(chosen=3), "aperture"),
]


def test_a_damaged_or_newer_one_is_refused_and_nothing_lost(desk, session, saved, ended, tmp_path):
    whole = saved.read_text()
    broken = tmp_path / "broken.cubeview"
    for break_it, why in BREAKS:
        found = json.loads(whole)
        break_it(found)
        broken.write_text(json.dumps(found))
        with pytest.raises(CubeviewError, match="Nothing was opened") as refused:
            read_session(broken)
        assert why in str(refused.value)
    broken.write_text(whole[:900])
    before = session.cases, session.case, session.cursor
    desk.opening.open([broken])
    ended()
    assert (session.cases, session.case, session.cursor) == before
    assert any("damaged" in text for text in said(desk))


def test_only_sessions_are_taken_for_some(saved, folder, tmp_path):
    assert is_session(saved)
    other = tmp_path / "other.json"
    other.write_text("{}")
    assert not is_session(other)
    shutil.copy(saved, other)
    assert is_session(other)
    assert not is_session(folder / "one.fits")


def test_what_is_read_is_what_was_written(saved, tmp_path):
    found = read_session(saved)
    write_session(found, tmp_path / "again.cubeview")
    assert (tmp_path / "again.cubeview").read_text() == saved.read_text()


def test_a_changed_axis_comes_back_a_changed_file_is_said(desk, session, ended, folder, tmp_path):
    path, old = tmp_path / "b.cubeview", session.case
    moved = with_spectral(old.main, "velocity", rest="5000 Angstrom", convention="optical")
    session.replace_case(old, replace(old, cubes={"flux": moved}))
    desk.sessions.save(path)
    ended()
    forget(session)
    with fits.open(folder / "one.fits", mode="update") as file:
        file["DATA"].data[0, 0, 0] = 99.0
    desk.opening.open([path])
    ended()
    axis = session.case.main.axes[0]
    assert (axis.name, axis.convention) == ("Velocity", "optical")
    np.testing.assert_allclose(axis.values, moved.axes[0].values)
    assert any("has changed" in text for text in said(desk))


def test_no_name_of_a_patient_gets_in(desk, ended, tmp_path):
    folder = tmp_path / "scans"
    folder.mkdir()
    planted = {"PatientName": "ROE^RITA", "PatientID": "4712", "SeriesDescription": "Rita STRESS"}
    write(nm(**planted), folder / "roe_rita.dcm")
    session = desk.session
    session.add_cases(open_path(folder / "roe_rita.dcm"))
    session.set_case(session.cases[0])
    path, roles = tmp_path / "a.cubeview", session.case.roles
    ended()
    desk.sessions.save(path)
    ended()
    text = path.read_text().lower()
    assert not [word for word in ("roe", "rita", "4712", "scans") if word in text]
    # it is known again by what it holds, also under another name
    forget(session)
    shutil.move(folder / "roe_rita.dcm", folder / "x1.dcm")
    desk.opening.open([path])
    ended()
    assert session.case.roles == roles
    assert session.case.main.source.path == folder / "x1.dcm"
