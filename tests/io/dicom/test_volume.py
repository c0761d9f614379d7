"""CT, MR and PET: volumes in the order of their places, against planted answers and nibabel."""

import gzip
import warnings

import nibabel
import numpy as np
import pytest

from cubeview.cubes.orient import ends
from cubeview.io import open_path, open_paths
from tests.io.dicom.nm_files import write
from tests.io.dicom.volume_files import FRAME, NORMAL, ORIGIN, SIZES, enhanced, pixels, single


def texts(cube):
    return " | ".join(note.text for note in cube.notes)


def ras_of(cube):
    """Return the affine as NIfTI has it: (x, y, z) voxels to right, anterior, superior."""
    swap = np.eye(4)[[2, 1, 0, 3]]
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ cube.affine @ swap


def test_slices_are_sorted_by_place_whatever_number_or_name(tmp_path):
    for name, number, place in (("a", 3, 8.0), ("b", 1, 4.0), ("c", 2, 0.0), ("d", 9, 12.0)):
        write(single("CT", number, place), tmp_path / name)
    (case,) = open_path(tmp_path)
    cube = case.main
    assert case.kind == "volume"
    values = cube.pixels.read()
    assert [int(v) // 100 for v in values[:, 0, 0]] == [2, 1, 3, 9]
    np.testing.assert_array_equal(values[1], pixels(1))
    for z, y, x in ((0, 0, 0), (3, 4, 5), (1, 2, 3)):
        truth = ORIGIN + z * 4.0 * NORMAL
        truth = truth + y * SIZES[0] * np.array(FRAME[3:]) + x * SIZES[1] * np.array(FRAME[:3])
        np.testing.assert_allclose((cube.affine @ [z, y, x, 1])[:3], truth, atol=1e-6)
    assert cube.spacing == pytest.approx((4.0, *SIZES))
    assert cube.view == "sagittal"
    assert ends(cube)[1] == ("H", "F")
    assert "4711" not in case.name + str(dict(cube.facts)) + texts(cube)


def test_each_pet_slice_has_its_own_slope(tmp_path):
    for number in (1, 2, 3):
        scale = {"RescaleSlope": 0.5 * number, "RescaleIntercept": 1.0, "Units": "BQML"}
        write(single("PT", number, 4.0 * number, **scale), tmp_path / str(number))
    (case,) = open_path(tmp_path)
    values = case.main.pixels.read()
    for row, number in enumerate((1, 2, 3)):
        np.testing.assert_allclose(values[row], pixels(number) * 0.5 * number + 1.0)
    assert case.main.unit == "Bq/ml"
    assert case.main.quantity_unit is not None


@pytest.mark.parametrize(
    ("units", "suv", "shown"),
    [
        ("GML", "BW", "SUV (g/ml)"),
        ("CNTS", None, "counts"),
        ("PROPCPS", None, None),
        ("?", None, ""),
    ],
)
def test_pet_units_are_what_the_file_says_and_no_more(tmp_path, units, suv, shown):
    extra = {"RescaleSlope": 1.0, "Units": units} | ({"SUVType": suv} if suv else {})
    write(single("PT", 1, 0.0, **extra), tmp_path / "one")
    (case,) = open_path(tmp_path / "one")
    assert case.main.unit == ("counts/s (proportional)" if shown is None else shown)


def test_a_missing_slice_is_said_and_left_empty(tmp_path):
    for number, place in enumerate((0.0, 4.0, 12.0, 16.0), 1):
        write(single("CT", number, place), tmp_path / str(number))
    (case,) = open_path(tmp_path)
    values = case.main.pixels.read()
    assert values.shape[0] == 5
    assert np.isnan(values[2]).all()
    assert np.isfinite(values[[0, 1, 3, 4]]).all()
    assert "slice 3 of 5 missing" in texts(case.main)
    np.testing.assert_allclose(np.diff(case.main.axes[0].values), 4.0)


def test_uneven_slices_keep_their_places(tmp_path):
    for number, place in enumerate((0.0, 4.0, 9.7, 12.1), 1):
        write(single("CT", number, place), tmp_path / str(number))
    (case,) = open_path(tmp_path)
    assert "unevenly spaced, 2.4 to 5.7 mm" in texts(case.main)
    np.testing.assert_allclose(np.diff(case.main.axes[0].values), (4.0, 5.7, 2.4))


def test_a_tilted_gantry_is_said_and_its_coordinates_are_right(tmp_path):
    shear = np.array((0.0, 0.0, 1.0))
    for number in range(1, 5):
        position = ORIGIN + number * (4.0 * NORMAL + 1.0 * shear)
        write(single("CT", number, 0.0, position=position), tmp_path / str(number))
    (case,) = open_path(tmp_path)
    assert "sheared by 14.0°" in texts(case.main)
    np.testing.assert_allclose(
        (case.main.affine @ [3, 0, 0, 1])[:3], ORIGIN + 4 * (4.0 * NORMAL + shear), atol=1e-6
    )


def test_echoes_at_the_same_places_are_volumes_of_their_own(tmp_path):
    for number in range(6):
        echo = 30 if number % 2 else 5
        write(single("MR", number, 4.0 * (number // 2), EchoTime=echo), tmp_path / str(number))
    cases = open_path(tmp_path)
    assert [case.name.split("[")[1] for case in cases] == ["echo time 5.0]", "echo time 30.0]"]
    assert [int(v) // 100 for v in cases[1].main.pixels.read()[:, 0, 0]] == [1, 3, 5]
    assert len({case.main.source for case in cases}) == 2


def test_many_volumes_are_averaged_and_it_is_said(tmp_path):
    for number in range(30):
        extra = {"TemporalPositionIdentifier": number // 2 + 1}
        write(single("MR", number, 4.0 * (number % 2), **extra), tmp_path / f"{number:02d}")
    (case,) = open_path(tmp_path)
    assert "15 volumes at the same place: their mean is shown" in texts(case.main)
    assert case.main.pixels.read()[0, 0, 0] == pytest.approx(100 * np.mean(range(0, 30, 2)))


def test_orientations_in_one_series_are_apart(tmp_path):
    write(single("MR", 1, 0.0), tmp_path / "1")
    write(single("MR", 2, 4.0), tmp_path / "2")
    other = single("MR", 3, 0.0)
    other.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    write(other, tmp_path / "3")
    cases = open_path(tmp_path)
    assert sorted(case.main.view for case in cases) == ["sagittal", "transaxial"]
    assert sum(case.main.shape[0] for case in cases) == 3


def test_one_slice_brings_its_series_and_copies_count_once(tmp_path):
    first = write(single("CT", 1, 0.0), tmp_path / "1.dcm")
    write(single("CT", 2, 4.0), tmp_path / "2")
    write(single("CT", 3, 0.0, series="1.9"), tmp_path / "other")
    (tmp_path / "copy").write_bytes(first.read_bytes())
    (case,) = open_paths([first]).cases
    assert case.main.shape[0] == 2


def test_a_folder_that_may_not_be_listed_keeps_its_slice(tmp_path, monkeypatch):
    path = write(single("CT", 1, 0.0), tmp_path / "1")

    def closed(folder):
        raise PermissionError(13, "closed")

    monkeypatch.setattr(type(path), "iterdir", closed)
    (case,) = open_paths([path]).cases
    assert case.main.shape[0] == 1


def test_a_damaged_slice_is_refused_and_the_others_are_shown(tmp_path):
    for number in (1, 2, 3):
        write(single("CT", number, 4.0 * number), tmp_path / str(number))
    bad = tmp_path / "2"
    bad.write_bytes(bad.read_bytes()[:-20])
    opened = open_paths([tmp_path])
    (case,), (refusal,) = opened.cases, opened.refusals
    assert refusal.path == bad
    assert np.isnan(case.main.pixels.read()[1]).all()
    assert "damaged slices left empty: 1" in texts(case.main)


def test_an_element_of_no_known_type_is_refused_in_words(tmp_path):
    path = write(single("CT", 1, 0.0), tmp_path / "1")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"\x20\x00\x13\x00IS", b"\x20\x00\x13\x00MS"))
    (refusal,) = open_paths([path]).refusals
    assert "damaged" in refusal.reason


def test_frames_of_an_enhanced_file_are_sorted_and_scaled_each(tmp_path):
    path = write(enhanced("CT", (8.0, 0.0, 4.0)), tmp_path / "enhanced")
    (case,) = open_path(path)
    values = case.main.pixels.read()
    for row, frame in enumerate((1, 2, 0)):
        np.testing.assert_allclose(values[row], pixels(frame).astype(float) * (frame + 1) - 10)
    np.testing.assert_allclose((case.main.affine @ [1, 0, 0, 1])[:3], ORIGIN + 4 * NORMAL)
    assert case.main.unit == "HU"


def test_stacks_of_an_enhanced_file_are_told_apart_by_their_dimension(tmp_path):
    path = write(enhanced("MR", (0.0, 4.0, 0.0, 4.0), marks=(1, 1, 2, 2)), tmp_path / "enhanced")
    cases = open_path(path)
    assert [case.main.shape[0] for case in cases] == [2, 2]
    assert [int(case.main.pixels.read()[0, 0, 0]) for case in cases] == [-10, 590]


def test_a_wrong_count_of_frame_descriptions_is_refused(tmp_path):
    ds = enhanced("CT", (0.0, 4.0))
    ds.NumberOfFrames = 3
    ds.PixelData += bytes(60)
    (refusal,) = open_paths([write(ds, tmp_path / "bad")]).refusals
    assert "describes 2 frames and holds 3" in refusal.reason


def test_gzipped_dicom_opens(tmp_path):
    plain = write(single("CT", 1, 0.0), tmp_path / "1")
    (tmp_path / "packed").mkdir()
    path = tmp_path / "packed" / "1.dcm.gz"
    path.write_bytes(gzip.compress(plain.read_bytes()))
    (case,) = open_path(path)
    np.testing.assert_array_equal(case.main.pixels.read()[0], pixels(1))


@pytest.mark.parametrize(
    ("folder", "truth"),
    [
        ("ge/anatomical/001", "ge/anatomical/001_ground_truth.nii.gz"),
        (
            "generic/anatomical/002_non_isotropic",
            "generic/anatomical/002_non_isotropic_ground_truth.nii.gz",
        ),
    ],
)
def test_series_lie_where_the_ground_truth_puts_them(shared_data, folder, truth):
    (case,) = open_path(shared_data / "dicom_series" / folder)
    image = nibabel.load(shared_data / "dicom_series" / truth)
    theirs = np.asarray(image.dataobj)
    ours = case.main.pixels.read()
    # Whatever way each file runs its axes, a voxel at a place has one value.
    to_theirs = np.linalg.inv(image.affine) @ ras_of(case.main)
    for z, y, x in np.random.default_rng(1).integers(0, ours.shape, (200, 3)):
        i, j, k = np.rint((to_theirs @ [x, y, z, 1])[:3]).astype(int)
        assert ours[z, y, x] == pytest.approx(theirs[i, j, k], rel=1e-6)
        np.testing.assert_allclose((to_theirs @ [x, y, z, 1])[:3], (i, j, k), atol=0.02)


def test_an_enhanced_mr_lies_where_nibabel_puts_it(shared_data):
    path = shared_data / "dicom_other" / "philips_mprage.dcm.gz"
    (case,) = open_path(path)
    with warnings.catch_warnings(), gzip.open(path, "rb") as stream:
        warnings.simplefilter("ignore")  # it warns of itself
        from nibabel.nicom import dicomwrappers

        wrapper = dicomwrappers.wrapper_from_file(stream, force=True)
        affine, theirs = wrapper.affine, np.asarray(wrapper.get_data())
    ours = case.main.pixels.read()
    # nibabel's array is (row, column, slice) and its affine is of patient axes.
    to_theirs = np.linalg.inv(affine) @ case.main.affine
    for z, y, x in np.random.default_rng(1).integers(0, ours.shape, (50, 3)):
        i, j, k = np.rint((to_theirs @ [z, y, x, 1])[:3]).astype(int)
        assert ours[z, y, x] == pytest.approx(theirs[i, j, k], rel=1e-5)


def test_an_enhanced_ct_of_blood_flow_has_its_places_and_its_unit(shared_data):
    (case,) = open_path(shared_data / "dicom_other" / "eCT_Supplemental.dcm")
    np.testing.assert_allclose(case.main.affine[:3, 3], (99.5, -301.5, -149.0))
    assert case.main.unit == "ml/100ml/s"
    assert case.main.pixels.read().min() == -1024


def test_a_real_series_with_a_gap_and_one_of_two_orientations(shared_data):
    (gap,) = open_path(shared_data / "dicom_series" / "failing" / "sliceincrement" / "002")
    assert gap.main.shape == (5, 512, 512)
    assert "slice 4 of 5 missing" in texts(gap.main)
    two = open_path(shared_data / "dicom_series" / "failing" / "sliceorientation")
    assert {case.main.view for case in two} == {"transaxial", "sagittal"}
    (same,) = open_path(shared_data / "dicom_series" / "failing" / "notavolume")
    assert same.main.axes[0].name == "Image"
    assert same.main.affine is None


def frames(tmp_path, times, places=6, *, gone=(), **marks):
    """Write PET frames of slices at the same places; the first pixel says frame and slice."""
    for frame, time in enumerate(times):
        for place in range(places):
            if (frame, place) in gone:
                continue
            number = frame * places + place + 1
            extra = {name: times_of(time) for name, times_of in marks.items()}
            ds = single("PT", number, 3.0 * place, Units="BQML", RescaleSlope=1, **extra)
            ds.PixelData = pixels(10 * (frame + 1) + place).tobytes()
            write(ds, tmp_path / f"t{frame}_s{place}")


def firsts(case):
    return [int(v) // 100 if np.isfinite(v) else None for v in case.main.pixels.read()[:, 0, 0]]


@pytest.mark.parametrize(
    "marks",
    [
        {"AcquisitionTime": lambda t: f"1000{t:02d}"},
        {"AcquisitionDateTime": lambda t: f"202001022359{t:02d}.5"},
        {"FrameReferenceTime": lambda t: 1000 * t},
        {"ContentTime": lambda t: f"1000{t:02d}.125"},
        {},
    ],
)
@pytest.mark.parametrize("gone", [2, 0, 5])
def test_frames_are_told_apart_by_time_and_say_what_they_lack(tmp_path, marks, gone):
    frames(tmp_path, (1, 7, 30), gone={(1, gone)}, **marks)
    cases = open_path(tmp_path)
    whole = [list(range(10 * n, 10 * n + 6)) for n in (1, 2, 3)]
    whole[1][gone] = None
    assert [firsts(case) for case in cases] == whole
    assert f"slice {gone + 1} of 6 missing" in texts(cases[1].main)
    assert "missing" not in texts(cases[0].main) + texts(cases[2].main)
    assert len({tuple(case.main.affine.ravel()) for case in cases}) == 1
    for case in cases:
        guessed = "taken in the order of their numbers" in texts(case.main)
        assert guessed == (not marks)
        assert "2020" not in case.name
        assert "23595" not in case.name


def test_a_slice_sent_twice_counts_once_and_another_at_its_place_is_shown(tmp_path):
    frames(tmp_path, (1, 2), FrameReferenceTime=lambda t: t)
    ds = single("PT", 12, 12.0, Units="BQML", RescaleSlope=1, FrameReferenceTime=2)
    ds.PixelData = pixels(24).tobytes()
    write(ds, tmp_path / "again")
    cases = open_path(tmp_path)
    assert [firsts(case) for case in cases] == [list(range(10, 16)), list(range(20, 26))]
    assert "left out: 1" in texts(cases[0].main)
    ds.PixelData = pixels(99).tobytes()
    write(ds, tmp_path / "again")
    more, *cases = open_path(tmp_path)
    assert [firsts(case) for case in cases] == [list(range(10, 16)), list(range(20, 26))]
    assert firsts(more) == [None, None, None, None, 99, None]
    assert more.name.endswith("again]")


def test_slices_in_turn_through_their_volumes_are_told_apart_as_a_guess(tmp_path):
    for place in range(4):
        for frame in range(3):
            ds = single("MR", 3 * place + frame + 1, 4.0 * place)
            ds.PixelData = pixels(10 * frame + place).tobytes()
            write(ds, tmp_path / f"{place}{frame}")
    cases = open_path(tmp_path)
    assert [firsts(case) for case in cases] == [[0, 1, 2, 3], [10, 11, 12, 13], [20, 21, 22, 23]]
    assert all(any(n.level == "guess" for n in case.notes) for case in cases)


@pytest.mark.parametrize("same", ["anonymized", "1.2.3.4.5", ""])
def test_slices_of_one_instance_number_are_all_there(tmp_path, same):
    for number in range(6):
        ds = single("PT", number, 3.0 * number, series="anonymized", SOPInstanceUID=same or "1.2")
        ds.InstanceNumber = 1
        if not same:
            del ds.InstanceNumber
        write(ds, tmp_path / str(number))
    (case,) = open_path(tmp_path)
    assert firsts(case) == list(range(6))


@pytest.mark.parametrize("series", ["anonymized", "1.2.3.4"])
def test_slices_of_two_patients_are_no_volume(tmp_path, series):
    for number in range(4):
        patient = "4711" if number < 2 else "4712"
        ds = single("CT", number, 4.0 * number, series=series, PatientID=patient)
        write(ds, tmp_path / str(number))
    assert [firsts(case) for case in open_path(tmp_path)] == [[0, 1], [2, 3]]


def test_slices_of_one_series_are_a_volume_though_each_has_a_study_of_its_own(tmp_path):
    for number in range(3):
        ds = single("CT", number, 4.0 * number, StudyInstanceUID=f"1.2.3.{number}")
        write(ds, tmp_path / str(number))
    (case,) = open_path(tmp_path)
    assert firsts(case) == [0, 1, 2]


@pytest.mark.parametrize("keyword", ["SeriesNumber", "StudyDate", "AccessionNumber"])
def test_two_series_of_one_number_are_two(tmp_path, keyword):
    for number in range(4):
        said = {keyword: 20200101 + number // 2}
        ds = single("CT", number, 4.0 * number, **{k: str(v) for k, v in said.items()})
        write(ds, tmp_path / str(number))
    assert [firsts(case) for case in open_path(tmp_path)] == [[0, 1], [2, 3]]


def test_one_word_for_all_series_does_not_join_folders(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for number in (1, 2):
            ds = single("CT", number, 4.0 * number, series="anonymized", PatientID="anonymized")
            write(ds, tmp_path / folder / str(number))
    assert [case.main.shape[0] for case in open_path(tmp_path)] == [2, 2]


@pytest.mark.parametrize(
    "wobble",
    [
        {"ImageOrientationPatient": ([0.125, 0.992, 0, 0, 0, -1], [0.125001, 0.992, 0, 0, 0, -1])},
        {"ImageOrientationPatient": ([0.1249, 0.992, 0, 0, 0, -1], [0.1251, 0.992, 0, 0, 0, -1])},
        {"PixelSpacing": ([0.976549, 0.976549], [0.97655, 0.97655])},
        {"PixelSpacing": ([0.97656, 0.97656], [0.976562, 0.976563])},
        {"SliceThickness": (3.0, 3.0001)},
    ],
)
def test_numbers_that_wobble_in_their_digits_are_one_volume(tmp_path, wobble):
    normal = np.cross((0.125, 0.992, 0.0), (0, 0, -1.0))
    for number in range(6):
        ds = single("CT", number, 0.0, position=ORIGIN + 3.0 * number * normal)
        ds.ImageOrientationPatient = [0.125, 0.992, 0, 0, 0, -1]
        for keyword, values in wobble.items():
            setattr(ds, keyword, values[number % 2])
        write(ds, tmp_path / str(number))
    (case,) = open_path(tmp_path)
    assert case.main.shape[0] == 6
    assert case.main.spacing[0] == pytest.approx(3.0, rel=1e-3)


def test_frames_whose_places_wobble_are_at_the_same_places(tmp_path):
    for frame in (1, 2):
        for place in range(4):
            at = 3.0 * place + 0.02 * frame * (-1) ** place
            extra = {"FrameReferenceTime": frame}
            write(single("PT", 4 * frame + place, at, **extra), tmp_path / f"{frame}{place}")
    cases = open_path(tmp_path)
    assert [case.main.shape[0] for case in cases] == [4, 4]


def test_thin_slices_are_not_taken_for_one(tmp_path):
    for number in range(5):
        write(single("CT", number, 0.1 * number), tmp_path / str(number))
    (case,) = open_path(tmp_path)
    assert case.main.shape[0] == 5


def test_names_are_of_the_study_and_no_four_digits(tmp_path):
    said = {"StudyDescription": "Doe, Jane: CT Thorax", "SeriesDescription": "Lung Jane"}
    write(single("CT", 1, 0.0, **said), tmp_path / "1")
    (case,) = open_path(tmp_path)
    title, _, digits = case.name.rpartition(" ")
    assert title == "CT Thorax"
    assert len(digits) == 8
