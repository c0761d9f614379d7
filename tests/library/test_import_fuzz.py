"""Whatever happened to a file of labels, it is taken or refused in words, and never in part."""

import json
import random
import sqlite3

import pytest

from cubeview.errors import CubeviewError
from cubeview.io.export.fits import write_cube
from cubeview.io.identity import file_hashes
from cubeview.library.exchange import apply_import, export_labels
from cubeview.library.labelfile import read_labels
from cubeview.library.library import Library
from cubeview.library.schema import SPECT_SET
from cubeview.library.stored import window_box
from cubeview.library.table import read_table
from cubeview.library.table_import import plan_any
from cubeview.library.values import LabelClass
from cubeview.library.worklist import rows
from tests.gui.fakes import make_sky
from tests.helpers.cases import case_of
from tests.helpers.nmfolder import write_hearts

ODD = ("\x00", "\ud800", "\U0001f600", '"', '""', ",", ";", "\n", "\r", "\t", "'", "\\", "{", "[",
       "-1", "1e999", "nan", "null", "9" * 5000, "x" * 200_000, "../..", "=1+1", "λ")  # fmt: skip

ROUNDS = 40


@pytest.fixture
def library(tmp_path):
    made = Library(tmp_path / "library.sqlite", "Anna")
    yield made
    made.close()


@pytest.fixture
def written(tmp_path):
    """Labels of an own set, in all three formats."""
    library = Library(tmp_path / "other.sqlite", "Ben")
    own = [
        LabelClass("still", "1", "#112233", "M1", False),
        LabelClass("moved", "2", "", "", False),
    ]
    library.save_label_set("motion", "heart", own)
    for number in range(4):
        case = library.add_case(made := case_of(tmp_path, number), file_hashes(made))
        library.label(case, "still", label_set="motion", note='a "quoted",\nnote; λ')
        library.label(case, "moved", label_set="motion", sure=False, quality="poor")
    paths = [tmp_path / f"labels{suffix}" for suffix in (".csv", ".ecsv", ".json")]
    for path in paths:
        export_labels(library, "motion", path)
    library.close()
    return paths


def table_of(tmp_path):
    write_hearts(tmp_path / "scans", 2, ("stress", "rest"))
    path = tmp_path / "table.csv"
    path.write_text(
        "case,class,rest,stress\n"
        "A,healthy,scans/0000/rest.dcm,scans/0000/stress.dcm\n"
        "B,mixed,scans/0001/rest.dcm,scans/0001/stress.dcm\n"
    )
    return path


def broken(content, chance):
    """Tear, cut, repeat, swap, encode anew or fill with odd text."""
    kind = chance.randrange(7)
    at = chance.randrange(max(1, len(content)))
    if kind == 0:
        return content[:at]
    if kind == 1:
        noise = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 8)))
        return content[:at] + noise + content[at + len(noise) :]
    lines = content.decode().split("\n")
    line = chance.randrange(len(lines))
    if kind == 2:
        lines.insert(line, lines[chance.randrange(len(lines))])
    elif kind == 3:
        del lines[line]
    elif kind == 4:
        return "\n".join(lines).encode(
            chance.choice(("utf-16", "utf-16-le", "utf-8-sig", "utf-32"))
        )
    elif kind == 5:
        cells = lines[line].split(",")
        cells[chance.randrange(len(cells))] = chance.choice(ODD)
        lines[line] = ",".join(cells)
    else:
        lines[line] = lines[line].replace('"', "", 1).replace(":", chance.choice(ODD), 1)
    return "\n".join(lines).encode(errors="surrogatepass")


def check(library, path):
    """Take a file in or have it refused; the library stays whole and can be listed."""
    before = library.read("SELECT COUNT(*) FROM labels", ())
    try:
        plan = plan_any(library, path)
        assert library.read("SELECT COUNT(*) FROM labels", ()) == before
        apply_import(library, plan)
    except CubeviewError as error:
        said = str(error)
    else:
        said = ""
    if said:
        assert str(path) in said
        assert len(said) < 1500
        assert library.read("SELECT COUNT(*) FROM labels", ()) == before
        return False
    for name in library.label_sets():
        library.classes(name)
        library.current(name)
    for row in rows(library, {"heart": "motion", "sky": "sky sources"}):
        window_box(row.window)
    return True


@pytest.mark.parametrize("which", [0, 1, 2])
def test_broken_label_files_are_taken_or_refused(library, written, tmp_path, which):
    path, chance = written[which], random.Random(which)
    content, taken = path.read_bytes(), 0
    for _ in range(ROUNDS):
        path.write_bytes(broken(content, chance))
        taken += check(library, path)
    assert 0 < taken < ROUNDS
    raw = sqlite3.connect(library.path)
    assert raw.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    raw.close()


def test_broken_simple_tables_are_taken_or_refused(library, tmp_path):
    path, chance, taken = table_of(tmp_path), random.Random(4), 0
    content = path.read_bytes()
    for _ in range(20):
        path.write_bytes(broken(content, chance))
        taken += check(library, path)
    assert 0 < taken < 20


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be-mark"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_spreadsheets_make_of_a_table_is_taken(library, tmp_path, codec, delimiter):
    path = table_of(tmp_path)
    text = path.read_text().replace(",", delimiter).replace("\n", "\r\n")
    mark = "\ufeff" if codec.endswith("-mark") else ""
    path.write_bytes((mark + text).encode(codec.removesuffix("-mark")))
    assert len(plan_any(library, path).unknown) == 2
    assert [row.class_name for row in read_table(path)] == ["healthy", "mixed"]


def test_a_label_file_saved_anew_by_a_spreadsheet_is_the_same(library, written):
    path = written[0]
    before = read_labels(path)
    text = path.read_bytes().decode().replace("True", "TRUE").replace("False", "FALSE")
    path.write_bytes(text.encode("utf-16"))
    assert read_labels(path) == before
    apply_import(library, plan_any(library, path))
    (still, moved) = library.classes("motion")
    assert (still.name, still.key, still.colour, still.code) == ("still", "1", "#112233", "M1")
    assert moved.name == "moved"


def test_another_encoding_is_refused_with_what_to_do(library, tmp_path):
    path = tmp_path / "latin.csv"
    path.write_bytes("case,class,rest,stress\nJosé,healthy,a.dcm,b.dcm\n".encode("latin-1"))
    with pytest.raises(CubeviewError, match=r"not text in UTF-8.*Save the table as CSV UTF-8"):
        plan_any(library, path)


def test_rows_said_twice_count_once_and_contradictions_are_told(library, written, tmp_path):
    document = json.loads(written[2].read_text())
    document["labels"] *= 50
    written[2].write_text(json.dumps(document))
    assert len(plan_any(library, written[2]).unknown) == 8
    path = table_of(tmp_path)
    lines = path.read_text().splitlines()
    again = lines[1].replace("healthy", "infarcted")
    path.write_text("\n".join([*lines, lines[2], again]))
    plan = plan_any(library, path)
    assert [entry.class_name for entry in plan.unknown] == ["healthy", "mixed"]
    assert plan.problems == (
        "line 5: line 2 says healthy of the same case, this one infarcted; the first is taken.",
    )
    apply_import(library, plan)
    assert plan_any(library, path).known == 2
    assert len(library.current(SPECT_SET)) == 2


def test_many_rows_are_planned_in_seconds(library, written):
    document = json.loads(written[2].read_text())
    first = document["labels"][0]
    document["labels"] = [
        {**first, "identity": f"{n:064x}", "note": "x" * 100} for n in range(20_000)
    ]
    written[2].write_text(json.dumps(document))
    plan = plan_any(library, written[2])
    assert len(plan.unknown) == 20_000


@pytest.mark.parametrize(
    "line",
    [
        "f.fits,empty,nan,2,3,32",
        "f.fits,empty,1,2,3,0",
        "f.fits,empty,1,inf,3,32",
        "f.fits,empty,1,2,3,1e9",
    ],
)
def test_places_that_are_no_numbers_are_refused(tmp_path, line):
    path = tmp_path / "t.csv"
    path.write_text(f"file,class,ra,dec,spectral,size\n{line}\n")
    with pytest.raises(CubeviewError, match=r"line 2.*plain numbers"):
        read_table(path)


def test_sizes_of_sky_windows_may_differ_by_axis(library, tmp_path):
    write_cube(make_sky().main, tmp_path / "field.fits")
    path = tmp_path / "sky.csv"
    path.write_text(
        "file;class;ra;dec;spectral;size;size_spectral\n"
        "field.fits;emission line;16;17;6012,5;8;4\nfield.fits;empty;16;17;6012,5;8;\n"
        "field.fits;empty;1600;17;6012,5;8;\n"
    )
    plan = plan_any(library, path)
    assert [entry.window for entry in plan.unknown] == ["8:12,13:21,12:20", "6:14,13:21,12:20"]
    assert "line 4: the place lies outside" in plan.problems[0]
