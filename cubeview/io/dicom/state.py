"""Rest or stress: what the header of a series says, in codes first, then drugs, then words.

Codes: DICOM PS3.16 CID 3101 and 3102 (patient state), CID 3204 (cardiac drugs). No single field
is reliable, so each finding is kept as a sentence the user can check.
"""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydicom.dataset import Dataset

State = Literal["rest", "stress", ""]

PATIENT_STATE = "109054"
"""Concept "Patient State" of coding scheme DCM, in the acquisition context."""

STATE_CODES: dict[str, State] = {
    "432655005": "stress",  # SCT cardiac stress state
    "F-05019": "stress",  # the same in SRT
    "109091": "stress",  # DCM, retired
    "128975004": "rest",  # SCT resting state
    "F-01604": "rest",
    "109092": "rest",  # reinjection: taken at rest, after stress
    "109093": "rest",  # redistribution
    "109094": "rest",  # delayed redistribution
}

DRUG_CODES = {
    "108502004": "adenosine",
    "C-80349": "adenosine",
    "66859009": "dipyridamole",
    "C-81590": "dipyridamole",
    "26523005": "dobutamine",
    "C-68030": "dobutamine",
    "432062000": "an adenosine A2 receptor agonist",
    "C-80012": "an adenosine A2 receptor agonist",
}
DRUG_WORDS = ("adenosin", "dipyridamol", "dobutamin", "regadenoson", "lexiscan", "persantin")

# Words of series descriptions, casefolded and without accents. A tail such as the G of "StressG"
# is allowed, any other letter is not: RESTRICTED, FORREST and arrest are no rest.
_TAIL = r"(?:g|gat|gated|ing|ed|sa|ac|nc|irnc|irac|fbp|osem|tomo|spect|mibi)?"
_WORDS: tuple[tuple[State, str], ...] = (
    ("stress", r"stress|exercise|exercice|ergometri[ec]|treadmill|effort|belastungs?\w*|belast"),
    ("stress", r"esfuerzo|estres|sforzo|esforco|estresse|inspanning|wysilek|zatez|нагрузк\w*"),
    ("stress", r"pharma?|pharmaco\w*|adenos\w*|dipyridamol\w*|dobutamin\w*|regadenoson|lexiscan"),
    ("rest", r"rest|repos|ruhe(?:aufnahme|szinti\w*)?|reposo|riposo|repouso|spoczynek|klid"),
    ("rest", r"redist\w*|reinj\w*|rust|поко[йея]"),
)
_SHORT_WORDS: tuple[tuple[State, str], ...] = (("stress", r"str|ex|exer|reg"), ("rest", r"rst"))
_CJK: tuple[tuple[State, str], ...] = (
    ("stress", "負荷"),
    ("stress", "负荷"),
    ("stress", "ストレス"),
    ("stress", "フカ"),
    ("stress", "부하"),
    ("rest", "安静"),
    ("rest", "静息"),
    ("rest", "静止"),
    ("rest", "アンセイ"),
    ("rest", "レスト"),
    ("rest", "휴식"),
)
_NOT_THAT = {"non", "no", "pre", "without", "not"}

SERIES_FIELDS = {
    "SeriesDescription": "series description",
    "ImageID": "image label",
    "ProtocolName": "protocol name",
}
"""Text fields that speak of one series, and how they are called in the evidence."""


@dataclass(frozen=True)
class Finding:
    """What the header says about the state of the patient."""

    state: State  # empty when nothing or contradictory things were found
    evidence: tuple[str, ...] = ()  # a sentence each, without anything that names the patient
    weak: bool = False  # only words that may mean something else, or file names, say so
    contradictory: bool = False  # findings of the header disagree
    whole_study: bool = False  # only the study description says so, the same for rest and stress


def words(text: str) -> list[str]:
    """Return the words of a label: split at signs, digits and inner capitals, without accents."""
    text = unicodedata.normalize("NFKC", text)  # half-width and full-width letters are letters
    split = re.sub(r"(?<=[a-z\u00e0-\u024f])(?=[A-Z])", " ", text)
    plain = unicodedata.normalize("NFKD", split.replace("ł", "l").replace("Ł", "L"))
    # Only Latin accents go; й of Russian words is a letter of its own.
    plain = "".join(c for c in plain if unicodedata.category(c) != "Mn" or c == "\u0306")
    return re.findall(r"[^\W\d_]+", unicodedata.normalize("NFC", plain).casefold())


def state_of_text(text: str, *, short: bool = True) -> tuple[State, str, bool]:
    """Return the state a label names, the word that says so, and whether that word is weak.

    A label that names both states (a study called "rest/stress") names none.
    """
    for table, weak in ((_WORDS, False), (_SHORT_WORDS, True)):
        if weak and not short:
            break
        found: dict[State, str] = {}
        previous = ""
        for word in words(text):
            for state, pattern in table:
                if re.fullmatch(f"(?:{pattern}){_TAIL}", word) and previous not in _NOT_THAT:
                    found.setdefault(state, word)
            previous = word
        if not weak:
            for state, sign in _CJK:
                if sign in unicodedata.normalize("NFKC", text):
                    found.setdefault(state, sign)
        if len(found) == 1:
            state, word = next(iter(found.items()))
            return state, word, weak
        if found:
            return "", "", False
    return "", "", False


def state_of_header(header: Dataset) -> Finding:
    """Recognise the state of a series from its header.

    Codes are asked first, then drugs, then words about the series, then the study description.
    All but the last must agree.
    """
    found = [*_from_codes(header), *_from_drugs(header)]
    weak: list[tuple[State, str]] = []
    for keyword, name in SERIES_FIELDS.items():
        state, word, is_weak = state_of_text(str(header.get(keyword) or ""))
        if state:
            (weak if is_weak else found).append((state, f'the {name} says "{word}"'))
    for code in _items(header, "ViewCodeSequence"):
        state, word, _ = state_of_text(str(code.get("CodeMeaning") or ""), short=False)
        if state:
            found.append((state, f'the view code says "{word}"'))
    if found:
        return _judged(found, weak=False)
    if weak:
        return _judged(weak, weak=True)
    state, word, _ = state_of_text(str(header.get("StudyDescription") or ""), short=False)
    if state:
        text = f'{state}: the study description says "{word}"'
        return Finding(state, (text,), weak=True, whole_study=True)
    return Finding("")


def state_of_path(path: Path) -> Finding:
    """Recognise the state from the file's name, else from its folder's; always weak."""
    for text, name in ((path.stem, "file name"), (path.parent.name, "folder name")):
        state, word, _ = state_of_text(text)
        if state:
            return Finding(state, (f'{state}: the {name} says "{word}"',), weak=True)
    return Finding("")


def _judged(found: list[tuple[State, str]], *, weak: bool) -> Finding:
    states = {state for state, _ in found}
    evidence = tuple(f"{state}: {text}" for state, text in found)
    if len(states) > 1:
        return Finding("", evidence, contradictory=True)
    return Finding(found[0][0], evidence, weak=weak)


def _items(header: Dataset, keyword: str) -> list[Dataset]:
    return list(header.get(keyword) or [])


def _from_codes(header: Dataset) -> list[tuple[State, str]]:
    found: list[tuple[State, str]] = []
    for item in _items(header, "AcquisitionContextSequence"):
        names = _items(item, "ConceptNameCodeSequence")
        if not names or str(names[0].get("CodeValue")) != PATIENT_STATE:
            continue
        for code in _items(item, "ConceptCodeSequence"):
            state = STATE_CODES.get(str(code.get("CodeValue")), "")
            if state:
                found.append((state, "the acquisition context codes the patient state"))
    return found


def _from_drugs(header: Dataset) -> list[tuple[State, str]]:
    found: list[tuple[State, str]] = []
    for item in _items(header, "InterventionDrugInformationSequence"):
        texts = [str(item.get("InterventionDrugName") or "")]
        for code in _items(item, "InterventionDrugCodeSequence"):
            drug = DRUG_CODES.get(str(code.get("CodeValue")))
            if drug:
                found.append(("stress", f"the intervention drug is {drug}"))
            texts.append(str(code.get("CodeMeaning") or ""))
        word = next((w for w in DRUG_WORDS if any(w in text.casefold() for text in texts)), None)
        if word and not found:
            found.append(("stress", f'the intervention drug is named "{word}…"'))
    return found
