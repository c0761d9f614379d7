"""A cube: three axes, lazily read pixels, their uncertainty and mask, and what was guessed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from cubeview.cubes.axes import Axis
from cubeview.cubes.frozen import rebuilt
from cubeview.cubes.sky import full_turn
from cubeview.errors import Report, nothing

Box = tuple[slice, slice, slice]
"""Half-open voxel ranges in array order (z, y, x), each with start and stop."""


class Pixels(Protocol):
    """Voxel values that may still lie on disk; float32, native byte order, NaN where no data.

    Every method may raise CubeviewError when the file has gone or has changed.
    """

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (z, y, x)."""
        ...

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube, shape of the box."""
        ...

    def read(self, report: Report = nothing) -> np.ndarray:
        """Return the whole cube, shape (z, y, x), reading in slabs and reporting."""
        ...

    def plane(self, axis: int, index: int) -> np.ndarray:
        """Return the plane across `axis` at `index`, shape of the two other axes in order."""
        index = range(self.shape[axis])[index]
        z, y, x = (slice(0, n) for n in self.shape)
        one = slice(index, index + 1)
        box: Box = ((one, y, x), (z, one, x), (z, y, one))[axis]
        plane = self.box(box).squeeze(axis=axis)
        return plane if plane.flags.writeable else plane.copy()

    def spectrum(self, y: int, x: int) -> np.ndarray:
        """Return the values along axis 0 at (y, x), shape (z,)."""
        depth, rows, columns = self.shape
        y, x = range(rows)[y], range(columns)[x]
        values: np.ndarray = self.box((slice(0, depth), slice(y, y + 1), slice(x, x + 1)))[:, 0, 0]
        return values


@runtime_checkable
class Flags(Protocol):
    """A mask made of flags whose meaning can be told otherwise."""

    def forbidding(self, what: str) -> Pixels:
        """Return the mask with other flags forbidding a voxel."""
        ...


@dataclass(frozen=True, eq=False)
class ArrayPixels(Pixels):
    """Pixels that are already in memory, as read-only native float32."""

    array: np.ndarray  # shape (z, y, x)

    def __post_init__(self) -> None:
        array = np.array(self.array, dtype=np.float32, order="C")
        if array.ndim != 3:
            raise ValueError(f"a cube has three axes, not {array.ndim}")
        array.setflags(write=False)
        object.__setattr__(self, "array", array)

    __reduce__ = rebuilt

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (z, y, x)."""
        z, y, x = self.array.shape
        return z, y, x

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube."""
        values: np.ndarray = self.array[box]
        return values

    def read(self, report: Report = nothing) -> np.ndarray:
        """Return the whole cube."""
        return self.array


@dataclass(frozen=True)
class Note:
    """Something the reader guessed, repaired or left out, shown to the user.

    ``guess``: not in the file, may be wrong, the user may change it. ``repair``: the file said
    something unusable and this is what it must mean. ``info``: worth knowing, nothing to do.
    ``about`` is the question of `cubeview.cubes.guesses` by which the user can say otherwise; empty
    where there is none.
    """

    level: Literal["guess", "repair", "info"]
    text: str
    about: str = ""


@dataclass(frozen=True)
class Source:
    """Where a cube came from: the file, and which part of it.

    The path is for opening and for messages to the user who opened it; it is never part of an
    identity, a log or an export. What is put together from several files has the first as its
    path, and all others `beside` it.
    """

    path: Path
    part: str = ""
    beside: tuple[Path, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files the cube is made of."""
        return self.path, *self.beside


@dataclass(frozen=True, eq=False)
class Gate:
    """One of the states a gated scan was taken in: a part of the heart's beat."""

    name: str  # "time slot 3"
    pixels: Pixels  # of the cube's shape and unit


@dataclass(frozen=True, eq=False)
class Cube:
    """A three-dimensional image with world coordinates.

    Parameters
    ----------
    axes : tuple of three Axis
        In array order (z, y, x): spectral, Dec, RA; or slice, row, column.
    pixels : Pixels, shape (z, y, x)
        Values as measured, in `unit`.
    kind : str
        A key of `cubeview.kinds.KINDS`.
    unit : str
        Unit of the values as written in the file, for display.
    quantity_unit : astropy unit or None
        The same parsed; None when astropy does not understand it.
    uncertainty : Pixels or None
        Always one standard deviation (sigma), in `unit`, whatever the file holds.
    mask : Pixels or None
        1 where a voxel must not be used, 0 elsewhere.
    wcs : astropy.wcs.WCS or None
        Celestial two-dimensional WCS (pixel order x, y; 0-based) of a sky cube.
    beam : tuple of three float, or None
        Of a radio cube: full widths at half maximum of both axes (arcsec), position angle (deg).
    affine : ndarray, shape (4, 4), or None
        Voxel (z, y, x, 1) to patient position (x, y, z, 1) in mm, DICOM axes (L, P, S), of a
        body cube with known geometry.
    view : {"short axis", "vertical long axis", "horizontal long axis", "transaxial", ...} or ""
        Anatomical view the slices are stacked in, where known.
    facts : mapping of str to str
        Things worth showing (instrument, object, beam, corrections). Never a patient's name,
        number, dates or free text.
    notes : tuple of Note
        Every guess, repair and omission made on reading.
    source : Source or None
    instrument : str
        What took the data, as the header names it (instrument or camera); what the user corrects
        is remembered under it. Empty where the file does not say.
    gates : tuple of Gate
        The states whose sum `pixels` is, in the order of the beat; empty for an ungated scan.
    as_read : Cube or None
        The cube before the user's corrections; None where there are none.
    whose : mapping of str to str
        What tells one patient from another, by name ("patient number"): a digest of each, to be
        compared and never shown. What the file does not say, or says of everybody, is not in it.
    study : str
        What tells one examination from another, in the same way.
    """

    axes: tuple[Axis, Axis, Axis]
    pixels: Pixels
    kind: str
    unit: str = ""
    quantity_unit: Any = None
    uncertainty: Pixels | None = None
    mask: Pixels | None = None
    wcs: Any = None
    beam: tuple[float, float, float] | None = None
    affine: np.ndarray | None = None
    view: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    source: Source | None = None
    instrument: str = ""
    gates: tuple[Gate, ...] = ()
    as_read: "Cube | None" = None
    whose: Mapping[str, str] = field(default_factory=dict)
    study: str = ""

    def __post_init__(self) -> None:
        lengths = tuple(len(axis) for axis in self.axes)
        if lengths != tuple(self.pixels.shape):
            raise ValueError(f"axes of {lengths} voxels do not fit pixels of {self.pixels.shape}")
        for name in ("facts", "whose"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    __reduce__ = rebuilt

    def __repr__(self) -> str:
        # Never the file: its name may be a patient's.
        sides = " × ".join(map(str, self.shape))
        words = (self.facts.get("object"), self.kind, sides, self.unit or "no unit")
        return f"<Cube {', '.join(filter(None, words))}>"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        values = self._without_masked(lambda pixels: pixels.read())
        return np.asarray(values, dtype=dtype, copy=copy)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (z, y, x)."""
        return self.pixels.shape

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel size along (z, y, x), positive: mm for a body cube; the spectral step in its own
        unit and arcsec on the sky for a sky cube; 1 where the file says nothing.
        """
        sizes = [abs(axis.step) or 1.0 for axis in self.axes]
        if self.wcs is not None:
            from astropy.wcs.utils import proj_plane_pixel_scales

            scale_x, scale_y = proj_plane_pixel_scales(self.wcs) * 3600.0
            sizes[1], sizes[2] = float(scale_y), float(scale_x)
        return sizes[0], sizes[1], sizes[2]

    def at_gate(self, number: int) -> "Cube":
        """Return the cube in one of its gates, counted from 0; without gates the cube itself."""
        if not self.gates:
            return self
        gate = self.gates[number % len(self.gates)]
        return replace(self, pixels=gate.pixels, uncertainty=None, gates=())

    def world(self, z: float, y: float, x: float) -> tuple[float, float, float]:
        """Return the world coordinates of a voxel, in the order and the units of `axes`.

        NaN where the projection has no sky. Longitudes are from 0 to 360 degrees; on the Sun they
        are offsets of either sign.

        Parameters
        ----------
        z, y, x : float
            Voxel index, 0-based, may be fractional.
        """
        first = self.axes[0].world(z)
        if self.wcs is None:
            return first, self.axes[1].world(y), self.axes[2].world(x)
        longitude, latitude = self.wcs.wcs_pix2world(x, y, 0)
        return first, float(latitude), float(full_turn(self.wcs, longitude))

    def index(self, first: float, second: float, third: float) -> tuple[float, float, float]:
        """Return the fractional voxel index of world coordinates; the inverse of `world`.

        Parameters
        ----------
        first, second, third : float
            In the order and the units of `axes`.
        """
        z = self.axes[0].index(first)
        if self.wcs is None:
            return z, self.axes[1].index(second), self.axes[2].index(third)
        # A sky without a projection is a line, not a circle: the turn nearest to the cube is meant.
        middle, _ = self.wcs.wcs_pix2world(self.shape[2] / 2, self.shape[1] / 2, 0)
        if np.isfinite(middle):
            third += 360.0 * np.round((middle - third) / 360.0)
        x, y = self.wcs.wcs_world2pix(third, second, 0)
        return z, float(y), float(x)

    def plane(self, axis: int, index: int) -> np.ndarray:
        """Return a plane with masked voxels as NaN; float32, shape of the two other axes."""
        return self._without_masked(lambda pixels: pixels.plane(axis, index))

    def spectrum(self, y: int, x: int) -> np.ndarray:
        """Return the values along axis 0 with masked voxels as NaN; float32, shape (z,)."""
        return self._without_masked(lambda pixels: pixels.spectrum(y, x))

    def box(self, box: Box) -> np.ndarray:
        """Return a sub-cube with masked voxels as NaN; float32, shape of the box."""
        return self._without_masked(lambda pixels: pixels.box(box))

    def _without_masked(self, ask: Callable[[Pixels], np.ndarray]) -> np.ndarray:
        values = ask(self.pixels)
        if self.mask is None:
            return values
        return np.where(ask(self.mask) > 0, np.float32(np.nan), values)
