"""Two windows on one library that is lost or damaged, and damage that SQLite calls sound."""

import os
import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest

from cubeview.errors import CubeviewError
from cubeview.io.identity import file_hashes
from cubeview.library import answers, hold, repair
from cubeview.library.library import Library
from cubeview.library.repair import back_up, backups, is_sound, open_library
from cubeview.library.schema import SPECT_SET
from cubeview.library.stored import keep_thumbnail, records, thumbnails, window_box
from cubeview.library.worklist import rows
from tests.helpers.cases import case_of


@pytest.fixture
def path(tmp_path):
    return tmp_path / "library.sqlite"


def filled(path, folder, labels=1):
    library, _ = open_library(path, "Anna")
    number = library.add_case(made := case_of(folder, 1), file_hashes(made))
    for _ in range(labels):
        library.label(number, "healthy", label_set=SPECT_SET)
    back_up(library)
    return library


def changed(path, *statements):
    """Change a library behind the program's back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA writable_schema = ON")
        for statement in statements:
            raw.execute(statement)


def count(library):
    return library.read("SELECT COUNT(*) FROM labels", ())[0][0]


@pytest.mark.parametrize("loss", ["damaged", "renamed", "emptied"])
def test_a_second_window_does_not_take_the_library_from_the_first(
    path, tmp_path, loss, monkeypatch
):
    monkeypatch.setattr(hold.alone.__wrapped__, "__defaults__", (0.05,))
    first = filled(path, tmp_path)
    first.label(1, "mixed", label_set=SPECT_SET)
    first.read("PRAGMA wal_checkpoint(TRUNCATE)", ())
    if loss == "renamed":
        path.rename(tmp_path / "elsewhere.sqlite")
    else:
        path.write_bytes(os.urandom(9000) if loss == "damaged" else b"")
    left = sorted(tmp_path.iterdir())
    with pytest.raises(CubeviewError, match="another window of CubeView still has it open"):
        open_library(path, "Ben")
    assert sorted(tmp_path.iterdir()) == left
    first.close()
    second, told = open_library(path, "Ben")
    assert "backup of" in told
    assert count(second) == 1
    second.close()


@pytest.mark.parametrize("where", ["moved", "replaced", "removed", "overwritten", "emptied"])
def test_no_label_is_acknowledged_into_a_file_that_is_not_the_library_any_more(
    path, tmp_path, where
):
    library = filled(path, tmp_path)
    if where in ("overwritten", "emptied"):
        path.write_bytes(os.urandom(9000) if where == "overwritten" else b"")
    else:
        path.rename(tmp_path / "elsewhere.sqlite")
    if where == "replaced":
        shutil.copyfile(backups(path)[-1], path)
    elif where == "removed":
        (tmp_path / "elsewhere.sqlite").unlink()
    with pytest.raises(CubeviewError, match="moved, removed or replaced"):
        library.label(1, "mixed", label_set=SPECT_SET)
    assert count(library) == 1
    library.close()


def test_windows_that_start_at_once_on_a_damaged_library_all_get_the_backup(path, tmp_path):
    filled(path, tmp_path, labels=3).close()
    path.write_bytes(os.urandom(9000))
    start = threading.Barrier(4)

    def open_one(_):
        start.wait(20)
        library, told = open_library(path, "Anna")
        library.label(1, "mixed", label_set=SPECT_SET)
        library.close()
        return told

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(open_one, range(4)))
    assert sum("took its place" in text for text in told) == 1
    library, _ = open_library(path, "Anna")
    assert count(library) == 7
    library.close()
    assert len(list(tmp_path.glob("*-damaged-*.sqlite"))) == 1
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("loss", ["missing", "empty", "without tables"])
def test_a_log_of_changes_left_behind_is_set_aside_and_not_written_into_the_backup(
    path, tmp_path, loss
):
    library = filled(path, tmp_path)
    for _ in range(5):
        library.label(1, "mixed", label_set=SPECT_SET)
    log = path.with_name(path.name + "-wal")
    kept = log.read_bytes()
    library.close()
    path.unlink()
    log.write_bytes(kept)
    if loss == "empty":
        path.touch()
    elif loss == "without tables":
        log.unlink()
        with closing(sqlite3.connect(path)) as raw:
            raw.execute("PRAGMA user_version = 4")
        log.write_bytes(kept[:32])
    library, told = open_library(path, "Anna")
    assert "with 1 labels" in told
    assert count(library) == 1
    assert library.read("PRAGMA integrity_check", ()) == [("ok",)]
    library.close()
    if loss != "without tables":
        assert [file.read_bytes() for file in tmp_path.glob("*damaged*-wal")] == [kept]
        assert "-wal" in told


def test_how_many_labels_the_backup_lacks_is_said(path, tmp_path):
    library = filled(path, tmp_path, labels=2)
    for _ in range(3):
        library.label(1, "mixed", label_set=SPECT_SET)
    library.close()
    changed(path, "DELETE FROM sqlite_master WHERE name = 'thumbnails'")
    library, told = open_library(path, "Anna")
    assert "with 2 labels; 3 written after it are missing" in told
    library.close()


def test_the_backup_with_most_in_it_is_the_newest_whatever_the_clock_said(
    path, tmp_path, monkeypatch
):
    monkeypatch.setattr(repair, "BACKUPS_KEPT", 3)
    library = filled(path, tmp_path)
    (first,) = backups(path)
    first.rename(first.with_name("20990101-000000-000000.sqlite"))  # by a clock that was wrong
    for _ in range(6):
        library.label(1, "mixed", label_set=SPECT_SET)
        back_up(library)
    written = library.entries
    library.close()
    assert repair._last_entry(backups(path)[-1]) == written
    path.write_bytes(os.urandom(9000))
    library, _ = open_library(path, "Anna")
    assert count(library) == 7
    library.close()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM sqlite_master WHERE name = 'answers'",
        "UPDATE sqlite_master SET sql = replace(sql, 'opinion_seen', 'opinion')"
        " WHERE name = 'labels'",
        "UPDATE sqlite_master SET type = 'table', sql = replace(sql, 'VIEW', 'TABLE')"
        " WHERE name = 'in_force'",
        "PRAGMA user_version = 400000",
        "PRAGMA user_version = 0",
    ],
    ids=["table", "column", "view", "format", "no format"],
)
def test_a_library_that_lost_a_part_is_damaged_though_sqlite_calls_it_sound(
    path, tmp_path, statement
):
    filled(path, tmp_path).close()
    changed(path, statement)
    assert not is_sound(path)
    library, told = open_library(path, "Anna")
    assert "backup of" in told
    assert count(library) == 1
    library.close()


def test_rules_that_are_not_the_programs_own_are_put_right_and_told(path, tmp_path):
    filled(path, tmp_path).close()
    changed(
        path,
        "CREATE TRIGGER evil AFTER INSERT ON labels BEGIN"
        " INSERT INTO audit (at, reader, action) VALUES ('', '', new.class); END",
        "DROP TRIGGER labels_stay",
        "DROP INDEX labels_by_case",
        "DROP VIEW in_force",
        "CREATE VIEW in_force AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        " SELECT * FROM labels, n",
        "CREATE VIEW my_own AS SELECT * FROM cases",
        "CREATE INDEX my_index ON cases(name)",
    )
    library, told = open_library(path, "Anna")
    assert "(evil, in_force, labels_by_case, labels_stay) and were put right" in told
    before = library.entries
    library.label(1, "mixed", label_set=SPECT_SET)
    assert library.entries == before + 1
    assert library.current(SPECT_SET)[(1, "Anna")].class_name == "mixed"
    assert library.read("SELECT name FROM my_own", ()) == [("Case 1",)]
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        library._connection.execute("UPDATE labels SET class = 'x'")
    library.close()
    library, told = open_library(path, "Anna")
    assert told == ""
    library.close()


def test_rows_that_rotted_cost_themselves_and_not_the_list(path, tmp_path):
    library = filled(path, tmp_path)
    case = case_of(tmp_path, 1)
    for said in ("no json", "[1]", '{"probabilities": {"mixed": "much"}}', '{"probabilities": 3}'):
        weights = f"w{len(said)}"
        answers.keep(library, 1, answers.Packed("classify", weights, "m", said, b"zip?", b"abc"))
        (row,) = rows(library, {"heart": SPECT_SET}, weights_for=lambda *_, w=weights: w)
        assert row.answer == ""
        assert answers.answer_of(library, 1, case, weights) is None
        assert answers.features(library, weights) == {}
    keep_thumbnail(library, 1, (60_000, b"grey"))
    assert thumbnails(library, [1]) == {}
    keep_thumbnail(library, 1, (2, bytes(80)))
    assert thumbnails(library, [1]) == {1: (2, bytes(80))}
    with library.transaction() as run:
        run.execute("UPDATE cases SET kind = 'hearb', name = CAST(x'ff41' AS TEXT)")
    (row,) = rows(library, {"heart": SPECT_SET})
    assert (row.kind, row.name) == ("volume", "\N{REPLACEMENT CHARACTER}A")
    assert not row.is_whole_cube
    assert records(library)[1].kind == "volume"
    library.close()


@pytest.mark.parametrize("text", ["0:3", "a:b,c:d,e:f", "0:1,0:1,0:1,0:1", "0:9999999999,0:1,0:1"])
def test_a_window_that_rotted_is_said(text):
    with pytest.raises(CubeviewError, match="cannot be read"):
        window_box(text)
    assert window_box("0:1,2:3,4:15") == (slice(0, 1), slice(2, 3), slice(4, 15))


def test_rotten_files_open_whole_or_from_the_backup_and_never_fall_over(path, tmp_path):
    library = filled(path, tmp_path, labels=4)
    keep_thumbnail(library, 1, (40, bytes(1600)))
    back_up(library)
    library.close()
    sound, random = path.read_bytes(), np.random.default_rng(7)
    for _ in range(40):
        rotten = bytearray(sound)
        # Where there is something: most of a page is empty.
        places = np.flatnonzero(np.frombuffer(sound, np.uint8))
        for place in random.choice(places, random.integers(1, 9)):
            rotten[place] = random.integers(256)
        path.write_bytes(rotten)
        try:
            library, _ = open_library(path, "Anna")
        except CubeviewError:
            continue
        try:
            assert count(library) == 4
            rows(library, {"heart": SPECT_SET})
            library.history(1, SPECT_SET)
            library.label(1, "mixed", label_set=SPECT_SET)
        except CubeviewError:
            pass
        finally:
            library.close()
            for suffix in ("-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            for copy in backups(path)[1:]:
                copy.unlink()


def test_a_library_that_cannot_be_read_while_it_is_open_says_so(path, tmp_path):
    library = filled(path, tmp_path)
    changed(path, "DROP VIEW in_force")
    with pytest.raises(CubeviewError, match="cannot be read"):
        library.current(SPECT_SET)
    library.close()


def test_a_new_library_and_what_is_made_beside_it_belong_to_the_user_alone(own_home):
    from cubeview.paths import data_dir

    library = Library(data_dir() / "library.sqlite", "Anna")
    library.close()
    assert data_dir().stat().st_mode & 0o077 == 0
