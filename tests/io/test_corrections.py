"""What the user said is there the next time, for the same instrument or the same content."""

import json
import shutil

import numpy as np
import pytest
from astropy.io import fits as astropy_fits

from cubeview.cubes.guesses import questions
from cubeview.io import corrections, open_path, open_paths
from cubeview.io.info import describe
from tests.io.dicom.nm_files import nm, truth, write
from tests.io.dicom.volume_files import single as slice_of


def sky(path, shift=0.0, **cards):
    header = astropy_fits.Header()
    header["CRVAL3"], header["CDELT3"], header["CRPIX3"] = 5000.0, 1.25, 1.0
    for key, value in cards.items():
        header[key] = value
    data = np.arange(4 * 5 * 20, dtype=np.float32).reshape(20, 4, 5) + shift
    astropy_fits.PrimaryHDU(data, header).writeto(path, overwrite=True)
    return path


def test_an_answer_holds_for_every_file_of_the_instrument_and_no_other(tmp_path):
    one = sky(tmp_path / "one.fits", INSTRUME="LESLIE")
    (case,) = open_path(one)
    assert case.main.axes[0].unit == "Angstrom"
    corrections.keep(case.main, {"spectral unit": "nm", "medium": "air"})
    (again,) = open_path(one)
    (sister,) = open_path(sky(tmp_path / "two.fits", 1.0, INSTRUME="LESLIE"))
    (other,) = open_path(sky(tmp_path / "three.fits", 2.0, INSTRUME="BOB"))
    for corrected in (again, sister):
        assert (corrected.main.axes[0].unit, corrected.main.axes[0].medium) == ("nm", "air")
        said = describe(corrected)[0]["notes"]
        assert "info: its unit: nm, as the user said" in said
        assert not any("guessed from values" in note for note in said)
    assert other.main.axes[0].unit == "Angstrom"


def test_what_a_file_says_is_not_overruled(tmp_path):
    (case,) = open_path(sky(tmp_path / "one.fits", INSTRUME="LESLIE"))
    corrections.keep(case.main, {"medium": "air", "spectral unit": "nm"})
    says = {"CTYPE3": "WAVE", "CUNIT3": "Angstrom"}
    (clear,) = open_path(sky(tmp_path / "clear.fits", INSTRUME="LESLIE", **says))
    assert (clear.main.axes[0].unit, clear.main.axes[0].medium) == ("Angstrom", "vacuum")


def test_an_answer_is_forgotten(tmp_path):
    path = sky(tmp_path / "one.fits", INSTRUME="LESLIE")
    (case,) = open_path(path)
    corrections.keep(case.main, {"spectral unit": "nm"})
    (corrected,) = open_path(path)
    corrections.keep(corrected.main, {})
    assert open_path(path)[0].main.axes[0].unit == "Angstrom"
    assert corrections.load() == corrections.Memory()


def test_without_an_instrument_the_content_counts_and_not_the_place(tmp_path):
    path = sky(tmp_path / "one.fits")
    corrections.keep(open_path(path)[0].main, {"spectral unit": "nm"})
    moved = shutil.copy(path, tmp_path / "elsewhere.fits")
    assert open_path(moved)[0].main.axes[0].unit == "nm"
    assert open_path(sky(path, 1.0))[0].main.axes[0].unit == "Angstrom"


@pytest.mark.parametrize(
    ("cards", "name"),
    [
        ({"INSTRUME": "MUSE", "TELESCOP": "VLT"}, "MUSE"),
        ({"TELESCOP": "ALMA"}, "ALMA"),
        ({"ORIGIN": "GILDAS Consortium"}, ""),  # what wrote the file took no data
        ({"OBSERVER": "Jane Doe", "OBJECT": "M33"}, ""),
    ],
)
def test_what_names_the_instrument_of_a_sky_cube(tmp_path, cards, name):
    (case,) = open_path(sky(tmp_path / "cube.fits", **cards))
    assert case.main.instrument == name


def test_what_names_the_camera_says_nothing_of_the_patient(tmp_path):
    ds = nm(Manufacturer="GE MEDICAL", ManufacturerModelName="Discovery", SpacingBetweenSlices=None)
    ds.InstitutionName, ds.StationName, ds.DeviceSerialNumber = "St Mary", "ROOM1", "77"
    (case,) = open_path(write(ds, tmp_path / "scan.dcm"))
    assert case.main.instrument == "GE MEDICAL Discovery"
    corrections.keep(case.main, {"slice spacing": "6.4"})
    text = corrections._file().read_text()
    for secret in ("DOE", "4711", "St Mary", "ROOM1", "77", "20200102", str(tmp_path)):
        assert secret not in text
    assert open_path(tmp_path / "scan.dcm")[0].main.spacing[0] == 6.4


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 9}', '{"format": 1}', '{"format": 1, "instruments": 3}']
)
def test_a_damaged_memory_counts_as_empty(tmp_path, text, caplog):
    corrections._file().write_text(text)
    assert corrections.load() == corrections.Memory()
    assert open_path(sky(tmp_path / "one.fits"))
    caplog.clear()


def test_an_answer_nobody_understands_any_more_costs_no_cube(tmp_path):
    (case,) = open_path(sky(tmp_path / "one.fits", INSTRUME="LESLIE"))
    corrections.keep(case.main, {"spectral unit": "nm"})
    stored = json.loads(corrections._file().read_text())
    stored["instruments"]["LESLIE"] = {"spectral unit": "furlong", "no such thing": "1"}
    corrections._file().write_text(json.dumps(stored))
    (case,) = open_path(tmp_path / "one.fits")
    assert any("left out" in note.text for note in case.main.notes)


def test_a_state_is_remembered_by_the_pixels(tmp_path):
    ds = nm(SeriesDescription="")
    (case,) = open_path(write(ds, tmp_path / "scan.dcm"))
    assert case.roles == ("heart",)
    corrections.keep_roles(case.named("stress"))
    ds.SeriesInstanceUID = ds.SOPInstanceUID = "1.2.3"  # anonymised and moved
    (again,) = open_path(write(ds, tmp_path / "other.dcm"))
    assert again.roles == ("stress",)
    assert not again.question
    assert "the user called this scan so" in again.evidence[0]
    corrections.forget_roles(again)
    assert open_path(tmp_path / "other.dcm")[0].roles == ("heart",)


def test_an_exchanged_pair_stays_exchanged_and_is_not_asked_about_again(tmp_path):
    one = write(nm(SeriesDescription="STRESS", StudyInstanceUID="1.2"), tmp_path / "a.dcm")
    stored = truth()[0] + 3
    ds = nm(SeriesDescription="REST", StudyInstanceUID="1.2")
    ds.PixelData = stored.astype("<u2").tobytes()
    two = write(ds, tmp_path / "b.dcm")
    (case,) = open_paths([one, two]).cases
    assert case.cubes["stress"].source.path == one
    corrections.keep_roles(case.swapped())
    folder = tmp_path / "moved"
    folder.mkdir()
    for path in (one, two):
        shutil.move(path, folder)
    (again,) = open_path(folder)
    assert again.cubes["stress"].source.path == folder / "b.dcm"
    assert not again.question
    corrections.keep_roles(again.swapped())
    assert open_path(folder)[0].cubes["stress"].source.path == folder / "a.dcm"


def test_two_scans_the_user_paired_pair_again(tmp_path):
    one = write(nm(SeriesDescription="STRESS", PatientID="1"), tmp_path / "a.dcm")
    ds = nm(SeriesDescription="REST", PatientID="2")
    ds.PixelData = (truth()[0] + 3).astype("<u2").tobytes()
    two = write(ds, tmp_path / "b.dcm")
    from cubeview.cubes.case import paired

    stress, rest = open_paths([one, two]).cases
    corrections.keep_roles(paired(stress, rest))
    (pair,) = open_paths([two, one]).cases
    assert pair.roles == ("stress", "rest")
    (alone,) = open_paths([two]).cases
    assert alone.roles == ("rest",)
    assert pair.apart == "Not of one patient: patient number differs."
    assert pair.name.endswith(" (two patients)")


def test_a_pair_that_was_taken_apart_stays_so(tmp_path):
    one = write(nm(SeriesDescription="STRESS", StudyInstanceUID="1.2"), tmp_path / "a.dcm")
    ds = nm(SeriesDescription="REST", StudyInstanceUID="1.2")
    ds.PixelData = (truth()[0] + 3).astype("<u2").tobytes()
    two = write(ds, tmp_path / "b.dcm")
    from cubeview.cubes.case import paired, taken_apart

    (pair,) = open_paths([one, two]).cases
    assert not pair.apart
    for single in taken_apart(pair):
        corrections.keep_roles(single, alone=True)
    cases = open_paths([one, two]).cases
    assert {case.roles for case in cases} == {("stress",), ("rest",)}
    stress, rest = sorted(cases, key=lambda case: case.roles, reverse=True)
    corrections.keep_roles(paired(stress, rest))
    assert len(open_paths([one, two]).cases) == 1


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("ifu/ifscube_example_cube.fits", {"spectral type", "spectral unit", "medium"}),
        ("ifu/gmos_ngc3081_cube.fits", {"spectral type", "spectral unit", "error meaning"}),
        ("radio/co_carma_ngc4324.fits", {"velocity definition", "spectral unit"}),
    ],
)
def test_what_real_files_leave_open(shared_data, name, asked):
    (case,) = open_path(shared_data / name)
    assert asked <= {question.key for question in questions(case.main)}


def test_every_guess_of_a_real_file_can_be_said_otherwise(shared_data):
    files = [p for d in ("ifu", "radio", "solar", "nm", "dicom_other", "volumes", "fits_other")
             for p in sorted((shared_data / d).rglob("*")) if p.is_file()]  # fmt: skip
    opened = open_paths(files)
    assert len(opened.cases) > 30
    for case in opened.cases:
        for cube in case.cubes.values():
            guesses = {note.about for note in cube.notes if note.level == "guess"}
            known = {question.key for question in questions(cube)} | {"rest or stress"}
            assert guesses <= known, cube.source


def test_an_organ_is_of_one_scan_and_not_of_all_its_camera_takes(tmp_path):
    extra = {"Manufacturer": "Maker", "Modality": "PT"}
    for series, name in (("1.2.3", "a"), ("1.2.4", "b")):
        write(slice_of("PT", 1, 0.0, series=series, **extra), tmp_path / name)
    one = open_paths([tmp_path]).cases[0]
    corrections.keep(one.main, {"organ": "heart"})
    assert [case.kind for case in open_paths([tmp_path]).cases] == ["heart", "volume"]
    (again,) = open_paths([tmp_path / "a"]).cases
    assert "rest or stress" in again.question
    corrections.keep(again.main, {})
    assert [case.kind for case in open_paths([tmp_path]).cases] == ["volume", "volume"]
