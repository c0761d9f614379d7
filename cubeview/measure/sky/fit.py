"""Lines fitted in every spaxel of a cube: maps of flux, velocity, dispersion and width."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from astropy import constants, units

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import Cube
from cubeview.cubes.doubt import believed
from cubeview.cubes.spectral import with_spectral
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.measure.sky.gaussians import LEAST_CHANNELS, Member, Model, fit_gaussians
from cubeview.measure.sky.interval import summed_unit
from cubeview.measure.sky.lines import Line

_C_KMS = float(constants.c.to_value(units.km / units.s))
_FWHM = float(np.sqrt(8 * np.log(2)))
_SAME_LINE = 1e-4
"""Rest values closer than this, as a share, are of one line, rounded differently."""
_AT_ONCE = 2**22  # numbers of one array


@dataclass(frozen=True, eq=False)
class LineMaps:
    """Lines fitted in each spaxel.

    Parameters
    ----------
    maps : mapping of str to ndarray, shape (y, x)
        VELOCITY, DISPERSION, FWHM, CONTINUUM and FLUX, EW, each with its ``_ERR``, and SN. Of
        several lines FLUX, EW and SN end in the line's name; of several components all end in the
        component's number, ``FLUX_HA_2_ERR``.
    units : mapping of str to str
    words : tuple of str
        How they were made.
    """

    maps: dict[str, np.ndarray]
    units: dict[str, str]
    words: tuple[str, ...]


def fit_line(
    cube: Cube,
    lines: float | Sequence[Line],
    redshift: float,
    *,
    window_kms: float = 1500.0,
    least_sn: float = 3.0,
    resolution: float = 0.0,
    sign: int = 1,
    components: int = 1,
    report: Report = nothing,
) -> LineMaps:
    """Fit lines that move together in every spaxel of a cube.

    Parameters
    ----------
    cube : Cube
        With a spectral first axis: wavelength, frequency, or velocity.
    lines : float, or sequence of Line
        Frequency of the line at rest, Hz; or lines, velocities being those of the first.
    redshift : float
        Velocities are told from here; of an axis of velocities, as the file defines them.
    window_kms : float
        How far to either side of the lines is fitted.
    least_sn : float
        Below this velocities and dispersions are left blank.
    resolution : float
        λ/Δλ (FWHM) of the instrument, taken off the dispersion in squares; 0 takes nothing off.
    sign : {1, -1}
        Emission or absorption.
    components : int
        Gaussians of each line, narrower ones first.
    report : Report
        Called for every few rows; may raise Cancelled.

    Raises
    ------
    CubeviewError
        If the axis cannot be told as velocities, or too few channels lie in the window.
    """
    if isinstance(lines, (int, float)):
        lines = (Line("line", ((float(lines), 1.0),)),)
    cube = believed(cube)
    rest_hz = lines[0].members[0][0]
    moving, native, centre = _as_velocities(cube, rest_hz, redshift)
    x = moving.axes[0].values * units.Unit(moving.axes[0].unit).to(units.km / units.s)
    model = Model(tuple(_members(one, rest_hz, moving.axes[0]) for one in lines), components)
    centres = [one.scale * centre + one.offset for line in model.lines for one in line]
    near = np.flatnonzero((x >= min(centres) - window_kms) & (x <= max(centres) + window_kms))
    if len(near) < max(LEAST_CHANNELS, model.count + 3):
        low, high = _redshifts(moving.axes[0], x, centre, redshift)
        raise CubeviewError(
            f"{len(near) or 'no'} channels lie within {window_kms:g} km/s of the line at redshift "
            f"{redshift:g}, too few for a fit. The cube has this line at redshifts from {low:.5g} "
            f"to {high:.5g}. Another redshift, another line, or a wider window?"
        )
    planes = slice(int(near[0]), int(near[-1]) + 1)
    x = x[planes]
    depth, (height, width) = len(x), cube.shape[1:]
    rows = max(1, _AT_ONCE // (depth * model.count * width))
    values = np.full((height, width, model.count), np.nan)
    covariance = np.full((height, width, model.count, model.count), np.nan)
    for top in range(0, height, rows):
        report(top / height, f"fitting row {top + 1} of {height}")
        box = planes, slice(top, min(top + rows, height)), slice(0, width)
        spectra = cube.box(box).reshape(depth, -1).T
        known = cube.uncertainty
        sigma = None if known is None else known.box(box).reshape(depth, -1).T
        found = fit_gaussians(x, spectra, sigma, sign=sign, model=model)
        values[box[1]] = found.values.reshape(-1, width, model.count)
        covariance[box[1]] = found.covariance.reshape(-1, width, model.count, model.count)
    report(1.0, "fitted")
    middle = float(x.mean())
    made = _Maps(cube, values, covariance, native, middle, least_sn, resolution)
    return made.told(lines, model)


def _redshifts(axis: Axis, x: np.ndarray, centre: float, redshift: float) -> tuple[float, float]:
    """Return between which redshifts a line lies on an axis of its velocities, shape (z,), km/s."""
    speed = x / _C_KMS
    with np.errstate(divide="ignore", invalid="ignore"):
        if axis.convention == "radio":
            shift = 1.0 / (1.0 - speed)
        elif axis.convention == "relativistic":
            shift = np.sqrt((1.0 + speed) / (1.0 - speed))
        else:
            shift = 1.0 + speed
    # Velocities of other axes than those of velocities are told from the redshift.
    known = shift * (1.0 if axis.redshift == 0 else 1.0 + redshift) - 1.0
    return float(np.nanmin(known)), float(np.nanmax(known))


def _members(line: Line, rest_hz: float, axis: Axis) -> tuple[Member, ...]:
    """Return the Gaussians of a line on an axis of velocities of the line at `rest_hz`.

    With optical velocities wavelengths are as 1 + v/c, so that another line of the same gas lies at
    (v + c) λ'/λ - c; with radio velocities frequencies are as 1 - v/c.
    """
    found = []
    for hz, ratio in line.members:
        if axis.convention == "radio":
            scale = hz / rest_hz
            found.append(Member(scale, _C_KMS * (1.0 - scale), ratio))
        elif axis.convention in ("optical", "") or hz == rest_hz:
            scale = rest_hz / hz
            found.append(Member(scale, _C_KMS * (scale - 1.0), ratio))
        else:
            raise CubeviewError(
                f"lines cannot be tied on an axis of {axis.convention} velocities: fit them one "
                "by one."
            )
    return tuple(found)


def _as_velocities(cube: Cube, rest_hz: float, redshift: float) -> tuple[Cube, float, float]:
    """Return the cube in velocities, its own spectral unit per km/s, and where the line is."""
    axis = cube.axes[0]
    if axis.name == "Velocity":
        own = units.Quantity(axis.rest or 0.0, axis.rest_unit or "Hz")
        if axis.rest and abs(own.to_value("Hz", units.spectral()) / rest_hz - 1) > _SAME_LINE:
            cube = with_spectral(
                with_spectral(cube, "frequency"),  # by the rest value that the file has
                "velocity",
                rest=f"{rest_hz} Hz",
                convention=axis.convention or "radio",
            )
            axis = cube.axes[0]
        native = units.Unit(units.km / units.s).to(units.Unit(axis.unit))
        return cube, native, _C_KMS * _speed(redshift, axis.convention)
    radio = axis.name == "Frequency"
    moving = with_spectral(
        cube,
        "velocity",
        rest=f"{rest_hz} Hz",
        convention="radio" if radio else "optical",
        redshift=str(redshift),
    )
    speeds = moving.axes[0].values * units.Unit(moving.axes[0].unit).to(units.km / units.s)
    return moving, float(np.ptp(axis.values) / np.ptp(speeds)), 0.0


def _speed(redshift: float, convention: str) -> float:
    """Return the velocity of a redshift by its definition, in units of c."""
    if convention == "radio":
        return redshift / (1 + redshift)
    if convention == "relativistic":
        return float(((1 + redshift) ** 2 - 1) / ((1 + redshift) ** 2 + 1))
    return redshift


class _Maps:
    """Maps from the parameters of all spaxels, shape (y, x, p), and their covariance."""

    def __init__(
        self,
        cube: Cube,
        values: np.ndarray,
        covariance: np.ndarray,
        native: float,
        middle: float,
        least_sn: float,
        resolution: float,
    ) -> None:
        self._cube, self._native, self._middle = cube, native, middle
        self._values, self._covariance = values, covariance
        self._least_sn, self._resolution = least_sn, resolution
        self._maps: dict[str, np.ndarray] = {}
        self._units: dict[str, str] = {}

    def told(self, lines: Sequence[Line], model: Model) -> LineMaps:
        """Return all maps and how they were made."""
        for number in range(model.components):
            end = f"_{number + 1}" if model.components > 1 else ""
            self._component(number * model.each, end, lines, model)
        least = f"S/N {self._least_sn:g}"
        words = [_said(lines, model)]
        words.append("errors from " + (
            "the cube's own uncertainty" if self._cube.uncertainty is not None
            else "the scatter about each fit"
        ) + ", voxels taken as independent")  # fmt: skip
        words.append(f"velocity, dispersion and EW blank below {least}")
        if self._resolution:
            words.append(f"dispersion and FWHM without the instrument's, R = {self._resolution:g}")
        return LineMaps(self._maps, self._units, tuple(words))

    def _component(self, first: int, end: str, lines: Sequence[Line], model: Model) -> None:
        count = len(lines)
        centre, width = first + count, first + count + 1
        velocity, dispersion = self._values[..., centre].copy(), self._values[..., width].copy()
        errors = np.sqrt(np.maximum(np.einsum("yxii->yxi", self._covariance), 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            sn = np.abs(self._values[..., first:centre]) / errors[..., first:centre]
            own = dispersion**2
            if self._resolution:
                own = own - (_C_KMS / self._resolution / _FWHM) ** 2
            own = np.sqrt(np.where(own > 0, own, np.nan))
            own_e = errors[..., width] * dispersion / own
        faint = ~(sn >= self._least_sn).any(axis=-1)
        spectral = self._cube.axes[0].unit
        flux_unit = summed_unit(self._cube, spectral)
        level, level_e = self._level(model.lines[0][0], centre)
        for number, line in enumerate(lines):
            name = f"_{line.name.upper()}" if count > 1 else ""
            flux, flux_e = self._values[..., first + number], errors[..., first + number]
            self._add(f"FLUX{name}{end}", flux * self._native, flux_e * self._native, flux_unit)
            ew, ew_e = self._width(model.lines[number][0], first + number, centre)
            hidden = ~(sn[..., number] >= self._least_sn)
            self._add(f"EW{name}{end}", ew * self._native, ew_e * self._native, spectral, hidden)
            self._maps[f"SN{name}{end}"] = sn[..., number]
            self._units[f"SN{name}{end}"] = ""
        self._add(f"VELOCITY{end}", velocity, errors[..., centre].copy(), "km/s", faint)
        self._add(f"DISPERSION{end}", own, own_e, "km/s", faint)
        self._add(f"FWHM{end}", own * _FWHM, own_e * _FWHM, "km/s", faint)
        self._add(f"CONTINUUM{end}", level, level_e, self._cube.unit)

    def _add(
        self,
        name: str,
        values: np.ndarray,
        errors: np.ndarray,
        unit: str,
        hidden: np.ndarray | None = None,
    ) -> None:
        for key, one in ((name, values), (f"{name}_ERR", errors)):
            self._maps[key] = one if hidden is None else np.where(hidden, np.nan, one)
            self._units[key] = unit

    def _place(self, member: Member, centre: int) -> np.ndarray:
        """Return where a line lies, from the middle of the window."""
        place: np.ndarray = member.scale * self._values[..., centre] + member.offset - self._middle
        return place

    def _level(self, member: Member, centre: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the continuum at a line and its error."""
        place, slope = self._place(member, centre), self._values[..., -1]
        level = self._values[..., -2] + slope * place
        return level, self._error({-2: np.ones_like(place), -1: place})

    def _width(self, member: Member, flux: int, centre: int) -> tuple[np.ndarray, np.ndarray]:
        """Return flux over continuum and its error, by the covariance of all that is in it."""
        place, slope = self._place(member, centre), self._values[..., -1]
        level = self._values[..., -2] + slope * place
        with np.errstate(divide="ignore", invalid="ignore"):
            width = self._values[..., flux] / level
            by_level = -width / level
            gradient = {
                flux: 1.0 / level, centre: by_level * slope * member.scale,
                -2: by_level, -1: by_level * place,
            }  # fmt: skip
            return width, self._error(gradient)

    def _error(self, gradient: dict[int, np.ndarray]) -> np.ndarray:
        """Return the error of what has these derivatives by some parameters."""
        variance = sum(
            a * b * self._covariance[..., i, j]
            for i, a in gradient.items()
            for j, b in gradient.items()
        )
        error: np.ndarray = np.sqrt(np.maximum(variance, 0.0))
        return error


def _said(lines: Sequence[Line], model: Model) -> str:
    """Return in words what was fitted."""
    if len(lines) == 1 and len(lines[0].members) == 1 and model.components == 1:
        return "a Gaussian over a straight continuum in each spaxel"
    told = f"{', '.join(line.name for line in lines)} over a straight continuum in each spaxel"
    if len(lines) > 1:
        told += ", of one velocity and dispersion"
    ratios = [
        f"{line.name} of {len(line.members)} lines as 1 to "
        + " to ".join(f"{ratio:.3g}" for _, ratio in line.members[1:])
        for line in lines
        if len(line.members) > 1
    ]
    told += "".join(f"; {one}, fluxes are of the first" for one in ratios)
    if model.components > 1:
        told += f"; {model.components} Gaussians of each, the narrower first"
    return told
