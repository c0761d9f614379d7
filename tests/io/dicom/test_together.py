"""Loose files are dealt out by person, without reading their pixels."""

from cubeview.io.dicom.together import loose_groups
from tests.io.dicom.nm_files import nm, write


def files(folder, *cases):
    return [write(nm(**tags), folder / f"{number:03d}.dcm") for number, tags in enumerate(cases)]


def names(groups):
    return [[path.name for path in group] for group in groups]


def test_scans_of_one_study_or_one_patient_are_one_group(tmp_path):
    paths = files(
        tmp_path,
        {"PatientID": "A", "StudyInstanceUID": "1.1"},
        {"PatientID": "B", "StudyInstanceUID": "1.2"},
        {"PatientID": "A", "StudyInstanceUID": "1.3"},
        {"PatientID": "", "StudyInstanceUID": "1.2"},
        {"PatientID": "C", "StudyInstanceUID": "1.3"},
        {"PatientID": "", "StudyInstanceUID": "1.9"},
    )
    (tmp_path / "notes.txt").write_text("x")
    paths.append(tmp_path / "notes.txt")
    assert names(loose_groups(paths)) == [
        ["000.dcm", "002.dcm", "004.dcm"],
        ["001.dcm", "003.dcm"],
        ["005.dcm", "notes.txt"],
    ]


def test_among_many_a_study_is_enough_where_no_patient_is_named(tmp_path):
    paths = files(
        tmp_path, *({"PatientID": "", "StudyInstanceUID": f"1.{n // 2}"} for n in range(66))
    )
    assert names(loose_groups(paths[:4])) == [["000.dcm", "001.dcm", "002.dcm", "003.dcm"]]
    assert [len(group) for group in loose_groups(paths)] == [2] * 33
