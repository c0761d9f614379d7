"""Nuclear medicine that is no volume: every frame once, in the order of its vectors."""

import numpy as np
import pytest

from cubeview.cubes.plane import frame_of
from cubeview.io import open_path
from tests.io.nm_files import nm, write

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
    assert tomo.main.axes[0].name == "View"
    assert tomo.main.facts["Rotation"].startswith("180°")
    (static,) = open_path(shared_data / "nm" / "static_2det_lungs_kidneys.dcm")
    assert static.main.shape == (2, 256, 256)
    assert static.main.axes[0].name == "Detector"
    (body,) = open_path(shared_data / "nm" / "NM1_UNC.dcm")
    assert body.main.shape == (1, 1024, 256)
