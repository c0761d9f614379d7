"""Answers about sky cubes put into effect: what the axes measure, in which unit, what noise means.

Numbers are those of the file throughout; it is their meaning that changes.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from astropy import units

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import Cube, Flags, Note
from cubeview.cubes.rearranged import PoweredPixels, TurnedPixels
from cubeview.cubes.sky import along
from cubeview.cubes.unit import unit_of
from cubeview.cubes.units import parse_unit
from cubeview.errors import CubeviewError

_NAMES = {
    "wavelength": ("Wavelength", "WAVE", "Angstrom"),
    "frequency": ("Frequency", "FREQ", "GHz"),
    "energy": ("Energy", "ENER", "keV"),
    "velocity": ("Velocity", "VELO", "km/s"),
    "wavenumber": ("Wavenumber", "WAVN", "cm-1"),
}
TYPES = (*_NAMES, "no spectrum")
"""What the first axis of a cube can measure."""

_UNITS = {
    "Wavelength": ("Angstrom", "nm", "um", "mm", "cm", "m"),
    "Frequency": ("Hz", "kHz", "MHz", "GHz", "THz"),
    "Energy": ("eV", "keV", "MeV", "GeV", "TeV", "J"),
    "Velocity": ("m/s", "km/s"),
    "Wavenumber": ("m-1", "cm-1"),
}
PROJECTIONS = ("linear", "TAN", "SIN", "ARC", "CAR", "SFL", "ZEA")
"""Projections of the sky that a header without one can mean."""

POWERS = {"sigma": 1.0, "variance": 0.5, "inverse variance": -0.5, "inverse sigma": -1.0}
"""sigma = value ** power, by what the values of a noise array mean."""

NO_NOISE = "no noise"
ANY_FLAG, ZERO_FLAG, NO_FLAG = "any flag", "zero", "nothing"
FORBIDS = (ANY_FLAG, ZERO_FLAG, NO_FLAG)
"""What in a mask can forbid a voxel, where no table of the survey's bits says."""

_ABOUT_SPECTRUM = ("spectral unit", "medium", "velocity definition")


def axes_to_choose(cube: Cube) -> tuple[str, ...]:
    """Return the axes that can come first, counted as FITS does, the one that does leading."""
    return tuple(
        f"axis {number} ({length} voxels)"
        for number, length in zip((3, 2, 1), cube.shape, strict=True)
    )


def put_first(cube: Cube, answer: str) -> Cube:
    """Make another axis the first one; the others keep their order."""
    first = axes_to_choose(cube).index(answer)
    if first == 0:
        return cube
    others = [axis for axis in range(3) if axis != first]
    order = (first, others[0], others[1])
    z, y, x = (cube.axes[axis] for axis in order)
    changes: dict[str, Any] = {
        name: TurnedPixels(pixels, order)
        for name in ("uncertainty", "mask")
        if (pixels := getattr(cube, name)) is not None
    }
    return replace(cube, axes=(z, y, x), pixels=TurnedPixels(cube.pixels, order), **changes)


def spectral_type(cube: Cube) -> str:
    """Return what the first axis measures, in the words of `TYPES`."""
    axis = cube.axes[0]
    words = {name: word for word, (name, _, _) in _NAMES.items()}
    return words.get(axis.name, "") if axis.kind == "spectral" else "no spectrum"


def set_type(cube: Cube, answer: str) -> Cube:
    """Make the first axis one of another quantity; unit and medium are open again."""
    if answer == spectral_type(cube):
        return cube
    axis = cube.axes[0]
    notes = [note for note in cube.notes if note.about not in _ABOUT_SPECTRUM]
    if answer == "no spectrum":
        plain = Axis("z", "index", axis.unit, axis.values, axis.type)
        kind = _kind(cube, "volume")
        return replace(cube, axes=(plain, *cube.axes[1:]), kind=kind, notes=tuple(notes))
    name, code, unit = _NAMES[answer]
    if axis.unit and _measures(axis.unit, name):
        unit = axis.unit
    else:
        notes.append(Note("guess", f"the unit of the {answer}s: {unit}", "spectral unit"))
    if answer == "wavelength":
        text = "the file does not say whether wavelengths are in air"
        notes.append(Note("guess", text, "medium"))
    elif answer == "velocity":
        text = "the file does not say how its velocities are defined"
        notes.append(Note("guess", text, "velocity definition"))
    made = replace(
        axis, name=name, kind="spectral", unit=unit, type=code, medium="", convention="",
        guessed=True,
    )  # fmt: skip
    kind = _kind(cube, "sky")
    return replace(cube, axes=(made, *cube.axes[1:]), kind=kind, notes=tuple(notes))


def _kind(cube: Cube, of_cubes: str) -> str:
    """Return the kind a cube becomes; a single spectrum remains one."""
    return cube.kind if cube.shape[1:] == (1, 1) else of_cubes


def units_for(cube: Cube) -> tuple[str, ...]:
    """Return the units that what the first axis measures can have."""
    return _UNITS.get(cube.axes[0].name, ())


def set_unit(cube: Cube, answer: str) -> Cube:
    """Give the numbers of the first axis another unit."""
    if not _measures(answer, cube.axes[0].name):
        raise CubeviewError(f"“{answer[:40]}” is no unit of {cube.axes[0].name.lower()}.")
    return with_axis(cube, unit=answer)


def start_and_step(cube: Cube) -> str:
    """Return the first value of the first axis and its step, as they are given as an answer."""
    axis = cube.axes[0]
    return f"{axis.values[0]:.10g} {axis.step:.10g}"


def set_values(cube: Cube, answer: str) -> Cube:
    """Let the first axis start at a value and go on in even steps, of either sign."""
    start, step = numbers_of(answer, 2, "the first value and the step, such as 4750.2 1.25")
    if step == 0:
        raise CubeviewError("The step along the first axis cannot be zero.")
    axis = cube.axes[0]
    made = with_axis(cube, values=start + step * np.arange(len(axis)), guessed=False)
    known = _UNITS.get(axis.name)
    if axis.unit or not known:
        return made
    note = Note("guess", f"the unit of the {axis.name.lower()}s: {known[0]}", "spectral unit")
    made = replace(made, kind=_kind(made, "sky"), notes=(*made.notes, note))
    return with_axis(made, unit=known[0], kind="spectral")


def projection(cube: Cube) -> str:
    """Return the projection of the sky."""
    code = "" if cube.wcs is None else str(cube.wcs.wcs.ctype[0])
    return code[-3:] if "-" in code else "linear"


def set_projection(cube: Cube, answer: str) -> Cube:
    """Project the sky another way about the same reference pixel, with the same steps."""
    if cube.wcs is None or answer == projection(cube):
        return cube
    sky = cube.wcs.deepcopy()
    names = [str(code).split("-")[0] for code in sky.wcs.ctype]
    sky.wcs.ctype = [n if answer == "linear" else f"{n:-<5}{answer}" for n in names]
    return _with_sky(cube, sky)


def spaxel_size(cube: Cube) -> str:
    """Return the size of a spaxel along columns and rows, arcsec, as it is given as an answer."""
    return f"{cube.spacing[2]:.6g} {cube.spacing[1]:.6g}"


def set_spaxel_size(cube: Cube, answer: str) -> Cube:
    """Give the spaxels of the sky another size; the reference stays where it is."""
    wanted = numbers_of(answer, 2, "two sizes in arcsec, such as 0.2 0.2")
    if cube.wcs is None:
        return cube
    if min(wanted) <= 0:
        raise CubeviewError("The size of a spaxel must be positive.")
    _, height, width = cube.spacing
    sky = cube.wcs.deepcopy()
    matrix = sky.pixel_scale_matrix * (np.array(wanted) / (width, height))
    if sky.wcs.has_cd():
        sky.wcs.cd = matrix
    else:
        sky.wcs.pc, sky.wcs.cdelt = matrix, (1.0, 1.0)
    return _with_sky(cube, sky)


def _with_sky(cube: Cube, sky: Any) -> Cube:
    sky.wcs.set()
    along_y, along_x = along(sky, cube.shape[1:])
    rows = replace(cube.axes[1], values=along_y, type=sky.wcs.ctype[1])
    columns = replace(cube.axes[2], values=along_x, type=sky.wcs.ctype[0])
    return replace(cube, wcs=sky, axes=(cube.axes[0], rows, columns))


def set_value_unit(cube: Cube, answer: str) -> Cube:
    """Give the values another unit."""
    if not answer or len(answer) > 80 or not answer.isprintable():
        raise CubeviewError("A unit is a short text, such as 1e-20 erg/s/cm2/Angstrom.")
    return replace(cube, unit=answer, quantity_unit=parse_unit(answer))


def set_meaning(cube: Cube, answer: str) -> Cube:
    """Say what the noise array of the file holds."""
    before = POWERS.get(cube.facts.get("uncertainty", ""))
    if answer == NO_NOISE:
        return replace(cube, uncertainty=None, facts={**cube.facts, "uncertainty": NO_NOISE})
    if cube.uncertainty is None or before is None:
        return cube
    if POWERS[answer] == before:
        return cube
    sigma = PoweredPixels(cube.uncertainty, POWERS[answer] / before)
    return replace(cube, uncertainty=sigma, facts={**cube.facts, "uncertainty": answer})


def mask_answers(cube: Cube) -> tuple[str, ...]:
    """Return what can forbid a voxel by the mask of a cube, what does now leading."""
    return tuple(dict.fromkeys((cube.facts.get("mask", ANY_FLAG), *FORBIDS)))


def set_forbidden(cube: Cube, answer: str) -> Cube:
    """Say what in the mask of the file forbids a voxel."""
    if not isinstance(cube.mask, Flags):
        return cube
    return replace(cube, mask=cube.mask.forbidding(answer), facts={**cube.facts, "mask": answer})


def numbers_of(answer: str, count: int, wanted: str) -> tuple[float, ...]:
    """Return an answer as numbers; CubeviewError if it is not so many finite ones.

    Parameters
    ----------
    answer : str
    count : int
        How many there have to be.
    wanted : str
        What they are, in words.
    """
    try:
        found = tuple(float(part) for part in answer.replace(",", " ").split())
    except ValueError:
        found = ()
    if len(found) != count or not np.isfinite(found).all():
        raise CubeviewError(f"“{answer[:40]}” does not give {wanted}.")
    return found


def with_axis(cube: Cube, **changes: Any) -> Cube:
    """Return a cube with changes to its first axis."""
    return replace(cube, axes=(replace(cube.axes[0], **changes), *cube.axes[1:]))


def _measures(unit: str, name: str) -> bool:
    known = _UNITS.get(name)
    try:
        return known is not None and unit_of(unit).is_equivalent(units.Unit(known[0]))
    except (TypeError, ValueError):
        return False
