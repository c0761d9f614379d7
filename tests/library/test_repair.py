"""What may have happened to a library file, and what the program makes of it."""

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cubeview.cubes.scores import Scores, as_text
from cubeview.errors import CubeviewError
from cubeview.io.identity import file_hashes
from cubeview.library import schema
from cubeview.library.library import Library
from cubeview.library.placed import placed
from cubeview.library.repair import BACKUPS_KEPT, back_up, backups, open_library
from cubeview.library.schema import SPECT_SET
from tests.helpers.cases import case_of


@pytest.fixture
def path(tmp_path):
    return tmp_path / "library.sqlite"


def filled(path, folder):
    library, told = open_library(path, "Anna")
    assert told == ""
    number = library.add_case(made := case_of(folder, 1), file_hashes(made))
    library.label(number, "healthy", label_set=SPECT_SET)
    return library


def old_library(path):
    """Make a file of schema 1, as the first version of the program wrote it."""
    raw = sqlite3.connect(path)
    raw.executescript(
        f"BEGIN;{schema._TABLES}{schema._built_in_sets()}PRAGMA user_version = 1;COMMIT;"
    )
    raw.execute("INSERT INTO cases VALUES (1, 'abc', 'heart', 'Wren', '', '2026')")
    raw.execute(
        "INSERT INTO labels (case_id, set_id, reader, at, class)"
        " VALUES (1, 1, 'Anna', '2026', 'mixed')"
    )
    raw.commit()
    raw.close()


def test_an_older_schema_is_upgraded_and_its_file_kept(path):
    old_library(path)
    library, told = open_library(path, "Anna")
    assert "kept as library-format1.sqlite" in told
    assert library.read("PRAGMA user_version", ()) == [(schema.VERSION,)]
    assert library.read("PRAGMA application_id", ()) == [(schema.APPLICATION,)]
    assert library.current(SPECT_SET)[(1, "Anna")].class_name == "mixed"
    assert library.read("SELECT COUNT(*) FROM thumbnails", ()) == [(0,)]
    library.close()
    kept = sqlite3.connect(path.with_name("library-format1.sqlite"))
    assert kept.execute("PRAGMA user_version").fetchone() == (1,)
    assert kept.execute("SELECT class FROM labels").fetchall() == [("mixed",)]
    kept.close()


def test_an_upgrade_that_fails_changes_nothing(path, monkeypatch):
    old_library(path)
    monkeypatch.setitem(schema.UPGRADES, 1, schema.UPGRADES[1] + "CREATE TABLE cases (x);")
    with pytest.raises(CubeviewError, match="cannot be opened"):
        open_library(path, "Anna")
    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA user_version").fetchone() == (1,)
    assert raw.execute("SELECT class FROM labels").fetchall() == [("mixed",)]
    raw.close()


def test_a_library_that_a_newer_version_takes_over_is_not_written_to_any_more(path, tmp_path):
    library = filled(path, tmp_path)
    newer = sqlite3.connect(path)
    newer.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    newer.close()
    with pytest.raises(CubeviewError, match="newer CubeView"):
        library.label(1, "mixed", label_set=SPECT_SET)
    # What was written before can still be looked at.
    assert library.current(SPECT_SET)[(1, "Anna")].class_name == "healthy"
    assert library.read("SELECT COUNT(*) FROM labels", ()) == [(1,)]
    library.close()


def test_two_windows_that_bring_a_library_up_to_date_at_once_leave_one_whole(path):
    old_library(path)
    start = threading.Barrier(4)

    def open_one():
        start.wait(20)
        library, _ = open_library(path, "Anna")
        library.label(1, "healthy", label_set=SPECT_SET)
        library.close()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(open_one) for _ in range(4)]:
            done.result(60)
    library, told = open_library(path, "Anna")
    assert told == ""
    assert library.read("PRAGMA integrity_check", ()) == [("ok",)]
    assert library.read("SELECT COUNT(*) FROM labels", ()) == [(5,)]
    library.close()
    kept = sqlite3.connect(path.with_name("library-format1.sqlite"))
    assert kept.execute("SELECT class FROM labels").fetchall() == [("mixed",)]
    kept.close()


def test_another_programs_database_is_not_written_to(path):
    raw = sqlite3.connect(path)
    raw.execute("CREATE TABLE songs (x)")
    raw.commit()
    raw.close()
    before = path.read_bytes()
    with pytest.raises(CubeviewError, match="another program"):
        open_library(path, "Anna")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content"),
    [("labels.csv", b"case,class\n"), ("scan.dcm", bytes(128) + b"DICM"), ("library", b"?")],
)
def test_a_file_that_never_was_a_library_is_left_as_it_is(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CubeviewError, match="no library of CubeView; it was not touched"):
        open_library(tmp_path / name, "Anna")
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == content


@pytest.mark.parametrize("loss", ["emptied", "deleted", "overwritten"])
def test_a_lost_file_comes_back_from_the_backup(path, tmp_path, loss):
    library = filled(path, tmp_path)
    back_up(library)
    library.close()
    for part in ("-wal", "-shm"):
        path.with_name(path.name + part).unlink(missing_ok=True)
    if loss == "deleted":
        path.unlink()
    else:
        path.write_bytes(b"" if loss == "emptied" else os.urandom(9000))
    library, told = open_library(path, "Anna")
    assert "backup of" in told
    assert library.current(SPECT_SET)[(1, "Anna")].class_name == "healthy"
    library.close()


def test_a_damaged_backup_is_passed_over(path, tmp_path):
    library = filled(path, tmp_path)
    back_up(library)
    library.label(1, "mixed", label_set=SPECT_SET)
    back_up(library)
    library.close()
    backups(path)[-1].write_bytes(os.urandom(9000))
    path.write_bytes(os.urandom(9000))
    library, _ = open_library(path, "Anna")
    assert library.current(SPECT_SET)[(1, "Anna")].class_name == "healthy"
    library.close()


def test_backups_are_made_when_something_was_written_and_do_not_pile_up(path, tmp_path):
    library = filled(path, tmp_path)
    back_up(library)
    back_up(library)
    assert len(backups(path)) == 1
    for _ in range(BACKUPS_KEPT + 5):
        library.label(1, "mixed", label_set=SPECT_SET)
        back_up(library)
    assert len(backups(path)) == BACKUPS_KEPT
    library.close()


READ_ONLY = """
import os
import sys
from pathlib import Path
from cubeview.cubes.scores import Scores, as_text
from cubeview.errors import CubeviewError
from cubeview.library.repair import open_library
if os.geteuid() == 0:  # modes do not bind the superuser
    os.setuid(65534)
try:
    library, told = open_library(Path(sys.argv[1]), "Anna")
    library.log("opened")
except CubeviewError as error:
    print("refused:", error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="modes of folders are of POSIX systems")
def test_a_read_only_folder_is_said_and_nothing_is_touched(tmp_path):
    # Not in tmp_path: somebody else may not even enter the folders above it.
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "library.sqlite"
        filled(path, tmp_path).close()
        before = path.read_bytes()
        path.chmod(0o444)
        path.parent.chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", READ_ONLY, str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        path.parent.chmod(0o755)
        path.chmod(0o644)
        assert "refused:" in done.stdout, done.stderr
        assert "read-only" in done.stdout
        assert path.read_bytes() == before
        library = Library(path, "Anna")
        assert len(library.current(SPECT_SET)) == 1
        library.close()


def test_labels_of_format_6_are_kept_and_can_be_scored(path):
    raw = sqlite3.connect(path)
    tables = "".join(
        getattr(schema, f"_TABLES{number}") for number in ("", "_2", "_3", "_4", "_5", "_6")
    )
    raw.executescript(
        f"BEGIN;{tables}{schema._built_in_sets()}PRAGMA application_id = {schema.APPLICATION};"
        "PRAGMA user_version = 6;INSERT INTO cases VALUES (1, 'abc', 'heart', 'Wren', '', '2026');"
        "INSERT INTO labels (case_id, set_id, reader, at, class, note)"
        " VALUES (1, 1, 'Anna', '2026', 'mixed', 'thin wall');COMMIT;"
    )
    raw.close()
    library, told = open_library(path, "Anna")
    assert "kept as library-format6.sqlite" in told
    said = placed(library, 1, SPECT_SET)
    assert (said.class_name, said.note, said.scores) == ("mixed", "thin wall", "")
    text = as_text(Scores({"stress": (1,) * 17}))
    library.label(1, "mixed", label_set=SPECT_SET, scores=text)
    library.close()
    library, told = open_library(path, "Anna")
    assert told == "", "the tables are those of a new library"
    assert placed(library, 1, SPECT_SET).scores == text
    assert [one.scores for one in library.history(1, SPECT_SET)] == ["", text]
    library.close()
