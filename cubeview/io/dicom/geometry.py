"""Where the voxels of a reconstructed NM image lie in the patient.

Slice k is centred at position + (k - 1) · Spacing Between Slices · normal, with a signed spacing
(PS3.3 C.8.4.15); position and orientation stand in the Detector Information Sequence.
"""

from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import Note
from cubeview.cubes.orient import SLICE_ORDER
from cubeview.io.dicom.numbers import is_there, number, numbers
from cubeview.io.dicom.state import words

VIEW_CODES = {
    code: view
    for view, codes in (
        ("short axis", ("103340004", "G-A186")),
        ("vertical long axis", ("131185001", "G-A18A")),
        ("horizontal long axis", ("131186000", "G-A18B")),
        ("transaxial", ("62824007", "G-A117", "24422004", "G-A147")),
        ("coronal", ("81654009", "G-A138")),
        ("sagittal", ("30730003", "G-A145")),
    )
    for code in codes
}
"""CID 26 and 27, SNOMED CT and the older SNOMED-RT codes of the same concepts."""

_VIEW_WORDS = (
    ("vertical long axis", ("vla",), ("v", "long"), ("vertical", "long")),
    ("horizontal long axis", ("hla",), ("h", "long"), ("horizontal", "long"), ("horiz", "long")),
    ("short axis", ("sa",), ("sax",), ("short", "ax"), ("short", "axis"), ("kurzachse",)),
    ("transaxial", ("transaxial",), ("transverse",), ("trans",), ("transversal",), ("tra",)),
    ("coronal", ("coronal",), ("cor",)),
    ("sagittal", ("sagittal",), ("sag",)),
)


@dataclass(frozen=True, eq=False)
class Geometry:
    """Axes of a volume and their place in the patient."""

    axes: tuple[Axis, Axis, Axis]
    affine: np.ndarray | None  # shape (4, 4), as in `Cube.affine`
    view: str
    facts: dict[str, str]  # what the file says about the order of its slices
    notes: tuple[Note, ...]


def geometry(
    header: Dataset, shape: tuple[int, int, int], first: int, *, ordered: bool = True
) -> Geometry:
    """Work out the geometry of a reconstructed NM image.

    Parameters
    ----------
    header : Dataset
    shape : tuple of int
        Voxels along (z, y, x).
    first : int
        Slice number of the first slice; the position in the file is that of slice 1.
    ordered : bool
        The file numbers its slices.
    """
    notes: list[Note] = []
    rows_mm, columns_mm = pixel_spacing(header, notes)
    step_mm, sure = _slice_step(header, notes)
    if not ordered:
        text = "the file numbers no slices: they are shown in the order of its frames, and may run "
        notes.append(Note("guess", f"{text}the other way", "slice direction"))
    position, frame = placed(header, notes)
    starts = [0.0, 0.0, 0.0]
    affine = None
    if position is not None and frame is not None and rows_mm and columns_mm and step_mm:
        column_direction, row_direction = frame[1], frame[0]
        normal = np.cross(row_direction, column_direction)
        origin = position + (first - 1) * step_mm * normal
        affine = np.eye(4)
        affine[:3, 0] = normal * step_mm
        affine[:3, 1] = column_direction * rows_mm
        affine[:3, 2] = row_direction * columns_mm
        affine[:3, 3] = origin
        starts = [float(origin @ axis) for axis in (normal, column_direction, row_direction)]
        if not sure and ordered:
            text = "orientation unconfirmed: the file gives no signed slice spacing, so the slices "
            text += "may run the other way"
            notes.append(Note("guess", text, "slice direction"))
    elif position is None or frame is None:
        text = "orientation unknown: the file does not say where its slices lie in the patient, so "
        text += "no left, right, front or back is shown"
        notes.append(Note("guess", text, "orientation"))
    elif affine is None:
        text = "left, right, front and back cannot be told without all voxel sizes"
        notes.append(Note("guess", text, "orientation"))
    names = ("Slice", "Row", "Column")
    sizes = (step_mm, rows_mm, columns_mm)
    axes = tuple(
        _axis(name, length, size, start, guessed=name == "Slice" and not (sure and ordered))
        for name, length, size, start in zip(names, shape, sizes, starts, strict=True)
    )
    order = str(header.get("SliceProgressionDirection") or "").strip().upper()
    known = {SLICE_ORDER: order.replace("_", " ").lower()}
    facts = known if order in ("APEX_TO_BASE", "BASE_TO_APEX") else {}
    view = _view(header, affine, notes)
    if view == "short axis" and affine is not None and _along_body(affine):
        text = "orientation unconfirmed: the file calls this a short-axis view but puts its slices "
        text += "along the body's own axes"
        notes.append(Note("guess", text, "view"))
    return Geometry((axes[0], axes[1], axes[2]), affine, view, facts, tuple(notes))


def _axis(name: str, length: int, size: float, start: float, *, guessed: bool) -> Axis:
    if not size:
        return Axis(name, "index", "", np.arange(length), guessed=True)
    return Axis(name, "space", "mm", start + size * np.arange(length), guessed=guessed)


def pixel_spacing(header: Dataset, notes: list[Note]) -> tuple[float, float]:
    """Return mm between rows and mm between columns, in this order as in the attribute.

    It stands at the top of a file, or with the groups of an enhanced one.
    """
    for item in (header, *grouped(header, "PixelMeasuresSequence")):
        sizes = numbers(item, "PixelSpacing", 2)
        if sizes is not None and (sizes > 0).all():
            return float(sizes[0]), float(sizes[1])
    unread = is_there(header, "PixelSpacing")
    text = "the pixel size is not one that can be used" if unread else "no pixel size in the file"
    text += ": rows and columns are only counted"
    notes.append(Note("guess", text, "pixel size"))
    return 0.0, 0.0


def grouped(header: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a functional group that all frames share, or that of the first frame."""
    shared = header.get("SharedFunctionalGroupsSequence") or []
    own = header.get("PerFrameFunctionalGroupsSequence") or []
    return [item for group in (*shared, *own[:1]) for item in group.get(keyword) or []]


def _slice_step(header: Dataset, notes: list[Note]) -> tuple[float, bool]:
    """Return the signed step in mm, 0 if unknown, and whether its sign stands in the file."""
    items = (header, *grouped(header, "PixelMeasuresSequence"))
    step = next((step for item in items if (step := number(item, "SpacingBetweenSlices"))), 0.0)
    if step:
        return step, True
    thickness = max(abs(number(item, "SliceThickness")) for item in items)
    unread = is_there(header, "SpacingBetweenSlices")
    text = "the slice spacing cannot be used" if unread else "no slice spacing in the file"
    text += f": thickness {thickness:g} mm is used" if thickness else ": slices are only counted"
    notes.append(Note("guess", text, "slice spacing"))
    return thickness, False


def placed(header: Dataset, notes: list[Note]) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return position, shape (3,), and row and column directions, shape (2, 3), or None each.

    With the detector, as the standard asks; else at the top of the file or with its groups.
    """
    detectors = list(header.get("DetectorInformationSequence") or [])
    elsewhere = [
        header,
        *grouped(header, "PlanePositionSequence"),
        *grouped(header, "PlaneOrientationSequence"),
    ]
    for item in (*detectors, header):
        position, frame = _position([item]), _frame([item], notes)
        if position is not None and frame is not None:
            if item is header:
                _elsewhere(notes)
            return position, frame
    position, frame = _position([*detectors, *elsewhere]), _frame([*detectors, *elsewhere], [])
    if position is None or frame is None:
        return None, None
    _elsewhere(notes)
    return position, frame


def _elsewhere(notes: list[Note]) -> None:
    text = "position and orientation stand at the top of the file, not with the detector as the "
    notes.append(Note("repair", f"{text}standard asks; they are used as they are"))


def _position(items: list[Dataset]) -> np.ndarray | None:
    found = (numbers(item, "ImagePositionPatient", 3) for item in items)
    return next((position for position in found if position is not None), None)


def _frame(items: list[Dataset], notes: list[Note]) -> np.ndarray | None:
    for item in items:
        flat = numbers(item, "ImageOrientationPatient", 6)
        if flat is None:
            continue
        frame = unit_frame(flat)
        if frame is not None:
            return frame
        notes.append(Note("repair", "row and column directions not at right angles: unused"))
    return None


def unit_frame(flat: np.ndarray) -> np.ndarray | None:
    """Return unit directions along a row and down a column, shape (2, 3); None at odd angles."""
    frame = flat.reshape(2, 3)
    lengths = np.linalg.norm(frame, axis=1)
    if (lengths < 0.1).any() or abs(frame[0] @ frame[1]) > 0.05 * lengths.prod():
        return None
    unit: np.ndarray = frame / lengths[:, None]
    return unit


def _view(header: Dataset, affine: np.ndarray | None, notes: list[Note]) -> str:
    items = [*list(header.get("DetectorInformationSequence") or []), header]
    codes = [code for item in items for code in item.get("ViewCodeSequence") or []]
    for code in codes:
        if view := VIEW_CODES.get(str(code.get("CodeValue"))):
            return view
    texts = [code.get("CodeMeaning") for code in codes]
    texts += [header.get("ImageID"), header.get("SeriesDescription")]
    for text in texts:
        said = words(str(text or ""))
        for view, *patterns in _VIEW_WORDS:
            for pattern in patterns:
                runs = zip(*(said[i:] for i in range(len(pattern))), strict=False)
                if pattern in set(runs):
                    text = f"the label of the series calls it {view}"
                    notes.append(Note("guess", text, "view"))
                    return view
    if affine is not None and abs(affine[2, 0]) > 0.99 * np.linalg.norm(affine[:3, 0]):
        text = "the slices lie across the body: taken as transaxial"
        notes.append(Note("guess", text, "view"))
        return "transaxial"
    return ""


def _along_body(affine: np.ndarray) -> bool:
    normal = affine[:3, 0] / np.linalg.norm(affine[:3, 0])
    return bool(np.abs(normal).max() > 0.999)
