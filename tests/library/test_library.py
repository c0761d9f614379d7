"""Labels are one durable transaction each: history, undo, two windows, kills, damage, full disk."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from cubeview.cubes.answer import Prediction
from cubeview.cubes.case import Case
from cubeview.cubes.cube import Source
from cubeview.errors import CubeviewError
from cubeview.io.identity import file_hashes, identity
from cubeview.library.answers import features, keep, packed
from cubeview.library.exchange import export_labels
from cubeview.library.library import Library
from cubeview.library.repair import open_library
from cubeview.library.schema import SPECT_SET
from cubeview.library.stored import case_names, records
from cubeview.library.values import LabelClass
from cubeview.library.worklist import rows
from tests.helpers.cases import case_of


@pytest.fixture
def library(tmp_path):
    library = Library(tmp_path / "library.sqlite", "Anna")
    yield library
    library.close()


def add(library, folder, number=1):
    case = case_of(folder, number)
    return library.add_case(case, file_hashes(case))


def test_a_moved_file_is_found_again_by_its_content(library, tmp_path):
    case = case_of(tmp_path, 1)
    first = library.add_case(case, file_hashes(case))
    moved = tmp_path / "elsewhere"
    case.main.source.path.rename(moved)
    again = replace(case, cubes={"stress": replace(case.main, source=Source(moved))})
    assert library.add_case(again, file_hashes(again)) == first
    assert records(library)[first].files["stress"][2] == str(moved)


def test_swapping_rest_and_stress_is_another_case(tmp_path):
    a, b = case_of(tmp_path, 1).main, case_of(tmp_path, 2).main
    pair = Case("x", "heart", {"stress": a, "rest": b})
    swapped = pair.swapped()
    assert identity(pair, file_hashes(pair)) != identity(swapped, file_hashes(swapped))


def test_the_history_keeps_every_label_and_its_withdrawal(library, tmp_path):
    number = add(library, tmp_path)
    library.label(number, "healthy", label_set=SPECT_SET)
    library.label(number, "mixed", label_set=SPECT_SET, sure=False, opinion_seen="spect-mpi")
    assert library.current(SPECT_SET)[(number, "Anna")].class_name == "mixed"
    library.label(number, None, label_set=SPECT_SET)
    assert library.current(SPECT_SET) == {}
    assert [entry.class_name for entry in library.history(number, SPECT_SET)] == [
        "healthy",
        "mixed",
        None,
    ]


def test_labels_and_audit_cannot_be_changed_or_deleted(library, tmp_path):
    number = add(library, tmp_path)
    library.label(number, "healthy", label_set=SPECT_SET)
    raw = sqlite3.connect(library.path)
    for statement in ("DELETE FROM labels", "UPDATE labels SET class = 'x'", "DELETE FROM audit"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw.execute(statement)
    raw.close()


def test_rows_join_label_and_prediction(library, tmp_path):
    number = add(library, tmp_path)
    library.label(number, "healthy", label_set=SPECT_SET)
    prediction = Prediction(
        case_of(tmp_path, 1),
        "m",
        {"healthy": 0.9, "mixed": 0.1},
        0.1,
        device="CPU",
        seconds=0,
        weights="w",
    )
    keep(library, number, packed(prediction, np.array([1, 2], np.float32)))
    (row,) = rows(library, {"heart": SPECT_SET})
    assert (row.label, row.labelled_blind, row.model) == ("healthy", True, "m")
    assert row.probabilities == {"healthy": 0.9, "mixed": 0.1}
    assert features(library, "w")[number].tolist() == [1, 2]


def test_only_cases_nobody_labelled_can_be_removed(library, tmp_path):
    first, second = add(library, tmp_path, 1), add(library, tmp_path, 2)
    library.label(first, "mixed", label_set=SPECT_SET)
    library.label(first, None, label_set=SPECT_SET)
    assert library.remove_cases([first, second]) == [first]
    assert [row.id for row in rows(library, {"heart": SPECT_SET})] == [first]
    assert len(library.history(first, SPECT_SET)) == 2
    assert library.read("SELECT action FROM audit ORDER BY id", ())[-1] == ("removed",)


def test_a_label_set_changes_without_touching_old_labels(library, tmp_path):
    number = add(library, tmp_path)
    library.label(number, "mixed", label_set=SPECT_SET)
    library.save_label_set(SPECT_SET, "heart", [LabelClass("odd", "1", "#ffffff", "", False)])
    offered = [entry.name for entry in library.classes(SPECT_SET) if not entry.retired]
    assert offered == ["odd"]
    assert library.current(SPECT_SET)[(number, "Anna")].class_name == "mixed"
    two = [LabelClass(name, "1", "", "", False) for name in ("a", "b")]
    with pytest.raises(CubeviewError, match="key"):
        library.save_label_set("mine", "heart", two)


def test_two_windows_label_at_once(library, tmp_path):
    other = Library(library.path, "Ben")
    number = add(library, tmp_path)
    for _ in range(20):
        library.label(number, "healthy", label_set=SPECT_SET)
        other.label(number, "mixed", label_set=SPECT_SET)
    assert len(library.history(number, SPECT_SET)) == 40
    assert set(library.current(SPECT_SET)) == {(number, "Anna"), (number, "Ben")}
    other.close()


def test_a_damaged_library_is_set_aside_and_restored_from_the_backup(tmp_path):
    path = tmp_path / "library.sqlite"
    library, told = open_library(path, "Anna")
    assert told == ""
    number = add(library, tmp_path)
    library.label(number, "healthy", label_set=SPECT_SET)
    library.backup(tmp_path / "library-backups" / "99990101-000000.sqlite")
    library.close()
    data = bytearray(path.read_bytes())
    data[1000 : len(data) // 2] = os.urandom(len(data) // 2 - 1000)
    path.write_bytes(data)
    library, told = open_library(path, "Anna")
    assert "set aside" in told
    assert "backup" in told
    assert library.current(SPECT_SET)[(number, "Anna")].class_name == "healthy"
    assert list(tmp_path.glob("library-damaged-*"))
    library.close()


@pytest.mark.parametrize(
    ("whole", "damaged"),
    [
        (b"CREATE TABLE cases", b"CREATE \x84\xff\xfe TEXT "),
        (b"casescases", b"\x84asescases"),
    ],
    ids=["statement", "name"],
)
def test_damage_that_sqlite_cannot_put_into_words_is_damage(tmp_path, whole, damaged):
    path = tmp_path / "library.sqlite"
    library, _ = open_library(path, "Anna")
    number = add(library, tmp_path)
    library.label(number, "healthy", label_set=SPECT_SET)
    library.backup(tmp_path / "library-backups" / "99990101-000000.sqlite")
    library.close()
    data = path.read_bytes()
    assert data.count(whole) == 1
    path.write_bytes(data.replace(whole, damaged))
    library, told = open_library(path, "Anna")
    assert "set aside" in told
    assert library.current(SPECT_SET)[(number, "Anna")].class_name == "healthy"
    library.close()


def test_a_newer_library_is_refused_and_not_touched(tmp_path):
    path = tmp_path / "library.sqlite"
    raw = sqlite3.connect(path)
    raw.execute("CREATE TABLE cases (x)")
    raw.execute("CREATE TABLE labels (x)")
    raw.execute("CREATE TABLE audit (x)")
    raw.execute("PRAGMA user_version = 99")
    raw.commit()
    raw.close()
    before = path.read_bytes()
    with pytest.raises(CubeviewError, match="newer CubeView"):
        open_library(path, "Anna")
    assert path.read_bytes() == before


def label_until_full(library, number):
    for _ in range(2000):
        library.label(number, "mixed", label_set=SPECT_SET, note="x" * 200)


def test_a_full_disk_tears_nothing_and_works_again_with_space(library, tmp_path):
    number = add(library, tmp_path)
    library.label(number, "healthy", label_set=SPECT_SET)
    pages = library._connection.execute("PRAGMA page_count").fetchone()[0]
    library._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(CubeviewError, match="nothing was changed"):
        label_until_full(library, number)
    before = len(library.history(number, SPECT_SET))
    library._connection.execute("PRAGMA max_page_count = 1000000")
    library.label(number, "infarcted", label_set=SPECT_SET)
    assert len(library.history(number, SPECT_SET)) == before + 1


NURSERY = """
import os
import sys
from pathlib import Path
from cubeview.library.answers import features, keep, packed
from cubeview.library.library import Library

def work():
    library = Library(Path(sys.argv[1]), "Anna")
    n = 0
    while True:
        entry = library.label(1, "healthy", label_set="SPECT perfusion", note=str(n))
        os.write(1, b"%d\\n" % entry.id)
        n += 1

for _ in sys.stdin:
    worker = os.fork()
    if worker == 0:
        work()
    os.write(1, b"worker %d\\n" % worker)
    os.waitpid(worker, 0)
    os.write(1, b"gone\\n")
"""


def kill_rounds(path, rounds, seed):
    """Kill a labelling process at random moments; return how many labels were acknowledged."""
    chance = random.Random(seed)
    acknowledged = set()
    # Workers are forked, so that they are at work at once and not after a second of imports.
    nursery = subprocess.Popen(
        [sys.executable, "-c", NURSERY, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with nursery:
        for _ in range(rounds):
            nursery.stdin.write("go\n")
            nursery.stdin.flush()
            worker = 0
            # The first label and the number of the worker come in either order.
            said = []
            while not worker or not said:
                line = nursery.stdout.readline().strip()
                if line.startswith("worker"):
                    worker = int(line.split()[1])
                else:
                    said.append(line)
            time.sleep(chance.uniform(0, 0.03))
            os.kill(worker, signal.SIGKILL)
            while (line := nursery.stdout.readline().strip()) != "gone":
                said.append(line)
            acknowledged |= {int(line) for line in said}
            checked = sqlite3.connect(path)
            assert checked.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            found = {number for (number,) in checked.execute("SELECT id FROM labels")}
            checked.close()
            assert acknowledged <= found
        nursery.stdin.close()
    return len(acknowledged)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is of POSIX systems")
def test_killed_at_random_moments_no_acknowledged_label_is_lost(library, tmp_path):
    add(library, tmp_path)
    assert kill_rounds(library.path, 5, seed=1) >= 5


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is of POSIX systems")
def test_killed_five_hundred_times_no_acknowledged_label_is_lost(library, tmp_path):
    add(library, tmp_path)
    assert kill_rounds(library.path, 500, seed=2) >= 500


@pytest.mark.parametrize("name", ["Doe^Jane_1950.nii.gz", "Doe^Jane_1950.nii", "Doe^Jane_1950"])
@pytest.mark.parametrize("volumes", ["", " [volume 2]"])
def test_a_name_of_a_file_is_in_no_export(tmp_path, name, volumes):
    path = tmp_path / name
    path.write_bytes(b"x")
    stem = "Doe^Jane_1950"
    made = case_of(tmp_path, 1)
    cube = replace(made.main, kind="volume", source=Source(path, ""))
    case = Case(f"{stem}{volumes}", "volume", {"flux": cube})
    library = Library(tmp_path / "library.sqlite", "Anna")
    hashes = file_hashes(case)
    number = library.add_case(case, hashes)
    assert case_names(library)[number] == f"volume {hashes['flux'][:8]}{volumes}"
    library.save_label_set("any", "volume", [LabelClass("odd", "1", "", "", False)])
    library.label(number, "odd", label_set="any")
    for suffix in (".csv", ".ecsv", ".json"):
        export_labels(library, "any", out := tmp_path / f"labels{suffix}")
        assert "Doe" not in out.read_text()
    library.close()
