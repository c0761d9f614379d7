"""The table of readers: a new format is one module and one entry."""

import re

import numpy as np
import pytest

from cubeview import io
from cubeview.cubes.axes import plain_axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube, Source
from cubeview.errors import CubeviewError
from cubeview.io.opened import Reader, read_each

MAGIC = b"TOY1"


def toy_case(path, report):
    """A toy file: four letters, three sizes, values; it is a mask where its name says so."""
    data = path.read_bytes()
    shape = tuple(data[4:7])
    if len(data) != 7 + np.prod(shape):
        raise CubeviewError(f"{path}: cut short. Copy it again.")
    values = np.frombuffer(data[7:], np.uint8).reshape(shape)
    axes = tuple(plain_axis(n, name) for n, name in zip(shape, "zyx", strict=True))
    cube = Cube(axes=axes, pixels=ArrayPixels(values), kind="volume", source=Source(path))
    return [Case(path.stem, "volume", {"flux": cube})]


TOY = Reader(
    "TOY",
    sniff=lambda head, path: head.startswith(MAGIC),
    read=lambda paths, *, report, first: read_each(paths, toy_case, report),
    aside=lambda case: case.name.startswith("mask"),
)


@pytest.fixture
def toys(monkeypatch):
    monkeypatch.setattr(io, "READERS", (*io.READERS, TOY))


def write(path, shape=(2, 3, 4)):
    path.write_bytes(MAGIC + bytes(shape) + bytes(range(np.prod(shape))))
    return path


def test_one_entry_opens_a_new_format(tmp_path, toys):
    (case,) = io.open_path(write(tmp_path / "a"))
    np.testing.assert_array_equal(case.main.pixels.read().ravel(), range(24))
    write(tmp_path / "b").write_bytes(MAGIC + bytes((9, 9, 9)))
    write(tmp_path / "mask of a")
    opened = io.open_paths([tmp_path])
    assert [case.name for case in opened.cases] == ["a"]
    assert [refusal.path.name for refusal in opened.refusals] == ["b"]


def test_what_is_set_aside_opens_alone_or_by_name(tmp_path, toys):
    mask, scan = write(tmp_path / "mask"), write(tmp_path / "scan")
    assert [case.name for case in io.open_path(mask)] == ["mask"]
    assert [case.name for case in io.open_paths([mask, tmp_path]).cases] == ["mask", "scan"]
    assert [case.name for case in io.open_paths([tmp_path]).cases] == [scan.name]


def test_the_formats_are_listed_from_the_table(tmp_path, toys):
    every = "FITS, DICOM, NIfTI, pictures (PNG, JPEG, TIFF, WebP), spectra as text"
    (tmp_path / "text").write_text("nothing a reader knows")
    with pytest.raises(CubeviewError, match=re.escape(f"neither {every} nor TOY")):
        io.open_path(tmp_path / "text")
    with pytest.raises(CubeviewError, match=re.escape(f"no {every} or TOY file in this folder")):
        io.open_path(tmp_path)
