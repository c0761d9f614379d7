"""Whom a DICOM file is about: for the person who has it open, and to compare; for nobody else.

What `identifiers` returns is shown and forgotten: it never enters a name, a note, a log or the
library. Anonymisers leave words, zeros or one number for everybody where identifiers stood: such
placeholders neither tie two scans together nor tell them apart.
"""

import hashlib
import re
import unicodedata
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

_UID = re.compile(r"\d+(\.\d+)+")
_OF_DICOM = "1.2.840.10008."
_PLACEHOLDERS = {
    *("anon", "anonym", "anonymous", "anonymized", "anonymised", "anonymizedid", "anonymisedid"),
    *("deidentified", "deid", "pseudonym", "pseudonymized", "pseudonymised", "removed", "deleted"),
    *("redacted", "masked", "hidden", "unknown", "unnamed", "undefined", "unspecified", "dummy"),
    *("none", "null", "nil", "nan", "na", "nn", "empty", "blank", "default", "notavailable"),
    *("patient", "patientid", "patientname", "name", "id", "noid", "noname", "test", "anonymous1"),
}
_NO_BIRTHDAYS = {"11111111", "99991231", "99999999"}
_FIRST_BIRTH_YEAR = 1901


def uid(header: Dataset, keyword: str) -> str:
    """Return a UID that tells one thing from another; empty where it is none or a placeholder."""
    text = str(header.get(keyword) or "").strip()
    if not _UID.fullmatch(text) or text.startswith(_OF_DICOM):
        return ""
    return text if len(set(text)) > 2 else ""


def patient_number(header: Dataset) -> str:
    """Return the patient's number without its spelling; empty for none and for a placeholder."""
    return _plain(header.get("PatientID"))


def accession(header: Dataset) -> str:
    """Return the number of the order a study was made for, in the same way."""
    return _plain(header.get("AccessionNumber"))


def has_placeholders(header: Dataset) -> bool:
    """Tell whether identifiers of patient or study are there and identify nothing."""
    said = [str(header.get(keyword) or "").strip() for keyword in ("PatientID", "StudyInstanceUID")]
    found = patient_number(header), uid(header, "StudyInstanceUID")
    return any(text and not kept for text, kept in zip(said, found, strict=True))


def series_of(header: Dataset, path: Path) -> tuple[object, ...]:
    """Return what the files of one series share: its number, the patient, the day of the study.

    Where an anonymiser left one word or number for all, what else describes a series, and its
    folder.
    """
    known = uid(header, "SeriesInstanceUID")
    keys = ("Modality", "SeriesNumber", "StudyDate", *([] if known else ["SeriesDescription"]))
    return (
        *(known or str(path.parent), accession(header)),
        *(str(header.get(key) or "") for key in keys),
        tuple(sorted(whose(header).items())),
    )


def whose(header: Dataset) -> dict[str, str]:
    """Return what tells this patient from another, a digest of each, to be compared only.

    The name counts where there is no number: one person's is spelt in many ways. Words, zeros and
    days that anonymisers leave for everybody tell nobody from anybody.
    """
    number, sex = patient_number(header), str(header.get("PatientSex") or "").strip().upper()
    found = {
        "patient number": number,
        "birth date": _birthday(header),
        "sex": sex if sex in ("M", "F") else "",
        "patient name": "" if number else _name(header),
    }
    return {
        name: hashlib.sha256(f"{name} {text}".encode()).hexdigest()
        for name, text in found.items()
        if text
    }


def study_of(header: Dataset) -> str:
    """Return what tells this study from another, a digest to be compared only; empty for none."""
    known = uid(header, "StudyInstanceUID")
    return hashlib.sha256(f"study {known}".encode()).hexdigest() if known else ""


def _plain(value: object) -> str:
    """Return the letters and digits of an identifier; none of one that identifies nobody."""
    text = unicodedata.normalize("NFKC", str(value or "")).casefold()
    kept = "".join(c for c in text if c.isalnum())
    alike = len(kept) > 3 and len(set(kept)) == 1
    return "" if kept in _PLACEHOLDERS or alike or not kept.strip("0x") else kept


def _name(header: Dataset) -> str:
    """Return family and given name in the order of the alphabet."""
    parts = str(header.get("PatientName") or "").split("=")[0].split("^")[:2]
    return " ".join(sorted(filter(None, map(_plain, parts))))


def _birthday(header: Dataset) -> str:
    text = _plain(header.get("PatientBirthDate"))
    day = len(text) == 8 and text.isdecimal() and text not in _NO_BIRTHDAYS
    return text if day and int(text[:4]) >= _FIRST_BIRTH_YEAR else ""


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
