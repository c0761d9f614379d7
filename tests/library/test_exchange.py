"""Labels leave a library and enter another without loss; readers are compared."""

import csv
import json
import time
from contextlib import suppress
from dataclasses import replace

import pytest

from cubeview.cubes.case import OF_NOBODY, TWO_PATIENTS
from cubeview.cubes.scores import Scores, as_text
from cubeview.errors import CubeviewError
from cubeview.io.identity import file_hashes
from cubeview.library.agreement import agreement
from cubeview.library.exchange import apply_import, export_labels, plan_import
from cubeview.library.labelfile import read_labels
from cubeview.library.library import Library
from cubeview.library.schema import SPECT_SET
from cubeview.library.scored import scored
from cubeview.library.table import read_table
from tests.helpers.cases import case_of


@pytest.fixture
def filled(tmp_path):
    library = Library(tmp_path / "a.sqlite", "Anna")
    for number in range(5):
        case = library.add_case(made := case_of(tmp_path, number), file_hashes(made))
        library.label(case, "healthy", label_set=SPECT_SET, note='a "quoted", odd\nnote λ')
        library.label(case, "mixed", label_set=SPECT_SET, sure=False, quality="poor")
    library.label(1, None, label_set=SPECT_SET)
    yield library
    library.close()


@pytest.mark.parametrize("suffix", [".csv", ".ecsv", ".json"])
def test_a_round_trip_through_an_empty_library_loses_nothing(filled, tmp_path, suffix):
    path = tmp_path / f"labels{suffix}"
    assert export_labels(filled, SPECT_SET, path) == 11
    other = Library(tmp_path / "b.sqlite", "Ben")
    plan = plan_import(other, path)
    assert len(plan.unknown) == 11
    assert other.current(SPECT_SET) == {}, "a plan must change nothing"
    apply_import(other, plan)
    again = tmp_path / f"again{suffix}"
    export_labels(other, SPECT_SET, again)
    assert read_labels(again) == read_labels(path)
    assert again.read_bytes() == path.read_bytes()
    assert plan_import(other, path).known == 11
    other.close()


def test_a_conflict_is_reported_before_anything_changes(filled, tmp_path):
    path = tmp_path / "labels.json"
    export_labels(filled, SPECT_SET, path)
    filled.label(2, "artefact", label_set=SPECT_SET)
    newer = path.read_text().replace('"class_name": "mixed"', '"class_name": "infarcted"')
    path.write_text(newer)
    plan = plan_import(filled, path)
    assert {said for _, said in plan.conflicts} >= {"artefact"}
    assert filled.current(SPECT_SET)[(2, "Anna")].class_name == "artefact"
    apply_import(filled, plan)
    # The label placed last stays in force whatever is imported after it.
    assert filled.current(SPECT_SET)[(2, "Anna")].class_name == "artefact"


def test_a_foreign_file_is_refused_with_what_it_needs(filled, tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(CubeviewError, match="needs the columns"):
        plan_import(filled, path)
    with pytest.raises(CubeviewError, match=r"\.csv, \.ecsv or \.json"):
        export_labels(filled, SPECT_SET, tmp_path / "labels.xls")


def test_kappa_against_a_worked_example():
    # Cohen's kappa of the textbook table [[20, 5], [10, 15]] is 0.4.
    first = {n: "yes" if n < 25 else "no" for n in range(50)}
    second = {n: "yes" if n < 20 or 25 <= n < 35 else "no" for n in range(50)}
    found = agreement(first, second, ("yes", "no"))
    assert found.confusion.tolist() == [[20, 5], [10, 15]]
    assert found.kappa == pytest.approx(0.4)
    assert len(found.disputed) == 15


def test_the_simple_table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("case,class,rest,stress\nA,healthy,a_r.dcm,a_s.dcm\n\nB,mixed,,b.dcm\n")
    first, second = read_table(path)
    assert first.files == {"stress": tmp_path / "a_s.dcm", "rest": tmp_path / "a_r.dcm"}
    assert (second.line, second.class_name, list(second.files)) == (4, "mixed", ["stress"])
    path.write_text("file,class,ra,dec,spectral\nf.fits,empty,1,2,x\n")
    with pytest.raises(CubeviewError, match=r"line 2.*plain numbers"):
        read_table(path)
    path.write_text("id\tclass\tstress\trest\tSSS\nC\tmixed\ts.dcm\tr.dcm\t14\n")
    (tabbed,) = read_table(path)
    assert (tabbed.name, tabbed.class_name, list(tabbed.files)) == (
        "C",
        "mixed",
        ["stress", "rest"],
    )
    path.write_text("healthy,a,b\n")
    with pytest.raises(CubeviewError, match="first line must name the columns"):
        read_table(path)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("window", "9:1,0:4,0:4", "no box of voxels"),
        ("window", "0:4", "no box of voxels"),
        ("kind", "liver", "none of heart, sky, volume"),
        ("at", "yesterday", "isoformat"),
        ("identity", " ", "without identity"),
        ("sure", "perhaps", "perhaps"),
        ("reader", 7, "no text"),
        ("files", ["a"], "length"),
    ],
)
def test_an_entry_that_cannot_be_one_is_refused(filled, tmp_path, name, value, said):
    path = tmp_path / "labels.json"
    export_labels(filled, SPECT_SET, path)
    document = json.loads(path.read_text())
    document["labels"][3][name] = value
    path.write_text(json.dumps(document))
    with pytest.raises(CubeviewError, match=said):
        plan_import(filled, path)


FORMULAS = (
    "=HYPERLINK('http://x','y')",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "'=1",
    "''@",
    "＝1",
    "'plain",
)


@pytest.mark.parametrize("suffix", [".csv", ".ecsv", ".json"])
def test_no_cell_of_an_exported_table_is_a_formula_and_none_is_lost(tmp_path, suffix):
    library = Library(tmp_path / "a.sqlite", "=1+1")
    case = library.add_case(made := case_of(tmp_path, 1), file_hashes(made))
    for note in FORMULAS:
        library.label(case, "healthy", label_set=SPECT_SET, note=note)
    path = tmp_path / f"labels{suffix}"
    export_labels(library, SPECT_SET, path)
    library.close()
    entries, _ = read_labels(path)
    assert [entry.note for entry in entries] == list(FORMULAS)
    assert {entry.reader for entry in entries} == {"=1+1"}
    if suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as stream:
            cells = [cell for line in csv.reader(stream) for cell in line]
        assert not [cell for cell in cells if cell[:1] in tuple("=+-@\t＝")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("at", "9999-12-31T23:59:59-12:00"),
        ("at", "0001-01-01T00:00:00+12:00"),
        ("files", [["stress", "ab"]]),
        ("files", [1, 2]),
        ("files", '{"stress": ["a"]}'),
        ("files", "[" * 100_000),
    ],
)
def test_odd_values_of_an_entry_are_taken_or_refused(filled, tmp_path, name, value):
    path = tmp_path / "labels.json"
    export_labels(filled, SPECT_SET, path)
    document = json.loads(path.read_text())
    document["labels"][0][name] = value
    path.write_text(json.dumps(document))
    with suppress(CubeviewError):
        apply_import(filled, plan_import(filled, path))


@pytest.mark.parametrize("retired", ["x", 2, None, [1]])
def test_a_class_that_is_neither_retired_nor_not_is_refused(filled, tmp_path, retired):
    path = tmp_path / "labels.json"
    export_labels(filled, SPECT_SET, path)
    document = json.loads(path.read_text())
    document["label_sets"][SPECT_SET][0]["retired"] = retired
    path.write_text(json.dumps(document))
    with pytest.raises(CubeviewError, match="retired"):
        plan_import(filled, path)


@pytest.mark.parametrize(
    "head",
    ["unit: 10**99999999999", "unit: !astropy.units.Unit {unit: m}", "unit: [[[[", "a: &a [*a]"],
)
def test_the_head_of_a_table_costs_no_time_whatever_it_says(filled, tmp_path, head):
    path = tmp_path / "labels.ecsv"
    export_labels(filled, SPECT_SET, path)
    sound = read_labels(path)
    text = path.read_text().replace("datatype: string}", f"datatype: string, {head}}}", 1)
    assert head in text
    path.write_text(text)
    start = time.perf_counter()
    with suppress(CubeviewError):
        assert read_labels(path) == sound
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("ending", ["csv", "ecsv", "json"])
def test_a_label_of_two_patients_goes_with_its_caution(tmp_path, ending):
    library = Library(tmp_path / "library.sqlite", "Anna")
    for number, name in ((1, "Wren"), (2, f"Wren + Swift{TWO_PATIENTS}")):
        made = replace(case_of(tmp_path, number), name=name)
        library.label(library.add_case(made, file_hashes(made)), "mixed", label_set=SPECT_SET)
    path = tmp_path / f"labels.{ending}"
    export_labels(library, SPECT_SET, path)
    text = path.read_text()
    assert text.count(OF_NOBODY) == 1
    entries, _ = read_labels(path)
    assert [entry.name for entry in entries] == ["Wren", f"Wren + Swift{TWO_PATIENTS}"]
    library.close()


@pytest.mark.parametrize("suffix", [".csv", ".ecsv", ".json"])
def test_segment_scores_travel_with_their_sums(filled, tmp_path, suffix):
    whole = {"rest": (0,) * 17, "stress": (2, 1, *[0] * 15)}
    filled.label(1, None, label_set=SPECT_SET, scores=as_text(Scores(whole)))
    half = Scores().changed("stress", 17, 4)
    filled.label(2, "mixed", label_set=SPECT_SET, scores=as_text(half))
    path = tmp_path / f"labels{suffix}"
    export_labels(filled, SPECT_SET, path)
    other = Library(tmp_path / "b.sqlite", "Ben")
    apply_import(other, plan_import(other, path))
    kept = [scored(other, other.find(e.identity))["Anna"] for e in read_labels(path)[0][-2:]]
    assert [one.states for one in kept] == [whole, half.states]
    other.close()
    if suffix == ".csv":
        *_, first, second = csv.DictReader(path.read_text().splitlines())
        assert (first["sss"], first["srs"], first["sds"]) == ("3", "0", "3")
        assert second["sss"] == "", "sixteen segments are open"
    if suffix == ".json":
        assert json.loads(path.read_text())["labels"][-2]["scores"]["stress"] == [2, 1] + [0] * 15


def test_labels_that_differ_in_their_scores_alone_are_both_taken_in(filled, tmp_path):
    path = tmp_path / "labels.json"
    export_labels(filled, SPECT_SET, path)
    document = json.loads(path.read_text())
    scores = {"stress": [1] * 17}
    document["labels"].append({**document["labels"][3], "scores": scores})
    path.write_text(json.dumps(document))
    for library in (filled, Library(tmp_path / "b.sqlite", "Ben")):
        had = library.read("SELECT COUNT(*) FROM labels", ())[0][0]
        assert apply_import(library, plan_import(library, path)) == 12 - had
        assert plan_import(library, path).known == 12
    library.close()


@pytest.mark.parametrize(
    "bad", ['{"stress": [0]}', '{"stress": 7}', "[1]", "x", {"lung": [0] * 17}, {"rest": [5] * 17}]
)
def test_scores_that_cannot_be_ones_are_refused(filled, tmp_path, bad):
    path = tmp_path / "labels.json"
    export_labels(filled, SPECT_SET, path)
    document = json.loads(path.read_text())
    document["labels"][3]["scores"] = bad
    path.write_text(json.dumps(document))
    with pytest.raises(CubeviewError, match="not a file of labels"):
        plan_import(filled, path)


def test_labels_written_before_there_were_scores_are_read(filled, tmp_path):
    path = tmp_path / "labels.json"
    export_labels(filled, SPECT_SET, path)
    document = json.loads(path.read_text())
    for record in document["labels"]:
        for name in ("scores", "sss", "srs", "sds"):
            del record[name]
    path.write_text(json.dumps(document))
    assert plan_import(filled, path).known == 11
