"""Whom a DICOM file is about, for the person who has it open and for nobody else.

What is returned here is shown and forgotten: it never enters a name, a note, a log or the library.
"""

import hashlib
from pathlib import Path

from pydicom.dataset import Dataset

from cubeview.io.dicom.file import bad_file, read_dataset
from cubeview.io.dicom.sniff import sniffed

_SHOWN = {
    "Name": "PatientName",
    "Number": "PatientID",
    "Born": "PatientBirthDate",
    "Sex": "PatientSex",
    "Study": "StudyDate",
    "Accession": "AccessionNumber",
}

_TELLING = {
    "patient number": "PatientID",
    "birth date": "PatientBirthDate",
    "sex": "PatientSex",
}
_OF_EVERYBODY = {"anonymous", "anonymized", "anonymised", "anon", "unknown", "none", "patient"} | {
    *("removed", "deidentified", "pseudonym", "noname", "nn", "na", "null", "test", "xxx", "x"),
    *("o", "u", "19000101", "18000101", "00010101", "11111111", "99991231"),
}
"""What stands where somebody took an identifier away; it tells nobody from anybody."""


def whose(header: Dataset) -> dict[str, str]:
    """Return what tells this patient from another, a digest of each, to be compared only.

    The name counts where there is no number: one person's is spelt in many ways.
    """
    found = {name: _plain(header.get(key)) for name, key in _TELLING.items()}
    if not found["patient number"]:
        found["patient name"] = _plain(header.get("PatientName"))
    return {
        name: hashlib.sha256(f"{name} {text}".encode()).hexdigest()
        for name, text in found.items()
        if text
    }


def _plain(value: object) -> str:
    """Return the letters and digits of an identifier; none of one that identifies nobody."""
    text = "".join(c for c in str(value or "").casefold() if c.isalnum())
    return "" if text in _OF_EVERYBODY or not text.strip("0") else text


def identifiers(path: Path) -> dict[str, str]:
    """Return what a file says of its patient and study, in words; empty where it is no DICOM.

    Raises CubeviewError if the file cannot be read.
    """
    with bad_file(path):
        if not sniffed(path):
            return {}
    header = read_dataset(path, pixels=False)
    with bad_file(path):
        found = {name: str(header.get(key) or "").strip() for name, key in _SHOWN.items()}
    for name in ("Born", "Study"):
        day = found[name]
        if len(day) == 8 and day.isdigit():
            found[name] = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    found["Name"] = found["Name"].rstrip("^").replace("^", " ")
    return {name: text for name, text in found.items() if text}
