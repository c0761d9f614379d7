"""Slices to volumes: sorted by where they lie, never by number, time or file name.

The place of a slice along its stack is the dot product of Image Position (Patient) and the normal
of Image Orientation (Patient), PS3.3 C.7.6.2.1.1; nothing else in a header can be trusted for it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import Note

SAME_PLACE_MM = 0.01
"""Slices nearer than this lie at one place: headers round to a micrometre or so."""

UNEVEN = 0.01
"""Steps that differ by a larger share are uneven."""

TILT_DEG = 0.5
"""Stacks that lean more than this against their normal are called tilted."""


@dataclass(frozen=True, eq=False)
class Slice:
    """One slice and where it lies."""

    key: int  # number by which the caller finds its pixels
    shape: tuple[int, int]  # rows and columns
    sizes: tuple[float, float]  # mm between rows and between columns; 0 where unknown
    position: np.ndarray | None  # shape (3,), mm, of the first voxel, patient axes (L, P, H)
    frame: np.ndarray | None  # shape (2, 3), unit directions along a row and down a column
    thickness: float = 0.0  # mm, used for the step of a single slice
    marks: tuple[tuple[str, str], ...] = ()  # name, value: may tell volumes apart, likeliest first


@dataclass(frozen=True, eq=False)
class Stack:
    """One volume."""

    keys: tuple[int | None, ...]  # slices in order along the stack; None for one that is missing
    axes: tuple[Axis, Axis, Axis]
    affine: np.ndarray | None  # shape (4, 4), as in `Cube.affine`
    view: str  # as in `Cube.view`
    notes: tuple[Note, ...]
    title: str = ""  # what tells it from its sisters: "echo time 30"; empty for a lone volume


def stacks(slices: Sequence[Slice]) -> list[Stack]:
    """Sort slices into volumes; every slice is in exactly one."""
    groups: dict[tuple[object, ...], list[Slice]] = {}
    for part in slices:
        groups.setdefault(_alike(part), []).append(part)
    made = [stack for group in groups.values() for stack in _volumes(group)]
    if len(groups) == 1:
        return made
    note = Note("info", f"the series holds {len(groups)} orientations or sizes: this is one")
    titles: Counter[str] = Counter()
    titled = []
    for stack in made:
        title = " ".join(filter(None, (stack.view or "oblique", stack.title)))
        titles[title] += 1
        title += f" {titles[title]}" if titles[title] > 1 else ""
        titled.append(replace(stack, notes=(*stack.notes, note), title=title))
    return titled


def _alike(part: Slice) -> tuple[object, ...]:
    if part.frame is None or part.position is None:
        return part.shape, part.sizes, None
    return part.shape, tuple(np.round(part.sizes, 4)), tuple(np.round(part.frame, 2).ravel() + 0.0)


def _volumes(group: list[Slice]) -> list[Stack]:
    """Return the volumes of slices that are alike, one for each time their places repeat."""
    if any(part.position is None or part.frame is None for part in group):
        text = "orientation unknown: it is not said where the slices lie in the patient, so they "
        text += "are shown in the order of their numbers and no left, right, front or back is given"
        return [_counted(group, "Slice", Note("guess", text, "orientation"))]
    places = _places(group)
    if len(set(places)) == len(group):
        return [_stack(group)]
    if len(set(places)) == 1:
        text = f"all {len(group)} images lie at the same place: shown in the order of their numbers"
        return [_counted(group, "Image", Note("info", text))]
    parts = _split_by_marks(group, places)
    if parts is None:
        parts = _split_by_turn(group, places)
    return [_stack(part, title) for title, part in parts]


def _split_by_marks(group: list[Slice], places: list[int]) -> list[tuple[str, list[Slice]]] | None:
    """Split by the fewest marks that leave no place twice in a part."""
    names = list(dict.fromkeys(name for part in group for name, _ in part.marks))
    names = [n for n in names if len({dict(part.marks).get(n) for part in group}) > 1]
    for count in (1, 2):
        for chosen in combinations(names, count):
            parts: dict[tuple[str, ...], list[int]] = {}
            for number, part in enumerate(group):
                marks = dict(part.marks)
                parts.setdefault(tuple(marks.get(n, "") for n in chosen), []).append(number)
            # A mark of its own for each slice tells nothing: parts must be volumes.
            if len(parts) > len(group) // 2:
                continue
            if all(len({places[n] for n in part}) == len(part) for part in parts.values()):
                return [
                    (
                        ", ".join(f"{n} {v}" for n, v in zip(chosen, values, strict=True)),
                        [group[n] for n in part],
                    )
                    for values, part in sorted(parts.items(), key=lambda item: _natural(item[0]))
                ]
    return None


def _split_by_turn(group: list[Slice], places: list[int]) -> list[tuple[str, list[Slice]]]:
    """Split into the first slice at each place, the second at each place, and so on."""
    parts: list[list[Slice]] = []
    seen: dict[int, int] = {}
    for part, place in zip(group, places, strict=True):
        turn = seen.get(place, 0)
        seen[place] = turn + 1
        if turn == len(parts):
            parts.append([])
        parts[turn].append(part)
    return [(f"volume {number}", part) for number, part in enumerate(parts, 1)]


def _natural(values: tuple[str, ...]) -> tuple[tuple[float, str], ...]:
    def one(value: str) -> tuple[float, str]:
        try:
            return float(value), ""
        except ValueError:
            return np.inf, value

    return tuple(one(value) for value in values)


def _along(group: list[Slice]) -> np.ndarray:
    """Return the place of each slice along the stack's normal, mm."""
    frame = group[0].frame
    assert frame is not None
    normal = np.cross(frame[0], frame[1])
    return np.array([part.position @ normal for part in group if part.position is not None])


def _places(group: list[Slice]) -> list[int]:
    """Return a number for each slice, the same for slices at the same place."""
    along = _along(group)
    order = np.argsort(along, kind="stable")
    steps = np.diff(along[order], prepend=along[order[0]])
    numbers = np.cumsum(steps > SAME_PLACE_MM)
    places = np.empty(len(group), dtype=int)
    places[order] = numbers
    return [int(place) for place in places]


def _counted(group: list[Slice], name: str, note: Note) -> Stack:
    """Return a stack without geometry across its slices, in the order given."""
    first = group[0]
    z = Axis(name, "index", "", np.arange(len(group)), guessed=note.level == "guess")
    axes = (z, *flat_axes(first.shape, first.sizes))
    return Stack(tuple(part.key for part in group), axes, None, "", (note,))


def flat_axes(
    shape: tuple[int, int], sizes: tuple[float, float], starts: tuple[float, float] = (0.0, 0.0)
) -> tuple[Axis, Axis]:
    """Return the axes along the rows and columns of a slice.

    Parameters
    ----------
    shape, sizes : tuple of two, voxels and mm
        Without a size (0) an axis counts voxels.
    starts : tuple of two float, mm
        Coordinate of the first voxel.
    """
    made = [
        Axis(name, "space", "mm", start + size * np.arange(n))
        if size
        else Axis(name, "index", "", np.arange(n), guessed=True)
        for name, n, size, start in zip(("Row", "Column"), shape, sizes, starts, strict=True)
    ]
    return made[0], made[1]


def _stack(group: list[Slice], title: str = "") -> Stack:
    """Return the volume of slices at different places."""
    notes: list[Note] = []
    group = [group[n] for n in np.argsort(_along(group), kind="stable")]
    along = _along(group)
    keys: list[int | None] = [part.key for part in group]
    steps = np.diff(along)
    values = None
    if len(steps) and np.ptp(steps) > max(UNEVEN * np.median(steps), SAME_PLACE_MM):
        counts = _missing(steps)
        if counts is None:
            text = f"slices are unevenly spaced, {steps.min():.4g} to {steps.max():.4g} mm: "
            notes.append(Note("info", text + "the picture shows them as if evenly spaced"))
            values = along
        else:
            keys = [group[0].key]
            for part, count in zip(group[1:], counts, strict=True):
                keys += [None] * (count - 1) + [part.key]
            gone = [str(n) for n, key in enumerate(keys, 1) if key is None]
            which = f"slices {', '.join(gone[:8])}{' …' if gone[8:] else ''}"
            which = f"slice {gone[0]}" if len(gone) == 1 else which
            notes.append(Note("info", f"{which} of {len(keys)} missing: left empty"))
    return _placed(group, keys, values, title, notes)


def _missing(steps: np.ndarray) -> list[int] | None:
    """Return each step as a number of the smallest ones, None where they are no multiples."""
    unit = float(np.median(steps[steps < 1.5 * steps.min()]))
    counts = np.rint(steps / unit)
    if (np.abs(steps / unit - counts) > 0.02 * counts).any() or counts.sum() > 2 * len(steps) + 1:
        return None
    return [int(count) for count in counts]


def _placed(
    group: list[Slice],
    keys: list[int | None],
    values: np.ndarray | None,
    title: str,
    notes: list[Note],
) -> Stack:
    """Return the stack with its axes and its place in the patient."""
    first, last = group[0], group[-1]
    assert first.frame is not None
    assert first.position is not None
    assert last.position is not None
    normal = np.cross(first.frame[0], first.frame[1])
    way = (last.position - first.position) / max(len(keys) - 1, 1)
    if len(keys) == 1:
        way = normal * first.thickness
        notes.append(Note("info", "a single slice: open the folder of its series for the volume"))
        if not first.thickness:
            text = "the slice has no thickness: it is only counted"
            notes.append(Note("guess", text, "slice spacing"))
    step = float(np.linalg.norm(way))
    direction = way / step if step else normal
    tilt = float(np.degrees(np.arccos(np.clip(direction @ normal, -1.0, 1.0))))
    if tilt > TILT_DEG:
        text = f"slices are sheared by {tilt:.1f}° against each other, as with a tilted gantry: "
        notes.append(Note("info", text + "coordinates are right, the picture shows them straight"))
    affine = None
    if not all(first.sizes):
        text = "no pixel size in the file: rows and columns are only counted"
        notes.append(Note("guess", text, "pixel size"))
    elif step:
        affine = np.eye(4)
        affine[:3, 0], affine[:3, 3] = way, first.position
        affine[:3, 1] = first.frame[1] * first.sizes[0]
        affine[:3, 2] = first.frame[0] * first.sizes[1]
    start = float(first.position @ direction)
    places = start + step * np.arange(len(keys))
    if values is not None:
        places = start + (values - values[0]) / max(float(direction @ normal), 1e-3)
    z = Axis("Slice", "space", "mm", places)
    if not step:
        z = Axis("Slice", "index", "", np.arange(len(keys)), guessed=True)
    starts = float(first.position @ first.frame[1]), float(first.position @ first.frame[0])
    axes = (z, *flat_axes(first.shape, first.sizes, starts))
    return Stack(tuple(keys), axes, affine, _view(normal), tuple(notes), title)


def _view(normal: np.ndarray) -> str:
    """Return the name of the view, empty for an oblique one (more than 20° off)."""
    main = int(np.abs(normal).argmax())
    if abs(normal[main]) < np.cos(np.radians(20.0)):
        return ""
    return ("sagittal", "coronal", "transaxial")[main]
