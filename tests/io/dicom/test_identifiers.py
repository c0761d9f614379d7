import pytest
from pydicom.dataset import Dataset

from cubeview.io.dicom.identifiers import whose


def header(**said):
    made = Dataset()
    for key, value in said.items():
        setattr(made, key, value)
    return made


def test_one_patient_is_known_again_however_it_is_written():
    one = whose(header(PatientID="0815-4711", PatientBirthDate="19500229", PatientSex="F"))
    same = whose(header(PatientID=" 0815 4711 ", PatientBirthDate="1950.02.29", PatientSex="f"))
    assert one == same
    assert set(one) == {"patient number", "birth date", "sex"}
    other = whose(header(PatientID="0815-4712", PatientBirthDate="19500229", PatientSex="F"))
    assert one["patient number"] != other["patient number"]
    assert not any("0815" in text for text in one.values())


def test_a_name_counts_where_there_is_no_number():
    assert set(whose(header(PatientName="MUSTER^MAX"))) == {"patient name"}
    assert set(whose(header(PatientName="MUSTER^MAX", PatientID="1"))) == {"patient number"}


@pytest.mark.parametrize("said", ["", "anonymized", "ANONYMOUS", "Anon.", "000000", "Unknown", "X"])
def test_what_is_said_of_everybody_identifies_nobody(said):
    assert whose(header(PatientID=said, PatientName=said, PatientSex="O")) == {}
    assert whose(header(PatientBirthDate="19000101")) == {}
