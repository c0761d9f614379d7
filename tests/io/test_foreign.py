"""Cubes of other formats are refused by name, with the way to one that opens."""

import pytest

from cubeview.io import open_paths


@pytest.mark.parametrize(
    ("files", "name", "way"),
    [
        (("table.dat", "table.info", "table.f0"), "a CASA image", "exportfits"),
        (("header", "image", "history", "mask"), "a MIRIAD image", "op=xyout"),
        ((".zgroup",), "a Zarr store", "Make FITS"),
    ],
)
@pytest.mark.parametrize("deeper", [False, True])
def test_a_folder_that_is_a_cube(files, name, way, deeper, tmp_path):
    folder = tmp_path / "observation" / "ngc1.image"
    folder.mkdir(parents=True)
    for file in files:
        (folder / file).write_bytes(b"\xbe\xbe\xbe\xbe")
    opened = open_paths([folder.parent if deeper else folder])
    assert not opened.cases
    (refusal,) = opened.refusals
    assert str(folder) in refusal.reason
    assert name in refusal.reason
    assert way in refusal.reason


def test_one_file_of_a_casa_image(tmp_path):
    folder = tmp_path / "ngc1.image"
    folder.mkdir()
    for file in ("table.dat", "table.info", "table.f0"):
        (folder / file).write_bytes(b"\xbe\xbe\xbe\xbe")
    (refusal,) = open_paths([folder / "table.f0"]).refusals
    assert "a CASA image" in refusal.reason


def test_an_hdf5_cube(tmp_path):
    path = tmp_path / "cube.hdf5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(500))
    (refusal,) = open_paths([path]).refusals
    assert "an HDF5 file" in refusal.reason
    assert "Make FITS" in refusal.reason


def test_other_folders_are_folders(tmp_path):
    (tmp_path / "header").write_text("of a table")
    (refusal,) = open_paths([tmp_path / "header"]).refusals
    assert "MIRIAD" not in refusal.reason
    assert not open_paths([tmp_path]).refusals
