"""Whose scan a file is: what of its identifiers identifies, and hashes of it to compare.

Anonymisers leave words, zeros or one number for everybody where identifiers stood. Such
placeholders identify nothing: neither that two scans belong together, nor that they do not.
"""

import hashlib
import re
import unicodedata
from datetime import date

from pydicom.dataset import Dataset

from cubeview.io.dicom.state import words

_UID = re.compile(r"\d+(\.\d+)+")
_OF_DICOM = "1.2.840.10008."
_PLACEHOLDERS = {
    *("anon", "anonym", "anonymous", "anonymized", "anonymised", "anonymizedid", "anonymisedid"),
    *("deidentified", "deid", "pseudonym", "pseudonymized", "pseudonymised", "removed", "deleted"),
    *("redacted", "masked", "hidden", "unknown", "unnamed", "undefined", "unspecified", "dummy"),
    *("none", "null", "nil", "nan", "na", "nn", "empty", "blank", "default", "notavailable"),
    *("patient", "patientid", "patientname", "name", "id", "noid", "noname", "test", "anonymous1"),
}
_MEDICAL = {
    *("spect", "pet", "ct", "mr", "mri", "nm", "tomo", "mpi", "mps", "mibi", "fdg", "wb"),
    *("myocardial", "myocardium", "perfusion", "cardiac", "heart", "herz", "myokard", "coeur"),
    *("corazon", "cuore", "gated", "viability", "ventricle"),
    *("bone", "brain", "head", "neck", "thorax", "chest", "abdomen", "pelvis", "spine", "liver"),
    *("lung", "lungs", "kidney", "kidneys", "renal", "thyroid", "knee", "hip", "shoulder", "skull"),
    *("whole", "body", "scan", "study", "dynamic", "static", "contrast", "native", "angiography"),
    *("attenuation", "corrected", "uncorrected", "short", "axis", "transaxial", "coronal"),
    *("sagittal", "flair", "dwi", "phantom", "ventilation", "gastric", "tumour", "tumor"),
    *("lymph", "parathyroid", "sentinel", "node", "dopamine", "datscan", "amyloid", "low", "dose"),
}
"""Words of descriptions that are nobody's name."""

_MOST_WORDS = 5
_NO_BIRTHDAY_BEFORE = 1901


def identifying(text: str) -> str:
    """Return a number or name without the spelling of it; empty for a placeholder."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(c for c in plain if c.isalnum())
    return "" if kept in _PLACEHOLDERS or len(set(kept)) < 2 else kept


def uid(header: Dataset, keyword: str) -> str:
    """Return a UID that tells one thing from another; empty where it is none or a placeholder."""
    text = str(header.get(keyword) or "").strip()
    if not _UID.fullmatch(text) or text.startswith(_OF_DICOM):
        return ""
    return text if len(set(text)) > 2 else ""


def patient_number(header: Dataset) -> str:
    """Return the patient's number; empty where it is none or a placeholder."""
    return identifying(str(header.get("PatientID") or ""))


def has_placeholders(header: Dataset) -> bool:
    """Tell whether identifiers of patient or study are there and identify nothing."""
    said = [str(header.get(keyword) or "").strip() for keyword in ("PatientID", "StudyInstanceUID")]
    found = patient_number(header), uid(header, "StudyInstanceUID")
    return any(text and not kept for text, kept in zip(said, found, strict=True))


def whose(header: Dataset) -> dict[str, frozenset[str]]:
    """Return hashes of what identifies a patient and a study, by what the user calls it.

    Two scans disagree in one where neither's hashes are among the other's. The name counts only
    where there is no number, since it is spelt in many ways.
    """
    number = patient_number(header)
    name = str(header.get("PatientName") or "")
    parts = [identifying(part) for part in re.split(r"[\^=\s,.]+", name)] if not number else []
    born = str(header.get("PatientBirthDate") or "").strip()
    sex = str(header.get("PatientSex") or "").strip().upper()
    found = {
        "patient number": [number],
        "patient name": parts,
        "birth date": [born] if _is_birthday(born) else [],
        "sex": [sex] if sex in ("M", "F") else [],
        "accession number": [identifying(str(header.get("AccessionNumber") or ""))],
    }
    return {
        what: frozenset(_hash(f"{what} {value}")[:16] for value in values if value)
        for what, values in found.items()
        if any(values)
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def own_words(header: Dataset) -> tuple[str, ...]:
    """Return what a study calls itself, else its series: the words of medicine among them.

    Others may be somebody's name, whatever the header calls the patient.
    """
    patient = words(str(header.get("PatientName") or ""))
    for keyword in ("StudyDescription", "SeriesDescription"):
        said = re.findall(r"[^\W\d_]+", str(header.get(keyword) or ""))
        known = {word.casefold(): word for word in said if word.casefold() in _MEDICAL}
        found = [word for low, word in known.items() if low not in patient]
        if found:
            return tuple(found[:_MOST_WORDS])
    return ()


def named(said: tuple[str, ...], kind: str, seed: str) -> str:
    """Return what a scan is called.

    Parameters
    ----------
    said : tuple of str
        The study's own words.
    kind : str
        What it is called where there are none: "CT".
    seed : str
        What tells it from others; only a hash of it is shown.
    """
    return f"{' '.join(said) or kind} {_hash(seed)[:8].upper()}"


def _is_birthday(text: str) -> bool:
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return False
    return len(text) == 8 and day.year >= _NO_BIRTHDAY_BEFORE
