"""Cases and what is said about them cross to another process and come back equal."""

import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields, is_dataclass, replace
from types import MappingProxyType

import nibabel
import numpy as np
import pytest
from astropy.wcs import WCS

from cubeview.cubes.answer import Overlay, Prediction
from cubeview.cubes.axes import plain_axis
from cubeview.cubes.case import Case
from cubeview.cubes.catalogue import Catalogue
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.cubes.guesses import corrected
from cubeview.cubes.region import Circle
from cubeview.cubes.ventricle import Ventricle
from cubeview.io import open_path
from cubeview.io.voxels import cache
from tests.helpers import flavours


def same(one, other):
    """Tell whether two values hold the same, whatever they are made of."""
    if type(one) is not type(other):
        return False
    if hasattr(one, "read"):
        return np.array_equal(one.read(), other.read(), equal_nan=True)
    if isinstance(one, np.ndarray):
        writable = one.flags.writeable == other.flags.writeable
        return np.array_equal(one, other, equal_nan=True) and writable
    if isinstance(one, WCS):
        return one.to_header_string() == other.to_header_string()
    if is_dataclass(one):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    if isinstance(one, MappingProxyType):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other or (one != one and other != other)


def nifti(folder):
    nibabel.save(nibabel.Nifti1Image(flavours.FLUX, np.diag([2, 3, 4, 1])), folder / "a.nii")
    return folder / "a.nii"


@pytest.mark.parametrize(
    "make", [*(make for _, make in flavours.SIMULATED), nifti], ids=lambda make: make.__name__
)
def test_a_case_of_every_flavour_travels(tmp_path, make):
    for case in open_path(make(tmp_path)):
        there = pickle.loads(pickle.dumps(case))
        assert same(there, case)
        assert there.main.world(0, 1, 2) == pytest.approx(case.main.world(0, 1, 2), nan_ok=True)
        with pytest.raises(TypeError):
            there.cubes["rest"] = case.main
        assert same(copy.deepcopy(case), case)


@pytest.mark.parametrize("make", [flavours.manga, flavours.tiled, flavours.gated])
def test_what_lies_in_a_file_is_opened_again_and_does_not_travel(tmp_path, monkeypatch, make):
    big = np.zeros((40, 50, 60), np.float32)
    monkeypatch.setattr(flavours, "FLUX", big)
    monkeypatch.setattr(flavours, "NOISE", big + 1)
    monkeypatch.setattr(flavours, "truth", lambda slots: np.ones((slots, 40, 50, 60), np.int64))
    monkeypatch.setattr(cache, "CACHED_FROM", 0)
    (case,) = open_path(make(tmp_path))
    assert len(pickle.dumps(case)) < 20_000


def test_a_corrected_cube_travels(tmp_path):
    (case,) = open_path(flavours.califa(tmp_path))
    cube = corrected(case.main, {"error meaning": "variance"})
    assert cube.as_read is case.main
    assert same(pickle.loads(pickle.dumps(cube)), cube)


def plain_axes(shape):
    return tuple(plain_axis(n, name) for n, name in zip(shape, "zyx", strict=True))


def answers():
    values = np.arange(24.0).reshape(2, 3, 4)
    made = Cube(axes=plain_axes(values.shape), pixels=ArrayPixels(values), kind="heart")
    case = Case("P1", "heart", {"stress": made, "rest": made}, window=(slice(0, 2),) * 3)
    where = Ventricle(centre=[1, 2, 3], axes=np.eye(3), radii=[4, 5, 6])
    box = (slice(0, 2), slice(0, 3), slice(0, 4))
    yield case
    yield Prediction(
        case, "m", {"a": 0.9, "b": 0.1}, 0.1, device="CPU", seconds=1.0, ventricles={"rest": where}
    )
    yield Overlay(case, {"rest": values}, {"rest": box}, "CAM", "a", "m", "logit", {"k": "v"})
    yield Catalogue(case, "m", (), 3.0, [1.0], [0.5])
    yield Circle(1.0, 2.0, 3.0)


@pytest.mark.parametrize("value", list(answers()), ids=lambda value: type(value).__name__)
def test_what_is_said_about_a_case_travels(value):
    assert same(pickle.loads(pickle.dumps(value)), value)


def test_another_process_reads_the_same_voxels(tmp_path):
    paths = [make(tmp_path) for make in (flavours.manga, flavours.no_preamble, nifti)]
    cubes = [open_path(path)[0].main for path in paths]
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        for cube, there in zip(cubes, pool.map(np.asarray, cubes), strict=True):
            np.testing.assert_array_equal(there, np.asarray(cube))


def test_a_cube_is_an_array_with_its_masked_voxels_left_out():
    values, flags = np.ones((2, 3, 4), np.float32), np.zeros((2, 3, 4))
    flags[1, 2, 3] = 1
    cube = Cube(plain_axes(values.shape), ArrayPixels(values), "volume", mask=ArrayPixels(flags))
    assert np.asarray(cube).dtype == np.float32
    assert np.argwhere(np.isnan(cube)).tolist() == [[1, 2, 3]]
    assert np.nansum(np.asarray(cube, dtype=float)) == 23


def test_what_is_printed_of_a_case_is_short_and_names_no_file(tmp_path):
    (case,) = open_path(flavours.no_preamble(tmp_path))
    assert str(case.main) == "<Cube heart, 5 × 6 × 7, counts>"
    assert repr(case) == f"<Case: {case.roles[0]} <Cube heart, 5 × 6 × 7, counts>>"
    named = replace(case.main, facts={"object": "NGC 3081"}, unit="")
    assert repr(named) == "<Cube NGC 3081, heart, 5 × 6 × 7, no unit>"
