"""A disk that is full: said, nothing torn, and labelling goes on when there is space."""

import sqlite3

import pytest

from cubeview.errors import CubeviewError
from cubeview.io.identity import file_hashes
from cubeview.library.exchange import export_labels
from cubeview.library.library import Library
from cubeview.library.repair import back_up, open_library
from cubeview.library.schema import SPECT_SET
from cubeview.library.stored import hashes_of
from tests.helpers.cases import case_of
from tests.helpers.smalldisk import fill, small_disk


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk") as folder:
        yield folder


def label_until_refused(library, number):
    """Label until it is refused; return the ids of labels that were acknowledged, and the text."""
    done = []
    for _ in range(5000):
        try:
            done.append(library.label(number, "mixed", label_set=SPECT_SET, note="x" * 200).id)
        except CubeviewError as error:
            return done, str(error)
    raise AssertionError("the disk was never full")


def test_a_real_full_disk_tears_nothing_and_works_again_with_space(disk, tmp_path):
    library = Library(disk / "library.sqlite", "Anna")
    case = case_of(tmp_path, 1)
    number = library.add_case(case, file_hashes(case))
    done = [library.label(number, "healthy", label_set=SPECT_SET).id]
    for _ in range(3):
        filler = fill(disk)
        more, said = label_until_refused(library, number)
        done += more
        assert "nothing was changed" in said
        assert "free space" in said
        assert [label.id for label in library.history(number, SPECT_SET)] == done
        with pytest.raises(CubeviewError, match="cannot be written"):
            export_labels(library, SPECT_SET, disk / "labels.json")
        with pytest.raises(CubeviewError, match="could not be written"):
            back_up(library)
        left = {path.name for path in disk.rglob("*") if path.suffix == ".part"}
        assert not left
        # A case can still be looked at: its hash is found, if not remembered.
        assert hashes_of(library, case) == file_hashes(case)
        filler.unlink()
        done.append(library.label(number, "infarcted", label_set=SPECT_SET).id)
    raw = sqlite3.connect(library.path)
    assert raw.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    raw.close()
    library.close()
    library, told = open_library(disk / "library.sqlite", "Anna")
    assert told == ""
    assert [label.id for label in library.history(number, SPECT_SET)] == done
    library.close()


def test_a_library_on_a_full_disk_is_opened_or_refused_in_words(disk):
    fill(disk)
    with pytest.raises(CubeviewError, match="has space"):
        open_library(disk / "library.sqlite", "Anna")
