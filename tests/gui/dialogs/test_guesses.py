"""The chip opens a dialog in which each guess can be said otherwise, at once and for later."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QComboBox

from cubeview.gui.dialogs.guesses import GuessesDialog, chip_text
from cubeview.io import corrections, open_path
from tests.gui.fakes import make_heart, make_sky
from tests.io.dicom.nm_files import nm, write

PICTURES = Path(__file__).resolve().parents[3] / "screenshots" / "guesses"


def sky(path, **cards):
    header = fits.Header()
    if cards.get("CRVAL3") != 0:
        header["CRVAL3"], header["CDELT3"], header["CRPIX3"] = 5000.0, 1.25, 1.0
    for key, value in cards.items():
        if value is None:
            header.remove(key, ignore_missing=True)
        else:
            header[key] = value
    z, y, x = np.mgrid[0:40, 0:24, 0:30]
    data = 3 * np.exp(-((y - 12) ** 2 + (x - 14) ** 2) / 20) * (1 + np.exp(-((z - 20) ** 2) / 8))
    fits.PrimaryHDU(data.astype(np.float32), header).writeto(path, overwrite=True)
    return path


@pytest.fixture
def ask(window, with_case, qtbot):
    """Open a file, click the chip, return the dialog."""

    def asked(path):
        (case,) = open_path(path)
        with_case(case)
        qtbot.mouseClick(window.status_line.chip, Qt.MouseButton.LeftButton)
        dialog = window.findChildren(GuessesDialog)[-1]
        assert dialog.isVisible()
        return dialog

    return asked


def choose(dialog, key, answer):
    editor = dialog.editors[key]
    if isinstance(editor, QComboBox):
        editor.setCurrentIndex(editor.findData(answer))
        assert editor.currentData() == answer
    else:
        editor.setText(answer)
        editor.editingFinished.emit()


def test_the_chip_names_what_was_guessed(window, with_case, tmp_path):
    with_case(open_path(sky(tmp_path / "a.fits"))[0])
    assert window.status_line.chip.text() == "⚠ guessed: spectral type, spectral unit and 1 more"
    with_case(make_sky())
    assert not window.status_line.chip.isVisible()


def test_an_answer_counts_at_once_and_the_next_time(window, ask, tmp_path):
    path = sky(tmp_path / "a.fits", INSTRUME="LESLIE")
    dialog = ask(path)
    choose(dialog, "spectral unit", "nm")
    choose(dialog, "medium", "air")
    dialog.accept()
    axis = window.session.case.main.axes[0]
    assert (axis.unit, axis.medium) == ("nm", "air")
    assert "guessed: spectral type" in window.status_line.chip.text()
    assert open_path(path)[0].main.axes[0].unit == "nm"


def test_answers_hold_for_other_open_cubes_of_the_instrument(window, with_case, ask, tmp_path):
    other = open_path(sky(tmp_path / "b.fits", INSTRUME="LESLIE", OBJECT="other"))[0]
    stranger = open_path(sky(tmp_path / "c.fits", INSTRUME="BOB"))[0]
    with_case(other)
    with_case(stranger)
    dialog = ask(sky(tmp_path / "a.fits", INSTRUME="LESLIE"))
    choose(dialog, "spectral unit", "nm")
    dialog.accept()
    units = [case.main.axes[0].unit for case in window.session.cases]
    assert units == ["nm", "Angstrom", "nm"]


def test_a_type_brings_the_questions_that_follow(ask, tmp_path):
    dialog = ask(sky(tmp_path / "a.fits"))
    assert "velocity definition" not in dialog.editors
    choose(dialog, "spectral type", "velocity")
    assert "velocity definition" in dialog.editors
    assert "medium" not in dialog.editors


def test_forgetting_goes_back_to_the_guess(window, ask, tmp_path, qtbot):
    path = sky(tmp_path / "a.fits", INSTRUME="LESLIE")
    dialog = ask(path)
    choose(dialog, "spectral unit", "nm")
    dialog.accept()
    window.actions_table["guesses"].trigger()
    dialog = window.findChildren(GuessesDialog)[-1]
    assert dialog.editors["spectral unit"].currentData() == "nm"
    qtbot.mouseClick(dialog.forget_button, Qt.MouseButton.LeftButton)
    assert window.session.case.main.axes[0].unit == "Angstrom"
    assert open_path(path)[0].main.axes[0].unit == "Angstrom"
    assert corrections.load() == corrections.Memory()


def test_an_answer_without_sense_is_said_and_keeps_the_dialog(window, ask, tmp_path):
    before = ask(sky(tmp_path / "a.fits", CRVAL3=0, CTYPE3="WAVE", CUNIT3="nm"))
    case = window.session.case
    assert "first axis" not in before.editors
    choose(before, "spectral values", "lots")
    before.accept()
    assert before.isVisible()
    assert "does not give" in before.problem.text()
    assert window.session.case is case
    choose(before, "spectral values", "500 -0.25")
    before.accept()
    axis = window.session.case.main.axes[0]
    assert (axis.values[0], axis.step) == (500, pytest.approx(-0.25))


def test_a_single_heart_is_called_stress_and_remembered(window, ask, tmp_path):
    path = write(nm(SeriesDescription=""), tmp_path / "scan.dcm")
    dialog = ask(path)
    dialog.roles.setCurrentIndex(dialog.roles.findData("stress"))
    dialog.accept()
    assert window.session.case.roles == ("stress",)
    assert open_path(path)[0].roles == ("stress",)


def test_a_pair_is_exchanged(window, with_case, qtbot):
    case = with_case(make_heart())
    qtbot.mouseClick(window.status_line.chip, Qt.MouseButton.LeftButton)
    (dialog,) = window.findChildren(GuessesDialog)
    dialog.roles.setCurrentIndex(dialog.roles.findData("swap"))
    dialog.accept()
    assert window.session.case.cubes["rest"] is case.cubes["stress"]


def test_deciding_in_the_notes_panel_is_remembered_too(window, with_case, tmp_path):
    path = write(nm(SeriesDescription=""), tmp_path / "scan.dcm")
    with_case(open_path(path)[0])
    window.notes.name_as("rest")
    assert open_path(path)[0].roles == ("rest",)


def _noise(path):
    header = fits.Header({"CTYPE3": "AWAV", "CUNIT3": "Angstrom", "CRVAL3": 5000.0})
    header["CDELT3"], header["CRPIX3"], header["BUNIT"] = 1.25, 1.0, "erg/s/cm2/Angstrom"
    data = np.random.default_rng(1).normal(5, 1, (40, 24, 30)).astype(np.float32)
    noise = fits.ImageHDU(data**2, header, name="ERR")
    noise.header["BUNIT"] = "erg2/s2/cm4/Angstrom2"
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(data, header, name="DATA"), noise]).writeto(path)
    return path


def _no_place(**extra):
    ds = nm(SeriesDescription="", **extra)
    del ds.DetectorInformationSequence[0].ImagePositionPatient
    del ds.DetectorInformationSequence[0].ImageOrientationPatient
    del ds.DetectorInformationSequence[0].ViewCodeSequence
    return ds


KINDS = {
    "spectral type, unit and medium": lambda p: sky(p / "a.fits", INSTRUME="LESLIE"),
    "start and step": lambda p: sky(p / "b.fits", CRVAL3=0, CTYPE3="WAVE", CUNIT3="nm"),
    "velocity definition": lambda p: sky(p / "c.fits", CTYPE3="VELOCITY", CUNIT3="km/s"),
    "axis order": lambda p: sky(p / "d.fits", CRVAL3=0),
    "projection": lambda p: sky(
        p / "e.fits", CTYPE1="RA", CTYPE2="DEC", CTYPE3="AWAV", CUNIT3="Angstrom", CRVAL1=150.0,
        CRVAL2=2.0, CDELT1=-0.01, CDELT2=0.01, CRPIX1=15.0, CRPIX2=12.0, CUNIT1="deg",
        CUNIT2="deg",
    ),
    "error meaning": lambda p: _noise(p / "f.fits"),
    "rest or stress": lambda p: write(nm(SeriesDescription=""), p / "g.dcm"),
    "voxel size and direction": lambda p: write(
        nm(SpacingBetweenSlices=None, PixelSpacing=None), p / "h.dcm"
    ),
    "orientation and organ": lambda p: write(_no_place(BodyPartExamined=""), p / "i.dcm"),
}  # fmt: skip


@pytest.mark.screenshot
@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_of_each_kind_of_guess(window, ask, tmp_path, qtbot, kind):
    window.resize(1280, 800)
    dialog = ask(KINDS[kind](tmp_path))
    qtbot.wait(400)
    picture = window.grab()
    from PyQt6.QtGui import QPainter

    painter = QPainter(picture)
    shown = dialog.grab()
    painter.drawPixmap((window.width() - shown.width()) // 2, 80, shown)
    painter.end()
    PICTURES.mkdir(parents=True, exist_ok=True)
    assert picture.save(str(PICTURES / f"{kind.replace(' ', '-').replace(',', '')}.png"))


def test_the_chip_asks_what_the_question_asks():
    asked = "Stress was scanned prone, rest supine: do you mean to compare the two?"
    assert chip_text(make_heart(question=asked)) == "⚠ do the two belong together?"
    asked = "Nothing in the file says whether this is rest or stress. Which is it?"
    assert chip_text(make_heart(question=asked)) == "⚠ rest or stress?"
