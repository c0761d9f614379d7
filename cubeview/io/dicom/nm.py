"""Reconstructed tomographic nuclear medicine (SPECT) as cubes: PS3.3 A.5, NM Image IOD."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from cubeview.cubes.cube import Cube, Gate, Note, Source
from cubeview.errors import CubeviewError
from cubeview.io.corrections import instrument_name
from cubeview.io.dicom.beats import beat_facts
from cubeview.io.dicom.cut import as_one, missing
from cubeview.io.dicom.file import bad_file, check_pixels, decode, pixel_notes, read_dataset
from cubeview.io.dicom.frames import FrameIndex, frame_indices, has_slices, vector
from cubeview.io.dicom.geometry import geometry, placed
from cubeview.io.dicom.identifiers import (
    accession,
    has_placeholders,
    patient_number,
    study_of,
    uid,
    whose,
)
from cubeview.io.dicom.names import own_words
from cubeview.io.dicom.numbers import integer, misread, number
from cubeview.io.dicom.stack import gaps
from cubeview.io.dicom.state import Finding, state_of_header, state_of_text, words
from cubeview.io.dicom.units import parsed_unit, scale_of
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
_LARGEST_HEART_MATRIX = 128
_CHANGED = "{path}: the file has changed since it was opened. Open it again."


@dataclass(frozen=True, eq=False)
class Scan:
    """One volume as read, with what pairing needs; the identities never leave this room."""

    cube: Cube
    finding: Finding  # rest or stress by the header
    study: str  # this and the next three for comparing in memory only; empty when absent
    patient: str
    accession: str
    instance: str
    order: tuple[int, int]  # sorts scans of a study as the scanner numbered them
    day: str  # study date, to tell two-day protocols from follow-ups; compared only
    like: tuple[str, ...]  # what a partner must share: kind, view, attenuation correction, part
    alike: tuple[str, ...]  # the best also: pose, gating, matrix, reconstruction, words
    digest: str  # hash of the pixels, to recognise copies
    said: tuple[str, ...] = ()  # the study's own words, those that are nobody's name
    simulated: str = ""  # pseudonym of a case this program simulated; empty for all others

    @property
    def path(self) -> Path:
        """Return the file it came from."""
        assert self.cube.source is not None
        return self.cube.source.path


def is_reconstruction(header: Dataset) -> bool:
    """Tell whether a header is that of a reconstructed NM volume, gated or not.

    Image Type decides where it holds one of the standard's words; where a vendor wrote something
    else, the vectors do, or that the frames are said to lie at a distance from each other.
    """
    nuclear = str(header.get("SOPClassUID") or "") == NM_STORAGE or header.get("Modality") == "NM"
    kind = image_kind(header)
    if not nuclear or kind in NM_KINDS:
        return False
    return "RECON" in kind or has_slices(header) or _is_stacked(header)


def _is_stacked(header: Dataset) -> bool:
    """Tell whether frames without vectors are slices: they have a spacing and an orientation."""
    if integer(header, "NumberOfFrames", 1) < 2 or vector(header, "AngularViewVector"):
        return False
    return bool(number(header, "SpacingBetweenSlices")) and placed(header, [])[1] is not None


def read_nm(paths: Sequence[Path]) -> tuple[Scan, ...]:
    """Read a reconstructed NM image as a cube; one for each energy window and the like.

    A gated scan is added up over its gates, which a note says; the gates come with it.

    Parameters
    ----------
    paths : sequence of Path
        Its file; or several, in order, where it was cut into one for each slice or gate.

    Raises
    ------
    CubeviewError
        If a file is damaged, its frames do not make one volume, or its pixels cannot be decoded.
    """
    header, indices, stored = _frames_of(paths)
    with bad_file(paths[0]):
        return tuple(_read(header, stored, index, len(indices), paths) for index in indices)


def _frames_of(paths: Sequence[Path]) -> tuple[Dataset, list[FrameIndex], np.ndarray]:
    """Return header, index and stored numbers, shape (frames, rows, columns), of a whole."""
    headers, stored = [], []
    for path in paths:
        headers.append(read_dataset(path, pixels=True))
        with bad_file(path):
            check_pixels(headers[-1], path)
            if len(paths) == 1:
                # Before the pixels are decoded: what cannot be sorted need not be.
                indices = frame_indices(headers[0], path)
            stored.append(decode(headers[-1], path))
            del headers[-1].PixelData
    with bad_file(paths[0]):
        whole = as_one(headers)
        if len(paths) > 1:
            indices = frame_indices(whole, paths[0], cut=True)
        return whole, indices, np.concatenate(stored)


def _read(
    header: Dataset, stored: np.ndarray, index: FrameIndex, volumes: int, paths: Sequence[Path]
) -> Scan:
    """Return one volume."""
    notes: list[Note] = []
    values, unit, gates = _scaled(stored, header, index, notes)
    shape = values.shape[0], values.shape[1], values.shape[2]
    place = geometry(header, shape, index.first, ordered=not index.guessed)
    if index.slots:
        notes.append(Note("info", f"gated scan, shown as the sum of {index.slots}"))
    if volumes > 1:
        text = f"{index.part}: one of {volumes} volumes in the file, each a case of its own"
        notes.append(Note("info", text))
    declared = integer(header, "NumberOfSlices")
    if len(paths) > 1:
        notes.append(Note("info", f"put together from {len(paths)} files"))
    lacking = list(missing(header))
    if lacking:
        text = f"not the whole scan: {' and '.join(lacking)} are there"
        notes.append(Note("info", f"{text}. Open the folder of its series"))
    elif declared and declared != shape[0]:
        counted = "its frames" if index.guessed else "its vector"
        text = f"the header counts {declared} slices, {counted} {shape[0]}: the latter is right"
        notes.append(Note("repair", text))
    notes += gaps(index.frames[0].tolist())
    notes += misread([header, *list(header.get("DetectorInformationSequence") or [])])
    if has_placeholders(header):
        notes.append(
            Note(
                "info", "the identifiers in the file are placeholders: they tie it to no other scan"
            )
        )
    notes += pixel_notes(header)
    kind, kind_notes = _kind(header, place.view, values.shape)
    found = {**facts(header), **(beat_facts(header) if index.slots else {}), **place.facts}

    def pixels(decoded: np.ndarray, gate: int | None) -> DecodedPixels:
        again = partial(_values_of, tuple(paths), index.part, gate)
        return DecodedPixels(decoded, again, _CHANGED.format(path=paths[0]))

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
        source=Source(paths[0], index.part, tuple(paths[1:])),
        gates=tuple(
            Gate(name, pixels(gate, number))
            for number, (name, gate) in enumerate(zip(index.gates, gates, strict=True))
        ),
        instrument=instrument_name(found.get("Camera", "")),
        whose=whose(header),
        study=study_of(header),
    )
    return _scan(header, cube, index)


def _values_of(paths: Sequence[Path], part: str, gate: int | None) -> np.ndarray:
    """Decode the values of a volume once more: its sum, or one of its gates."""
    header, found, stored = _frames_of(paths)
    with bad_file(paths[0]):
        indices = {index.part: index for index in found}
        if part not in indices:
            raise CubeviewError(_CHANGED.format(path=paths[0]))
        total, _, gates = _scaled(stored, header, indices[part], [])
        return total if gate is None else gates[gate]


def _scaled(
    stored: np.ndarray, header: Dataset, index: FrameIndex, notes: list[Note]
) -> tuple[np.ndarray, str, list[np.ndarray]]:
    """Return real-world values added up over the gates, float32, their unit, and the gates."""
    scale = scale_of(header)
    notes += scale.notes
    total = np.zeros((index.frames.shape[1], *stored.shape[1:]))
    gates = []
    for frames in index.frames:
        values = scale.values(stored[frames])
        values[frames < 0] = np.nan
        total += values
        if index.gates:
            gates.append(values.astype(np.float32))
    return total.astype(np.float32), scale.unit, gates


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


def _scan(header: Dataset, cube: Cube, index: FrameIndex) -> Scan:
    finding = state_of_header(header)
    described = words(str(header.get("SeriesDescription") or ""))
    alike = (
        pose(header),
        "gated" if index.slots else "ungated",
        "×".join(str(n) for n in cube.shape[1:]),
        cube.facts.get("Reconstruction", ""),
        " ".join(word for word in described if not state_of_text(word)[0]),
    )
    simulated = header.get("PatientID") if header.get("Manufacturer") == MANUFACTURER else ""
    return Scan(
        cube=cube,
        finding=finding,
        study=uid(header, "StudyInstanceUID"),
        patient=patient_number(header),
        accession=accession(header),
        instance=str(header.get("SOPInstanceUID") or ""),
        order=(integer(header, "SeriesNumber"), integer(header, "InstanceNumber")),
        day=str(header.get("StudyDate") or ""),
        like=(cube.kind, cube.view, attenuation(header), index.part),
        alike=alike,
        digest=hashlib.sha256(cube.pixels.read().tobytes()).hexdigest(),
        said=own_words(header),
        simulated=str(simulated or ""),
    )
