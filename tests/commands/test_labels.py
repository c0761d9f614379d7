"""Cases and labels by command: exit codes, one-line reasons, JSON documents."""

import json

import pytest

from cubeview.cli import main
from cubeview.library.library import Library
from cubeview.library.schema import SPECT_SET
from tests.helpers.nmfolder import write_hearts


@pytest.fixture
def scans(tmp_path):
    return write_hearts(tmp_path / "scans", 2, ("stress", "rest"))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "library.sqlite"


@pytest.fixture
def run(path, capsys):
    def call(*words):
        status = main([*map(str, words), "--library", str(path), "--json"])
        said = capsys.readouterr()
        return status, json.loads(said.out) if said.out else None, said.err

    return call


def test_a_folder_goes_in_twice_as_one(run, scans):
    status, first, _ = run("library", "add", scans)
    assert (status, first["paired"], first["added"]) == (0, 2, 2)
    status, second, _ = run("library", "add", scans)
    assert (status, second["known"], second["added"]) == (0, 2, 0)
    _, cases, _ = run("library", "list")
    assert [case["state"] for case in cases] == ["rest + stress"] * 2


def test_a_folder_without_cases_is_an_error(run, tmp_path):
    (tmp_path / "empty").mkdir()
    assert run("library", "add", tmp_path / "empty")[0] == 2


def test_a_simple_table_is_planned_then_taken(run, scans, tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text(
        "case,class,rest,stress\n"
        "A,mixed,scans/0000/rest.dcm,scans/0000/stress.dcm\n"
        "B,healthy,scans/0001/rest.dcm,scans/0001/stress.dcm\n"
    )
    status, plan, _ = run("labels", "import", table, "--reader", "Anna")
    assert (status, plan["unknown"], plan["added"]) == (0, 2, 0)
    assert run("library", "list")[1] == []
    assert run("labels", "import", table, "--reader", "Anna", "--yes")[1]["added"] == 2
    assert run("labels", "import", table, "--reader", "Anna")[1]["known"] == 2
    _, listed, _ = run("labels", "list", "--reader", "Anna")
    assert [(one["case"], one["class"]) for one in listed["labels"]] == [
        ("A", "mixed"),
        ("B", "healthy"),
    ]
    _, added, _ = run("library", "add", scans)
    assert added["known"] == 2, "the files were found by the table already"
    table.write_text("case,class,rest,stress\nA,odd,scans/0000/rest.dcm,\n")
    status, plan, reasons = run("labels", "import", table)
    assert status == 2
    assert "'odd'" in reasons


def test_agreement_of_two_readers(run, scans, path):
    run("library", "add", scans)
    for reader, classes in (("Anna", ("mixed", "healthy")), ("Ben", ("mixed", "artefact"))):
        library = Library(path, reader)
        for number, name in enumerate(classes, start=1):
            library.label(number, name, label_set=SPECT_SET)
        library.close()
    status, found, _ = run("labels", "agreement")
    assert (status, found["readers"], found["both"]) == (0, ["Anna", "Ben"], 2)
    assert [one["Ben"] for one in found["disputed"]] == ["artefact"]
    status, _, reason = run("labels", "agreement", "Anna", "Cleo")
    assert status == 2
    assert "Anna, Ben" in reason
    assert reason.count("\n") == 1


def test_a_library_that_is_not_there_is_not_made_by_reading(run, path):
    for command in (("labels", "list"), ("library", "list"), ("library", "classify")):
        status, _, reason = run(*command)
        assert status == 2
        assert "there is no library here" in reason
    assert not path.exists()


def test_export_check_and_backup(run, scans, path, tmp_path):
    assert run("library", "check")[0] == 2
    run("library", "add", scans)
    library = Library(path, "Anna")
    library.label(1, "mixed", label_set=SPECT_SET)
    library.close()
    assert run("labels", "export", tmp_path / "out.csv")[1]["labels"] == 1
    assert run("labels", "export", tmp_path / "out.xls")[0] == 2
    (scans / "0001" / "rest.dcm").unlink()
    _, checked, _ = run("library", "check")
    assert (checked["cases"], checked["labels"]) == (2, 1)
    assert len(checked["missing"]) == 1
    assert run("library", "backup", tmp_path / "copy.sqlite")[0] == 0
    copy = Library(tmp_path / "copy.sqlite", "Anna")
    assert copy.current(SPECT_SET)[(1, "Anna")].class_name == "mixed"
    copy.close()
    path.write_bytes(path.read_bytes()[:5000])
    status, _, reason = run("library", "check")
    assert status == 2
    assert "damaged" in reason
