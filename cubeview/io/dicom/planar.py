"""Nuclear medicine that is no volume: projections, planar, dynamic and gated views, whole bodies.

Shown as what they are: a stack of frames in the order of their vectors (PS3.3 C.8.4.8). Energy
windows become cases of their own, gates of projections the gates of one cube, projections of all
detectors one turn around the patient; every frame of the file is in exactly one case.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from cubeview.cubes.axes import Axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube, Gate, Note, Source
from cubeview.io.corrections import instrument_name
from cubeview.io.dicom.file import bad_file, check_pixels, decode, pixel_notes, read_dataset
from cubeview.io.dicom.frames import MOST_PARTS, SUMMED, VECTORS, numbered, vector
from cubeview.io.dicom.geometry import pixel_spacing
from cubeview.io.dicom.identifiers import study_of, whose
from cubeview.io.dicom.names import named, own_words
from cubeview.io.dicom.numbers import integer, misread, number
from cubeview.io.dicom.stack import flat_axes
from cubeview.io.dicom.turn import times, turn
from cubeview.io.dicom.units import Scale, parsed_unit, scale_of
from cubeview.io.dicom.what import NM_KINDS, NM_STORAGE, facts, image_kind, is_capture

_CAPTURED = {"NM", "PT", "CT", "MR"}
"""Modalities of which a capture is shown as one; those of others are no measurements anyway."""

_CAPTURE = "a capture: a picture for looking at, not measured values, of no known size or place"

_NAMES = {key: f"{counted[0].upper()}{counted[1:-1]}" for key, counted in VECTORS.items()}
_NAMES["AngularViewVector"] = "View"
_ALONG = {
    "TOMO": ("DetectorVector", "AngularViewVector"),
    "GATED TOMO": ("DetectorVector", "AngularViewVector"),
    "DYNAMIC": ("PhaseVector", "TimeSliceVector"),
    "GATED": SUMMED,
}
"""What runs along the first axis, by the kind of image; of other kinds everything does."""


@dataclass(frozen=True, eq=False)
class _Frames:
    """The frames of one case."""

    order: np.ndarray  # shape (gates, n), int: frame numbers along the first axis, for each gate
    axis: Axis
    part: str = ""  # "energy window 2"; empty when the file has one case
    gates: tuple[str, ...] = ()
    said: str = ""  # what the first axis runs through, where that is more than one thing


def is_planar(header: Dataset) -> bool:
    """Tell whether a header is that of frames without slices: of nuclear medicine, or captures."""
    if is_capture(header):
        return str(header.get("Modality") or "").strip().upper() in _CAPTURED and "Rows" in header
    nuclear = str(header.get("SOPClassUID") or "") == NM_STORAGE or header.get("Modality") == "NM"
    return nuclear and "Rows" in header


def read_planar(path: Path) -> tuple[Case, ...]:
    """Read nuclear medicine frames as cubes whose first axis counts them.

    Raises CubeviewError if the file is damaged or its pixels cannot be decoded.
    """
    header = read_dataset(path, pixels=True)
    with bad_file(path):
        check_pixels(header, path)
        count = integer(header, "NumberOfFrames", 1)
        notes: list[Note] = []
        kind = image_kind(header)
        varying = _varying(header, count, notes)
        found = _sorted(header, kind, varying, count) or [_flat(varying, count, notes)]
        stored = decode(header, path)
        capture = is_capture(header)
        text = NM_KINDS.get(kind, "frames of a kind the file does not name")
        text = f"{_CAPTURE};" if capture else f"{text}: not a volume,"
        notes.insert(0, Note("info", f"{text} frames lie one behind the other"))
        scale = Scale() if capture else scale_of(header)
        notes += [*scale.notes, *misread([header])]
        notes += pixel_notes(header)
        sizes = (0.0, 0.0) if capture else pixel_spacing(header, notes)
        flat = flat_axes((stored.shape[1], stored.shape[2]), sizes)
        shared = {**facts(header), **_rotation(header), **_gating(header)}
        seed = f"{header.get('SOPInstanceUID') or ''}{hashlib.sha256(stored.tobytes()).hexdigest()}"
        label = named(own_words(header), str(header.get("Modality") or "NM"), seed)
        cases = []
        for frames in found:
            values = scale.values(stored[frames.order])  # (gates, n, rows, columns)
            own = [*notes, *_accounted(frames, count, header)]
            cube = Cube(
                axes=(frames.axis, *flat),
                pixels=ArrayPixels(values.sum(axis=0)),
                kind="volume",
                unit=scale.unit,
                quantity_unit=parsed_unit(scale.unit),
                view="projections" if "TOMO" in kind and values.shape[1] > 1 else "",
                facts=shared,
                notes=tuple(own),
                source=Source(path, frames.part),
                instrument=instrument_name(shared.get("Camera", "")),
                whose=whose(header),
                study=study_of(header),
                gates=tuple(
                    Gate(name, ArrayPixels(gate))
                    for name, gate in zip(frames.gates, values, strict=bool(frames.gates))
                ),
            )
            title = ", ".join(filter(None, (kind.lower(), frames.part)))
            cases.append(Case(f"{label} [{title}]" if title else label, "volume", {"flux": cube}))
    return tuple(cases)


def _varying(header: Dataset, count: int, notes: list[Note]) -> dict[str, list[int]]:
    """Return the vectors that tell frames apart."""
    varying = {}
    for keyword in VECTORS:
        values = vector(header, keyword)
        if len(set(values)) < 2:
            continue
        if len(values) != count:
            text = f"{len(values)} {VECTORS[keyword]} for {count} frames: not used to order them"
            notes.append(Note("repair", text))
            continue
        varying[keyword] = values
    return varying


def _sorted(
    header: Dataset, kind: str, varying: dict[str, list[int]], count: int
) -> list[_Frames] | None:
    """Sort frames into cases by what the vectors count, None where they do not fill all places."""
    along = [key for key in _ALONG.get(kind, ()) if key in varying]
    if not along:
        return None
    gated = [key for key in SUMMED if key in varying and key not in along and "TOMO" in kind]
    apart = [key for key in varying if key not in (*along, *gated)]

    def cell(keys: Sequence[str], frame: int) -> tuple[int, ...]:
        return tuple(varying[key][frame] for key in keys)

    parts = sorted({cell(apart, frame) for frame in range(count)})
    if len(parts) > MOST_PARTS:
        return None
    found = []
    for part in parts:
        members = [frame for frame in range(count) if cell(apart, frame) == part]
        rows = sorted({cell(gated, frame) for frame in members})
        places = sorted({cell(along, frame) for frame in members})
        order = np.full((len(rows), len(places)), -1)
        for frame in members:
            order[rows.index(cell(gated, frame)), places.index(cell(along, frame))] = frame
        if len(members) != order.size or (order < 0).any():
            return None
        axis, order = _axis(header, kind, along, places, part, apart, order)
        said = ""
        if axis.name == "Frame":
            counts = (f"{len({p[n] for p in places})} {VECTORS[k]}" for n, k in enumerate(along))
            said = f"{len(places)} frames run through {' × '.join(counts)}, the last fastest"
        names = (", ".join(_named(gated, row)) for row in rows)
        title = ", ".join(_named(apart, part))
        found.append(_Frames(order, axis, title, tuple(names) if gated else (), said))
    return found


def _named(keywords: Sequence[str], values: tuple[int, ...]) -> list[str]:
    return [numbered(VECTORS[key], value) for key, value in zip(keywords, values, strict=True)]


def _axis(
    header: Dataset,
    kind: str,
    along: list[str],
    places: list[tuple[int, ...]],
    part: tuple[int, ...],
    apart: list[str],
    order: np.ndarray,
) -> tuple[Axis, np.ndarray]:
    """Return the first axis in angles or seconds where the file gives them, else in numbers."""
    counted = [dict(zip(along, place, strict=True)) for place in places]
    found = None
    if "TOMO" in kind:
        rotation = dict(zip(apart, part, strict=True)).get("RotationVector", 1)
        found = turn(header, counted, rotation)
    elif kind == "DYNAMIC":
        found = times(header, counted)
    if found is not None:
        axis, sorting = found
        return axis, order[:, sorting]
    if len(along) == 1:
        return Axis(_NAMES[along[0]], "index", "", np.arange(len(places)) + 1), order
    return Axis("Frame", "index", "", np.arange(len(places)) + 1), order


def _flat(varying: dict[str, list[int]], count: int, notes: list[Note]) -> _Frames:
    """Return all frames in the order of their vectors, one behind the other."""
    numbered_from_1 = np.arange(count) + 1
    if not varying:
        name = "Frame" if count > 1 else "Image"
        return _Frames(np.arange(count)[None], Axis(name, "index", "", numbered_from_1))
    cells = list(zip(*varying.values(), strict=True))
    order = np.array([sorted(range(count), key=lambda frame: (cells[frame], frame))])
    if len(varying) == 1 and len(set(cells)) == count:
        return _Frames(order, Axis(_NAMES[next(iter(varying))], "index", "", numbered_from_1))
    counts = " × ".join(f"{len(set(values))} {VECTORS[key]}" for key, values in varying.items())
    notes.append(Note("info", f"{count} frames run through {counts}, the last fastest"))
    if len(set(cells)) < count:
        text = f"{count - len(set(cells))} frames have the same numbers as others"
        notes.append(Note("info", f"{text}: all are shown"))
    return _Frames(order, Axis("Frame", "index", "", numbered_from_1))


def _accounted(frames: _Frames, count: int, header: Dataset) -> list[Note]:
    """Say which of the file's frames are shown here, and how."""
    said = [Note("info", frames.said)] if frames.said else []
    gates, here = frames.order.shape
    if gates > 1:
        said.append(Note("info", f"gated: the sum of {gates} gates is shown, and each gate"))
    if frames.part:
        text = f"{frames.part}{_window(header, frames.part)}: {gates * here} of the file's {count} "
        said.append(Note("info", f"{text}frames; the others are cases of their own"))
    return said


def _window(header: Dataset, part: str) -> str:
    """Return the limits of an energy window."""
    words = part.split(", ")[0].split()
    items = header.get("EnergyWindowInformationSequence") or []
    if words[:2] != ["energy", "window"] or not 0 < int(words[2]) <= len(items):
        return ""
    ranges = items[int(words[2]) - 1].get("EnergyWindowRangeSequence") or [Dataset()]
    low, high = (number(ranges[0], f"EnergyWindow{end}Limit") for end in ("Lower", "Upper"))
    return f" ({low:g} to {high:g} keV)" if high > low > 0 else ""


def _rotation(header: Dataset) -> dict[str, str]:
    """Return over which angles projections were taken."""
    items = header.get("RotationInformationSequence") or []
    arcs = [
        f"{abs(number(item, 'ScanArc')):g}° from {number(item, 'StartAngle'):g}°"
        for item in items
        if number(item, "ScanArc")
    ]
    return {"Rotation": ", ".join(dict.fromkeys(arcs))} if arcs else {}


def _gating(header: Dataset) -> dict[str, str]:
    """Return the length of a gate."""
    for item in header.get("GatedInformationSequence") or []:
        for data in item.get("DataInformationSequence") or []:
            if number(data, "FrameTime") > 0:
                return {"Gate": f"{number(data, 'FrameTime'):g} ms"}
    return {}
