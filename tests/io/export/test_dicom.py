import shutil
import subprocess

import numpy as np
import pydicom
import pytest

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.errors import CubeviewError
from cubeview.io import open_paths
from cubeview.io.export.dicom import write_nm

ROW = np.array([0.77, 0.638, 0.0]) / np.linalg.norm([0.77, 0.638, 0.0])
COLUMN = np.array([-0.12, 0.145, -0.982])
COLUMN = (COLUMN - (COLUMN @ ROW) * ROW) / np.linalg.norm(COLUMN - (COLUMN @ ROW) * ROW)
NORMAL = np.cross(ROW, COLUMN)


def heart(values, step=5.0, unit="counts", view="short axis"):
    affine = np.eye(4)
    affine[:3, :3] = np.array([NORMAL * step, COLUMN * 4.0, ROW * 3.0]).T
    affine[:3, 3] = (10.5, -20.25, 30.125)
    parts = zip(("Slice", "Row", "Column"), (NORMAL, COLUMN, ROW), (step, 4.0, 3.0), strict=True)
    axes = tuple(
        Axis(name, "space", "mm", direction @ affine[:3, 3] + size * np.arange(n))
        for (name, direction, size), n in zip(parts, values.shape, strict=True)
    )
    return Cube(axes, ArrayPixels(values), "heart", unit, affine=affine, view=view)


@pytest.fixture
def counts():
    return np.random.default_rng(0).poisson(80.0, (6, 8, 9)).astype(np.float32)


@pytest.mark.parametrize("step", [5.0, -5.0])
def test_a_pair_comes_back_as_it_was(tmp_path, counts, step):
    cubes = {"stress": heart(counts, step), "rest": heart(counts + 7, step)}
    for role, cube in cubes.items():
        write_nm(cube, tmp_path / f"{role[0]}.dcm", role=role, case="mixed-0004")
    opened = open_paths([tmp_path])
    assert not opened.refusals
    (case,) = opened.cases
    assert (case.name, case.roles, case.question) == ("mixed-0004", ("stress", "rest"), "")
    assert any("patient state" in text for text in case.evidence)
    for role, cube in cubes.items():
        back = case.cubes[role]
        np.testing.assert_array_equal(back.pixels.read(), cube.pixels.read())
        np.testing.assert_allclose(back.affine, cube.affine, atol=1e-6)
        for axis, was in zip(back.axes, cube.axes, strict=True):
            np.testing.assert_allclose(axis.values, was.values, atol=1e-6)
        assert (back.unit, back.view, back.kind) == ("counts", "short axis", "heart")
        assert back.facts["Slice order"] == ("apex to base" if step > 0 else "base to apex")
        assert not back.notes


def test_fractions_and_negative_values_come_back_within_half_a_step(tmp_path):
    values = np.random.default_rng(1).normal(3.0, 2.0, (4, 5, 6)).astype(np.float32)
    write_nm(heart(values, unit=""), tmp_path / "x", role=None, case="x")
    (case,) = open_paths([tmp_path / "x"]).cases
    step = (values.max() - values.min()) / 65535
    np.testing.assert_allclose(case.main.pixels.read(), values, atol=0.51 * step + 1e-6)
    assert case.roles == ("heart",)
    assert case.main.unit == ""


def test_voxels_without_data_become_the_lowest_value(tmp_path, counts):
    values = counts.copy()
    values[0, 0, :2] = np.nan, np.inf
    write_nm(heart(values), tmp_path / "x", role=None, case="x")
    back = open_paths([tmp_path / "x"]).cases[0].main.pixels.read()
    assert back[0, 0, :2].tolist() == [0, 0]
    np.testing.assert_array_equal(back[1:], values[1:])


def test_two_cases_are_not_mixed(tmp_path, counts):
    for number in (1, 2):
        for role in ("rest", "stress"):
            path = tmp_path / f"{number}{role[0]}"
            write_nm(heart(counts + number), path, role=role, case=f"healthy-{number}")
    assert [case.name for case in open_paths([tmp_path]).cases] == ["healthy-1", "healthy-2"]


def test_files_are_the_same_each_time(tmp_path, counts):
    for name in "ab":
        write_nm(heart(counts), tmp_path / name, role="rest", case="x")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("role", ["rest", "stress", None])
@pytest.mark.parametrize("view", ["short axis", "transaxial", ""])
def test_dciodvfy_finds_no_error(tmp_path, counts, role, view):
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    write_nm(heart(counts * 0.5, view=view), tmp_path / "x", role=role, case="infarcted-0001")
    result = subprocess.run(["dciodvfy", str(tmp_path / "x")], capture_output=True, text=True)
    said = result.stdout + result.stderr
    assert "Error" not in said
    assert "NMImage" in said


def test_dcmtk_reads_it(tmp_path, counts):
    if shutil.which("dcmdump") is None:
        pytest.skip("dcmdump (dcmtk) is not installed")
    write_nm(heart(counts, -5.0), tmp_path / "x", role="rest", case="x")
    command = ["dcmdump", "+P", "SpacingBetweenSlices", "+P", "SliceVector", str(tmp_path / "x")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "[-5" in result.stdout
    assert "1\\2\\3\\4\\5\\6" in result.stdout


def test_it_says_that_it_is_simulated(tmp_path, counts):
    write_nm(heart(counts), tmp_path / "x", role="stress", case="x")
    ds = pydicom.dcmread(tmp_path / "x")
    assert "Not a patient" in ds.ImageComments
    assert "simulated" in ds.SeriesDescription
    assert ds.QualityControlSubject == "YES"
    assert ds.PatientBirthDate == ds.StudyDate == ""


@pytest.mark.parametrize("name", ["", "a\\b", "x" * 65, "né"])
def test_unfit_names_are_refused(tmp_path, counts, name):
    with pytest.raises(CubeviewError, match="cannot name a case"):
        write_nm(heart(counts), tmp_path / "x", role=None, case=name)


def test_an_unwritable_place_is_refused_and_leaves_nothing(tmp_path, counts):
    with pytest.raises(CubeviewError, match="cannot be written"):
        write_nm(heart(counts), tmp_path / "no" / "x", role=None, case="x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(CubeviewError, match="cannot be written"):
        write_nm(heart(counts), tmp_path / "folder", role=None, case="x")
    assert not list(tmp_path.glob("*.part"))
