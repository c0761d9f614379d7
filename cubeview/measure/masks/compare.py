"""How alike two masks are: overlap, distance of their surfaces, and both lesion by lesion.

Sources: Dice 1945, Ecology 26:297; the 95th percentile of Huttenlocher et al. 1993, IEEE PAMI
15:850, of surface voxels, the larger of both directions; lesion by lesion as the BraTS 2023
challenge scores (github.com/rachitsaluja/BraTS-2023-Metrics): the truth is dilated three times to
say what is one lesion, each missed or invented one scores 0 and 374 mm.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import (
    binary_dilation,
    binary_erosion,
    distance_transform_edt,
    find_objects,
    generate_binary_structure,
    label,
)

from cubeview.cubes.mask import Mask, MaskLabel, laid_on, unnamed
from cubeview.errors import CubeviewError, Report, nothing

MISSED_MM = 374.0
"""Distance a missed or invented lesion scores: about the diagonal of a head scan, as in BraTS."""

DILATIONS = 3
"""How often the truth is dilated before its lesions are counted, as BraTS does for glioma."""

_TOUCHING = generate_binary_structure(3, 3)
_GROWING = generate_binary_structure(3, 2)

Spacing = tuple[float, float, float]


@dataclass(frozen=True)
class Lesions:
    """Agreement lesion by lesion.

    Parameters
    ----------
    dice, hd95 : float or None
        Means over all lesions of the truth and all invented ones; None without any.
    found, missed, invented : int
    """

    dice: float | None
    hd95: float | None
    found: int
    missed: int
    invented: int


@dataclass(frozen=True)
class Agreement:
    """How alike two masks are in one label.

    Parameters
    ----------
    label : MaskLabel
        Of the truth, or of the other where the truth has none.
    voxels : tuple of int
        In the other mask and in the truth.
    volumes : tuple of float
        The same in ml where voxels have a size in mm; else in voxels.
    dice : float or None
        None where both are empty.
    hd95 : float or None
        In mm where voxels have a size, else in voxels; None where one of both is empty.
    lesions : Lesions
    """

    label: MaskLabel
    voxels: tuple[int, int]
    volumes: tuple[float, float]
    dice: float | None
    hd95: float | None
    lesions: Lesions


@dataclass(frozen=True)
class Compared:
    """Two masks side by side.

    Parameters
    ----------
    labels : tuple of Agreement
        One for each label of either.
    whole : Agreement
        Of all labels as one.
    unit : str
        Of distances: ``"mm"`` or ``"voxels"``.
    volume_unit : str
    notes : tuple of str
        Empty masks, labels that one of both does not have or calls otherwise.
    """

    labels: tuple[Agreement, ...]
    whole: Agreement
    unit: str
    volume_unit: str
    notes: tuple[str, ...]


def dice(one: np.ndarray, other: np.ndarray) -> float | None:
    """Return twice the overlap over the sum of two bool arrays; None where both are empty."""
    both = int(np.count_nonzero(one)) + int(np.count_nonzero(other))
    return 2.0 * float(np.count_nonzero(one & other)) / both if both else None


def hd95(one: np.ndarray, other: np.ndarray, spacing: Spacing) -> float | None:
    """Return the 95 % Hausdorff distance of two bool arrays; None where one is empty.

    Parameters
    ----------
    one, other : ndarray of bool, shape (z, y, x)
    spacing : tuple of three float
        Size of a voxel; distances come in its unit.
    """
    box = _box(one | other)
    if box is None or not one.any() or not other.any():
        return None
    one, other = _surface(one[box]), _surface(other[box])
    there = distance_transform_edt(~other, sampling=spacing)[one]
    back = distance_transform_edt(~one, sampling=spacing)[other]
    return float(max(np.percentile(there, 95), np.percentile(back, 95)))


def lesion_wise(
    said: np.ndarray, truth: np.ndarray, spacing: Spacing, missed: float = MISSED_MM
) -> Lesions:
    """Return agreement lesion by lesion.

    Parameters
    ----------
    said, truth : ndarray of bool, shape (z, y, x)
    spacing : tuple of three float
    missed : float
        Distance a missed or invented lesion scores.
    """
    pieces, count = label(said, _TOUCHING)
    around, lesions = label(_dilated(truth), _TOUCHING)
    boxes = find_objects(pieces)
    overlaps: list[float] = []
    distances: list[float] = []
    hit: set[int] = set()
    for number, place in enumerate(find_objects(around), 1):
        # As BraTS: what touches the lesion dilated by itself counts for it, whole.
        grown = around[place] == number
        mine = [int(n) for n in np.unique(pieces[place][grown]) if n]
        hit.update(mine)
        if not mine:
            overlaps.append(0.0)
            distances.append(missed)
            continue
        room = _around([place, *(boxes[n - 1] for n in mine)])
        found, real = np.isin(pieces[room], mine), truth[room] & (around[room] == number)
        overlaps.append(dice(found, real) or 0.0)
        apart = hd95(found, real, spacing)
        distances.append(missed if apart is None else apart)
    invented = count - len(hit)
    total = lesions + invented
    none = sum(1 for value in overlaps if value == 0.0)
    return Lesions(
        dice=sum(overlaps) / total if total else None,
        hd95=(sum(distances) + invented * missed) / total if total else None,
        found=lesions - none,
        missed=none,
        invented=invented,
    )


def compare(said: Mask, truth: Mask, *, report: Report = nothing) -> Compared:
    """Compare a mask with the truth, label by label.

    Parameters
    ----------
    said, truth : Mask
        `said` may be turned or flipped against the truth, and cover another part of the scan; its
        voxels must be the same places.
    report : Report
        Called per label; may raise Cancelled.

    Raises
    ------
    CubeviewError
        If both do not lie on one grid or not in one frame of reference.
    """
    if said.frame and truth.frame and said.frame != truth.frame:
        raise CubeviewError(
            "the masks lie in other frames of reference: they belong to other scans. Compare masks "
            "of one scan."
        )
    said = laid_on(said, truth.cube)
    in_mm = all(axis.unit == "mm" for axis in truth.cube.axes)
    spacing = truth.cube.spacing if in_mm else (1.0, 1.0, 1.0)
    missed = MISSED_MM if in_mm else float(np.linalg.norm(truth.values.shape))
    known = {label.number: label for label in (*said.labels, *truth.labels)}
    boxes = [find_objects(mask.values) for mask in (said, truth)]
    found = []
    for step, (number, entry) in enumerate(sorted(known.items())):
        report(step / (len(known) + 1), f"comparing {entry.name}")
        mine = [box[number - 1] for box in boxes if number <= len(box) and box[number - 1]]
        room = _around(mine, DILATIONS + 1)
        parts = said.values[room] == number, truth.values[room] == number
        found.append(_agreement(entry, *parts, spacing, in_mm, missed))
    whole = _agreement(
        MaskLabel(0, "all labels", ""), said.values > 0, truth.values > 0, spacing, in_mm, missed
    )
    report(1.0, "compared")
    unit, volume_unit = ("mm", "ml") if in_mm else ("voxels", "voxels")
    return Compared(tuple(found), whole, unit, volume_unit, _notes(said, truth))


def _agreement(
    entry: MaskLabel,
    said: np.ndarray,
    truth: np.ndarray,
    spacing: Spacing,
    in_mm: bool,
    missed: float,
) -> Agreement:
    counts = int(np.count_nonzero(said)), int(np.count_nonzero(truth))
    one = float(np.prod(spacing)) / 1000.0 if in_mm else 1.0
    return Agreement(
        entry,
        counts,
        (counts[0] * one, counts[1] * one),
        dice(said, truth),
        hd95(said, truth, spacing),
        lesion_wise(said, truth, spacing, missed),
    )


def _notes(said: Mask, truth: Mask) -> tuple[str, ...]:
    notes = [*said.notes, *truth.notes]
    for mask, name in ((said, "the first mask"), (truth, "the second mask")):
        if not mask.values.any():
            notes.append(f"{name} is empty: nothing is marked in it")
    here, there = _present(said), _present(truth)
    for only, own, other in ((here, "first", there), (there, "second", here)):
        if missing := [f"{n} ({only[n]})" for n in sorted(only.keys() - other.keys())]:
            notes.append(f"labels in the {own} mask only: {', '.join(missing)}")
    for number in sorted(here.keys() & there.keys()):
        names = {here[number], there[number]} - {unnamed(number).name}
        if len(names) > 1:
            notes.append(
                f"label {number} is {here[number]} in the first mask, {there[number]} in the second"
            )
    return tuple(dict.fromkeys(notes))


def _present(mask: Mask) -> dict[int, str]:
    """Return the names of the labels that have a voxel."""
    voxels = mask.voxels
    return {label.number: label.name for label in mask.labels if voxels[label.number]}


def _around(boxes: list[tuple[slice, ...]], margin: int = 0) -> tuple[slice, ...]:
    """Return the box around several with a margin; of no voxel without any."""
    if not boxes:
        return (slice(0, 0),) * 3
    return tuple(
        slice(max(0, min(p.start for p in parts) - margin), max(p.stop for p in parts) + margin)
        for parts in zip(*boxes, strict=True)
    )


def _surface(inside: np.ndarray) -> np.ndarray:
    """Return the voxels of an array that touch what is outside, beyond its edges too."""
    surface: np.ndarray = inside & ~binary_erosion(inside)
    return surface


def _dilated(truth: np.ndarray) -> np.ndarray:
    if not truth.any():
        return truth
    grown: np.ndarray = binary_dilation(truth, _GROWING, iterations=DILATIONS)
    return grown


def _box(inside: np.ndarray) -> tuple[slice, ...] | None:
    """Return the box of what is inside."""
    found = find_objects(inside.astype(np.uint8))
    return found[0] if found else None
