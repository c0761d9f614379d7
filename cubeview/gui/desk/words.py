"""Numbers as the window says them: coordinates, values with units, and the cursor line."""

import math

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import Box, Cube
from cubeview.cubes.plane import axis_marks, body_offset
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.styles import WHITE
from cubeview.gui.desk.units import display_scale, unit_text, value_unit
from cubeview.kinds import kind_of

LONG = 1e5
Voxel = tuple[float, float, float]
NARROW_SPACE = "\u202f"
_EQUATORIAL = ("RA", "Dec")


def values_unit(cube: Cube) -> str:
    """Return the unit of a cube's values as it follows a number: ``"×10⁻²⁰ erg …"``."""
    unit = value_unit(cube)
    return f"×{unit}" if unit.startswith("10") else unit


def sexagesimal(ra_deg: float, dec_deg: float) -> str:
    """Return a sky position as hours and degrees, to 0.01 s and 0.1 arcsec."""
    hundredths = round((ra_deg % 360.0) / 15.0 * 360_000) % (24 * 360_000)
    seconds, hundredths = divmod(hundredths, 100)
    tenths = round(abs(dec_deg) * 36_000)
    arcsec, tenths = divmod(tenths, 10)
    sign = "−" if dec_deg < 0 else "+"
    return (
        f"{seconds // 3600:02d}ʰ{seconds // 60 % 60:02d}ᵐ{seconds % 60:02d}.{hundredths:02d}ˢ "
        f"{sign}{arcsec // 3600:02d}°{arcsec // 60 % 60:02d}′{arcsec % 60:02d}.{tenths}″"
    )


def coordinate_text(axis: Axis, value: float) -> str:
    """Return a world coordinate with name and unit, to about a tenth of a voxel."""
    if not math.isfinite(value):
        return f"{axis.name} –"
    scale, unit = display_scale(axis)
    value, step = value * scale, abs(axis.step) * scale
    digits = min(max(0, 1 - math.floor(math.log10(step))), 6) if step > 0 else 3
    if axis.counted:
        digits = 0
    grouped = "," if abs(value) >= LONG else ""
    figures = _minus(f"{value:{grouped}.{digits}f}").replace(",", NARROW_SPACE)
    text = f"{axis.name} {figures}"
    if unit:
        text += f" {unit}"
    extra: str = axis.medium or axis.convention
    if axis.redshift:
        extra = ", ".join(filter(None, (extra, "rest frame")))
    return f"{text} ({extra})" if extra else text


def scale_words(cube: Cube) -> str:
    """Return how large a pixel of a picture is; that nobody says where the file does not."""
    axis, step = cube.axes[2], cube.spacing[2]
    if cube.wcs is not None:
        return f"{step:.3g}″ a pixel"
    return "no scale" if axis.counted else f"{step:.3g} {axis.unit} a pixel".replace("  ", " ")


def value_text(value: float, unit: str) -> str:
    """Return a voxel's value with four figures."""
    if not math.isfinite(value):
        return "no data"
    text = _minus(f"{value:.4g}")
    if "e" in text:
        mantissa, exponent = text.split("e")
        text = f"{mantissa}×10{_raised(int(exponent.replace('−', '-')))}"
    return f"{text} {unit}".rstrip()


def place_text(session: Session, at: Voxel | None = None) -> str:
    """Return the world coordinates under the cursor, or elsewhere; sexagesimal on the sky.

    `at` is a voxel index of the main cube. Hearts are read in mm from the middle of the ventricle,
    towards the walls: patient coordinates count from somewhere on the table.
    """
    if session.case is None:
        return ""
    cube = session.case.main
    at = at or session.cursor
    if kind_of(cube).ventricle:
        return _heart_place(session, cube, at)
    first, second, third = cube.world(*at)
    parts = [] if kind_of(cube).flat else [coordinate_text(cube.axes[0], first)]
    names = {cube.axes[1].name, cube.axes[2].name}
    if cube.wcs is not None and names == set(_EQUATORIAL) and math.isfinite(second + third):
        return " · ".join([f"{sexagesimal(third, second)} {cube.axes[2].frame}".rstrip(), *parts])
    parts += [coordinate_text(cube.axes[1], second), coordinate_text(cube.axes[2], third)]
    return " · ".join(parts)


def window_text(cube: Cube, box: Box) -> str:
    """Return what a window of a sky cube spans: its interval in world units, its sky in voxels."""
    z, y, x = box
    axis = cube.axes[0]
    first, last = (
        coordinate_text(axis, float(axis.values[i])).removeprefix(f"{axis.name} ")
        for i in (z.start, z.stop - 1)
    )
    return f"{first.split(' ')[0]} to {last} · {x.stop - x.start} × {y.stop - y.start} voxels"


def _heart_place(session: Session, cube: Cube, at: Voxel) -> str:
    found = session.ventricles.get(session.case.roles[0]) if session.case else None
    offsets = body_offset(cube, found, at)
    parts = []
    for axis, (first, last), offset in zip(cube.axes, axis_marks(cube), offsets, strict=True):
        mark = last if offset >= 0 else first
        parts.append(
            f"{mark} {abs(offset):.0f} mm" if mark else _minus(f"{axis.name} {offset:.0f} mm")
        )
    origin = "the ventricle's centre" if found is not None else "the middle"
    return f"From {origin}: {' · '.join(parts)}"


def values_text(session: Session) -> str:
    """Return the value under the cursor for each role, with its uncertainty.

    Raises CubeviewError if the file behind a cube has gone.
    """
    if session.case is None:
        return ""
    parts = []
    if (image := session.measured.seen) is not None:
        _, y, x = session.cursor
        unit = unit_text(session.case.main, image.unit)
        text = value_text(float(image.values[y, x]), "")
        doubt = value_text(float(image.sigma[y, x]), "")
        if "no data" not in (text, doubt):
            text += f" ± {doubt}"
        times = "×" if unit.startswith("10") else ""
        return f"{image.name} of the interval: {text} {times}{unit}".rstrip()
    white = session.shown.white_plane
    if session.white and white is not None:
        _, y, x = session.cursor
        mean = value_text(float(white[y, x]), values_unit(session.case.main))
        return f"{WHITE}, the mean of all channels: {mean}"
    for role in session.case.cubes:
        cube = session.case.at_gate(role, session.gate)
        z, y, x = session.cursor_in(role)
        box = (slice(z, z + 1), slice(y, y + 1), slice(x, x + 1))
        text = value_text(float(cube.box(box)[0, 0, 0]), "")
        if cube.uncertainty is not None and text != "no data":
            sigma = value_text(float(cube.uncertainty.box(box)[0, 0, 0]), "")
            text += f" ± {sigma}" if sigma != "no data" else ""
        name = "" if len(session.case.cubes) == 1 else f"{role} "
        parts.append(f"{name}{text} {values_unit(cube)}".rstrip())
    return " · ".join(parts)


def _minus(text: str) -> str:
    return text.replace("-", "−")


def _raised(number: int) -> str:
    return str(number).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
