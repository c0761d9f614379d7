"""Of many scans open at once only some lie in memory; the others are read again when needed."""

import gc

import numpy as np
import pytest

from cubeview.errors import CubeviewError
from cubeview.io import open_paths
from cubeview.io.voxels import decoded
from cubeview.io.voxels.decoded import DecodedPixels
from tests.helpers.nmfolder import write_hearts


def in_memory(cases):
    return sum(cube.pixels._kept is not None for case in cases for cube in case.cubes.values())


def test_a_folder_of_scans_does_not_fill_the_memory(tmp_path, monkeypatch):
    folder = write_hearts(tmp_path / "scans", 12)
    whole = [case.main.pixels.read().copy() for case in open_paths([folder]).cases]
    monkeypatch.setattr(decoded, "KEPT_BYTES", 3 * whole[0].nbytes)
    cases = open_paths([folder]).cases
    assert in_memory(cases) <= 3
    for case, values in zip(cases, whole, strict=True):
        np.testing.assert_array_equal(case.main.pixels.read(), values)
        np.testing.assert_array_equal(case.main.pixels.plane(1, 3), values[:, 3])
        assert in_memory(cases) <= 3
    assert in_memory(cases) > 0


def test_a_scan_that_changed_or_went_meanwhile_is_said(tmp_path):
    folder = write_hearts(tmp_path / "scans", 2)
    (first, second) = sorted(folder.rglob("*.dcm"))
    (case,) = open_paths([first]).cases
    case.main.pixels.drop()
    first.write_bytes(second.read_bytes())
    with pytest.raises(CubeviewError, match="has changed since it was opened"):
        case.main.pixels.read()
    first.unlink()
    with pytest.raises(CubeviewError, match="gone"):
        case.main.pixels.read()


def test_a_scan_larger_than_what_is_kept_stays_while_it_is_used(monkeypatch):
    monkeypatch.setattr(decoded, "KEPT_BYTES", 10)
    asked = []

    def again():
        asked.append(1)
        return np.zeros((2, 3, 4))

    pixels = DecodedPixels(np.zeros((2, 3, 4)), again, "changed")
    pixels.plane(0, 0)
    assert not asked
    del pixels
    gc.collect()
    other = DecodedPixels(np.ones((2, 3, 4)), again, "changed")
    assert other.box((slice(0, 1),) * 3).item() == 1
