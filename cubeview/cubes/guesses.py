"""What a reader had to guess, as questions the user can answer otherwise, and the answers applied.

A reader marks a note with the question it settles (`Note.about`). An answer is a short text, so
that it can be kept in a file; it is checked when it is applied.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from cubeview.cubes import correct_body as body
from cubeview.cubes import correct_sky as sky
from cubeview.cubes.case import Case
from cubeview.cubes.cube import Cube, Note
from cubeview.errors import CubeviewError
from cubeview.kinds import HEART, KINDS


@dataclass(frozen=True)
class Question:
    """Something a reader settled that the user may settle otherwise."""

    key: str  # "spectral unit"; answers are kept under it
    title: str  # for a form
    reason: str  # why it had to be guessed: the text of the note
    now: str  # what holds now, in the words of an answer; empty where nothing could be guessed
    choices: tuple[str, ...] = ()  # answers there are; empty when any text may be given
    example: str = ""  # an answer, where any text may be given
    answered: bool = False  # by the user


@dataclass(frozen=True)
class _Kind:
    title: str
    now: Callable[[Cube], str]
    apply: Callable[[Cube, str], Cube]
    choices: Callable[[Cube], tuple[str, ...]] = lambda cube: ()
    example: str = ""


# In the order in which answers are applied: a type raises the question of its unit.
_KINDS = {
    "mask meaning": _Kind(
        "The mask forbids a voxel by",
        lambda cube: cube.facts.get("mask", ""),
        sky.set_forbidden,
        sky.mask_answers,
    ),
    "first axis": _Kind(
        "First axis", lambda cube: sky.axes_to_choose(cube)[0], sky.put_first, sky.axes_to_choose
    ),
    "spectral type": _Kind(
        "First axis measures", sky.spectral_type, sky.set_type, lambda cube: sky.TYPES
    ),
    "spectral unit": _Kind("Its unit", lambda cube: cube.axes[0].unit, sky.set_unit, sky.units_for),
    "spectral values": _Kind(
        "First value and step", sky.start_and_step, sky.set_values, example="4750.2 1.25"
    ),
    "medium": _Kind(
        "Wavelengths are in",
        lambda cube: cube.axes[0].medium,
        lambda cube, answer: sky.with_axis(cube, medium=answer),
        lambda cube: ("air", "vacuum"),
    ),
    "velocity definition": _Kind(
        "Velocities are",
        lambda cube: cube.axes[0].convention,
        lambda cube, answer: sky.with_axis(cube, convention=answer),
        lambda cube: ("radio", "optical", "relativistic"),
    ),
    "projection": _Kind(
        "Projection of the sky", sky.projection, sky.set_projection, lambda cube: sky.PROJECTIONS
    ),
    "sky scale": _Kind(
        "Size of a spaxel, arcsec", sky.spaxel_size, sky.set_spaxel_size, example="0.2 0.2"
    ),
    "value unit": _Kind(
        "Unit of the values",
        lambda cube: cube.unit,
        sky.set_value_unit,
        example="1e-20 erg/s/cm2/Angstrom",
    ),
    "error meaning": _Kind(
        "The noise is given as",
        lambda cube: cube.facts.get("uncertainty", ""),
        sky.set_meaning,
        lambda cube: (*sky.POWERS, sky.NO_NOISE),
    ),
    "pixel size": _Kind(
        "Row and column spacing, mm", body.pixel_size, body.set_pixel_size, example="4.0 4.0"
    ),
    "slice spacing": _Kind(
        "Slice spacing, mm", body.slice_spacing, body.set_slice_spacing, example="4.0"
    ),
    "orientation": _Kind(
        "Slices are stacked",
        lambda cube: "unknown" if cube.affine is None else "",
        body.set_orientation,
        lambda cube: body.ORIENTATIONS,
    ),
    "slice direction": _Kind(
        "Slices run",
        lambda cube: body.DIRECTIONS[0],
        body.set_direction,
        lambda cube: body.DIRECTIONS,
    ),
    "view": _Kind(
        "View", lambda cube: cube.view or "unknown", body.set_view, lambda cube: body.VIEWS
    ),
    "organ": _Kind(
        "Organ",
        lambda cube: HEART.key if cube.kind == HEART.key else "other",
        body.set_organ,
        lambda cube: (HEART.key, "other"),
    ),
}


def questions(cube: Cube) -> tuple[Question, ...]:
    """Return what a reader settled in a cube and the user may settle otherwise.

    Each question once, in the order in which their answers are applied.
    """
    asked: dict[str, Note] = {}
    for note in cube.notes:
        if note.about in _KINDS:
            asked.setdefault(note.about, note)
    return tuple(
        Question(
            key=key,
            title=kind.title,
            reason=asked[key].text,
            now=kind.now(cube),
            choices=kind.choices(cube),
            example=kind.example,
            answered=_ANSWERED in asked[key].text,
        )
        for key, kind in _KINDS.items()
        if key in asked
    )


def corrected(cube: Cube, answers: Mapping[str, str]) -> Cube:
    """Return a cube as the user says it is; pixels are not read.

    `answers` are all of them, by question: those given earlier and left out here are forgotten.
    Answers to questions that the cube does not raise change nothing: what a file says itself is not
    overruled. A note for each answer takes the place of that of the guess. Raises CubeviewError if
    an answer makes no sense.
    """
    as_read = cube.as_read or cube
    made = as_read
    for key, kind in _KINDS.items():
        if key not in answers or not any(note.about == key for note in made.notes):
            continue
        answer = answers[key].strip()
        if kind.choices(made) and answer not in kind.choices(made):
            known = ", ".join(kind.choices(made))
            raise CubeviewError(f"{kind.title}: “{answer[:40]}” is none of {known}.")
        made = kind.apply(made, answer)
        kept = tuple(note for note in made.notes if note.about != key)
        note = Note("info", f"{kind.title.lower()}: {answer}{_ANSWERED}", key)
        made = replace(made, notes=(*kept, note))
    return made if made is as_read else replace(made, as_read=as_read)


def corrected_case(case: Case, answers: Callable[[Cube], Mapping[str, str]]) -> Case:
    """Return a case with its cubes as the user says they are, given the answers for each.

    The same one when nothing is corrected and nothing was. Raises CubeviewError if an answer makes
    no sense.
    """
    pair = len(case.cubes) > 1
    cubes = {}
    for role, cube in case.cubes.items():
        given = dict(answers(cube))
        if pair:
            given.pop("organ", None)  # rest and stress were told apart: it is a heart
        cubes[role] = corrected(cube, given)
    if all(cubes[role] is cube for role, cube in case.cubes.items()):
        return case
    kind = next(iter(cubes.values())).kind
    if kind == case.kind or pair:
        return replace(case, cubes=cubes)
    (cube,) = cubes.values()
    role = KINDS[kind].role
    question = "Nothing in the file says whether this is rest or stress. Which?"
    question = question if KINDS[kind].states else ""
    return replace(case, kind=kind, cubes={role: cube}, question=question, window=None)


_ANSWERED = ", as the user said"
