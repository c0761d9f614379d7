"""PNG, JPEG, TIFF and WebP files as pictures, each colour a role; read by Pillow.

Layouts: PNG (ISO/IEC 15948:2004), JPEG (ITU-T T.81), TIFF 6.0, WebP (RFC 9649). Values are those
of the file: 8 or 16 bits or floating point, and no colour profile is applied.
"""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cubeview.cubes.axes import Axis, plain_axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import Cube, Note, Source
from cubeview.errors import CubeviewError, Report, nothing, refusing
from cubeview.io.opened import First, Opened, Reader, read_each
from cubeview.io.voxels.decoded import DecodedPixels
from cubeview.kinds import PICTURE, kind_of

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_VALUES = 2**27
"""Most values that are read of one file, all colours together: half a GiB as float32."""

NO_SCALE = "no scale: the file does not say how large a pixel is"

COLOURS = ("red", "green", "blue")

_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP")
_PNG, _JPEG, _RIFF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_GREY = ("1", "L", "I", "F", "I;16", "I;16B", "I;16L", "I;16N", "LA", "La")
_COLOUR = ("RGB", "RGBA", "RGBX", "RGBa", "P", "PA", "YCbCr", "CMYK")
_OTHER_BYTE = {"B": "L", "L": "B", "N": "B"}
"""Of 16-bit colours Pillow keeps one byte, which the last letter of the raw mode names: the other
way round it keeps the other one."""

_TURNED = {2: (2,), 3: (1, 2), 4: (1,), 5: (), 6: (2,), 7: (1, 2), 8: (1,)}
"""Axes of (band, y, x) to be mirrored, once rows and columns have changed places for 5 to 8."""

_IMAGEJ_MM = {"micron": 1e-3, "um": 1e-3, "\\u00b5m": 1e-3, "µm": 1e-3, "nm": 1e-6, "mm": 1.0,
              "cm": 10.0}  # fmt: skip


def sniff(head: bytes, path: Path) -> bool:
    """Tell from its first bytes whether a file is a picture of a format that is read."""
    return head.startswith((_PNG, _JPEG, *_TIFF)) or (head[:4] == _RIFF and head[8:12] == b"WEBP")


def read(paths: Sequence[Path], *, report: Report = nothing, first: First | None = None) -> Opened:
    """Read pictures, one case each; see `cubeview.io.opened.Read`. `first` is never called."""
    return read_each(paths, lambda path, part: [_read_file(path, part)], report)


@dataclass(frozen=True, eq=False)
class _Decoded:
    """What a file holds: its colours, and what there is to be said of them."""

    values: np.ndarray  # shape (1 or 3, y, x), float32; NaN where nothing is
    shades: int  # of a colour; 0 where it is a number without an end
    step_mm: float | None  # from pixel to pixel; None where nobody says
    notes: tuple[Note, ...]


def _read_file(path: Path, report: Report) -> Case:
    report(0.1, f"reading {path.name}")
    found = _decoded(path)
    _, rows, columns = found.values.shape
    step_mm = found.step_mm
    axes = plain_axis(1, "Slice"), _axis(rows, "Row", step_mm), _axis(columns, "Column", step_mm)
    roles = COLOURS if len(found.values) == 3 else (PICTURE.role,)
    changed = f"{path}: the file has changed since it was opened. Open it again."
    cubes = {
        role: Cube(
            axes=axes,
            pixels=DecodedPixels(plane[None], partial(_again, path, number), changed),
            kind=PICTURE.key,
            facts={"shades": f"{found.shades:,}"} if found.shades else {},
            notes=found.notes,
            source=Source(path, role if len(roles) > 1 else ""),
        )
        for number, (role, plane) in enumerate(zip(roles, found.values, strict=True))
    }
    return Case(path.name.rsplit(".", 1)[0], PICTURE.key, cubes)


def _again(path: Path, number: int) -> np.ndarray:
    with refusing(path, "cannot be read", "Check that it is still there."):
        return _decoded(path).values[number : number + 1]


def _decoded(path: Path) -> _Decoded:
    notes: list[Note] = []
    with _opened(path) as image:
        _check(image, path)
        step_mm = _step_of(image)
        frames = int(getattr(image, "n_frames", 1))
        if frames > 1:
            text = f"the first of {frames} pictures in the file is shown; the others are not"
            notes.append(Note("info", text))
        values, alpha, shades = _values(path, image, notes)
        turn = image.getexif().get(274, 1)
    values = _upright(values, turn)
    if turn in _TURNED:
        notes.append(Note("info", "turned upright, as the camera noted in the file"))
    if alpha is not None and (alpha == 0).any():
        values = np.where(_upright(alpha[None], turn) == 0, np.float32(np.nan), values)
        notes.append(Note("info", "places that are wholly transparent are left empty"))
    if step_mm is None:
        notes.append(Note("info", NO_SCALE))
    return _Decoded(values, shades, step_mm, tuple(notes))


@contextmanager
def _opened(path: Path) -> Iterator["Image"]:
    """Open a picture's header; what Pillow says is wrong is said as it is of any file."""
    from PIL import Image, UnidentifiedImageError

    with warnings.catch_warnings():
        # Sizes are checked here, before anything is decoded.
        warnings.simplefilter("ignore")
        try:
            with Image.open(path, formats=_FORMATS) as image:
                yield image
        except Image.DecompressionBombError as error:
            raise CubeviewError(
                f"{path}: the picture has far more pixels than the {MOST_VALUES:,} that are read. "
                "Cut out a part, or make it smaller."
            ) from error
        except UnidentifiedImageError as error:
            raise CubeviewError(
                f"{path}: begins like a picture and is none that can be read. Copy it again, or "
                "save it as PNG or TIFF."
            ) from error
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise CubeviewError(
                f"{path}: the picture is damaged or cut short ({error}). Copy it again."
            ) from error


def _check(image: "Image", path: Path) -> None:
    """Refuse with numbers what would fill the memory, and colours that mean something else."""
    columns, rows = image.size
    bands = 1 if image.mode in _GREY else 3
    if rows * columns * bands > MOST_VALUES:
        raise CubeviewError(
            f"{path}: {columns:,} × {rows:,} pixels{' of three colours' if bands > 1 else ''} are "
            f"more than the {MOST_VALUES:,} values that are read of a picture. Cut out a part, or "
            "make it smaller."
        )
    if image.mode not in (*_GREY, *_COLOUR):
        raise CubeviewError(
            f"{path}: colours of mode {image.mode}, which are not read. Save it as RGB or grey."
        )


def _values(
    path: Path, image: "Image", notes: list[Note]
) -> tuple[np.ndarray, np.ndarray | None, int]:
    """Return the colours of a picture, shape (1 or 3, y, x), float32, and its opacity if any.

    And how many shades a colour has; 0 where it is a number without an end.
    """
    mode = image.mode
    shades = 256 if mode not in ("I", "F") else 0
    fine = _raw_modes(image)
    if fine:
        high = np.asarray(image.copy()).astype(np.float32)
        pixels, shades = high * 256 + _other_bytes(path, fine), 65536
    elif mode in ("P", "PA", "YCbCr", "RGBX", "RGBa", "CMYK"):
        if mode == "CMYK":
            text = "printing colours (CMYK) brought to red, green and blue without their profile"
            notes.append(Note("guess", text))
        see_through = "transparency" in image.info or mode in ("PA", "RGBa")
        pixels = np.asarray(image.convert("RGBA" if see_through else "RGB"), dtype=np.float32)
    else:
        pixels = np.asarray(image.convert("L") if mode == "1" else image, dtype=np.float32)
        shades = 65536 if mode.startswith("I;16") else shades
    if pixels.ndim == 2:
        return pixels[None], None, shades
    alpha = pixels[..., -1] if pixels.shape[-1] in (2, 4) else None
    colours = pixels[..., : 1 if pixels.shape[-1] == 2 else 3]
    return np.ascontiguousarray(np.moveaxis(colours, -1, 0)), alpha, shades


def _raw_modes(image: "Image") -> list[Any]:
    """Return the tiles of a picture of 16-bit colours, set to give the bytes Pillow leaves out.

    Empty for any other. Among the arguments of a tile's decoder is its raw mode, ``"RGB;16B"``.
    """
    tiles = []
    for tile in getattr(image, "tile", []):
        args = tile[3] if isinstance(tile[3], tuple) else (tile[3],)
        raw = next((str(a) for a in args if re.fullmatch(r"(RGB|RGBA|RGBX);16[BLN]", str(a))), "")
        if not raw:
            return []
        other = raw[:-1] + _OTHER_BYTE[raw[-1]]
        changed = tuple(other if a == raw else a for a in args)
        tiles.append((tile[0], tile[1], tile[2], changed if isinstance(tile[3], tuple) else other))
    return tiles


def _other_bytes(path: Path, tiles: list[Any]) -> np.ndarray:
    with _opened(path) as image:
        image.tile = tiles  # type: ignore[attr-defined]
        return np.asarray(image.copy()).astype(np.float32)


def _upright(values: np.ndarray, turn: Any) -> np.ndarray:
    """Turn a picture as tag 274 of Exif 2.3 says; shape (band, y, x)."""
    if turn in (5, 6, 7, 8):
        values = values.swapaxes(1, 2)
    return np.ascontiguousarray(np.flip(values, _TURNED.get(turn, ())))


def _step_of(image: "Image") -> float | None:
    """Return the size of a pixel in mm, where ImageJ wrote one; dots an inch are of a print."""
    tags = getattr(image, "tag_v2", {})
    said = str(tags.get(270, ""))
    unit = re.search(r"^unit=(.+)$", said, re.MULTILINE)
    if not said.startswith("ImageJ=") or unit is None:
        return None
    millimetres = _IMAGEJ_MM.get(unit[1].strip())
    try:
        density = float(tags[282])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return millimetres / density if millimetres and density > 0 else None


def _axis(length: int, name: str, step_mm: float | None) -> Axis:
    if step_mm is None:
        return plain_axis(length, name)
    return Axis(name=name, kind="space", unit="mm", values=np.arange(length) * step_mm)


def is_look(case: Case) -> bool:
    """Tell whether a case comes from here: beside scans and cubes it is a look at one of them."""
    return kind_of(case).flat and case.main.axes[1].name == "Row"


READER = Reader("pictures (PNG, JPEG, TIFF, WebP)", sniff, read, aside=is_look, alone=True)
