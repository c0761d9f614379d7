"""Reconstructions without vectors, and such that were cut into a file a slice or a gate."""

import numpy as np
import pytest

from cubeview.io import open_paths
from tests.io.dicom.nm_files import NORMAL, POSITION, SLICES, nm, truth, write

BARE = {"SliceVector": None, "NumberOfSlices": None, "FrameIncrementPointer": None}


def texts(cube):
    return " | ".join(note.text for note in cube.notes)


def only(*paths):
    opened = open_paths(paths)
    assert not opened.refusals
    (case,) = opened.cases
    return case


def at_the_top(ds):
    """Move the geometry from the detector to the top of the file."""
    detector = ds.DetectorInformationSequence[0]
    ds.ImagePositionPatient = detector.ImagePositionPatient
    ds.ImageOrientationPatient = detector.ImageOrientationPatient
    del ds.DetectorInformationSequence
    return ds


@pytest.mark.parametrize(
    "kind",
    [
        ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"],
        "['ORIGINAL', 'PRIMARY', 'RECON TOMO', 'EMISSION']",
        "ORIGINAL/PRIMARY/RECON TOMO/EMISSION",
        ["DERIVED", "SECONDARY"],
    ],
)
def test_slices_that_nobody_numbers_are_a_volume_in_a_guessed_order(tmp_path, kind):
    ds = at_the_top(nm(4.5, ImageType=kind, RescaleSlope=0.25, **BARE))
    case = only(write(ds, tmp_path / "scan"))
    cube = case.main
    assert case.kind == "heart"
    np.testing.assert_array_equal(cube.pixels.read(), truth()[0] * 0.25)
    assert cube.axes[0].step == 4.5
    assert cube.axes[0].guessed
    assert any(n.level == "guess" and n.about == "slice direction" for n in cube.notes)
    np.testing.assert_allclose(cube.affine[:3, 3], POSITION)


def test_position_and_orientation_may_stand_apart(tmp_path):
    ds = nm()
    detector = ds.DetectorInformationSequence[0]
    ds.ImageOrientationPatient = detector.ImageOrientationPatient
    del detector.ImageOrientationPatient
    cube = only(write(ds, tmp_path / "scan")).main
    np.testing.assert_allclose(cube.affine[:3, 3], POSITION)
    assert "top of the file" in texts(cube)


def test_frames_of_no_known_spacing_or_of_angles_are_no_slices(tmp_path):
    bare = {**BARE, "ImageType": ["ORIGINAL", "PRIMARY"]}
    for change in ({"SpacingBetweenSlices": None}, {"AngularViewVector": [1, 2, 3, 4, 5]}):
        case = only(write(nm(**bare, **change), tmp_path / "scan"))
        assert case.kind == "volume"
        assert "not a volume" in texts(case.main)


def test_gates_that_are_only_counted_follow_each_other(tmp_path):
    bare = dict.fromkeys(("SliceVector", "RRIntervalVector", "TimeSlotVector"))
    cube = only(write(nm(slots=3, NumberOfTimeSlots=3, **bare), tmp_path / "scan")).main
    assert len(cube.gates) == 3
    np.testing.assert_array_equal(cube.at_gate(1).pixels.read(), truth(3)[1])
    opened = open_paths([write(nm(slots=3, **bare), tmp_path / "scan")])
    assert not opened.cases
    assert "which slice and gate" in opened.refusals[0].reason


def piece(number, how):
    """Return the file of one slice, numbered from 1; 100 is the series' number of instances."""
    ds = nm(-4.0, SeriesInstanceUID="1.2.3.77", StudyInstanceUID="1.2.3.7")
    ds.SeriesDescription, ds.InstanceNumber = "stress", 100 + number
    ds.PixelData = truth()[0, number - 1].astype("<u2").tobytes()
    ds.NumberOfFrames = 1
    if how == "vector of one":
        ds.SliceVector = number
    elif how == "vector of the whole":
        del ds.NumberOfFrames
    else:
        del ds.SliceVector, ds.NumberOfSlices
    if how in ("position", "position alone"):
        detector = ds.DetectorInformationSequence[0]
        detector.ImagePositionPatient = list(np.array(POSITION) - 4.0 * (number - 1) * NORMAL)
        if how == "position alone":
            ds.SpacingBetweenSlices, ds.InstanceNumber = "", 1
    return ds


WAYS = ["vector of one", "vector of the whole", "position", "position alone", "instance number"]


@pytest.mark.parametrize("how", WAYS)
def test_a_file_a_slice_is_one_volume_whatever_the_files_are_called(tmp_path, how):
    for number, name in zip(range(1, SLICES + 1), "dbeac", strict=True):
        write(piece(number, how), tmp_path / name)
    case = only(tmp_path)
    cube, values = case.main, truth()[0]
    assert case.roles == ("stress",)
    turned = cube.pixels.read()[0, 0, 0] != values[0, 0, 0]
    np.testing.assert_array_equal(cube.pixels.read(), values[::-1] if turned else values)
    place = np.array(POSITION) - 4.0 * (SLICES - 1) * NORMAL * turned
    np.testing.assert_allclose(cube.affine[:3, 3], place, atol=1e-6)
    np.testing.assert_allclose(cube.affine[:3, 0], 4.0 * NORMAL * (1 if turned else -1), atol=1e-6)
    assert "put together from 5 files" in texts(cube)
    assert cube.axes[0].guessed == (how == "instance number")
    again = cube.pixels
    again.drop()
    np.testing.assert_array_equal(again.read()[0], values[-1 if turned else 0])


def test_one_piece_brings_the_others(tmp_path):
    paths = [write(piece(n, "vector of one"), tmp_path / str(n)) for n in range(1, SLICES + 1)]
    assert only(paths[2]).main.shape[0] == SLICES


@pytest.mark.parametrize("gone", [1, 3, 5])
def test_a_piece_that_is_not_there_is_said(tmp_path, gone):
    for number in range(1, SLICES + 1):
        if number != gone:
            write(piece(number, "vector of one"), tmp_path / str(number))
    cube = only(tmp_path).main
    assert "4 of 5 slices are there" in texts(cube)
    if gone == 3:
        assert np.isnan(cube.pixels.read()[2]).all()
        assert "slice 3 of 5 missing" in texts(cube)


def test_pieces_of_two_patients_stay_apart(tmp_path):
    for number in range(1, SLICES + 1):
        ds = piece(number, "vector of one")
        write(ds, tmp_path / f"a{number}")
        ds.PatientID, ds.SOPInstanceUID = "4712", f"1.2.3.{number}"
        write(ds, tmp_path / f"b{number}")
    assert [case.main.shape[0] for case in open_paths([tmp_path]).cases] == [SLICES] * 2


def gate(number, state):
    values = truth(4)[number - 1] + (1000 if state == "stress" else 0)
    ds = nm(stored=values, StudyInstanceUID="1.2.3.7", SeriesDescription=f"{state} gated")
    ds.ImageType = ["ORIGINAL", "PRIMARY", "RECON GATED TOMO", "EMISSION"]
    ds.SeriesInstanceUID = "1.2.3.8" if state == "rest" else "1.2.3.9"
    ds.InstanceNumber, ds.NumberOfTimeSlots = number, 4
    ds.TimeSlotVector = [number] * SLICES
    return ds


def test_a_file_a_gate_is_one_pair_with_all_gates(tmp_path):
    for state in ("rest", "stress"):
        for number in (3, 1, 4, 2):
            write(gate(number, state), tmp_path / f"{state}{number}")
    case = only(tmp_path)
    assert (case.roles, case.question) == (("stress", "rest"), "")
    for role, more in (("rest", 0), ("stress", 1000)):
        cube = case.cubes[role]
        assert [g.name for g in cube.gates] == [f"time slot {n}" for n in (1, 2, 3, 4)]
        np.testing.assert_array_equal(cube.at_gate(2).pixels.read(), truth(4)[2] + more)
    (tmp_path / "rest3").unlink()
    assert "3 of 4 time slots are there" in texts(only(tmp_path).cubes["rest"])


def test_gates_that_are_series_of_their_own_are_one_scan(tmp_path):
    for state in ("rest", "stress"):
        for number in (1, 2, 3, 4):
            ds = gate(number, state)
            ds.SeriesInstanceUID = f"{ds.SeriesInstanceUID}.{number}"
            ds.SeriesNumber, ds.SeriesDescription = number, f"{state} gate {number}"
            write(ds, tmp_path / f"{state}{number}")
    case = only(tmp_path)
    assert [len(cube.gates) for cube in case.cubes.values()] == [4, 4]


def test_whole_scans_of_one_series_are_not_put_together(tmp_path):
    for number, state in enumerate(("rest", "stress")):
        ds = nm(stored=truth() + 9 * number, SeriesInstanceUID="1.2.3.8", InstanceNumber=number)
        ds.StudyInstanceUID, ds.SeriesDescription = "1.2.3.7", state
        write(ds, tmp_path / state)
    assert only(tmp_path).roles == ("stress", "rest")
