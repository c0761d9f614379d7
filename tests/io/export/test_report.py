"""A report in files that other systems open; judges: dciodvfy, dcmtk, nibabel, pydicom."""

import re
import shutil
import subprocess

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.uid import generate_uid

from cubeview.cubes.answer import Overlay, Prediction
from cubeview.cubes.scores import Reading, Scores
from cubeview.cubes.ventricle import Ventricle, wall_mask
from cubeview.errors import Cancelled, CubeviewError
from cubeview.io import open_paths
from cubeview.io.export.page import page, picture
from cubeview.io.export.report import write_report
from cubeview.io.export.told import SEGMENTS, Numbers, Told, Value
from tests.io.dicom.nm_files import nm, write

pytest.importorskip("highdicom", reason="there are no wheels of what it needs for this Python")

EF = ("10230-1", "LN", "Left Ventricular Ejection Fraction")
WEIGHTS = "5a" * 32
CAUTION = "The ventricle may lie elsewhere · check it."


def told(folder, *, changes=(), **parts):
    """Return a report of a pair whose map and mask mark voxels that are no symmetric ones."""
    study = generate_uid()
    # Words too long to be found by chance in made-up UIDs or packed values.
    said = {"StudyInstanceUID": study, "AccessionNumber": "A90210", "PatientBirthDate": "19500203",
            "PatientName": "MUSTERFRAU^ERIKA", "PatientID": "MRN-4711"}  # fmt: skip
    for role, step in (("stress", 4.0), ("rest", -4.0)):
        ds = nm(step, SeriesDescription=role, **said, **dict(changes))
        write(ds, folder / f"{role}.dcm")
    (case,) = open_paths([folder]).cases
    assert case.roles == ("stress", "rest")
    boxes = {role: (slice(1, 4), slice(2, 6), slice(1, 7)) for role in case.roles}
    values = {role: np.full((3, 4, 6), np.nan, np.float32) for role in case.roles}
    masks = {role: np.zeros(cube.shape, dtype=bool) for role, cube in case.cubes.items()}
    for number, role in enumerate(case.roles):
        values[role][1, 2, 3] = 4.5 + number
        masks[role][3, 4, 5] = masks[role][3, 4, 4] = True
    ventricle = Ventricle([8.0, 12.0, 12.0], np.eye(3), [6.0, 9.0, 9.0])
    answer = Prediction(
        case,
        "heart-net",
        weights=WEIGHTS,
        device="CPU",
        cautions=(CAUTION,),
        probabilities={"healthy": 0.125, "ischaemic": 0.875},
        abnormal=0.875,
        ventricles=dict.fromkeys(case.roles, ventricle),
    )
    numbers = Numbers(
        {role: tuple(float(n) for n in range(51 + k, 68 + k)) for k, role in enumerate(case.roles)},
        {"stress": (0, 1, 2, 3, 4) + (0,) * 12},
        (
            Value(
                "EF", 61.5, ("10230-1", "LN", "Left Ventricular Ejection Fraction"), "%", (55, 66)
            ),
        ),
    )
    anna = Scores({"stress": (3, 0, None, *[1] * 14), "rest": (0,) * 17})
    readings = (
        Reading("Anna", "2026-03-02T10:20:30.000000+00:00", anna),
        Reading("Ben^B", "2026-03-04T08:00:00+00:00", Scores({"stress": (2,) * 17}), "heart-net"),
    )
    overlay = Overlay(case, values, boxes, "CAM", "ischaemic", "heart-net", "logit")
    return Told(
        case,
        answer=answer,
        overlay=overlay,
        masks=masks,
        numbers=numbers,
        readings=readings,
        **parts,
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans")
    what = told(folder)
    out = folder.parent / "report"
    assert write_report(what, out) == []
    return what, out


def run(*command):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


NAMES = ["page.dcm", "report.dcm", "rest_map.dcm", "rest_wall.dcm"]


@pytest.mark.parametrize("name", NAMES)
def test_dciodvfy_and_dcmdump_find_no_error(written, name):
    _, said = run("dciodvfy", written[1] / name)
    assert "Error" not in said, said
    status, said = run("dcmdump", "+L", written[1] / name)
    assert status == 0
    assert not re.search(r"^[EW]:", said, re.MULTILINE), said


def test_a_structured_report_says_all_in_codes(written):
    _, out = written
    status, said = run("dsr2xml", out / "report.dcm")
    assert status == 0
    for text in (WEIGHTS, "heart-net", "device: CPU", CAUTION, "Research only. Not for diagnosis."):
        assert text in said, text
    assert "<value>414795007</value>" in said
    report = pydicom.dcmread(out / "report.dcm")
    assert (report.VerificationFlag, report.CompletionFlag) == ("UNVERIFIED", "COMPLETE")
    groups = {
        name: [part for part in item.ContentSequence if part.ValueType == "NUM"]
        for name, item in grouped(report)
    }
    chances = [float(p.MeasuredValueSequence[0].NumericValue) for p in groups["network"]]
    assert chances == [0.125, 0.875, 0.875]
    stress = groups["segments, stress"]
    sites = [
        part.ConceptCodeSequence[0].CodeValue
        for p in stress
        for part in p.ContentSequence
        if part.ConceptNameCodeSequence[0].CodeValue == "363698007"
    ]
    assert sites == [code for code, _, _ in SEGMENTS] * 2
    numbers = [float(p.MeasuredValueSequence[0].NumericValue) for p in stress]
    assert numbers == [*range(51, 68), 0, 1, 2, 3, 4, *[0] * 12]
    (ef,) = groups["numbers"]
    assert ef.ConceptNameCodeSequence[0].CodeValue == "10230-1"
    assert float(ef.MeasuredValueSequence[0].NumericValue) == 61.5


def grouped(report):
    """Return the groups of measurements of a structured report, each with its name."""
    for item in walk(report):
        if (
            item.get("ValueType") == "CONTAINER"
            and item.ConceptNameCodeSequence[0].CodeValue == "125007"
        ):
            yield texts(item, "112039")[0], item


def texts(item, code):
    return [
        part.TextValue
        for part in item.ContentSequence
        if part.get("TextValue") and part.ConceptNameCodeSequence[0].CodeValue == code
    ]


def test_what_readers_scored_stands_beside_what_is_suggested_with_who_when_and_how(written):
    what, out = written
    said = [
        (name, item)
        for name, item in grouped(pydicom.dcmread(out / "report.dcm"))
        if "reader" in name
    ]
    of_anna, of_ben = said[:3], said[3:]
    assert [name for name, _ in of_anna] == [
        "scores of a reader, stress",
        "scores of a reader, rest",
        "sums of a reader",
    ]
    for name, when, how, group in (
        ("Anna^", "20260302102030+0000", "Read blind", of_anna),
        ("Ben B^", "20260304080000+0000", "Suggestion seen", of_ben),
    ):
        for _, item in group:
            first = item.ContentSequence[:2]
            assert {part.RelationshipType for part in first} == {"HAS OBS CONTEXT"}
            kind, person = first
            assert kind.ConceptCodeSequence[0].CodeValue == "121006"
            assert (str(person.PersonName), item.ObservationDateTime) == (name, when)
            coded = [
                p.ConceptCodeSequence[0] for p in item.ContentSequence if p.ValueType == "CODE"
            ]
            assert how in [code.CodeMeaning for code in coded]
    values = [
        {
            part.ConceptCodeSequence[0].CodeValue: number.MeasuredValueSequence[0].NumericValue
            for number in item.ContentSequence
            if number.ValueType == "NUM"
            for part in number.get("ContentSequence", ())
        }
        for _, item in of_anna[:2]
    ]
    stress = dict(zip((code for code, _, _ in SEGMENTS), (3, 0, None, *[1] * 14), strict=True))
    assert values[0] == {code: score for code, score in stress.items() if score is not None}
    assert set(values[1].values()) == {0}
    assert "432655005" in str(of_anna[0][1])
    assert "128975004" in str(of_anna[1][1])
    sums = [
        float(part.MeasuredValueSequence[0].NumericValue)
        for part in of_anna[2][1].ContentSequence
        if part.ValueType == "NUM"
    ]
    assert sums == [17, 0, 17]
    lines = [getattr(item, "words", "") for item in page(what)]
    assert (
        "Scored [1] by Anna, 2026-03-02 10:20 UTC, read blind: SSS 17, SRS 0, SDS 17; 1 of 34 "
        "segments open" in lines
    )
    assert any(
        "[2] by Ben^B" in line and "having seen: heart-net: SSS 34" in line for line in lines
    )
    assert "51 (0)   3   2" in lines
    assert "53 (2)   ·   2" in lines, "what is open is not 0"


def walk(item):
    yield item
    for part in item.get("ContentSequence", ()):
        yield from walk(part)


@pytest.mark.parametrize("role", ["stress", "rest"])
def test_a_map_and_a_mask_lie_where_they_were(written, role):
    """The voxels marked are found again by what the files alone say of their place."""
    what, out = written
    cube = what.case.cubes[role]
    peak = (cube.affine @ (2, 4, 4, 1))[:3]
    ds = pydicom.dcmread(out / f"{role}_map.dcm")
    values = np.frombuffer(ds.FloatPixelData, "<f4").reshape(-1, ds.Rows, ds.Columns)
    assert (ds.ContentQualification, ds.PatientName, ds.PatientID) == ("RESEARCH", "", "")
    assert values.max() == np.float32(4.5 if role == "stress" else 5.5)
    np.testing.assert_allclose(place(ds, np.argwhere(values > 4)[0]), peak, atol=1e-3)
    code = ds.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0]
    assert code.QuantityDefinitionSequence[0].ConceptCodeSequence[0].CodeValue == "130402"
    for text in (WEIGHTS, CAUTION, "Research only"):
        assert text in ds.DerivationDescription
    source = what.headers[role]
    assert (ds.StudyInstanceUID, ds.FrameOfReferenceUID) == (
        source.StudyInstanceUID,
        source.FrameOfReferenceUID,
    )
    ds = pydicom.dcmread(out / f"{role}_wall.dcm")
    marked = [
        place(ds, voxel) for voxel in np.argwhere(ds.pixel_array.reshape(-1, ds.Rows, ds.Columns))
    ]
    wanted = [(cube.affine @ (3, 4, x, 1))[:3] for x in (4, 5)]
    np.testing.assert_allclose(marked, wanted, atol=1e-3)
    kind = ds.SegmentSequence[0].SegmentedPropertyTypeCodeSequence[0]
    assert (kind.CodeValue, kind.CodingSchemeDesignator) == ("49848007", "SCT")


def place(ds, voxel):
    """Return where a voxel (frame, row, column) lies, mm: PS3.3 C.7.6.2.1.1."""
    frame, row, column = voxel
    shared = ds.SharedFunctionalGroupsSequence[0]
    position = ds.PerFrameFunctionalGroupsSequence[frame].PlanePositionSequence[0]
    across, down = np.reshape(shared.PlaneOrientationSequence[0].ImageOrientationPatient, (2, 3))
    high, wide = map(float, shared.PixelMeasuresSequence[0].PixelSpacing)
    start = np.array(position.ImagePositionPatient, dtype=float)
    return start + across.astype(float) * wide * column + down.astype(float) * high * row


@pytest.mark.parametrize("role", ["stress", "rest"])
def test_nibabel_reads_the_values_at_their_place(written, role):
    what, out = written
    cube = what.case.cubes[role]
    ras = np.diag([-1.0, -1.0, 1.0, 1.0])
    wanted = {"": cube.pixels.read(), "_map": what.whole(role), "_wall": what.masks[role]}
    for name, values in wanted.items():
        image = nibabel.load(out / f"{role}{name}.nii.gz")
        np.testing.assert_array_equal(np.asarray(image.dataobj).T, values)
        z, y, x = 3, 4, 2
        np.testing.assert_allclose(
            image.affine @ (x, y, z, 1), ras @ cube.affine @ (z, y, x, 1), atol=1e-3
        )
        assert image.header.get_xyzt_units()[0] == "mm"
        np.testing.assert_allclose(image.header.get_zooms(), cube.spacing[::-1], rtol=1e-6)
    back = open_paths([out / f"{role}.nii.gz"]).cases[0].main  # and the program itself
    place, wanted = (
        (one.affine @ [*np.argwhere(one.pixels.read() == 130.0)[0], 1])[:3] for one in (back, cube)
    )
    np.testing.assert_allclose(place, wanted, atol=1e-3)


def test_nothing_names_the_patient_unless_asked(written, tmp_path):
    what, out = written
    naming = (b"MUSTERFRAU", b"ERIKA", b"MRN-4711", b"19500203", b"A90210")
    for path in out.iterdir():
        data = path.read_bytes()
        assert not [word for word in naming if word in data], path
    assert not any("MUSTERFRAU" in getattr(item, "words", "") for item in page(what))
    assert pydicom.dcmread(out / "page.dcm").BurnedInAnnotation == "NO"
    named = told(tmp_path, identified=True)
    write_report(named, tmp_path / "named")
    for name in NAMES:
        ds = pydicom.dcmread(tmp_path / "named" / name)
        assert (str(ds.PatientName), ds.PatientID, ds.AccessionNumber) == (
            "MUSTERFRAU^ERIKA",
            "MRN-4711",
            "A90210",
        )
    assert pydicom.dcmread(tmp_path / "named" / "page.dcm").BurnedInAnnotation == "YES"
    assert any("MUSTERFRAU^ERIKA" in getattr(item, "words", "") for item in page(named))


def test_the_page_is_one_and_its_text_is_text(written):
    what, out = written
    data = (out / "report.pdf").read_bytes()
    assert len(re.findall(rb"/Type /Page\b", data)) == 1
    if shutil.which("gs"):
        _, text = run("gs", "-q", "-sDEVICE=txtwrite", "-o", "-", out / "report.pdf")
        for said in ("Research only. Not for diagnosis.", WEIGHTS, "ischaemic 88%", "EF 61.5 %"):
            assert said in text, said
    shown = pydicom.dcmread(out / "page.dcm")
    np.testing.assert_array_equal(shown.pixel_array, picture(what))
    assert 0.02 < (shown.pixel_array < 128).mean() < 0.9


def test_a_report_replaces_nothing_and_is_whole_or_not_there(tmp_path):
    what, out = told(tmp_path), tmp_path / "out"

    def stop(fraction, text):
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        write_report(what, out, report=stop)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rest.dcm", "stress.dcm"]
    out.mkdir()
    (out / "mine").write_text("mine")
    with pytest.raises(CubeviewError, match="there already"):
        write_report(what, out)
    assert [path.name for path in out.iterdir()] == ["mine"]
    with pytest.raises(CubeviewError, match=r"mine: is a file, not a folder") as refused:
        write_report(what, out / "mine" / "case")
    assert "part" not in str(refused.value)


def test_scans_without_a_place_or_a_study_leave_out_what_needs_it(tmp_path):
    ds = nm()
    del ds.DetectorInformationSequence[0].ImagePositionPatient
    del ds.DetectorInformationSequence[0].ImageOrientationPatient
    what = told(
        tmp_path, changes={"DetectorInformationSequence": ds.DetectorInformationSequence}.items()
    )
    (said, _) = write_report(what, tmp_path / "out")
    assert "no place in the patient" in said
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"report.dcm", "page.dcm", "report.pdf", "rest.nii.gz"} <= names
    assert not any(name.endswith(("map.dcm", "wall.dcm")) for name in names)


def test_without_highdicom_a_report_is_a_page_and_nifti(tmp_path, monkeypatch):
    monkeypatch.setattr("cubeview.io.export.report.find_spec", lambda name: None)
    (tmp_path / "scans").mkdir()
    said = write_report(told(tmp_path / "scans"), tmp_path / "report")
    assert len(said) == 1
    assert "no highdicom" in said[0]
    endings = {path.suffix for path in (tmp_path / "report").iterdir()}
    assert endings == {".pdf", ".gz"}


def test_the_wall_is_what_is_bright_near_the_ventricle():
    values = np.zeros((20, 20, 20), np.float32)
    z, y, x = np.indices(values.shape)
    far = np.sqrt((z - 9) ** 2 + (y - 9) ** 2 + (x - 9) ** 2)
    shell = (far > 3.5) & (far < 6.5)
    values[shell] = 100.0
    values[18, 18, 18] = 900.0  # the gut
    found = wall_mask(Ventricle([36.0] * 3, np.eye(3), [26.0] * 3), values, (4.0, 4.0, 4.0))
    np.testing.assert_array_equal(found, shell)
