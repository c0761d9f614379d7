import shutil
import subprocess
import sys

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from cubeview.cubes.gated import rejected_percent
from cubeview.cubes.orient import ends
from cubeview.errors import CubeviewError
from cubeview.io import open_path, open_paths
from tests.io.dicom.nm_files import (
    NORMAL,
    ORIENTATION,
    POSITION,
    SLICES,
    SPACING,
    coded,
    nm,
    truth,
    write,
)


def cube_of(ds, tmp_path, syntax=ExplicitVRLittleEndian):
    (case,) = open_path(write(ds, tmp_path / "scan", syntax))
    return case.main


def texts(cube):
    return " ".join(note.text for note in cube.notes)


@pytest.mark.parametrize("step", [4.0, -4.0])
@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("slots", [1, 3])
def test_geometry_and_values_follow_the_vectors(tmp_path, step, shuffled, slots):
    order = np.random.default_rng(1).permutation(slots * SLICES) if shuffled else None
    cube = cube_of(nm(step, slots=slots, order=order), tmp_path)
    np.testing.assert_array_equal(cube.pixels.read(), truth(slots).sum(axis=0))
    for k in range(SLICES):
        place = cube.affine @ [k, 0, 0, 1]
        np.testing.assert_allclose(place[:3], np.array(POSITION) + k * step * NORMAL)
        assert cube.axes[0].values[k] == pytest.approx(place[:3] @ NORMAL)
    corner = np.array(POSITION) + 2 * SPACING[0] * np.array(ORIENTATION[3:])
    corner += 3 * SPACING[1] * np.array(ORIENTATION[:3])
    np.testing.assert_allclose((cube.affine @ [0, 2, 3, 1])[:3], corner)
    assert cube.axes[0].step == pytest.approx(step)
    assert (cube.axes[1].step, cube.axes[2].step) == pytest.approx(SPACING)
    assert cube.view == "short axis"
    assert ("sum of 3 time slots" in texts(cube)) == (slots == 3)


def test_r_r_intervals_are_gates_too(tmp_path):
    ds = nm(slots=4)
    ds.RRIntervalVector = [1] * 10 + [2] * 10
    ds.TimeSlotVector = ([1] * 5 + [2] * 5) * 2
    cube = cube_of(ds, tmp_path)
    np.testing.assert_array_equal(cube.pixels.read(), truth(4).sum(axis=0))
    assert "sum of 2 R-R intervals × 2 time slots" in texts(cube)


def test_a_gated_scan_says_what_it_knows_of_the_beats(tmp_path):
    window = Dataset()
    window.IntervalsAcquired, window.IntervalsRejected = 880, 120
    window.LowRRValue, window.HighRRValue = 700, 900
    gate = Dataset()
    gate.DataInformationSequence = Sequence([window])
    gated = {"slots": 3, "GatedInformationSequence": Sequence([gate])}
    cube = cube_of(nm(**gated), tmp_path)
    assert cube.facts["Heart rate"] == "75 /min"
    assert cube.facts["Rejected beats"] == "12 % of 1000"
    assert rejected_percent(cube) == 12
    assert cube_of(nm(**gated, HeartRate=64), tmp_path).facts["Heart rate"] == "64 /min"
    bare = cube_of(nm(slots=3, HeartRate=0), tmp_path)
    assert not {"Heart rate", "Rejected beats"} & set(bare.facts)
    assert rejected_percent(bare) is None


def test_missing_orientation_gives_millimetres_but_no_letters(tmp_path):
    ds = nm(-4.0)
    del ds.DetectorInformationSequence[0].ImageOrientationPatient
    cube = cube_of(ds, tmp_path)
    assert cube.affine is None
    assert cube.spacing == (4.0, *SPACING)
    assert ends(cube) == (("", ""),) * 3
    assert "orientation unknown" in texts(cube)


@pytest.mark.parametrize("empty", [None, ""])
def test_empty_spacing_falls_back_to_the_thickness_unconfirmed(tmp_path, empty):
    ds = nm()
    ds.SpacingBetweenSlices = empty
    cube = cube_of(ds, tmp_path)
    assert cube.axes[0].step == pytest.approx(4.0)
    assert cube.axes[0].guessed
    assert "orientation unconfirmed" in texts(cube)
    assert ends(cube)[0] == ("", "")
    assert ends(cube)[1] == ("H", "F")


def test_no_spacing_at_all_counts_slices(tmp_path):
    cube = cube_of(nm(SpacingBetweenSlices="", SliceThickness="", PixelSpacing=None), tmp_path)
    assert [axis.kind for axis in cube.axes] == ["index"] * 3
    assert cube.affine is None


def test_root_level_geometry_is_used_and_said(tmp_path):
    ds = nm()
    detector = ds.DetectorInformationSequence[0]
    ds.ImagePositionPatient = detector.ImagePositionPatient
    ds.ImageOrientationPatient = detector.ImageOrientationPatient
    del detector.ImagePositionPatient, detector.ImageOrientationPatient
    cube = cube_of(ds, tmp_path)
    np.testing.assert_allclose(cube.affine[:3, 3], POSITION)
    assert "top of the file" in texts(cube)


def test_the_detector_outranks_the_root(tmp_path):
    ds = nm(ImagePositionPatient=[0, 0, 0], ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    cube = cube_of(ds, tmp_path)
    np.testing.assert_allclose(cube.affine[:3, 3], POSITION)
    assert not cube.notes or "top of the file" not in texts(cube)


@pytest.mark.parametrize(
    "syntax",
    [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian],
)
def test_transfer_syntaxes(tmp_path, syntax):
    ds = nm()
    if syntax == ExplicitVRBigEndian:
        ds.PixelData = truth().astype(">u2").tobytes()
        ds["PixelData"].VR = "OW"
    cube = cube_of(ds, tmp_path, syntax)
    np.testing.assert_array_equal(cube.pixels.read(), truth()[0])


def test_run_length_encoding(tmp_path):
    ds = nm()
    write(ds, tmp_path / "plain")
    ds = pydicom.dcmread(tmp_path / "plain")
    ds.compress(RLELossless)
    ds.save_as(tmp_path / "rle")
    (case,) = open_path(tmp_path / "rle")
    np.testing.assert_array_equal(case.main.pixels.read(), truth()[0])


def test_signed_values_and_a_useless_window(tmp_path):
    stored = truth()[0] - 100
    ds = nm(PixelRepresentation=1, WindowCenter=16383, WindowWidth=32767)
    ds.PixelData = stored.astype("<i2").tobytes()
    np.testing.assert_array_equal(cube_of(ds, tmp_path).pixels.read(), stored)


def test_one_byte_values(tmp_path):
    ds = nm(BitsAllocated=8, BitsStored=8, HighBit=7)
    ds.PixelData = truth().astype("u1").tobytes()
    np.testing.assert_array_equal(cube_of(ds, tmp_path).pixels.read(), truth()[0])


def test_rescale_is_applied(tmp_path):
    cube = cube_of(nm(RescaleSlope=0.5, RescaleIntercept=-3), tmp_path)
    np.testing.assert_allclose(cube.pixels.read(), truth()[0] * 0.5 - 3)
    assert cube.unit == "counts"


@pytest.mark.parametrize("slots", [1, 3])
def test_real_world_values_outrank_rescale(tmp_path, slots):
    mapping = Dataset()
    mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept = 0.25, 7.0
    mapping.MeasurementUnitsCodeSequence = coded("Bq/ml", "UCUM")
    ds = nm(slots=slots, RescaleSlope=9, RescaleIntercept=9)
    ds.RealWorldValueMappingSequence = Sequence([mapping])
    cube = cube_of(ds, tmp_path)
    np.testing.assert_allclose(cube.pixels.read(), (truth(slots) * 0.25 + 7).sum(axis=0))
    assert cube.unit == "Bq/ml"
    assert cube.quantity_unit is not None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"SliceVector": [1, 2, 3, 3, 5]}, "slice 3 is there twice"),
        ({"SliceVector": [1, 2, 3, 5, 6]}, "cannot fill 6 slices"),
        ({"SliceVector": [1, 2, 3, 4]}, "4 slice numbers for 5 frames"),
        ({"EnergyWindowVector": [1, 1, 1, 2, 2]}, "2 energy windows"),
        ({"TimeSlotVector": [1, 1, 1, 1, 2]}, "cannot fill 5 slices at 2 gates"),
        ({"Rows": 0}, "has none"),
        ({"Rows": 65535, "Columns": 65535}, "more than"),
        ({"NumberOfFrames": 50, "SliceVector": list(range(1, 51))}, "cut short"),
        ({"SamplesPerPixel": 3}, "colour picture"),
        ({"PixelData": None}, "no pixel values"),
    ],
)
def test_refusals_name_the_check_that_failed(tmp_path, change, said):
    path = write(nm(**change), tmp_path / "scan.dcm")
    with pytest.raises(CubeviewError, match=said) as caught:
        open_path(path)
    assert str(path) in str(caught.value)


def test_pixels_that_are_not_what_they_are_compressed_as(tmp_path):
    path = write(nm(), tmp_path / "plain")
    ds = pydicom.dcmread(path)
    ds.compress(RLELossless)
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.202"
    ds.save_as(tmp_path / "htj2k")
    with pytest.raises(CubeviewError, match=r"compressed as High-Throughput.*uncompressed"):
        open_path(tmp_path / "htj2k")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("TOMO", "raw projections"),
        ("STATIC", "planar"),
        ("WHOLE BODY", "whole-body"),
        ("DYNAMIC", "dynamic"),
        ("GATED", "gated planar"),
    ],
)
def test_other_nuclear_medicine_is_named(tmp_path, kind, said):
    path = write(nm(ImageType=["ORIGINAL", "PRIMARY", kind, "EMISSION"]), tmp_path / "x")
    (case,) = open_path(path)
    assert case.kind == "volume"
    assert case.main.shape[0] == SLICES
    assert any(said in note.text for note in case.notes)


def test_a_vendor_image_type_is_judged_by_the_vectors(tmp_path):
    cube = cube_of(nm(ImageType=["ORIGINAL", "PRIMARY"]), tmp_path)
    assert cube.shape[0] == SLICES


@pytest.mark.parametrize(
    ("code", "scheme", "view"),
    [
        ("131185001", "SCT", "vertical long axis"),
        ("131186000", "SCT", "horizontal long axis"),
        ("62824007", "SCT", "transaxial"),
        ("G-A186", "SNM3", "short axis"),
        ("G-A18A", "SRT", "vertical long axis"),
    ],
)
def test_view_codes_old_and_new(tmp_path, code, scheme, view):
    ds = nm()
    ds.DetectorInformationSequence[0].ViewCodeSequence = coded(code, scheme)
    assert cube_of(ds, tmp_path).view == view


@pytest.mark.parametrize(
    ("text", "view"),
    [
        ("STRESS SA", "short axis"),
        ("H Long Ax", "horizontal long axis"),
        ("VLA_G", "vertical long axis"),
    ],
)
def test_view_from_words_is_a_guess(tmp_path, text, view):
    ds = nm(SeriesDescription=text)
    del ds.DetectorInformationSequence[0].ViewCodeSequence
    cube = cube_of(ds, tmp_path)
    assert cube.view == view
    assert any(note.level == "guess" and view in note.text for note in cube.notes)


def test_another_organ_is_a_volume(tmp_path):
    ds = nm(BodyPartExamined="BRAIN")
    del ds.DetectorInformationSequence[0].ViewCodeSequence
    (case,) = open_path(write(ds, tmp_path / "x"))
    assert (case.kind, case.roles) == ("volume", ("flux",))


def test_facts_are_words_of_ours_and_nothing_names_the_patient(tmp_path):
    ds = nm(
        SeriesDescription="Stress AC for Jane Doe",
        CorrectedImage=["UNIF", "UNIF", "ATTN", "MOTN", "JANE"],
        SliceProgressionDirection="APEX_TO_BASE",
        Manufacturer="GE",
    )
    (case,) = open_path(write(ds, tmp_path / "x"))
    facts = case.main.facts
    assert facts["Corrections"] == "uniformity, attenuation, motion"
    assert facts["Slice order"] == "apex to base"
    shown = " ".join([case.name, *case.evidence, case.question, *facts.values(), texts(case.main)])
    for secret in ("doe", "jane", "4711", "2020", ds.StudyInstanceUID):
        assert secret not in shown.casefold()


def test_a_file_without_preamble_and_with_any_name_opens(tmp_path):
    write(nm(), tmp_path / "with", ImplicitVRLittleEndian)
    ds = pydicom.dcmread(tmp_path / "with")
    ds.preamble = None
    del ds.file_meta
    bare = tmp_path / "holiday.jpg"
    pydicom.dcmwrite(bare, ds, implicit_vr=True, little_endian=True)
    assert open_path(bare)[0].main.shape[0] == SLICES


def test_text_and_noise_are_not_dicom(tmp_path):
    for name, data in (("a", b"DICM is not at the right place" * 9), ("b", bytes(500))):
        (tmp_path / name).write_bytes(data)
    noise = np.random.default_rng(0).integers(0, 256, 5000, dtype=np.uint8).tobytes()
    (tmp_path / "c").write_bytes(noise)
    opened = open_paths([tmp_path / name for name in "abc"])
    assert not opened.cases
    assert all("neither" in refusal.reason for refusal in opened.refusals)


def test_a_deflated_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("cubeview.io.dicom.file.MAX_INFLATED_BYTES", 2000)
    ds = nm()
    ds.PixelData = bytes(5 * 6 * 7 * 2)
    ds.ImageComments = "x" * 5000
    with pytest.raises(CubeviewError, match="unpacks to more"):
        open_path(write(ds, tmp_path / "bomb", DeflatedExplicitVRLittleEndian))


@pytest.mark.parametrize("share", [0.1, 0.4, 0.6, 0.8, 0.95])
def test_a_file_cut_anywhere_is_refused_in_words(tmp_path, share):
    data = write(nm(slots=3), tmp_path / "whole").read_bytes()
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(data[: int(len(data) * share)])
    opened = open_paths([cut])
    assert not opened.cases
    assert str(cut) in opened.refusals[0].reason


def test_damaged_bytes_never_give_anything_but_a_refusal(tmp_path):
    data = bytearray(write(nm(slots=2), tmp_path / "whole").read_bytes())
    rng = np.random.default_rng(7)
    for number in range(60):
        bad = bytearray(data)
        for place in rng.integers(132, 1800, 6):
            bad[place] = rng.integers(256)
        path = tmp_path / f"bad{number}"
        path.write_bytes(bad)
        opened = open_paths([path])
        assert len(opened.cases) + len(opened.refusals) == 1


@pytest.mark.parametrize("option", ["+e1", "+el"])
def test_lossless_jpeg_as_archives_write_it(tmp_path, option):
    if shutil.which("dcmcjpeg") is None:
        pytest.skip("dcmcjpeg (dcmtk) is not installed")
    write(nm(), tmp_path / "plain")
    subprocess.run(["dcmcjpeg", option, tmp_path / "plain", tmp_path / "jpeg"], check=True)
    (case,) = open_path(tmp_path / "jpeg")
    np.testing.assert_array_equal(case.main.pixels.read(), truth()[0])
    assert "approximate" not in texts(case.main)


def test_lossy_compression_is_said(tmp_path):
    cube = cube_of(nm(LossyImageCompression="01"), tmp_path)
    assert "compressed with loss" in texts(cube)


def test_pydicom_waits_for_the_first_dicom_file():
    code = "import sys, cubeview.io; print('pydicom' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_every_gate_of_a_reconstruction_is_there(tmp_path):
    order = np.random.default_rng(3).permutation(4 * SLICES)
    (case,) = open_path(write(nm(slots=4, order=order), tmp_path / "scan.dcm"))
    cube = case.main
    assert [gate.name for gate in cube.gates] == [f"time slot {n}" for n in (1, 2, 3, 4)]
    for n in range(4):
        np.testing.assert_array_equal(cube.at_gate(n).pixels.read(), truth(4)[n])
        assert cube.at_gate(n).axes is cube.axes
    np.testing.assert_array_equal(cube.pixels.read(), truth(4).sum(axis=0))


def test_two_energy_windows_are_two_cases_that_do_not_pair(tmp_path):
    stored = truth(2)
    ds = nm(stored=stored, SliceVector=[1, 2, 3, 4, 5] * 2, EnergyWindowVector=[1] * 5 + [2] * 5)
    one, two = open_path(write(ds, tmp_path / "scan.dcm"))
    assert one.name.endswith("[energy window 1]")
    assert [case.main.source.part for case in (one, two)] == [
        "energy window 1",
        "energy window 2",
    ]
    for case, values in zip((one, two), stored, strict=True):
        np.testing.assert_array_equal(case.main.pixels.read(), values)
        assert any("one of 2 volumes" in note.text for note in case.main.notes)
