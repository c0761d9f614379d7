"""What the standard says is to be done with each attribute of a patient's image: PS3.15 annex E.

The table lies in ``resources/dicom/confidentiality.tsv``, with where it is from. No library does
all that is needed: dicom-anonymizer has the table without its options and puts a false date where
one is to be removed, deid and dicognito have rules of their own, idiscore needs an old Pillow.
"""

import re
from dataclasses import dataclass
from functools import cache

from pydicom.dataset import Dataset

from cubeview.io.dicom.names import MEDICAL
from cubeview.io.dicom.state import DRUG_WORDS, PATIENT_STATE, STATE_CODES, state_of_text, words
from cubeview.paths import resource

_TABLE = ("dicom", "confidentiality.tsv")

BEYOND = {"00540400": "descriptor"}
"""Free text of nuclear medicine that the table does not name: Image ID."""

METHODS = (
    ("113100", "DCM", "Basic Application Confidentiality Profile"),
    ("113104", "DCM", "Clean Structured Content Option"),
    ("113105", "DCM", "Clean Descriptors Option"),
    ("113107", "DCM", "Retain Longitudinal Temporal Information Modified Dates Option"),
)
"""What is done, in codes of PS3.16 CID 7050."""

IMAGES = {
    "1.2.840.10008.5.1.4.1.1.2": "CT",
    "1.2.840.10008.5.1.4.1.1.2.1": "CT",
    "1.2.840.10008.5.1.4.1.1.2.2": "CT",
    "1.2.840.10008.5.1.4.1.1.4": "MR",
    "1.2.840.10008.5.1.4.1.1.4.1": "MR",
    "1.2.840.10008.5.1.4.1.1.4.4": "MR",
    "1.2.840.10008.5.1.4.1.1.20": "NM",
    "1.2.840.10008.5.1.4.1.1.128": "PT",
    "1.2.840.10008.5.1.4.1.1.128.1": "PT",
    "1.2.840.10008.5.1.4.1.1.130": "PT",
}
"""Kinds of object that hold measured values; PS3.4 B.5. Others hold pictures or written words."""

_SCREENS = re.compile(r"SCREEN|CAPTURE|SAVE|REPORT|RESULT", re.IGNORECASE)

_WORDS = {
    *("sa", "sax", "vla", "hla", "ac", "nc", "irac", "irnc", "fbp", "osem", "mlem", "mc", "prone"),
    *("supine", "tc", "tl", "mibi", "sestamibi", "tetrofosmin", "thallium", "long", "vertical"),
    *("horizontal", "ax", "h", "v", "recon", "reconstructed", "gate", "gat", "g", "day"),
    *("projections", "processed", "summed", "sum", "with", "and", "post", "early", "late"),
    *("one", "two", "raw", "simulated", "delayed", "axial", "transverse"),
    *("non", "no", "pre", "without", "not", "map"),
}  # fmt: skip
"""Words of descriptions that say how a scan was made, beside those of medicine and of states."""


@dataclass(frozen=True)
class Rule:
    """What is to be done with one attribute."""

    action: str  # as the standard writes it: "X/Z"
    option: str  # "descriptor", "date" or ""


@cache
def table() -> dict[int, Rule]:
    """Return the rule of each attribute by its tag."""
    lines = resource(*_TABLE).read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith(("#", "tag\t"))]
    rules = {int(tag, 16): Rule(action, option) for tag, action, option, _ in rows}
    return rules | {int(tag, 16): Rule("X", option) for tag, option in BEYOND.items()}


def refusal(header: Dataset) -> str:
    """Return why a file cannot be de-identified by its header alone; empty where it can.

    Nothing in a header tells for sure that a picture holds no writing, so only those of kinds that
    hold measured values are let through.
    """
    kind = str(header.get("SOPClassUID") or "")
    if not kind or not header.get("SOPInstanceUID"):
        return "it does not say what it is (SOP class and instance): what it may hold is unknown"
    if kind not in IMAGES:
        return (
            "it is no NM, PET, CT or MR image: pictures of a screen, reports and documents hold "
            "names in what they show"
        )
    if str(header.get("BurnedInAnnotation") or "").strip().upper() == "YES":
        return "it says itself that text is burnt into its picture (Burned In Annotation)"
    if header.get("SamplesPerPixel", 1) != 1 or "COLOR" in str(
        header.get("PhotometricInterpretation") or ""
    ):
        return "it is a colour picture, as saved result screens are, and may have text burnt in"
    image_type = header.get("ImageType") or ""
    said = [image_type] if isinstance(image_type, str) else list(image_type)
    if any(_SCREENS.search(str(word)) for word in said):
        return "its image type says it is a saved screen, which may have text burnt in"
    return ""


def cleaned(text: str, whose: frozenset[str]) -> str:
    """Return of a description what is nobody's name: words of medicine, and of rest and stress.

    Numbers go too. What the description says of rest and stress stays as clear as it was.

    Parameters
    ----------
    text : str
    whose : frozenset of str
        Words of the patient's names and numbers, casefolded; never kept.
    """
    kept = [word for word in words(text) if _known(word) and word not in whose]
    state = state_of_text(text)[0]
    if state_of_text(" ".join(kept))[0] != state:
        kept = [state, *(word for word in kept if not state_of_text(word)[0])]
    return " ".join(filter(None, kept))


def _known(word: str) -> bool:
    """Tell whether a word is one of a closed list."""
    stem = word in MEDICAL or word in _WORDS or any(word.startswith(d) for d in DRUG_WORDS)
    return stem or (len(word) <= _LONGEST_STATE and bool(state_of_text(word)[0]))


_LONGEST_STATE = len("belastungsszintigraphie")
"""Longest word that says rest or stress; a longer one has something glued to it."""


def is_state(item: Dataset) -> bool:
    """Tell whether an item of the acquisition context says no more than rest or stress in code."""
    name = item.get("ConceptNameCodeSequence") or [Dataset()]
    code = item.get("ConceptCodeSequence") or [Dataset()]
    said = str(name[0].get("CodeValue") or ""), str(code[0].get("CodeValue") or "")
    return said[0] == PATIENT_STATE and said[1] in STATE_CODES
