"""Reconstructed tomographic nuclear medicine (SPECT) as cubes: PS3.3 A.5, NM Image IOD."""

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset

from cubeview.cubes.cube import Cube, Gate, Note, Source
from cubeview.errors import CubeviewError
from cubeview.io.corrections import instrument_name
from cubeview.io.dicom.file import bad_file, check_pixels, decode, integer, is_lossy, read_dataset
from cubeview.io.dicom.frames import FrameIndex, frame_indices, has_slices
from cubeview.io.dicom.geometry import geometry
from cubeview.io.dicom.identifiers import whose
from cubeview.io.dicom.state import Finding, state_of_header, state_of_text, words
from cubeview.io.dicom.units import parsed_unit
from cubeview.io.dicom.what import NM_KINDS, NM_STORAGE, attenuation, facts, image_kind, pose
from cubeview.io.voxels.decoded import DecodedPixels

MANUFACTURER = "CubeView"
"""Manufacturer of the scans this program simulated, whose patient number is a pseudonym."""

_CARDIAC_VIEWS = {"short axis", "vertical long axis", "horizontal long axis"}
_HEART_CODES = {"80891009", "T-32000", "74281007", "T-32020"}
_HEART_WORDS = {"heart", "cardiac", "cardio", "cardiology", "myocardial", "myocardium", "coeur"} | {
    *("herz", "myokard", "corazon", "cuore", "myocard", "miocardio", "mibi", "mpi", "mps", "cor")
}
_HEART_PARTS = {"HEART", "CARDIAC", "COR", "MYOCARDIUM"}
_UNITS = {
    "{counts}": "counts",
    "counts": "counts",
    "1": "",
    "no units": "",
    "bq/ml": "Bq/ml",
    "kbq/ml": "kBq/ml",
    "{propcounts}": "counts",
    "g/ml{suvbw}": "SUV (g/ml)",
}
_LARGEST_HEART_MATRIX = 128
_CHANGED = "{path}: the file has changed since it was opened. Open it again."


@dataclass(frozen=True, eq=False)
class Scan:
    """One volume as read, with what pairing needs; the identities never leave this room."""

    cube: Cube
    finding: Finding  # rest or stress by the header
    study: str  # this and the next three for comparing in memory only; empty when absent
    patient: str
    series: str
    instance: str
    order: tuple[int, int]  # sorts scans of a study as the scanner numbered them
    day: str  # study date, to tell two-day protocols from follow-ups; compared only
    like: tuple[str, ...]  # what a partner must share: kind, view, attenuation correction, part
    alike: tuple[str, ...]  # the best also: pose, gating, matrix, voxel size, reconstruction, words
    digest: str  # hash of the pixels, to recognise copies
    simulated: str = ""  # pseudonym of a case this program simulated; empty for all others

    @property
    def path(self) -> Path:
        """Return the file it came from."""
        assert self.cube.source is not None
        return self.cube.source.path


def is_reconstruction(header: Dataset) -> bool:
    """Tell whether a header is that of a reconstructed NM volume, gated or not.

    Image Type decides where it holds one of the standard's words; where a vendor wrote something
    else, the vectors do.
    """
    nuclear = str(header.get("SOPClassUID") or "") == NM_STORAGE or header.get("Modality") == "NM"
    kind = image_kind(header)
    if not nuclear or kind in NM_KINDS:
        return False
    return "RECON" in kind or has_slices(header)


def read_nm(path: Path) -> tuple[Scan, ...]:
    """Read a reconstructed NM image as a cube; one for each energy window and the like.

    A gated scan is added up over its gates, which a note says; the gates come with it. Raises
    CubeviewError if the file is damaged, its frames do not make one volume, or its pixels cannot be
    decoded.
    """
    header = read_dataset(path, pixels=True)
    with bad_file(path):
        check_pixels(header, path)
        indices = frame_indices(header, path)
        stored = decode(header, path)
        return tuple(_read(header, stored, index, len(indices), path) for index in indices)


def _read(
    header: FileDataset, stored: np.ndarray, index: FrameIndex, volumes: int, path: Path
) -> Scan:
    """Return one volume of a file."""
    notes: list[Note] = []
    values, unit, gates = _scaled(stored, header, index, notes)
    place = geometry(header, (values.shape[0], values.shape[1], values.shape[2]), index.first)
    if index.slots:
        notes.append(Note("info", f"gated scan, shown as the sum of {index.slots}"))
    if volumes > 1:
        text = f"{index.part}: one of {volumes} volumes in the file, each a case of its own"
        notes.append(Note("info", text))
    declared = integer(header, "NumberOfSlices")
    if declared and declared != values.shape[0]:
        text = f"the header counts {declared} slices, its vector {values.shape[0]}: the vector is "
        notes.append(Note("repair", f"{text}right"))
    if is_lossy(header):
        notes.append(Note("info", "compressed with loss on the way: values are approximate"))
    kind, kind_notes = _kind(header, place.view, values.shape)
    found = {**facts(header), **place.facts}

    def pixels(decoded: np.ndarray, gate: int | None) -> DecodedPixels:
        again = partial(_values_of, path, index.part, gate)
        return DecodedPixels(decoded, again, _CHANGED.format(path=path))

    cube = Cube(
        axes=place.axes,
        pixels=pixels(values, None),
        kind=kind,
        unit=unit,
        quantity_unit=parsed_unit(unit),
        affine=place.affine,
        view=place.view,
        facts=found,
        notes=(*place.notes, *notes, *kind_notes),
        source=Source(path, index.part),
        gates=tuple(
            Gate(name, pixels(gate, number))
            for number, (name, gate) in enumerate(zip(index.gates, gates, strict=True))
        ),
        instrument=instrument_name(found.get("Camera", "")),
        whose=whose(header),
    )
    return _scan(header, cube, index)


def _values_of(path: Path, part: str, gate: int | None) -> np.ndarray:
    """Decode the values of a volume once more: its sum, or one of its gates."""
    header = read_dataset(path, pixels=True)
    with bad_file(path):
        check_pixels(header, path)
        indices = {index.part: index for index in frame_indices(header, path)}
        if part not in indices:
            raise CubeviewError(_CHANGED.format(path=path))
        total, _, gates = _scaled(decode(header, path), header, indices[part], [])
        return total if gate is None else gates[gate]


def _scaled(
    stored: np.ndarray, header: Dataset, index: FrameIndex, notes: list[Note]
) -> tuple[np.ndarray, str, list[np.ndarray]]:
    """Return real-world values added up over the gates, float32, their unit, and the gates."""
    slope, intercept, unit = 1.0, 0.0, "counts"
    mappings = list(header.get("RealWorldValueMappingSequence") or [])
    if mappings and "RealWorldValueSlope" in mappings[0]:
        slope = float(mappings[0].RealWorldValueSlope)
        intercept = float(mappings[0].get("RealWorldValueIntercept") or 0.0)
        codes = list(mappings[0].get("MeasurementUnitsCodeSequence") or [])
        code = str(codes[0].get("CodeValue") or "") if codes else ""
        unit = _UNITS.get(code.casefold(), "")
        if code and code.casefold() not in _UNITS:
            text = "the unit of the values is not one CubeView knows"
            notes.append(Note("info", text, "value unit"))
        if len(mappings) > 1:
            notes.append(Note("info", f"first of {len(mappings)} value scales is used"))
    elif mappings:
        notes.append(Note("info", "value table not applied: stored values are shown"))
    elif header.get("RescaleSlope") is not None:
        slope = float(header.RescaleSlope)
        intercept = float(header.get("RescaleIntercept") or 0.0)
        unit = _UNITS.get(str(header.get("RescaleType") or "counts").casefold(), "")
    if not (np.isfinite(slope) and np.isfinite(intercept)) or slope == 0:
        notes.append(Note("repair", "the value scale in the file is unusable: stored values shown"))
        slope, intercept, unit = 1.0, 0.0, "counts"
    total = np.zeros((index.frames.shape[1], *stored.shape[1:]))
    gates = []
    for frames in index.frames:
        values = stored[frames] * slope + intercept
        total += values
        if index.gates:
            gates.append(values.astype(np.float32))
    return total.astype(np.float32), unit, gates


def _kind(header: Dataset, view: str, shape: tuple[int, ...]) -> tuple[str, tuple[Note, ...]]:
    if view in _CARDIAC_VIEWS:
        return "heart", ()
    regions = [str(code.get("CodeValue")) for code in header.get("AnatomicRegionSequence") or []]
    part = str(header.get("BodyPartExamined") or "").strip().upper()
    if part in _HEART_PARTS or _HEART_CODES.intersection(regions):
        return "heart", ()
    texts = [header.get(k) for k in ("SeriesDescription", "ProtocolName", "StudyDescription")]
    if _HEART_WORDS.intersection(words(" ".join(str(text or "") for text in texts))):
        return "heart", ()
    if part or regions:
        return "volume", ()
    if state_of_header(header).state or max(shape[1:]) <= _LARGEST_HEART_MATRIX:
        text = "the file names no organ: taken as a heart by its size and labels"
        return "heart", (Note("guess", text, "organ"),)
    text = "the file names no organ: taken as no heart by its size"
    return "volume", (Note("guess", text, "organ"),)


def _scan(header: FileDataset, cube: Cube, index: FrameIndex) -> Scan:
    finding = state_of_header(header)
    described = words(str(header.get("SeriesDescription") or ""))
    alike = (
        pose(header),
        "gated" if index.slots else "ungated",
        "×".join(str(n) for n in cube.shape[1:]),
        "×".join(f"{size:.2f}" for size in cube.spacing),
        cube.facts.get("Reconstruction", ""),
        " ".join(word for word in described if not state_of_text(word)[0]),
    )
    simulated = header.get("PatientID") if header.get("Manufacturer") == MANUFACTURER else ""
    return Scan(
        cube=cube,
        finding=finding,
        study=str(header.get("StudyInstanceUID") or ""),
        patient=str(header.get("PatientID") or ""),
        series=str(header.get("SeriesInstanceUID") or ""),
        instance=str(header.get("SOPInstanceUID") or ""),
        order=(integer(header, "SeriesNumber"), integer(header, "InstanceNumber")),
        day=str(header.get("StudyDate") or ""),
        like=(cube.kind, cube.view, attenuation(header), index.part),
        alike=alike,
        digest=hashlib.sha256(cube.pixels.read().tobytes()).hexdigest(),
        simulated=str(simulated or ""),
    )
