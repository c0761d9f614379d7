"""A file of many cubes asks which are wanted; one of few opens them all."""

import numpy as np
import pytest
from astropy.io import fits
from PyQt6.QtCore import QItemSelectionModel

from cubeview.gui.desk import opening
from cubeview.gui.dialogs.choosing import ChoosingDialog
from cubeview.io import open_paths


def kmos(path, units):
    """Write a file as KMOS does: data and noise of each unit, units that were off left empty."""
    header = fits.Header({"CTYPE3": "WAVE", "CUNIT3": "um", "CRVAL3": 2.0, "CD3_3": 1e-4})
    header["CRPIX3"] = 1.0
    hdus = [fits.PrimaryHDU(header=fits.Header({"INSTRUME": "KMOS", "OBJECT": "Field 7"}))]
    for unit in range(1, 25):
        data = np.full((8, 6, 7), unit, np.float32) if unit in units else None
        hdus.append(fits.ImageHDU(data, header, name=f"IFU.{unit}.DATA"))
        hdus.append(fits.ImageHDU(data, header, name=f"IFU.{unit}.NOISE"))
    fits.HDUList(hdus).writeto(path)
    return path


@pytest.fixture
def window(window, monkeypatch):
    monkeypatch.setattr(opening, "open_paths", open_paths)
    return window


def test_the_units_of_kmos_are_chosen_from(window, idle, tmp_path):
    window.opening.open([kmos(tmp_path / "kmos.fits", (2, 3, 5, 9, 23))])
    idle(window)
    assert window.session.cases == ()
    (chooser,) = window.findChildren(ChoosingDialog)
    assert chooser.list.count() == 5
    assert "8 × 6 × 7" in chooser.list.item(0).text()
    assert "2 to 2.0007 µm" in chooser.list.item(0).text()
    chooser.list.selectionModel().select(
        chooser.list.model().index(3, 0), QItemSelectionModel.SelectionFlag.ClearAndSelect
    )
    chooser.accept()
    (case,) = window.session.cases
    assert case.name == "Field 7 [IFU.9.DATA]"
    assert window.session.case is case
    assert case.main.pixels.read()[0, 0, 0] == 9


def test_all_may_be_opened(window, idle, tmp_path):
    window.opening.open([kmos(tmp_path / "kmos.fits", (1, 2, 3, 4))])
    idle(window)
    window.findChildren(ChoosingDialog)[-1].all_button.click()
    assert len(window.session.cases) == 4


def test_few_cubes_open_without_a_question(window, idle, tmp_path):
    window.opening.open([kmos(tmp_path / "kmos.fits", (1, 2, 3))])
    idle(window)
    assert not window.findChildren(ChoosingDialog)
    assert len(window.session.cases) == 3
