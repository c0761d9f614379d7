"""Nuclear medicine that is no volume: every frame once, in the order of its vectors."""

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from cubeview.cubes.plane import frame_of
from cubeview.cubes.study import studies, tags
from cubeview.io import open_path
from tests.io.dicom.nm_files import nm, write

PLANAR = {"SliceVector": None, "NumberOfSlices": None, "SpacingBetweenSlices": None}


def planar(kind, **vectors):
    """Return a data set of five frames; `vectors` gives each frame's numbers."""
    ds = nm(ImageType=["ORIGINAL", "PRIMARY", kind, "EMISSION"], **PLANAR)
    for keyword, values in vectors.items():
        setattr(ds, keyword, values)
    return ds


@pytest.mark.parametrize(
    ("kind", "keyword", "name"),
    [
        ("TOMO", "AngularViewVector", "View"),
        ("GATED", "TimeSlotVector", "Time slot"),
        ("DYNAMIC", "TimeSliceVector", "Time slice"),
        ("STATIC", "DetectorVector", "Detector"),
        ("WHOLE BODY", "EnergyWindowVector", "Energy window"),
    ],
)
def test_frames_follow_their_vector(tmp_path, kind, keyword, name):
    ds = planar(kind, **{keyword: [3, 1, 5, 2, 4]})
    (case,) = open_path(write(ds, tmp_path / "scan"))
    cube = case.main
    assert case.kind == "volume"
    assert cube.axes[0].name == name
    stored = np.frombuffer(ds.PixelData, "<u2").reshape(5, 6, 7)
    np.testing.assert_array_equal(cube.pixels.read(), stored[[1, 3, 0, 4, 2]])
    assert cube.spacing == (1.0, 4.5, 3.5)
    assert cube.affine is None
    # Rows run downward on the screen, as the camera has them.
    assert frame_of(cube, 0).downward


def test_two_vectors_make_one_axis_of_frames_and_say_so(tmp_path):
    ds = planar("GATED TOMO", DetectorVector=[2, 1, 1, 2, 1], AngularViewVector=[1, 2, 1, 2, 3])
    (case,) = open_path(write(ds, tmp_path / "scan"))
    stored = np.frombuffer(ds.PixelData, "<u2").reshape(5, 6, 7)
    np.testing.assert_array_equal(case.main.pixels.read(), stored[[2, 1, 4, 0, 3]])
    assert case.main.axes[0].name == "Frame"
    text = " ".join(note.text for note in case.main.notes)
    assert "5 frames run through 2 detectors × 3 angular views, the last fastest" in text


def test_repeated_numbers_lose_no_frame(tmp_path):
    ds = planar("TOMO", AngularViewVector=[1, 1, 2, 2, 3])
    (case,) = open_path(write(ds, tmp_path / "scan"))
    assert case.main.shape[0] == 5
    assert "2 frames have the same numbers" in " ".join(note.text for note in case.main.notes)


def test_real_projections_and_planar_views(shared_data):
    (tomo,) = open_path(shared_data / "nm" / "rimd_cardiac_projections.dcm")
    assert tomo.main.shape == (30, 64, 64)
    assert tomo.main.axes[0].name == "Angle"
    assert tomo.main.axes[0].step == pytest.approx(-180 / 30, abs=0.3)
    assert frame_of(tomo.main, 1).name == "sinogram"
    assert tomo.main.facts["Rotation"].startswith("180°")
    (static,) = open_path(shared_data / "nm" / "static_2det_lungs_kidneys.dcm")
    assert static.main.shape == (2, 256, 256)
    assert static.main.axes[0].name == "Detector"
    (body,) = open_path(shared_data / "nm" / "NM1_UNC.dcm")
    assert body.main.shape == (1, 1024, 256)


def vectors(*shape):
    """Return 1-based numbers of each frame in each of several vectors, the last fastest."""
    return [[int(n) + 1 for n in part.ravel()] for part in np.indices(shape)]


def frames(kind, rng, numbers, **extra):
    """Return a data set whose frame n is filled with n, its vectors shuffled, and the order."""
    keys = list(numbers)
    count = len(numbers[keys[0]])
    order = rng.permutation(count)
    stored = np.repeat(order, 42).reshape(count, 6, 7)
    ds = nm(stored=stored, ImageType=["ORIGINAL", "PRIMARY", kind, "EMISSION"], **PLANAR)
    for key in keys:
        setattr(ds, key, [numbers[key][n] for n in order])
    for key, value in extra.items():
        setattr(ds, key, value)
    return ds


def item(**values):
    ds = Dataset()
    for key, value in values.items():
        setattr(ds, key, value)
    return ds


def first_voxels(pixels):
    return pixels.read()[:, 0, 0].astype(int).tolist()


@pytest.mark.parametrize(("way", "sign"), [("CC", 1), ("CW", -1)])
def test_projections_of_two_heads_make_one_turn_of_sinogram(tmp_path, rng, way, sign):
    heads, views = vectors(2, 4)
    ds = frames("TOMO", rng, {"DetectorVector": heads, "AngularViewVector": views})
    ds.RotationInformationSequence = Sequence(
        [item(StartAngle="10", AngularStep="22.5", RotationDirection=way, ScanArc="90")]
    )
    # The second head starts where the first one ends.
    ds.DetectorInformationSequence = Sequence(
        [item(StartAngle="10"), item(StartAngle=str((10 + sign * 90) % 360))]
    )
    (case,) = open_path(write(ds, tmp_path / "scan"))
    cube = case.main
    assert first_voxels(cube.pixels) == list(range(8))
    np.testing.assert_allclose(cube.axes[0].values, 10 + sign * 22.5 * np.arange(8))
    assert (cube.axes[0].name, cube.axes[0].unit) == ("Angle", "deg")
    assert [frame_of(cube, axis).name for axis in range(2)] == ["projection", "sinogram"]


def test_heads_that_look_the_same_way_are_kept_apart(tmp_path, rng):
    heads, views = vectors(2, 4)
    ds = frames("TOMO", rng, {"DetectorVector": heads, "AngularViewVector": views})
    ds.RotationInformationSequence = Sequence(
        [item(StartAngle="10", AngularStep="22.5", RotationDirection="CC")]
    )
    (case,) = open_path(write(ds, tmp_path / "scan"))
    assert case.main.axes[0].name == "Frame"
    assert first_voxels(case.main.pixels) == list(range(8))
    assert "2 detectors × 4 angular views" in " ".join(note.text for note in case.main.notes)


def test_energy_windows_are_cases_of_their_own_and_no_frame_is_lost(tmp_path, rng):
    windows, views = vectors(2, 5)
    ds = frames("TOMO", rng, {"EnergyWindowVector": windows, "AngularViewVector": views})
    limits = [(126, 154), (94, 114)]
    ds.EnergyWindowInformationSequence = Sequence(
        [
            item(
                EnergyWindowRangeSequence=Sequence(
                    [item(EnergyWindowLowerLimit=str(a), EnergyWindowUpperLimit=str(b))]
                )
            )
            for a, b in limits
        ]
    )
    one, two = open_path(write(ds, tmp_path / "scan"))
    assert first_voxels(one.main.pixels) + first_voxels(two.main.pixels) == list(range(10))
    assert one.name.endswith("[tomo, energy window 1]")
    assert one.main.source.part == "energy window 1"
    said = " ".join(note.text for note in two.main.notes)
    assert "energy window 2 (94 to 114 keV): 5 of the file's 10 frames" in said


def test_gated_projections_are_summed_and_every_gate_is_there(tmp_path, rng):
    slots, views = vectors(3, 4)
    ds = frames("GATED TOMO", rng, {"TimeSlotVector": slots, "AngularViewVector": views})
    (case,) = open_path(write(ds, tmp_path / "scan"))
    cube = case.main
    assert [gate.name for gate in cube.gates] == ["time slot 1", "time slot 2", "time slot 3"]
    for n, gate in enumerate(cube.gates):
        assert first_voxels(gate.pixels) == list(range(4 * n, 4 * n + 4))
    np.testing.assert_array_equal(
        cube.pixels.read(), sum(gate.pixels.read() for gate in cube.gates)
    )
    assert "the sum of 3 gates" in " ".join(note.text for note in cube.notes)


def test_a_dynamic_series_runs_in_seconds(tmp_path, rng):
    ds = frames("DYNAMIC", rng, {"PhaseVector": [1, 1, 2, 2], "TimeSliceVector": [1, 2, 1, 2]})
    ds.PhaseInformationSequence = Sequence(
        [
            item(ActualFrameDuration="1000", PauseBetweenFrames="0", NumberOfFramesInPhase=2),
            item(ActualFrameDuration="10000", PauseBetweenFrames="500", NumberOfFramesInPhase=2),
        ]
    )
    (case,) = open_path(write(ds, tmp_path / "scan"))
    axis = case.main.axes[0]
    assert (axis.name, axis.kind, axis.unit) == ("Time", "time", "s")
    np.testing.assert_allclose(axis.values, [0.5, 1.5, 7.0, 17.5])
    assert first_voxels(case.main.pixels) == [0, 1, 2, 3]


def test_a_planar_gated_series_of_two_detectors(tmp_path, rng):
    heads, slots = vectors(2, 8)
    ds = frames("GATED", rng, {"DetectorVector": heads, "TimeSlotVector": slots})
    ds.GatedInformationSequence = Sequence(
        [item(DataInformationSequence=Sequence([item(FrameTime="62.5")]))]
    )
    cases = open_path(write(ds, tmp_path / "scan"))
    assert [case.main.axes[0].name for case in cases] == ["Time slot"] * 2
    assert [first_voxels(case.main.pixels) for case in cases] == [
        list(range(8)),
        list(range(8, 16)),
    ]
    assert cases[0].main.facts["Gate"] == "62.5 ms"


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def test_projections_and_reconstruction_of_one_study_belong_together(tmp_path):
    raw = planar("TOMO", AngularViewVector=[1, 2, 3, 4, 5])
    whole = nm(SeriesDescription="stress")
    for ds, study in ((raw, "1.2.840.99.1.7"), (whole, "1.2.840.99.1.7")):
        ds.StudyInstanceUID = study
    cases = [
        *open_path(write(raw, tmp_path / "raw")),
        *open_path(write(whole, tmp_path / "whole")),
    ]
    assert [tags(case) for case in cases] == [("projections",), ("stress",)]
    assert studies(cases) == ((cases[1], cases[0]),), "the heart that is read comes first"
    raw.PatientID = "another"
    (stranger,) = open_path(write(raw, tmp_path / "stranger"))
    assert len(studies((stranger, cases[1]))) == 2
