"""Marks of readers in the library: the last counts, none is lost, all or nothing."""

import sqlite3

import pytest

from cubeview.errors import CubeviewError
from cubeview.io.identity import file_hashes
from cubeview.library import schema
from cubeview.library.library import Library
from cubeview.library.marks import ARTEFACT, INTERESTING, before, said, say
from tests.helpers.cases import case_of


@pytest.fixture
def opened(tmp_path):
    library = Library(tmp_path / "library.sqlite", "Ann")
    cases = [case_of(tmp_path, n) for n in (1, 2, 3)]
    yield library, [library.add_case(case, file_hashes(case)) for case in cases]
    library.close()


def test_the_last_mark_of_each_reader_counts(opened):
    library, (one, two, three) = opened
    say(library, "interest", {one: INTERESTING, two: ARTEFACT})
    say(library, "group", {three: "rings"})
    assert said(library, "interest") == {one: INTERESTING, two: ARTEFACT}
    assert said(library, "group") == {three: "rings"}
    earlier = before(library, "interest", [one, three])
    assert earlier == {one: INTERESTING, three: ""}
    say(library, "interest", {one: ARTEFACT, three: ARTEFACT})
    say(library, "interest", earlier)
    assert said(library, "interest") == {one: INTERESTING, two: ARTEFACT}
    library.reader = "Ben"
    assert said(library, "interest") == {}
    assert len(library.read("SELECT id FROM marks", ())) == 7, "no state is lost"


def test_marks_are_all_written_or_none(opened):
    library, (one, *_) = opened
    with pytest.raises(CubeviewError, match="nothing was changed"):
        say(library, "interest", {one: INTERESTING, 999: ARTEFACT})
    assert said(library, "interest") == {}


def test_labels_of_many_are_one_transaction(opened):
    library, (one, two, _) = opened

    def torn():
        with library.transaction():
            library.label(one, "healthy", label_set=schema.SPECT_SET)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        torn()
    assert library.current(schema.SPECT_SET) == {}
    with library.transaction():
        for number in (one, two):
            library.label(number, "healthy", label_set=schema.SPECT_SET)
    assert len(library.current(schema.SPECT_SET)) == 2


def test_what_was_marked_stays(opened):
    library, (one, two, _) = opened
    say(library, "interest", {one: INTERESTING})
    assert library.remove_cases([one, two]) == [one]
    with (
        pytest.raises((CubeviewError, sqlite3.Error), match="append-only"),
        library.transaction() as run,
    ):
        run.execute("UPDATE marks SET said = ''")


def test_a_library_of_format_8_gains_the_table(opened, tmp_path):
    library, (one, *_) = opened
    library.close()
    with sqlite3.connect(tmp_path / "library.sqlite") as raw:
        raw.executescript(
            "DROP TRIGGER marks_stay; DROP TRIGGER marks_last; DROP TABLE marks;"
            "PRAGMA user_version = 8;"
        )
    raw.close()
    again = Library(tmp_path / "library.sqlite", "Ann")
    say(again, "interest", {one: INTERESTING})
    assert said(again, "interest") == {one: INTERESTING}
    again.close()
