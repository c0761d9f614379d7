"""What a report tells of a heart: the values that every file of it is written from."""

import hashlib
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from cubeview.cubes.answer import Overlay, Prediction
from cubeview.cubes.case import Case
from cubeview.cubes.frozen import rebuilt
from cubeview.cubes.scores import Reading
from cubeview.errors import CubeviewError
from cubeview.io.dicom.file import bad_file, read_dataset
from cubeview.io.dicom.sniff import sniffed
from cubeview.kinds import HEART
from cubeview.kinds.kind import Code

RESEARCH = "Research only. Not for diagnosis."
SCHEME = "99CUBEVIEW"
"""Coding scheme of what no vocabulary has a code for."""

SEGMENTS: tuple[Code, ...] = (
    ("264850008", "SCT", "left ventricle basal anterior segment"),
    ("396482007", "SCT", "left ventricle basal anteroseptal segment"),
    ("396646008", "SCT", "left ventricle basal inferoseptal segment"),
    ("264846001", "SCT", "left ventricle basal inferior segment"),
    ("396652009", "SCT", "left ventricle basal inferolateral segment"),
    ("396654005", "SCT", "left ventricle basal anterolateral segment"),
    ("264848000", "SCT", "left ventricle mid anterior segment"),
    ("396647004", "SCT", "left ventricle mid anteroseptal segment"),
    ("396649001", "SCT", "left ventricle mid inferoseptal segment"),
    ("264847005", "SCT", "left ventricle mid inferior segment"),
    ("396655006", "SCT", "left ventricle mid inferolateral segment"),
    ("396656007", "SCT", "left ventricle mid anterolateral segment"),
    ("264844003", "SCT", "left ventricle apical anterior segment"),
    ("264845002", "SCT", "left ventricle apical septal segment"),
    ("264849008", "SCT", "left ventricle apical inferior segment"),
    ("264853005", "SCT", "left ventricle apical lateral segment"),
    ("128564006", "SCT", "Apex of left ventricle"),
)
"""Segments 1 to 17 of the AHA (Cerqueira et al. 2002, Circulation 105:539): PS3.16 CID 3717."""

_NAMING = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID"),
    "ReferringPhysicianName",
)
"""What names a patient or an order and is of type 2 in the modules that are copied: emptied."""

_COPIED = (
    *("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality"),
    *("FrameOfReferenceUID", "Rows", "Columns", "NumberOfFrames", "ImageType"),
    *("SpecificCharacterSet", "PositionReferenceIndicator", "BitsAllocated"),
)
_WHEN = ("StudyDate", "StudyTime")
_NEEDED = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")


@dataclass(frozen=True)
class Numbers:
    """Measured values of a heart, as far as they are known.

    Parameters
    ----------
    segments : mapping of role to tuple of float
        Uptake in each of the 17 segments, % of the maximum.
    scores : mapping of role to tuple of int
        0 to 4 in each segment, as the program suggests.
    values : tuple of Value
        All others, in the order in which they are told.
    cautions : tuple of str
        Reasons to distrust them.
    """

    segments: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    scores: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    values: tuple["Value", ...] = ()
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Value:
    """One number: what it is of, its code and unit (UCUM), and its interval where one is known."""

    name: str
    number: float
    code: Code
    unit: str = "1"
    interval: tuple[float, float] | None = None

    def __str__(self) -> str:
        unit = "" if self.unit == "1" else f" {self.unit}"
        about = f" ({self.interval[0]:.4g} to {self.interval[1]:.4g})" if self.interval else ""
        return f"{self.name} {self.number:.4g}{unit}{about}"


@dataclass(frozen=True, eq=False)
class Told:
    """All that a report tells of one heart.

    Parameters
    ----------
    case : Case
    answer : Prediction
    overlay : Overlay
        Where the network looked.
    masks : mapping of role to ndarray of bool, shape of the role's cube
        The wall of the left ventricle.
    numbers : Numbers
    readings : tuple of Reading
        What readers said of the segments.
    identified : bool
        The files name the patient as the scans do.
    """

    case: Case
    _: KW_ONLY
    answer: Prediction
    overlay: Overlay
    masks: Mapping[str, np.ndarray]
    numbers: Numbers = field(default_factory=Numbers)
    readings: tuple[Reading, ...] = ()
    identified: bool = False

    __reduce__ = rebuilt

    @property
    def cautions(self) -> tuple[str, ...]:
        """Every reason to distrust it, each once."""
        unlike = (self.answer.unlike,) if self.answer.unlike else ()
        cautions = (*self.answer.cautions, *unlike, *self.case.cautions, *self.numbers.cautions)
        return tuple(dict.fromkeys(cautions))

    @property
    def made_by(self) -> str:
        """Program, model, weights and device in a line."""
        told = self.answer
        return f"model {told.model}, weights SHA-256 {told.weights}, on {told.device}"

    def whole(self, role: str) -> np.ndarray:
        """Return the map on the whole grid of a cube, float32, 0 where it says nothing."""
        values = np.zeros(self.case.cubes[role].shape, dtype=np.float32)
        values[self.overlay.boxes[role]] = np.nan_to_num(self.overlay.values[role])
        return values

    @cached_property
    def headers(self) -> dict[str, Dataset]:
        """The headers of the scans by role, those that are DICOM, as files refer to them.

        Raises CubeviewError if one cannot be read.
        """
        return {
            role: referred_header(cube.source.path, identified=self.identified)
            for role, cube in self.case.cubes.items()
            if cube.source and cube.source.path.is_file() and sniffed(cube.source.path)
        }


def referred_header(path: Path, *, identified: bool = False) -> Dataset:
    """Return of the header of an image what a file that speaks of it repeats.

    Without what names the patient unless `identified`. Raises CubeviewError if it cannot be read,
    or has nothing to be referred to by.
    """
    header, kept = read_dataset(path, pixels=False), Dataset()
    with bad_file(path):
        for keyword in _COPIED:
            if keyword in header:
                setattr(kept, keyword, header.get(keyword))
        for keyword in _NAMING:
            setattr(kept, keyword, header.get(keyword) if identified else None)
        for keyword in _WHEN:
            setattr(kept, keyword, header.get(keyword))
        for keyword in _NEEDED:
            if not kept.get(keyword):
                raise CubeviewError(
                    f"{path}: has no {keyword}, so that nothing can refer to it. Export it "
                    "from the archive again."
                )
        if not kept.get("FrameOfReferenceUID"):
            of = str(kept.get("SeriesInstanceUID") or kept.SOPInstanceUID)
            kept.FrameOfReferenceUID = generate_uid(entropy_srcs=["cubeview frame", of])
    kept.file_meta = header.file_meta
    return kept


def code_of(name: str) -> Code:
    """Return the code of a class, in the scheme of this program where there is no other."""
    known = {one.name: one.code for one in HEART.classes}
    return known.get(name) or own_code(name)


def own_code(meaning: str) -> Code:
    """Return a code of this program's own scheme; the same for the same meaning."""
    return f"CV{hashlib.sha256(meaning.encode()).hexdigest()[:12].upper()}", SCHEME, meaning[:64]
