"""Whom a DICOM file is about, for the person who has it open and for nobody else.

What is returned here is shown and forgotten: it never enters a name, a note, a log or the library.
"""

from pathlib import Path

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
