"""Real DICOM files: each opens, or is refused in words."""

import os
import shutil
import struct
import tracemalloc

import nibabel
import numpy as np
import pytest

from cubeview.cubes.orient import cardiac_ends, ends
from cubeview.errors import Cancelled, CubeviewError
from cubeview.io import open_path, open_paths
from cubeview.io.dicom.cases import read_cases
from tests.io.dicom.nm_files import nm, write
from tests.io.dicom.volume_files import single

FOLDERS = ("spect_rest_stress", "spect_physionet", "nm", "dicom_bad", "dicom_other", "dicom_series")
PAIRS = ("P001", "P002", "P004", "P011", "P021", "P025", "P053", "P058")


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_opens_or_is_refused_with_a_reason(shared_data, folder):
    for path in sorted((shared_data / folder).rglob("*")):
        if not path.is_file():
            continue
        opened = open_paths([path])
        if path.name.startswith("DICOMDIR"):  # the index of many: some may open, others not
            assert opened.cases or opened.refusals
        else:
            assert bool(opened.cases) != bool(opened.refusals), path
        for refusal in opened.refusals:
            text = refusal.reason.removeprefix(str(refusal.path))
            assert text != refusal.reason
            assert text.endswith(".")
            assert len(text) > 40


@pytest.mark.parametrize("name", PAIRS)
def test_the_real_pairs_pair_by_their_headers(shared_data, tmp_path, name):
    # Under names and in an order that say nothing.
    for number, role in enumerate(("rest", "stress")):
        shutil.copy(
            shared_data / "spect_rest_stress" / f"{name}_{role}.dcm", tmp_path / str(number)
        )
    (case,) = open_paths([tmp_path]).cases
    assert case.roles == ("stress", "rest")
    assert [cube.source.path.name for cube in case.cubes.values()] == ["1", "0"]
    assert case.question == ""
    assert name not in case.name
    for cube in case.cubes.values():
        assert cube.view == "short axis"
        assert cube.facts["Slice order"] == "apex to base"
        assert cardiac_ends(cube) == (("APEX", "BASE"), ("ANT", "INF"), ("SEP", "LAT"))
        assert ends(cube)[1] in {("H", "F"), ("HR", "FL"), ("HA", "FP"), ("HP", "FA"), ("HL", "FR")}


def test_a_series_of_slices_is_one_case(shared_data):
    opened = open_paths([shared_data / "dicom_other" / "mr_series"])
    (case,) = opened.cases
    assert case.main.shape == (16, 256, 256)
    assert not opened.refusals


def test_files_of_another_kind_are_refused_once_a_series(shared_data):
    folder = shared_data / "dicom_other" / "dicomdirtests" / "TINY_ALPHA"
    refusals = open_paths([folder]).refusals
    assert any(
        "and 49 more of its series: this is a CT image without" in r.reason for r in refusals
    )


def test_a_folder_of_pairs_gives_one_case_each(shared_data):
    opened = open_paths([shared_data / "spect_rest_stress"])
    assert [case.roles for case in opened.cases] == [("stress", "rest")] * 8
    assert len({case.name for case in opened.cases}) == 8


def test_masks_lie_on_their_scans(shared_data):
    masks = sorted((shared_data / "spect_physionet").glob("*_mask.nii.gz"))
    found = 0
    for path in masks:
        scan = path.with_name(path.name.replace("_mask.nii.gz", ".dcm"))
        if not scan.exists():
            continue
        found += 1
        image = nibabel.load(path)
        mask = np.asarray(image.dataobj).transpose(2, 1, 0) > 0
        (case,) = open_paths([scan]).cases
        cube = case.main
        # The same voxels: the wall is where the counts are.
        values = cube.pixels.read()
        assert values[mask].mean() > 4 * values[~mask].mean()
        # The same places: NIfTI is (x, y, z) and right-anterior-superior, ours left-posterior-head.
        for z, y, x in np.argwhere(mask)[:: max(1, mask.sum() // 20)]:
            ras = image.affine @ [x, y, z, 1]
            lps = cube.affine @ [z, y, x, 1]
            np.testing.assert_allclose(lps[:3], ras[:3] * [-1, -1, 1], atol=0.01)
    assert found >= 2


def _with_private(path, size):
    """Write a scan before whose pixels so many bytes are said to lie; a hole, and no bytes."""
    write(nm(), path)
    data = path.read_bytes()
    cut = data.index(struct.pack("<HH", 0x0028, 0x0002))
    with path.open("wb") as stream:
        stream.write(data[:cut] + struct.pack("<HH2sHI", 0x0009, 0x1001, b"OB", 0, size))
        stream.seek(size, os.SEEK_CUR)
        stream.write(data[cut:])
    return path


def test_half_a_gigabyte_of_a_makers_own_is_refused_before_it_is_read(tmp_path):
    path = _with_private(tmp_path / "large.dcm", 1 << 29)
    tracemalloc.start()
    with pytest.raises(CubeviewError, match="bytes beside its image"):
        open_path(path)
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
    tracemalloc.stop()


def test_a_lone_slice_among_thousands_can_be_cancelled(tmp_path):
    for number in range(3):
        write(single("PT", number, 4.0 * number), tmp_path / f"{number}.dcm")

    def report(fraction, text):
        if text.startswith("looking at 2"):
            raise Cancelled

    with pytest.raises(Cancelled):
        read_cases([tmp_path / "0.dcm"], report=report)


def test_each_of_many_lone_slices_says_where_it_is_and_can_be_cancelled(tmp_path):
    paths = [tmp_path / f"{number}.dcm" for number in range(5)]
    for number, path in enumerate(paths):
        write(single("PT", 0, 4.0, series=f"1.2.3.{number + 1}"), path)
    seen = []

    def report(fraction, text):
        seen.append(text)
        if text.startswith("looking beside 3"):
            raise Cancelled

    with pytest.raises(Cancelled):
        read_cases(paths, report=report)
    assert [text for text in seen if "beside" in text][-1] == "looking beside 3.dcm"
