"""What the parts of a FITS file are: which is the cube, which its noise, which its mask."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from astropy.io.fits import Header

from cubeview.cubes.cube import Note
from cubeview.cubes.units import parse_unit
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.io.fits.masks import Forbidden, forbidden
from cubeview.io.names import Meaning, Role, flux_rank, said_by

# ESO data interface (HDUCLAS3) and astropy NDData (UTYPE), keyed by capitals.
_DECLARED: dict[str, Meaning] = {
    "MSE": "variance",
    "RMSE": "sigma",
    "INVMSE": "inverse variance",
    "INVRMSE": "inverse sigma",
    "VARIANCEUNCERTAINTY": "variance",
    "STDDEVUNCERTAINTY": "sigma",
    "INVERSEVARIANCE": "inverse variance",
}

_LONGEST_AXIS = 10_000_000


@dataclass(frozen=True, eq=False)
class Part:
    """One header-and-data unit."""

    number: int  # 0 for the primary
    name: str  # EXTNAME in capitals, empty when it has none
    header: Header
    shape: tuple[int, ...]  # stored axes, slowest first; empty for tables and headers without data
    offset: int  # first byte of the data in the file
    what: Literal["image", "packed image", "table", "groups"]

    @property
    def real(self) -> tuple[int, ...]:
        """Stored axes longer than 1."""
        return tuple(n for n in self.shape if n > 1)

    @property
    def is_cube(self) -> bool:
        """True when there are at least three axes longer than 1."""
        return len(self.real) >= 3 and 0 not in self.shape

    @property
    def is_picture(self) -> bool:
        """True for an image of two axes longer than 1."""
        return len(self.real) == 2 and 0 not in self.shape

    @property
    def title(self) -> str:
        """Name for messages."""
        return self.name or ("primary" if self.number == 0 else f"extension {self.number}")

    @property
    def size(self) -> int:
        """Bytes of data."""
        return math.prod(self.shape) * abs(self.header["BITPIX"]) // 8 if self.shape else 0


@dataclass(frozen=True, eq=False)
class Group:
    """A cube with its noise and mask, as parts of one file."""

    flux: Part
    noise: Part | None = None
    meaning: Meaning = "sigma"
    mask: Part | None = None
    forbidden: Forbidden | None = None  # by the mask
    notes: tuple[Note, ...] = ()


def parts_of(hdus: Any, report: Report = nothing) -> list[Part]:
    """List the units of an open file without reading data.

    Parameters
    ----------
    hdus : astropy.io.fits.HDUList
        Opened with ``disable_image_compression=True``.
    report : callable
        Called per unit; may raise Cancelled.
    """
    parts: list[Part] = []
    for number in itertools.count():
        report(0.0, f"part {number + 1:,}")
        try:
            hdu = hdus[number]
        except IndexError:
            break
        except OSError:
            # Standard 4.0, 3.5: bytes behind the last unit are no reason to refuse the file.
            if not parts:
                raise
            break
        header = hdu.header
        name = str(header.get("EXTNAME") or "").strip().upper()
        offset = int(hdu.fileinfo()["datLoc"])
        if parts and offset <= parts[-1].offset:
            break  # a negative size sends astropy back to where it was, for ever
        if header.get("GROUPS") is True:
            parts.append(Part(number, name, header, (), offset, "groups"))
        elif header.get("ZIMAGE") is True:
            shape = _shape(header, "ZNAXIS")
            parts.append(Part(number, name, header, shape, offset, "packed image"))
        elif is_image(header):
            parts.append(Part(number, name, header, _shape(header, "NAXIS"), offset, "image"))
        else:
            parts.append(Part(number, name, header, (), offset, "table"))
    return parts


def is_image(header: Header) -> bool:
    """Tell whether a header announces an array of pixels."""
    return "SIMPLE" in header or str(header.get("XTENSION", "")).strip() in ("IMAGE", "IUEIMAGE")


def first_part(header: Header, length: int) -> Part:
    """Return the primary unit, its header of so many bytes, where nothing more could be read."""
    shape = _shape(header, "NAXIS")
    return Part(0, "", header, shape, length, "image" if is_image(header) else "table")


def groups_of(
    parts: Sequence[Part], report: Report = nothing, *, pictures: bool = False
) -> list[Group]:
    """Return the cubes of a file with noise and masks, the one to show first leading; or none.

    Parameters
    ----------
    parts : sequence of Part
    report : callable
        Called per cube; may raise Cancelled.
    pictures : bool
        Its images of two axes instead, each as a cube of one slice.
    """
    if pictures:
        parts = [_of_one_slice(part) if part.is_picture else part for part in parts]
    cubes = [part for part in parts if (part.is_picture if pictures else part.is_cube)]
    roles = {part.number: role_of(part) for part in parts}
    fluxes = [part for part in cubes if roles[part.number] == "flux"] or cubes
    fluxes.sort(key=lambda part: flux_rank(part.name))
    names = {part.name for part in parts}
    used: set[int] = {part.number for part in fluxes}
    beside = [part for part in parts if part.what == "image" and part.shape]
    beside = [part for part in beside if roles[part.number] in ("noise", "mask")]
    groups = []
    for flux in fluxes:
        report(0.0, f"what belongs to {flux.title}")
        notes: list[Note] = []
        free = [part for part in beside if part.number not in used]
        noise = _partner(flux, [p for p in free if roles[p.number] == "noise"], fluxes, "ERRDATA")
        mask = _partner(flux, [p for p in free if roles[p.number] == "mask"], fluxes, "QUALDATA")
        meaning: Meaning = "sigma"
        if noise is not None:
            used.add(noise.number)
            meaning = _meaning(flux, noise, notes)
        verdict = None
        if mask is not None:
            used.add(mask.number)
            headers = (mask.header, flux.header, parts[0].header)
            verdict = forbidden(headers, mask.name, flux.name, names)
        groups.append(Group(flux, noise, meaning, mask, verdict, tuple(notes)))
    return groups


def _of_one_slice(part: Part) -> Part:
    return replace(part, shape=(1, *part.shape)) if len(part.shape) == 2 else part


def check_size(part: Part, path: Path, size: int) -> None:
    """Refuse a part whose data do not lie in the file, before anything is allocated.

    Raises CubeviewError with the bytes announced and the bytes there are.

    Parameters
    ----------
    part : Part
    path : Path
        For messages.
    size : int
        Bytes of the file.
    """
    if max(part.shape) > _LONGEST_AXIS:
        raise CubeviewError(
            f"{path}: {part.title} announces an axis of {max(part.shape)} voxels "
            f"({_by(part.shape)}); no cube is that long. The header is damaged."
        )
    end = part.offset + part.size
    if end <= size:
        return
    plane = part.size // part.shape[0]
    whole = max(0, size - part.offset) // plane if plane else 0
    raise CubeviewError(
        f"{path}: the file is cut short. {part.title} ({_by(part.shape)}) ends at byte {end:,} and "
        f"the file has {size:,} bytes; {whole:,} of {part.shape[0]:,} planes are complete. "
        "Copy or download it again."
    )


def what_it_is(parts: Sequence[Part], path: Path) -> str:
    """Return why a file without a cube is refused: what it holds instead, and what to do."""
    images = [part for part in parts if part.shape]
    tables = [part for part in parts if part.what == "table"]
    remedy = "CubeView opens cubes with three axes longer than one voxel, pictures and spectra."
    if any(0 in part.shape for part in images):
        part = next(part for part in images if 0 in part.shape)
        return f"{path}: {part.title} has an axis of length zero ({_by(part.shape)}). {remedy}"
    if other := _something_else(parts):
        return f"{path}: {other}. {remedy}"
    if not images:
        held = f"only tables ({', '.join(part.title for part in tables)})" if tables else "no data"
        return f"{path}: the file holds {held}. {remedy}"
    best = max(images, key=lambda part: len(part.real))
    held = ", ".join(f"{part.title} {_by(part.shape)}" for part in images[:4])
    kind = ("a single value", "a one-dimensional spectrum")[len(best.real)]
    if len(best.real) == 1:
        remedy = "Nothing in it says at which wavelengths: give it CTYPE1, CRVAL1 and CDELT1."
    return f"{path}: {kind} ({held}). {remedy}"


def holds_pictures(parts: Sequence[Part]) -> bool:
    """Tell whether a file without a cube holds flat images that mean something by themselves."""
    lengths = (0 in part.shape for part in parts)
    return any(p.is_picture for p in parts) and not any(lengths) and not _something_else(parts)


def _something_else(parts: Sequence[Part]) -> str:
    """Say what a file is whose images are no pictures; empty for any other."""
    names = [part.name for part in parts]
    if any(name.startswith("OI_") for name in names):
        return "an OIFITS file, interferometer visibilities in tables"
    if any(part.what == "groups" for part in parts):
        return "random groups, radio visibilities before imaging"
    if any(name.startswith(("IMA_", "SPE_")) for name in names):
        held = [part for part in parts if part.shape or part.what == "table"]
        titles = ", ".join(part.title for part in sorted(held, key=lambda part: not part.shape))
        return f"a catalogue source with small images and tables ({titles})"
    if any(name in ("SLITMAP", "FIBRES", "FIBERS", "FIBRE_TABLE") for name in names):
        return "row-stacked fibre spectra, not yet put on a sky grid"
    return ""


def _shape(header: Header, key: str) -> tuple[int, ...]:
    count = header.get(key, 0)
    return tuple(int(header.get(f"{key}{n}", 0)) for n in range(int(count), 0, -1))


def _by(shape: tuple[int, ...]) -> str:
    return " × ".join(str(n) for n in reversed(shape))


def _mine(part: Part) -> tuple[tuple[str, ...], int]:
    """Return what a cube and its noise and mask have in common in their names, and the version."""
    version = part.header.get("EXTVER")
    return said_by(part.name).rest, version if isinstance(version, int) else 1


def role_of(part: Part) -> Role:
    """Return what a part is to a cube, as its name or its header declares."""
    said = said_by(part.name).role
    declared = str(part.header.get("HDUCLAS2", "")).strip().upper()
    if said != "aside" and declared in ("ERROR", "QUALITY"):
        return "noise" if declared == "ERROR" else "mask"
    return said


def _partner(flux: Part, free: list[Part], fluxes: list[Part], link: str) -> Part | None:
    """Return the noise or mask of a cube: linked by keyword, or named alike, or the only one."""
    fitting = [part for part in free if _fits(part, flux)]
    named = str(flux.header.get(link, "")).strip().upper()
    linked = next((part for part in fitting if named and part.name == named), None)
    # Of a mask and an account of quality the mask says what to leave out.
    fitting.sort(key=lambda part: bool({"QUAL", "FLAG"} & {part.name[:4], part.name[-4:]}))
    alike = next((part for part in fitting if _mine(part) == _mine(flux)), None)
    if linked or alike or len(fluxes) > 1:
        return linked or alike
    return fitting[0] if fitting else None


def _fits(part: Part, flux: Part) -> bool:
    return part.shape == flux.shape or part.real == flux.real or is_flat_mask(part, flux)


def is_flat_mask(part: Part, flux: Part) -> bool:
    """Tell whether a two-dimensional mask can hold for every plane of a cube."""
    n = flux.real
    return role_of(part) == "mask" and part.shape in (n[-2:], n[:2], (n[0], n[2]))


def _meaning(flux: Part, noise: Part, notes: list[Note]) -> Meaning:
    """Return what a noise part holds: declared, else by its name, checked against its unit."""
    meaning = said_by(noise.name).meaning or "sigma"
    for key in ("HDUCLAS3", "UTYPE", "ERRTYPE"):
        declared = str(noise.header.get(key, "")).strip().upper()
        meaning = _DECLARED.get(declared, meaning)
    ours, theirs = (parse_unit(str(part.header.get("BUNIT") or "")) for part in (flux, noise))
    if ours is None or theirs is None or ours.is_equivalent(""):
        return meaning
    powers: dict[Meaning, int] = {"variance": 2, "inverse variance": -2, "inverse sigma": -1}
    by_unit = next((name for name, n in powers.items() if theirs.is_equivalent(ours**n)), None)
    if by_unit is None:
        # The flux's own unit stands in many headers that were copied with everything else.
        if theirs.is_equivalent(ours) and meaning == "variance" and noise.name != "STAT":
            text = f"{noise.title} has the unit of the flux; taken as variance, as its name says"
            notes.append(Note("guess", text, "error meaning"))
    elif by_unit != meaning:
        text = f"{noise.title} is taken as {by_unit}, as its unit says, not as {meaning}"
        notes.append(Note("guess", text, "error meaning"))
        return by_unit
    return meaning
