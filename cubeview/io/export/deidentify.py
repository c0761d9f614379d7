"""Images without their patient: PS3.15 annex E, Basic Profile with descriptors cleaned.

What pairs rest with stress stays: UIDs are replaced by others that agree with each other, a patient
number by a pseudonym, dates of a patient move by the same number of days, and the words and codes
that say rest or stress are kept. Pixels are not touched.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.uid import UID

from cubeview import __version__
from cubeview.errors import CubeviewError, Report, nothing, refusing
from cubeview.io.dicom.file import bad_file, read_dataset
from cubeview.io.dicom.identifiers import patient_number
from cubeview.io.dicom.sniff import sniffed
from cubeview.io.dicom.state import words
from cubeview.io.export.fits import whole_file
from cubeview.io.export.profile import METHODS, Rule, cleaned, is_state, refusal, table
from cubeview.io.export.pseudonyms import Pseudonyms
from cubeview.paths import keep_whole

_TEXTS = {"AE", "LO", "LT", "SH", "ST", "UC", "UR", "UT"}
_DUMMY = "REMOVED"
_STANDARD = "1.2.840.10008."
_OF_STANDARD_CODES = ("DCM", "SCT", "SRT", "SNM3", "99SDM", "LN", "UCUM", "FMA", "RADLEX")
_SHORTEST_NAME, _SHORTEST_NUMBER = 3, 4
_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})(.*)", re.DOTALL)

_RULES = {"PatientName": Rule("pseudonym", ""), "PatientID": Rule("pseudonym", "")}


@dataclass
class Removed:
    """What was done: for a report, without any value.

    `attributes` counts, by what was done and by keyword, the files in which it was done.
    """

    written: int = 0
    there_already: int = 0
    no_dicom: int = 0
    patients: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)  # reason by path
    attributes: dict[str, Counter[str]] = field(default_factory=dict)

    def record(self) -> dict[str, object]:
        """Return it as plain values."""
        return {
            "written": self.written,
            "there_already": self.there_already,
            "no_dicom": self.no_dicom,
            "patients": len(self.patients),
            "refused": self.refused,
            "attributes": {what: dict(sorted(n.items())) for what, n in self.attributes.items()},
        }


def deidentify(
    source: Path, out: Path, map_file: Path | None, *, report: Report = nothing
) -> Removed:
    """Write the images below a folder once more, without their patient.

    A file is called by its new UID, in a folder called by the patient's pseudonym; one that is
    there already is not written again, so that work that was stopped goes on from there.

    Parameters
    ----------
    source : Path
        A file, or a folder with all folders below it; nothing in it is changed.
    out : Path
        Folder; made if absent.
    map_file : Path or None
        Where true identities and those that stand for them are kept; see `Pseudonyms`.
    report : callable
        Called per file; may raise Cancelled.

    Raises
    ------
    CubeviewError
        If a place is unfit, a file cannot be written (what was written stays and counts when the
        work is taken up again), or there was nothing to write.
    """
    if not source.exists():
        raise CubeviewError(f"{source}: there is no such file or folder.")
    _check_apart(source, out, map_file)
    others = Pseudonyms(map_file)
    _check_apart(source, out, others.path)
    done = Removed()
    files = sorted(p for p in source.rglob("*") if p.is_file()) if source.is_dir() else [source]
    for number, path in enumerate(files):
        report(number / len(files), f"file {number + 1} of {len(files)}")
        keep_whole(path)
        try:
            found = _one(path, others)
        except CubeviewError as error:
            done.refused[str(path)] = str(error).removeprefix(f"{path}: ")
            continue
        if found is None:
            done.no_dicom += 1
            continue
        # What is wrong from here on is wrong with the disk, and would be with every file.
        target = out / found.pseudonym / f"{found.name}.dcm"
        if target.exists():
            done.there_already += 1
        else:
            others.keep()
            with refusing(target, "cannot be written", "Check the folder and the space there."):
                target.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(target) as stream:
                stream.write(found.data)
            done.written += 1
        done.patients.add(found.pseudonym)
        for what, keywords in found.counts.items():
            done.attributes.setdefault(what, Counter()).update(keywords)
    if not done.written + done.there_already:
        why = next(iter(done.refused.values()), "there is no DICOM file in it.")
        raise CubeviewError(f"{source}: nothing could be de-identified: {why}")
    report(1.0, "done")
    return done


def _check_apart(source: Path, out: Path, map_file: Path | None) -> None:
    """Refuse places that lie within each other."""
    here, there = source.resolve(), out.resolve()
    if here == there or here in there.parents or there in here.parents:
        raise CubeviewError(f"{out}: write to a folder that lies apart from {source}.")
    if map_file is not None and there in map_file.resolve().parents:
        raise CubeviewError(
            f"{map_file}: whoever gets the images must not get this file, which undoes everything: "
            f"keep it outside of {out}."
        )


class _Cleaned(NamedTuple):
    """One file without its patient."""

    pseudonym: str
    name: str  # its new UID
    data: bytes
    counts: dict[str, set[str]]  # keywords by what was done to them


def _one(path: Path, others: Pseudonyms) -> _Cleaned | None:
    """Return a file without its patient, None for no DICOM; CubeviewError where that cannot be."""
    with bad_file(path):
        if not sniffed(path):
            return None
    ds = read_dataset(path, pixels=True)
    with bad_file(path):
        if "DirectoryRecordSequence" in ds:
            raise CubeviewError(f"{path}: a list of files (DICOMDIR), which names the patients.")
        why = refusal(ds)
        if why:
            raise CubeviewError(f"{path}: {why}. Left out.")
        work = _Work(ds, others)
        counts = work.clean()
        implicit, little = ds.original_encoding
        stream = BytesIO()
        ds.save_as(stream, implicit_vr=implicit, little_endian=little, enforce_file_format=True)
    return _Cleaned(work.pseudonym, str(ds.SOPInstanceUID), stream.getvalue(), counts)


class _Work:
    """One data set on its way; changes it in place."""

    def __init__(self, ds: FileDataset, others: Pseudonyms) -> None:
        self._ds, self._others = ds, others
        whose = _whose(ds)
        self.pseudonym, self._days = others.patient(whose), others.days(whose)
        self._names = frozenset(_names(ds))
        self._counts: dict[str, set[str]] = {}

    def clean(self) -> dict[str, set[str]]:
        """Return the keywords by what was done to them."""
        self._clean(self._ds)
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = self._ds.file_meta.TransferSyntaxUID
        meta.MediaStorageSOPClassUID = UID(self._ds.SOPClassUID)
        meta.MediaStorageSOPInstanceUID = UID(self._ds.SOPInstanceUID)
        self._ds.file_meta, self._ds.preamble = meta, bytes(128)
        self._say_so()
        return self._counts

    def _say_so(self) -> None:
        ds = self._ds
        ds.PatientName = ds.PatientID = self.pseudonym
        ds.PatientIdentityRemoved = "YES"
        ds.DeidentificationMethod = f"CubeView {__version__}: PS3.15 basic, cleaned"
        ds.DeidentificationMethodCodeSequence = Sequence()
        for value, scheme, meaning in METHODS:
            item = Dataset()
            item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
            ds.DeidentificationMethodCodeSequence.append(item)
        ds.LongitudinalTemporalInformationModified = "MODIFIED"

    def _clean(self, ds: Dataset) -> None:
        rules = table()
        for tag in list(ds.keys()):
            if tag.is_private:
                self._remove(ds, tag, "private")
            elif tag.group & 0xFF00 in (0x5000, 0x6000):
                self._remove(ds, tag, "curve or overlay")
            elif not dictionary_has_tag(tag):
                self._remove(ds, tag, "unknown")
            else:
                element = ds[tag]
                rule = _RULES.get(element.keyword) or rules.get(int(tag))
                if element.VR == "UN" and dictionary_VR(tag) != "UN":
                    self._remove(ds, tag, element.keyword)
                elif rule is None:
                    self._unlisted(ds, element)
                else:
                    self._listed(ds, element, rule)

    def _listed(self, ds: Dataset, element: DataElement, rule: Rule) -> None:
        """Do to an attribute of the table what it says."""
        last = rule.action.rpartition("/")[2]
        if rule.action == "pseudonym":
            element.value = self.pseudonym
            self._count("replaced", element)
        elif rule.option == "date" and element.VR in ("DA", "DT", "TM"):
            self._move(ds, element, last)
        elif element.keyword == "AcquisitionContextSequence":
            kept = [item for item in element.value if is_state(item)]
            if len(kept) < len(element.value):
                self._count("cleaned", element)
            element.value = Sequence(kept)
            for item in kept:
                self._clean(item)
        elif rule.option == "descriptor" and element.VR in _TEXTS and element.value:
            text = cleaned(_text(element.value), self._names)
            if not text:
                self._act(ds, element, last)
            elif text != _text(element.value):
                element.value = text
                self._count("cleaned", element)
        elif last in ("U", "U*") and element.VR == "SQ":
            for item in element.value:
                self._clean(item)
        elif last == "U":
            self._replace_uids(element)
        else:
            self._act(ds, element, last)

    def _act(self, ds: Dataset, element: DataElement, action: str) -> None:
        """Remove, empty or put a dummy; an element that is empty tells nothing."""
        if action == "X" or (action == "D" and element.VR == "SQ"):
            self._remove(ds, element.tag, element.keyword)
        elif element.is_empty:
            return
        elif action == "D" and element.VR in (*_TEXTS, "CS", "PN"):
            element.value = _DUMMY
            self._count("replaced", element)
        else:
            element.value = Sequence() if element.VR == "SQ" else None
            self._count("emptied", element)

    def _unlisted(self, ds: Dataset, element: DataElement) -> None:
        """See to what the table does not name: names go, and texts that hold one."""
        if element.VR == "SQ":
            for item in element.value:
                self._clean(item)
        elif element.VR == "PN":
            self._remove(ds, element.tag, element.keyword)
        elif element.VR == "UI":
            self._replace_uids(element)
        elif element.VR in ("DA", "DT"):
            self._move(ds, element, "X")
        elif element.VR in _TEXTS and not _is_standard_code(ds, element):
            said = words(_text(element.value)) + re.findall(r"\d+", _text(element.value))
            if self._names.intersection(said):
                element.value = _DUMMY
                self._count("replaced", element)

    def _replace_uids(self, element: DataElement) -> None:
        if element.is_empty:
            return
        several = isinstance(element.value, MultiValue)
        old = [str(u) for u in (element.value if several else [element.value])]
        new = [u if u.startswith(_STANDARD) else self._others.uid(u) for u in old]
        if new != old:
            element.value = new if several else new[0]
            self._count("replaced", element)

    def _move(self, ds: Dataset, element: DataElement, action: str) -> None:
        """Move dates by the days of the patient; times of the day stay."""
        if element.VR == "TM" or element.is_empty:
            return
        several = isinstance(element.value, MultiValue)
        old = [str(d) for d in (element.value if several else [element.value])]
        try:
            new = [_earlier(text, self._days) for text in old]
        except (ValueError, OverflowError):
            self._act(ds, element, "Z" if action == "D" else action)
            return
        element.value = new if several else new[0]
        self._count("moved", element)

    def _remove(self, ds: Dataset, tag: int, keyword: str) -> None:
        del ds[tag]
        self._counts.setdefault("removed", set()).add(keyword)

    def _count(self, what: str, element: DataElement) -> None:
        self._counts.setdefault(what, set()).add(element.keyword)


def _whose(ds: Dataset) -> str:
    """Return what tells a patient from another: number, else name and birth date, else study."""
    number = patient_number(ds)
    if number:
        return f"number {number}"
    name, born = str(ds.get("PatientName") or ""), str(ds.get("PatientBirthDate") or "")
    if name and born:
        return f"name {name.casefold()} born {born}"
    return f"study {ds.get('StudyInstanceUID') or ds.SOPInstanceUID}"


def _names(ds: Dataset) -> Iterator[str]:
    """Yield words and numbers that name people, and this patient, anywhere in a data set."""
    for element in ds.iterall():
        if element.VR == "PN":
            said = element.value if isinstance(element.value, MultiValue) else [element.value]
            for name in said:
                yield from (w for w in words(str(name or "")) if len(w) >= _SHORTEST_NAME)
    for keyword in ("PatientID", "AccessionNumber", "PatientBirthDate", "OtherPatientIDs"):
        text = _text(ds.get(keyword))
        yield from (w for w in words(text) if len(w) >= _SHORTEST_NAME)
        yield from (n for n in re.findall(r"\d+", text) if len(n) >= _SHORTEST_NUMBER)


def _text(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, MultiValue) else str(value or "")


def _is_standard_code(ds: Dataset, element: DataElement) -> bool:
    """Tell whether a text is that of a code of the standard: nobody's own words."""
    return element.keyword in ("CodeMeaning", "CodeValue", "CodingSchemeDesignator") and (
        str(ds.get("CodingSchemeDesignator") or "") in _OF_STANDARD_CODES
    )


def _earlier(text: str, days: int) -> str:
    """Return a date, or a date with its time, moved back; ValueError for what is none."""
    found = _DATE.fullmatch(text.strip())
    if not found:
        raise ValueError(text)
    year, month, day, rest = found.groups()
    moved = datetime(int(year), int(month), int(day)) - timedelta(days=days)
    return f"{moved:%Y%m%d}{rest}" if moved.year >= 1000 else ""
