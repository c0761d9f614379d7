"""NIfTI volumes against nibabel: values, places, and what is refused."""

import gzip
import struct

import nibabel
import numpy as np
import pytest

from cubeview.cubes.guesses import corrected_case, questions
from cubeview.cubes.orient import ends
from cubeview.errors import CubeviewError
from cubeview.io import open_path

AFFINE = np.array([[-2.0, 0, 0, 90], [0, 3.0, 0.2, -126], [0, 0, 4.0, -72], [0, 0, 0, 1]])


def same_places(cases, path):
    """Check values at their places, volume by volume."""
    image = nibabel.load(path)
    theirs = np.asarray(image.dataobj).reshape((*image.shape[:3], -1), order="F")
    assert len(cases) == theirs.shape[3]
    for volume, case in enumerate(cases):
        ours = case.main.pixels.read()
        to_theirs = np.linalg.inv(image.affine) @ np.diag([-1, -1, 1, 1]) @ case.main.affine
        for voxel in np.random.default_rng(2).integers(0, ours.shape, (60, 3)):
            place = (to_theirs @ [*voxel, 1])[:3]
            i, j, k = np.rint(place).astype(int)
            np.testing.assert_allclose(place, (i, j, k), atol=1e-3)
            assert ours[tuple(voxel)] == pytest.approx(theirs[i, j, k, volume], rel=1e-5)


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("form", ["sform", "qform"])
def test_values_and_places_are_nibabels(tmp_path, kind, name, form):
    values = np.random.default_rng(1).integers(-500, 500, (5, 6, 7)).astype(np.int16)
    affine = AFFINE if form == "sform" else AFFINE - np.eye(4)[1][:, None] * (0, 0, 0.2, 0)
    image = kind(values, affine)
    image.header.set_slope_inter(0.5, 3.0)
    image.set_sform(affine, code=1 if form == "sform" else 0)
    image.set_qform(affine, code=1)
    nibabel.save(image, tmp_path / name)
    cases = open_path(tmp_path / name)
    same_places(cases, tmp_path / name)
    # As a scan lies on the screen: patient's right on the left, front at the top.
    assert ends(cases[0].main)[2] == ("R", "L")
    assert ends(cases[0].main)[1] == ("A", "P")


@pytest.mark.parametrize("name", ["anatomical.nii", "example4d.nii.gz", "example_nifti2.nii.gz"])
def test_real_volumes_are_nibabels(shared_data, name):
    path = shared_data / "volumes" / name
    same_places(open_path(path), path)


def test_no_orientation_gives_no_letters(tmp_path):
    image = nibabel.Nifti1Image(np.zeros((3, 4, 5), np.float32), None)
    image.header.set_sform(None, code=0)
    nibabel.save(image, tmp_path / "a.nii")
    (case,) = open_path(tmp_path / "a.nii")
    assert case.main.affine is None
    assert any(note.level == "guess" for note in case.notes)


def header(**fields):
    raw = bytearray(352)
    struct.pack_into("<i", raw, 0, 348)
    struct.pack_into("<8h", raw, 40, *fields.get("dims", (3, 4, 4, 4, 1, 1, 1, 1)))
    struct.pack_into("<2h", raw, 70, fields.get("code", 4), 16)
    struct.pack_into("<3f", raw, 108, fields.get("offset", 352.0), 1.0, 0.0)
    raw[344:348] = fields.get("magic", b"n+1\0")
    return bytes(raw) + bytes(fields.get("data", 128))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"data": 100}, "cut short"),
        ({"dims": (3, 32767, 32767, 32767, 1, 1, 1, 1)}, "declares 32767 × 32767"),
        ({"dims": (3, -4, 4, 4, 1, 1, 1, 1)}, "make no sense"),
        ({"dims": (9, 4, 4, 4, 4, 4, 4, 4)}, "make no sense"),
        ({"code": 128}, "type 128"),
        ({"offset": float("nan")}, "damaged"),
        ({"magic": b"ni1\0"}, "another file"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_bad_headers_are_refused(tmp_path, fields, said, packed):
    content = header(**fields)
    path = tmp_path / ("a.nii.gz" if packed else "a.nii")
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(CubeviewError, match=said):
        open_path(path)


def saved(path, values):
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), path)
    return path


def test_masks_beside_scans_are_no_cases(tmp_path):
    marks = np.zeros((5, 4, 3), np.int16)
    marks[2:, 1:3] = 1
    saved(tmp_path / "wall.nii.gz", marks)
    saved(tmp_path / "a_seg.nii", (marks * np.arange(3)).astype(np.uint8))
    saved(tmp_path / "counts.nii", np.arange(60, dtype=np.int16).reshape(5, 4, 3))
    assert [case.name for case in open_path(tmp_path)] == ["counts"]
    (named,) = open_path(tmp_path / "wall.nii.gz")
    assert "a mask" in named.notes[-1].text


def test_masks_alone_are_shown(tmp_path):
    marks = np.zeros((5, 4, 3), np.uint8)
    marks[2:, 1:3] = 255
    saved(tmp_path / "wall.nii.gz", marks)
    assert [case.name for case in open_path(tmp_path)] == ["wall"]


def test_few_values_without_such_a_name_are_a_scan(tmp_path):
    saved(tmp_path / "counts.nii", (np.arange(60) % 3).astype(np.int16).reshape(5, 4, 3))
    saved(tmp_path / "b_mask.nii", np.linspace(0, 1, 60, dtype=np.float32).reshape(5, 4, 3))
    saved(tmp_path / "other.nii", np.zeros((5, 4, 3), np.int16))
    assert len(open_path(tmp_path)) == 3


def test_a_folder_of_real_scans_offers_no_masks(shared_data):
    cases = open_path(shared_data / "spect_physionet")
    assert cases
    assert all(cube.source.path.suffix == ".dcm" for c in cases for cube in c.cubes.values())


def placed(path, affine, *, sform=1, qform=1, other=None):
    """Write a volume of which two statements say where it lies."""
    image = nibabel.Nifti1Image(np.arange(60, dtype=np.int16).reshape(5, 4, 3), affine)
    image.set_qform(affine if other is None else other, code=qform)
    image.set_sform(affine, code=sform)
    nibabel.save(image, path)
    return path


STRAIGHT = np.diag([3.0, 4.0, 5.0, 1.0])
STRAIGHT[:3, 3] = (-10, -20, 30)


@pytest.mark.parametrize("spoilt", ["zero", "one row", "not finite"])
def test_an_sform_that_is_no_place_gives_way_to_the_qform(tmp_path, spoilt):
    path = placed(tmp_path / "a.nii", STRAIGHT)
    content = bytearray(path.read_bytes())
    value = np.float32(np.nan if spoilt == "not finite" else 0).tobytes()
    content[280 : 280 + (16 if spoilt == "one row" else 48)] = value * (
        4 if spoilt == "one row" else 12
    )
    path.write_bytes(content)
    (case,) = open_path(path)
    assert case.main.spacing == pytest.approx((5, 4, 3))
    assert ends(case.main)[2] == ("R", "L")
    assert "its qform is used" in " ".join(note.text for note in case.notes)


def test_two_statements_that_disagree_are_said(tmp_path):
    (case,) = open_path(placed(tmp_path / "a.nii", STRAIGHT))
    assert "different places" not in " ".join(note.text for note in case.notes)
    moved = STRAIGHT.copy()
    moved[:3, 3] += (0, 7, 0)
    (case,) = open_path(placed(tmp_path / "a.nii", STRAIGHT, other=moved))
    assert "different places: the sform is used" in " ".join(note.text for note in case.notes)


@pytest.mark.parametrize(("shear", "said"), [(1.5, "sheared by 16.7°"), (0.01, "")])
def test_a_shear_is_said(tmp_path, shear, said):
    affine = STRAIGHT.copy()
    affine[1, 2] = shear
    (case,) = open_path(placed(tmp_path / "a.nii", affine, qform=0))
    found = [note.text for note in case.notes if "sheared" in note.text]
    assert [said in text for text in found] == ([True] if said else [])


@pytest.mark.parametrize("intent", [3001, 3002, 3006, 3099])
@pytest.mark.parametrize("kind", [nibabel.Nifti2Image, nibabel.Nifti1Image])
def test_values_on_a_surface_are_refused_by_name(tmp_path, intent, kind):
    image = kind(np.ones((1, 1, 1, 1, 4, 6), np.float32), None)
    image.header["intent_code"] = intent
    image.to_filename(tmp_path / "a.dconn.nii")
    with pytest.raises(CubeviewError, match="CIFTI"):
        open_path(tmp_path / "a.dconn.nii")


def test_a_scan_can_be_called_a_heart(tmp_path):
    (case,) = open_path(placed(tmp_path / "a.nii", STRAIGHT))
    assert [question.key for question in questions(case.main)] == ["organ"]
    heart = corrected_case(case, lambda cube: {"organ": "heart"})
    assert (heart.kind, heart.roles) == ("heart", ("heart",))
    assert heart.named("rest").roles == ("rest",)
    assert not any(note.level == "guess" for note in case.notes)
