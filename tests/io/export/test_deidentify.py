"""Images without their patient: planted identities vanish, rest and stress still pair."""

import errno
import json
import os
import shutil
import subprocess
from datetime import date

import numpy as np
import pydicom
import pytest
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

from cubeview.cli import main
from cubeview.errors import Cancelled, CubeviewError
from cubeview.io import open_paths
from cubeview.io.export.deidentify import deidentify
from cubeview.io.export.dicom import write_nm
from cubeview.io.export.profile import cleaned, table
from tests.io.dicom.nm_files import drug, nm, patient_state, write
from tests.io.export.test_dicom import heart

TEXT = {"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}


@pytest.fixture
def places(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    return source, tmp_path / "out", tmp_path / "map.jsonl"


def written(out):
    return sorted(path for path in out.rglob("*") if path.is_file())


def test_no_attribute_of_the_table_keeps_its_value(places):
    """Each of the 652 attributes is planted with a word or a UID of its own."""
    source, out, key = places
    ds, planted = nm(), []
    for number, tag in enumerate(table()):
        keyword = keyword_for_tag(tag)
        kind = dictionary_VR(tag) if keyword else ""
        if kind in TEXT:
            planted.append(f"Zq{number}Xw" if kind != "CS" else f"ZQ{number}XW")
            ds.add_new(tag, kind, planted[-1])
        elif kind == "UI" and tag >> 16 > 2:
            planted.append(generate_uid())
            ds.add_new(tag, kind, planted[-1])
        elif kind == "SQ":
            item = Dataset()
            item.PatientName = f"Zq{number}Xw"
            planted.append(item.PatientName)
            ds.add_new(tag, kind, Sequence([item]))
    ds.SOPClassUID, ds.BurnedInAnnotation = nm().SOPClassUID, "NO"
    path = write(ds, source / "a.dcm")
    before = path.read_bytes()
    assert len(planted) > 400
    assert all(str(word).encode() in before for word in planted)
    deidentify(source, out, key)
    after = written(out)[0].read_bytes()
    assert [word for word in planted if str(word).encode() in after] == []
    assert path.read_bytes() == before


def test_what_the_table_does_not_name_is_searched_for_the_patient(places):
    source, out, key = places
    inner = Dataset()
    inner.PatientName = "DOE^JANE"
    inner.InterventionDrugName = "given to Ms Doe"
    ds = nm(
        AccessionNumber="A-90210",
        PatientBirthDate="19500203",
        ImageID="Jane stress",
        Radiopharmaceutical="MIBI for 90210",
        ManufacturerModelName="Symbia",
        InterventionDrugInformationSequence=Sequence([inner]),
    )
    ds.private_block(0x0043, "VENDOR", create=True).add_new(1, "LO", "Jane Doe")
    ds.add_new(0x60003000, "OW", b"JANE DOE")
    ds.add_new(0x50003000, "OW", b"JANE DOE")
    ds.add_new(0x00100FF1, "LO", "Jane")  # a tag that nobody knows
    write(ds, source / "a.dcm")
    done = deidentify(source, out, key)
    back = pydicom.dcmread(written(out)[0])
    raw = written(out)[0].read_bytes().lower()
    assert not [w for w in (b"jane", b"doe", b"4711", b"90210", b"19500203") if w in raw]
    assert (back.ImageID, back.ManufacturerModelName) == ("stress", "Symbia")
    assert {"private", "unknown", "curve or overlay"} <= done.attributes["removed"].keys()
    assert back.PatientIdentityRemoved == "YES"
    codes = [item.CodeValue for item in back.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113104", "113105", "113107"]


@pytest.mark.parametrize(
    ("stress", "rest"),
    [
        ({"SeriesDescription": "Stress SA Jane"}, {"SeriesDescription": "Rest SA Jane"}),
        ({"SeriesDescription": "BELASTUNG Mueller"}, {"SeriesDescription": "Ruhe Mueller"}),
        ({"SeriesDescription": "心筋負荷"}, {"SeriesDescription": "心筋安静"}),
        ({"ProtocolName": "Effort gated"}, {"ProtocolName": "Repos gated"}),
        ({"ImageID": "StressG_SA[AC]"}, {"ImageID": "RestG_SA[AC]"}),
        (
            {"AcquisitionContextSequence": patient_state("432655005")},
            {"AcquisitionContextSequence": patient_state("128975004")},
        ),
        (
            {"InterventionDrugInformationSequence": drug("432062000")},
            {"SeriesDescription": "rest"},
        ),
    ],
    ids=["English", "German", "Japanese", "French", "glued", "codes", "drug"],
)
def test_rest_and_stress_pair_as_before(places, stress, rest):
    source, out, key = places
    study = generate_uid()
    said = {"StudyInstanceUID": study, "SpecificCharacterSet": "ISO_IR 192"}
    write(nm(**said, **stress, StudyTime="101500"), source / "1.dcm")
    one_day_later = {"StudyDate": "20200103", "AcquisitionDateTime": "20200103091500.5+0100"}
    write(nm(**said, **rest, **one_day_later), source / "2.dcm")
    (before,) = open_paths([source]).cases
    deidentify(source, out, key)
    (after,) = open_paths([out]).cases
    assert (
        (after.roles, after.question) == (before.roles, before.question) == (("stress", "rest"), "")
    )
    for role, cube in before.cubes.items():
        np.testing.assert_array_equal(after.cubes[role].pixels.read(), cube.pixels.read())
        np.testing.assert_array_equal(after.cubes[role].affine, cube.affine)
    heads = [pydicom.dcmread(after.cubes[role].source.path) for role in ("stress", "rest")]
    days = [date.fromisoformat(head.StudyDate) for head in heads]
    assert (days[1] - days[0]).days == 1
    assert days[0] < date(2020, 1, 2)
    assert heads[0].StudyTime == "101500"
    assert heads[1].AcquisitionDateTime == heads[1].StudyDate + "091500.5+0100"
    assert heads[0].StudyInstanceUID == heads[1].StudyInstanceUID != study


def test_series_of_another_day_still_belong_to_the_same_patient(places):
    source, out, key = places
    study = generate_uid()
    write(nm(StudyInstanceUID=study, SeriesDescription="stress"), source / "1.dcm")
    deidentify(source, out, key)
    later = source.parent / "later"
    later.mkdir()
    write(nm(StudyInstanceUID=study, SeriesDescription="rest"), later / "2.dcm")
    write(nm(PatientID="4712", PatientName="ROE^JOHN"), later / "3.dcm")
    deidentify(later, out, key)
    assert len({path.parent for path in written(out)}) == 2
    assert sorted(case.roles for case in open_paths([out]).cases) == [
        ("heart",),
        ("stress", "rest"),
    ]
    records = [json.loads(line) for line in key.read_text().splitlines()[1:]]
    assert {r["patient"] for r in records if "patient" in r} == {"number 4711", "number 4712"}
    (new,) = (r["is"] for r in records if r.get("uid") == study)
    studies = [pydicom.dcmread(path).StudyInstanceUID for path in written(out)]
    assert studies.count(new) == 2
    another = deidentify(source, source.parent / "other", source.parent / "other.jsonl")
    assert another.patients.isdisjoint({path.parent.name for path in written(out)})


CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"SOPClassUID": CAPTURE}, "pictures of a screen"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.34"}, "reports"),
        ({"BurnedInAnnotation": "YES"}, "burnt into"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "colour"),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, "saved screen"),
        ({"SOPInstanceUID": ""}, "does not say what it is"),
    ],
)
def test_what_may_hold_writing_is_left_out_with_a_reason(places, changes, reason):
    source, out, key = places
    path = write(nm(), source / "a.dcm")
    ds = pydicom.dcmread(path)
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    ds.save_as(path)
    write(nm(), source / "good.dcm")
    (source / "notes.txt").write_text("Jane")
    done = deidentify(source, out, key)
    assert (done.written, done.no_dicom, len(done.refused)) == (1, 1, 1)
    assert reason in done.refused[str(path)]
    shutil.rmtree(out)
    with pytest.raises(CubeviewError, match=reason):
        deidentify(path, out, key)
    assert not out.exists()


def test_work_that_was_stopped_goes_on(places):
    source, out, key = places
    for number in range(4):
        write(nm(), source / f"{number}.dcm")

    def stop(fraction, text):
        if fraction >= 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        deidentify(source, out, key, report=stop)
    half = {path: path.stat().st_mtime_ns for path in written(out)}
    assert len(half) == 2
    with key.open("ab") as stream:
        stream.write(b'{"uid": "1.2')  # as a kill leaves it
    done = deidentify(source, out, key)
    assert (done.written, done.there_already) == (2, 2)
    assert {path: path.stat().st_mtime_ns for path in written(out)}.items() >= half.items()
    assert len(written(out)) == 4
    lines = key.read_text().splitlines()
    assert len([line for line in lines if line.startswith('{"patient')]) == 1


def test_a_full_disk_stops_the_work_and_leaves_nothing_half(places, monkeypatch):
    source, out, key = places
    for number in range(3):
        write(nm(), source / f"{number}.dcm")
    real, calls = os.replace, []

    def full(part, path):
        calls.append(path)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(part, path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(CubeviewError, match="No space left"):
            deidentify(source, out, key)
    assert [path.suffix for path in written(out)] == [".dcm"]
    assert deidentify(source, out, key).there_already == 1
    assert len(written(out)) == 3


def test_places_that_would_undo_it_are_refused(places, own_home):
    source, out, key = places
    write(nm(), source / "a.dcm")
    for bad, said in ((source, "apart"), (source / "x", "apart"), (source.parent, "apart")):
        with pytest.raises(CubeviewError, match=said):
            deidentify(source, bad, key)
    with pytest.raises(CubeviewError, match="must not get this file"):
        deidentify(source, out, out / "map.jsonl")
    (source.parent / "letter").write_text("Dear Jane")
    with pytest.raises(CubeviewError, match="no list of identities"):
        deidentify(source, out, source.parent / "letter")
    assert not out.exists()
    assert (source.parent / "letter").read_text() == "Dear Jane"


def test_descriptions_keep_what_they_say_of_rest_and_stress():
    nobody = frozenset()
    assert cleaned("Stress [Recon FBP - NoAC ] Dr. Smith", nobody) == "stress recon fbp no ac"
    assert cleaned("MYOCARDIAL PERFUSION (John)", nobody) == "myocardial perfusion"
    assert cleaned("Jane Doe 12345", nobody) == ""
    assert cleaned("StressMüller Rest", nobody) == "stress rest"
    assert cleaned("Rest Short axis", frozenset({"short", "rest"})) == "rest axis"


def test_dciodvfy_finds_no_error(tmp_path):
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy (dicom3tools) is not installed")
    (tmp_path / "in").mkdir()
    counts = np.random.default_rng(0).poisson(80.0, (6, 8, 9)).astype(np.float32)
    write_nm(heart(counts), tmp_path / "in" / "a.dcm", role="rest", case="a")
    deidentify(tmp_path / "in", tmp_path / "out", tmp_path / "map")
    (path,) = written(tmp_path / "out")
    found = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True)
    assert "Error" not in found.stderr + found.stdout


def test_the_command_says_what_was_removed_and_no_value(places, own_home, capsys):
    source, out, _ = places
    write(nm(), source / "a.dcm")
    assert main(["deidentify", str(source), "--out", str(out), "--json"]) == 0
    said = capsys.readouterr()
    record = json.loads(said.out)
    assert (record["written"], record["patients"]) == (1, 1)
    assert record["attributes"]["replaced"]["PatientName"] == 1
    assert "JANE" not in said.out + said.err
    assert len(list(own_home.rglob("identities.jsonl"))) == 1
