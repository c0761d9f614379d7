"""Painted masks in the library: with their reader, all states, and none lost."""

import sqlite3

import numpy as np
import pytest

from cubeview.cubes.mask import Mask, MaskLabel
from cubeview.errors import CubeviewError
from cubeview.io.identity import file_hashes
from cubeview.library import schema
from cubeview.library.library import Library
from cubeview.library.masks import keep, kept
from tests.helpers.cases import case_of

LABELS = (MaskLabel(1, "wall", "#112233"), MaskLabel(2, "scar", "#445566"))


@pytest.fixture
def opened(tmp_path):
    case = case_of(tmp_path, 1)
    library = Library(tmp_path / "library.sqlite", "Ann")
    yield library, library.add_case(case, file_hashes(case)), case
    library.close()


def painted(cube, number):
    values = np.zeros(cube.shape, np.uint8)
    values[1, 1, 0:2] = number
    return Mask(values, LABELS, cube)


def test_the_last_of_each_reader_comes_back_newest_first(opened, tmp_path):
    library, number, case = opened
    role, cube = case.roles[0], case.main
    assert kept(library, number, role, cube) == []
    keep(library, number, role, painted(cube, 1))
    keep(library, number, role, painted(cube, 2))
    library.reader = "Ben"
    keep(library, number, role, painted(cube, 1))
    found = kept(library, number, role, cube)
    assert [one.reader for one in found] == ["Ben", "Ann"]
    np.testing.assert_array_equal(found[1].mask.values, painted(cube, 2).values)
    assert found[0].mask.labels == LABELS
    assert len(library.read("SELECT id FROM masks", ())) == 3, "no state is lost"
    assert ("painted", role) in library.read("SELECT action, detail FROM audit", ())


def test_a_damaged_one_is_said_and_none_is_changed(opened):
    library, number, case = opened
    keep(library, number, case.roles[0], painted(case.main, 1))
    change = "UPDATE masks SET reader = 'Eve'"
    no_change = pytest.raises((CubeviewError, sqlite3.Error), match="append-only")
    with no_change, library.transaction() as run:
        run.execute(change)
    with library.transaction() as run:
        run.execute(
            "INSERT INTO masks SELECT NULL, case_id, role, reader, at, labels, shape, x'00'"
            " FROM masks"
        )
    with pytest.raises(CubeviewError, match="damaged"):
        kept(library, number, case.roles[0], case.main)


def test_a_library_of_format_7_gains_the_table(tmp_path, opened):
    library, _, _ = opened
    path = tmp_path / "library.sqlite"
    library.close()
    with sqlite3.connect(path) as raw:
        raw.executescript(
            "DROP TRIGGER masks_stay; DROP TRIGGER masks_last; DROP TABLE masks; DROP TABLE marks;"
            "PRAGMA user_version = 7;"
        )
    raw.close()
    again = Library(path, "Ann")
    assert again.read("PRAGMA user_version", ()) == [(schema.VERSION,)]
    assert again.read("SELECT * FROM masks", ()) == []
    again.close()


def test_a_case_somebody_painted_stays(opened):
    library, number, case = opened
    keep(library, number, case.roles[0], painted(case.main, 1))
    assert library.remove_cases([number]) == [number]
    assert len(kept(library, number, case.roles[0], case.main)) == 1
