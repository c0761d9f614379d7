"""FITS files to cases: cubes, pictures and spectra, with their noise, masks and notes."""

import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

from cubeview.cubes.case import Case
from cubeview.cubes.correct_sky import FORBIDS, NO_FLAG, POWERS
from cubeview.cubes.cube import Cube, Note, Pixels, Source
from cubeview.cubes.doubt import leaves_nothing, unlike_noise
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.io.corrections import instrument_name
from cubeview.io.fits.axes import Geometry, flat_geometry, geometry
from cubeview.io.fits.facts import beam_of, facts_of, first_text
from cubeview.io.fits.instruments import with_medium
from cubeview.io.fits.layout import (
    Group,
    Part,
    check_size,
    first_part,
    groups_of,
    holds_pictures,
    parts_of,
    role_of,
    what_it_is,
)
from cubeview.io.fits.pixels import pixels_of, scale_note
from cubeview.io.fits.planes import each_plane
from cubeview.io.fits.preview import Lookout
from cubeview.io.fits.sky import WCS_ERRORS
from cubeview.io.fits.spectrum import arms_in, spectra_in
from cubeview.io.fits.tables import PlaneValues, is_read, plane_values
from cubeview.io.fits.unpack import packed_start, unpacked, untiled
from cubeview.io.fits.walk import checked
from cubeview.io.opened import First, Opened, Reader, read_each
from cubeview.io.pictures.bands import joined
from cubeview.io.quantity import parsed_unit
from cubeview.io.voxels.byterange import Stamp
from cubeview.io.voxels.cache import with_cache
from cubeview.io.voxels.store import FitsPixels, FlagPixels, SigmaPixels
from cubeview.kinds import kind_of

_logger = logging.getLogger(__name__)
_DAMAGED = (*WCS_ERRORS, IndexError, ArithmeticError, fits.VerifyError)
_FIRST = b"SIMPLE  ="
_GILDAS = b"GILDAS"
_SUFFIXES = (".fits", ".fit", ".fts", ".fz")
# KCWI keeps flux, variance and mask in three files: night_icubes, night_vcubes, night_mcubes.
_KCWI = re.compile(r"(?P<stem>.+_)i(?P<rest>cube[a-z]?\.fits.*)$")


def sniff(head: bytes, path: Path) -> bool:
    """Tell whether a file is FITS, plain or packed, or something only this reader can name."""
    if head.startswith((_FIRST, _GILDAS)) or path.suffix.lower() in _SUFFIXES:
        return True
    return packed_start(head, path).startswith(_FIRST)


def read(paths: Sequence[Path], *, report: Report = nothing, first: First | None = None) -> Opened:
    """Read FITS files, one case for each cube; see `cubeview.io.opened.Read`."""
    opened = read_each(paths, lambda path, part: _read_file(path, part, first), report)
    # A file that became the noise or mask of another is no case of its own.
    used = {path for case in opened.cases for path in _lent(case.main)}
    kept = [_with_cache(case) for case in opened.cases if _path(case) not in used]
    return Opened(tuple(joined(kept)), opened.refusals)


def _with_cache(case: Case) -> Case:
    return replace(case, cubes={role: with_cache(cube) for role, cube in case.cubes.items()})


def _path(case: Case) -> Path | None:
    return case.main.source.path if case.main.source else None


def _lent(cube: Cube) -> Iterator[Path]:
    """Yield the files beside a cube's own that its noise and mask are read from."""
    for pixels in (cube.uncertainty, cube.mask):
        if isinstance(pixels, SigmaPixels | FlagPixels) and cube.source:
            named = pixels.pixels.named
            if named != cube.source.path:
                yield named


@dataclass(frozen=True, eq=False)
class _File:
    """A file whose headers are open: as the user named it, and as it is when unpacked."""

    path: Path
    plain: Path
    stamp: Stamp
    hdus: Any
    parts: list[Part]

    @property
    def beside(self) -> Any:
        """The parts that coordinates may be read from: no table that would fill the memory."""
        if all(map(is_read, self.parts)):
            return self.hdus
        return fits.HDUList([self.hdus[part.number] for part in self.parts if is_read(part)])

    def pixels(self, part: Part, flux: Part, found: Geometry) -> FitsPixels:
        """Return the pixels of a part whose voxels are those of the flux."""
        return pixels_of(self.plain, self.stamp, self.path, part, flux, found)


def _read_file(path: Path, report: Report, first: First | None) -> list[Case]:
    with path.open("rb") as stream:
        head = stream.read(4096)
    _refuse_others(head, path)
    watch = None
    if first is not None:
        watch = Lookout(path.name, first, lambda copy: _flux_in(copy, path))
    plain = unpacked(path, head, report, watch)
    try:
        with _open(plain, path, report) as file:
            if not _to_unpack(file.parts):
                return _cases(file, report)
        plain = untiled(path, plain, file.parts, report, watch)
        with _open(plain, path, report) as file:
            return _cases(file, report)
    except _DAMAGED as error:
        _logger.warning("damaged FITS header", exc_info=True)
        raise CubeviewError(
            f"{path}: the header is damaged ({error}). Download the file again, or repair it with "
            "fitsverify."
        ) from error


def _to_unpack(parts: Sequence[Part]) -> bool:
    """Tell whether there is a cube in tiles; or a picture, where there is no cube at all."""
    cubes = [part for part in parts if part.is_cube] or [p for p in parts if p.is_picture]
    return any(part.what == "packed image" for part in cubes)


def _flux_in(copy: Path, path: Path) -> FitsPixels | None:
    """Return the first cube of a copy that is still being written; None while there is none."""
    try:
        with _open(copy, path) as file:
            flux = next((group.flux for group in groups_of(file.parts)), None)
            if flux is None or flux.what != "image" or role_of(flux) != "flux":
                return None
            # Its end is not there yet; the lengths of its axes must make sense all the same.
            check_size(flux, path, flux.offset + flux.size)
            header = _geometry_header(flux, file.parts, [])
            return file.pixels(flux, flux, geometry(header, file.beside, flux.shape))
    except (CubeviewError, OSError, *_DAMAGED):
        return None  # what is wrong is said when the whole is read


def _cases(file: _File, report: Report) -> list[Case]:
    # DESI writes its resolution as a cube.
    groups = [] if arms_in(file.parts) else groups_of(file.parts, report)
    flat = False
    if not groups:
        found = spectra_in(file.hdus, file.parts, file.path, file.stamp.size)
        if found:
            return found
        if not holds_pictures(file.parts):
            raise CubeviewError(what_it_is(file.parts, file.path))
        groups, flat = groups_of(file.parts, report, pictures=True), True

    def cases() -> list[Case]:
        tables = plane_values(file.hdus, file.parts)
        found: list[Case] = []
        for done, group in enumerate(groups):
            report(done / len(groups), f"cube {done + 1:,} of {len(groups):,}")
            found += _of_group(file, group, len(groups) > 1, tables, flat=flat)
        return found

    try:
        return cases()
    except fits.VerifyError:
        dropped = tuple(note for part in file.parts for note in _drop_unreadable(part))
        groups = [replace(group, notes=(*group.notes, *dropped)) for group in groups]
        return cases()


def _drop_unreadable(part: Part) -> list[Note]:
    """Take cards that are no FITS out of a header: a bad beam must not cost the cube."""
    notes = []
    for card in list(part.header.cards):
        try:
            _ = card.value
        except fits.VerifyError:
            part.header.remove(card.keyword, ignore_missing=True, remove_all=True)
            notes.append(Note("repair", f"{card.keyword} in {part.title} cannot be read; ignored"))
    return notes


def _refuse_others(head: bytes, path: Path) -> None:
    if not head:
        raise CubeviewError(f"{path}: the file is empty (0 bytes). Copy or download it again.")
    if head.startswith(_GILDAS):
        raise CubeviewError(
            f"{path}: a GILDAS cube, not FITS. Export it with GILDAS: FITS file.fits FROM "
            f"{path.name}"
        )
    if not head.startswith(_FIRST) and not packed_start(head, path).startswith(_FIRST):
        raise CubeviewError(
            f"{path}: named like FITS but does not begin with SIMPLE, so it is something else, "
            "such as a web page saved in its place. Download it again."
        )


@contextmanager
def _open(plain: Path, path: Path, report: Report = nothing) -> Iterator[_File]:
    """Open the headers of a file; astropy's warnings become notes where they matter to us."""
    # The stream is ours: astropy leaves its own open when it gives up on a header.
    with plain.open("rb") as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        whole = checked(stream, plain.stat().st_size, path)
        try:
            hdus = fits.open(
                whole, memmap=False, do_not_scale_image_data=True, disable_image_compression=True
            )
            parts = parts_of(hdus, report)
        except OSError as error:
            _check_first_part(stream, plain, path)
            raise CubeviewError(
                f"{path}: the header cannot be read ({error}). Copy or download it again."
            ) from error
        yield _File(path, plain, Stamp.of(plain), hdus, parts)


def _check_first_part(stream: BinaryIO, plain: Path, path: Path) -> None:
    """Refuse with numbers a file whose announced sizes astropy could not even step over."""
    stream.seek(0)
    try:
        header = fits.Header.fromfile(stream)
        part = first_part(header, stream.tell())
    except (OSError, EOFError, ValueError, TypeError, fits.VerifyError):
        return
    if part.shape and 0 not in part.shape:
        check_size(part, path, plain.stat().st_size)
    elif not part.is_cube:
        raise CubeviewError(what_it_is([part], path))


def _of_group(
    file: _File, group: Group, several: bool, tables: Sequence[PlaneValues], *, flat: bool
) -> list[Case]:
    flux = group.flux
    for part in (flux, group.noise, group.mask):
        if part is not None:
            check_size(part, file.path, file.stamp.size)
    headers = (flux.header, file.parts[0].header)
    notes = list(group.notes)
    beside = file.beside
    read = flat_geometry if flat else geometry
    found = read(_geometry_header(flux, file.parts, notes), beside, flux.shape, tables)
    notes = [*found.notes, *notes]
    for part in (part for part in file.parts if not is_read(part)):
        text = f"the table {part.title} is too large to be read for what it says of the cube"
        notes.append(Note("info", text))
    pixels = file.pixels(flux, flux, found)
    notes += scale_note(pixels)
    unit = first_text(headers, "BUNIT") or first_text(headers, "FLUXUNIT")
    parsed = parsed_unit(unit, notes)
    beam = beam_of(headers, beside, notes)
    facts = {**facts_of(headers), "beam": beam.words if beam else ""}
    if flat:
        facts["filter"] = first_text(headers, "FILTER") or first_text(headers, "BAND")
    sigma, mask, meanings = _noise_and_mask(file, group, found, notes)
    if facts["instrument"] == "KCWI" and sigma is None:
        sigma, mask = _kcwi_siblings(file, flux, found, mask, notes)
        meanings |= {"uncertainty": "variance"} if sigma else {}
    first, notes = with_medium(found.axes[0], notes, facts["instrument"])
    taken_by = facts["instrument"] or facts["telescope"]
    cube = Cube(
        axes=(first, *found.axes[1:]),
        pixels=pixels,
        kind=found.kind,
        unit=unit,
        quantity_unit=parsed,
        uncertainty=sigma,
        mask=mask,
        wcs=found.wcs,
        beam=beam.axes if beam else None,
        facts={key: text for key, text in {**facts, **meanings}.items() if text},
        notes=tuple(dict.fromkeys(notes)),
        source=Source(file.path, flux.title if flux.number or several else ""),
        instrument=instrument_name(taken_by),
    )
    name = facts["object"] or file.path.name.split(".")[0]
    if several:
        # IRIS names its spectral windows in the primary header, by extension.
        window = first_text(headers[::-1], f"TDESC{flux.number}")
        name = f"{name} [{window or flux.title}]"
    return each_plane(Case(name, cube.kind, {kind_of(cube).role: cube}), found.planes)


def _noise_and_mask(
    file: _File, group: Group, found: Geometry, notes: list[Note]
) -> tuple[Pixels | None, Pixels | None, dict[str, str]]:
    """Return noise and mask from the parts beside the flux, and what they mean."""
    sigma: Pixels | None = None
    mask: Pixels | None = None
    facts: dict[str, str] = {}
    flux = file.pixels(group.flux, group.flux, found)
    if group.noise is not None:
        facts["uncertainty"] = group.meaning
        sigma = SigmaPixels(file.pixels(group.noise, group.flux, found), POWERS[group.meaning])
        text = f"noise from {group.noise.title}, which holds {group.meaning}"
        notes.append(Note("info", text, "error meaning"))
        if wrong := unlike_noise(flux, sigma):
            text = f"{group.noise.title} can hardly be the noise: {wrong}"
            notes.insert(0, Note("guess", text, "error meaning"))
    if group.mask is not None and group.forbidden is not None:
        verdict, title = group.forbidden, group.mask.title
        flags = file.pixels(group.mask, group.flux, found)
        mask = FlagPixels(flags, len(found.axes[0]), verdict.answer)
        text = f"voxels flagged in {title} are left out {verdict.why}"
        if not verdict.known or (verdict.answer in FORBIDS and leaves_nothing(flux, mask)):
            why = (
                verdict.why
                if not verdict.known
                else f"nearly every voxel counts as bad {verdict.why}"
            )
            text = f"nothing is left out by {title}: {why}"
            mask = mask.forbidding(NO_FLAG)
        facts["mask"] = mask.forbids
        notes.append(Note("guess" if mask.forbids == NO_FLAG else "info", text, "mask meaning"))
    return sigma, mask, facts


def _geometry_header(flux: Part, parts: list[Part], notes: list[Note]) -> Any:
    """Return the header with the cube's coordinates, which some files keep in the primary."""
    primary = parts[0].header
    mine = any(f"CTYPE{n}" in flux.header or f"CRVAL{n}" in flux.header for n in (1, 2, 3))
    theirs = all(f"CTYPE{n}" in primary for n in (1, 2, 3))
    if flux.number and theirs and not mine:
        notes.append(Note("repair", f"{flux.title} has no coordinates; taken from the primary"))
        return primary
    return flux.header


def _kcwi_siblings(
    file: _File, flux: Part, found: Geometry, mask: Pixels | None, notes: list[Note]
) -> tuple[Pixels | None, Pixels | None]:
    """Return noise and mask from the files KCWI's pipeline writes beside the flux."""
    sigma: Pixels | None = None
    match = _KCWI.match(file.path.name)
    if match is None:
        return None, mask
    for letter in "vm":
        sibling = file.path.with_name(f"{match['stem']}{letter}{match['rest']}")
        if not sibling.is_file():
            continue
        with sibling.open("rb") as stream:
            plain = unpacked(sibling, stream.read(8), nothing)
        with _open(plain, sibling) as beside:
            part = beside.parts[0]
        if part.shape != flux.shape:
            notes.append(Note("info", f"{sibling.name} has another shape and was left out"))
            continue
        check_size(part, sibling, beside.stamp.size)
        pixels = beside.pixels(part, flux, found)
        if letter == "v":
            sigma = SigmaPixels(pixels, POWERS["variance"])
            text = f"noise from {sibling.name}, which holds variance"
            notes.append(Note("info", text, "error meaning"))
        elif mask is None:
            mask = FlagPixels(pixels, pixels.shape[0])
            notes.append(Note("info", f"voxels flagged in {sibling.name} are left out"))
    return sigma, mask


READER = Reader("FITS", sniff, read, alone=True)
