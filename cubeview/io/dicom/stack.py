"""Slices to volumes: sorted by where they lie, never by number, time or file name.

The place of a slice along its stack is the dot product of Image Position (Patient) and the normal
of Image Orientation (Patient), PS3.3 C.7.6.2.1.1; nothing else in a header can be trusted for it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import Note
from cubeview.cubes.orient import TILT_DEG, sheared, stacked_view

SAME_PLACE_MM = 0.01
"""Slices nearer than this lie at one place: headers round to a micrometre or so."""

SAME_PLACE_SHARE = 0.05
"""The same as a share of the slice thickness, where tables wobble between frames."""

SAME_SIZE = 1e-3
"""Pixel sizes that differ by a smaller share are one, written with other digits."""

SAME_WAY = 0.01
"""Parts of a unit direction that differ by less are one direction: about half a degree."""

UNEVEN = 0.01
"""Steps that differ by a larger share are uneven."""


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
    groups: list[list[Slice]] = []
    for part in slices:
        alike = next((group for group in groups if _alike(group[0], part)), None)
        if alike is None:
            groups.append([part])
        else:
            alike.append(part)
    made = [stack for group in groups for stack in _volumes(group)]
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


def _alike(one: Slice, other: Slice) -> bool:
    """Tell whether two slices can be of one stack; headers write one number in several ways."""
    if one.shape != other.shape or not np.allclose(one.sizes, other.sizes, rtol=SAME_SIZE, atol=0):
        return False
    placed = [part.frame is not None and part.position is not None for part in (one, other)]
    if not all(placed):
        return placed[0] == placed[1]
    assert one.frame is not None
    assert other.frame is not None
    return bool(np.abs(one.frame - other.frame).max() < SAME_WAY)


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
    notes: tuple[Note, ...] = ()
    parts = _split_by_marks(group, places)
    if parts is None:
        parts = _split_by_order(group, places)
        text = f"{len(parts)} volumes lie at the same places and nothing in the file tells their "
        text += "slices apart: taken in the order of their numbers"
        notes = (Note("guess", text),)
    # Where a part lacks a slice its sisters say where it would lie.
    lead = dict(zip(reversed(places), reversed(group), strict=True))
    whole = _stack(list(lead.values()))
    place_of = {part.key: place for part, place in zip(group, places, strict=True)}
    return [_part_of(whole, place_of, part, title, notes) for title, part in parts]


def _part_of(
    whole: Stack,
    place_of: Mapping[int, int],
    part: list[Slice],
    title: str,
    notes: tuple[Note, ...],
) -> Stack:
    """Return one of several volumes at the same places, as its sisters lie.

    Parameters
    ----------
    whole : Stack
        A slice of any of them at each place.
    place_of : mapping of key to number of the place
    part : list of Slice
        Of this one.
    title : str
    notes : tuple of Note
    """
    own = {place_of[one.key]: one.key for one in part}
    keys = tuple(None if key is None else own.get(place_of[key]) for key in whole.keys)
    said = [note for note in whole.notes if not note.text.endswith(_LEFT_EMPTY)]
    return replace(whole, keys=keys, notes=(*said, *gaps(keys), *notes), title=title)


def _split_by_marks(group: list[Slice], places: list[int]) -> list[tuple[str, list[Slice]]] | None:
    """Split by the fewest marks, then into the fewest parts, that leave no place twice in one.

    Where no marks do, a few slices may be left over: each volume's own are split off from it.
    """
    names = list(dict.fromkeys(name for part in group for name, _ in part.marks))
    names = [n for n in names if len({dict(part.marks).get(n) for part in group}) > 1]
    place_of = {part.key: place for part, place in zip(group, places, strict=True)}
    found: list[tuple[int, int, int, tuple[str, ...], dict[tuple[str, ...], list[Slice]]]] = []
    for chosen in (*combinations(names, 1), *combinations(names, 2)):
        parts: dict[tuple[str, ...], list[Slice]] = {}
        for part in group:
            marks = dict(part.marks)
            parts.setdefault(tuple(marks.get(n, "") for n in chosen), []).append(part)
        twice = len(group) - sum(len({place_of[p.key] for p in one}) for one in parts.values())
        # A mark of its own for each slice tells nothing: parts must be volumes.
        if len(parts) <= len(group) // 2 and twice < len(group) / (2 * len(parts)):
            found.append((twice, len(chosen), len(parts), chosen, parts))
    if not found:
        return None
    *_, chosen, parts = min(found, key=lambda one: one[:3])
    split = []
    for values, one in sorted(parts.items(), key=lambda item: _natural(item[0])):
        title = ", ".join(f"{n} {v}" for n, v in zip(chosen, values, strict=True))
        for turn in _turns(one, place_of):
            split.append((title, turn))
            title = f"{title}, again"
    return split


def _turns(part: Sequence[Slice], place_of: Mapping[int, int]) -> list[list[Slice]]:
    """Return the first slice at each place, the second at each place, and so on."""
    turns: list[dict[int, Slice]] = []
    for one in part:
        place = place_of[one.key]
        turn = next((turn for turn in turns if place not in turn), None)
        if turn is None:
            turns.append(turn := {})
        turn[place] = one
    return [list(turn.values()) for turn in turns]


def _split_by_order(group: list[Slice], places: list[int]) -> list[tuple[str, list[Slice]]]:
    """Split where the slices, in order, turn back, or come to a place for the second time.

    Where neither gives as many volumes as there are slices at one place, the order runs from volume
    to volume: the first slice at each place, the second at each, and so on.
    """
    place_of = {part.key: place for part, place in zip(group, places, strict=True)}
    turns = _turns(group, place_of)
    ways = (_runs(group, places, turning=turning) for turning in (True, False))
    parts = next((runs for runs in ways if len(runs) == len(turns)), turns)
    return [(f"volume {number}", part) for number, part in enumerate(parts, 1)]


def _runs(group: list[Slice], places: list[int], *, turning: bool) -> list[list[Slice]]:
    """Return the slices up to each that comes to a place again, or also to each that turns back."""
    runs: list[list[Slice]] = [[]]
    seen: list[int] = []
    for part, place in zip(group, places, strict=True):
        back = turning and len(seen) > 1 and (place > seen[-1]) != (seen[1] > seen[0])
        if place in seen or back:
            runs.append([])
            seen = []
        runs[-1].append(part)
        seen.append(place)
    return runs


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
    near = max(SAME_PLACE_MM, SAME_PLACE_SHARE * min(part.thickness for part in group))
    # Never so far that slices packed more tightly than they are thick become one.
    near = min(near, max(SAME_PLACE_MM, 0.1 * float(steps.max())))
    numbers = np.cumsum(steps > near)
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


def _stack(group: list[Slice]) -> Stack:
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
            notes += gaps(keys)
    return _placed(group, keys, values, notes)


_LEFT_EMPTY = "missing: left empty"


def gaps(keys: Sequence[int | None]) -> list[Note]:
    """Say which slices of a volume are not there: those of key None or less than 0."""
    gone = [str(n) for n, key in enumerate(keys, 1) if key is None or key < 0]
    if not gone:
        return []
    which = f"slices {', '.join(gone[:8])}{' …' if gone[8:] else ''}"
    which = f"slice {gone[0]}" if len(gone) == 1 else which
    return [Note("info", f"{which} of {len(keys)} {_LEFT_EMPTY}")]


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
        notes.append(Note("info", sheared(tilt)))
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
    return Stack(tuple(keys), axes, affine, stacked_view(normal), tuple(notes))
