"""The page of a report: what stands where, as a PDF and as a picture that every archive shows."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from cubeview import __version__
from cubeview.cubes.cube import Cube
from cubeview.cubes.polar import wall_mean, wall_places
from cubeview.cubes.ventricle import Ventricle
from cubeview.io.export.fits import whole_file
from cubeview.io.export.objects import derived, made_here, save
from cubeview.io.export.told import RESEARCH, SEGMENTS, Told

WIDTH, HEIGHT = 595, 842
"""Of the page in points of 1/72 inch: A4 upright."""

_MARGIN = 40
_SCALE = 2
"""Pixels of the picture to a point: 144 in an inch."""

_AROUND = 1.6
"""How much of a slice is shown, in radii of the ventricle."""

_LETTERS_A_POINT = 1 / 0.5
"""About how many letters of a size of 1 fit into a point."""

_LETTERS = 100
"""About how many fit into a line of numbers."""
_COLUMNS = 4
"""Readers whose scores have room beside the segments; the sums of all are told."""

_WARM = np.array([[0, 0, 0], [122, 10, 0], [233, 98, 0], [255, 200, 60], [255, 255, 255]])
_TURN = np.array([[40, 80, 220], [0, 0, 0], [235, 60, 40]])


@dataclass(frozen=True)
class Text:
    """A line of text; its base lies at (x, y) from the upper left corner, in points."""

    x: float
    y: float
    words: str
    size: float = 9.0
    colour: str = "#000000"


@dataclass(frozen=True, eq=False)
class Picture:
    """Colours, shape (rows, columns, 3), uint8, in a square of `side` points from (x, y) down."""

    x: float
    y: float
    side: float
    colours: np.ndarray


Page = tuple[Text | Picture, ...]


def page(told: Told) -> Page:
    """Return what stands on the page of a report."""
    answer = told.answer
    items: list[Text | Picture] = [
        Text(_MARGIN, 52, "Myocardial perfusion: what a network says", 16),
        Text(_MARGIN, 70, RESEARCH, 11, "#b00020"),
    ]
    y = 92.0
    about = [told.case.name]
    header = next(iter(told.headers.values()), None)
    if told.identified and header is not None:
        named = f"{header.PatientName or ''}, number {header.PatientID or ''}"
        about.append(f"Patient {named}, born {header.PatientBirthDate or ''}")
    said = ", ".join(f"{name} {p:.0%}" for name, p in answer.probabilities.items())
    about.append(f"Answer: {answer.answer} ({said})")
    if answer.abnormal is not None:
        about.append(f"Abnormal: {answer.abnormal:.0%}")
    about += [f"Made by CubeView {__version__}, {told.made_by}"]
    about += [
        f"Map: {told.overlay.name}, peak {told.overlay.peak:.3g} {told.overlay.unit}; red speaks "
        "for the class, blue against it"
    ]
    y = _lines(items, about, y)
    y = _lines(items, [f"Caution: {text}" for text in told.cautions], y + 4, "#8a4b00") + 8
    y = _pictures(items, told, y)
    _numbers(items, told, y + 14)
    items.append(Text(_MARGIN, HEIGHT - 28, f"{RESEARCH} CubeView {__version__}", 8, "#555555"))
    return tuple(items)


def write_pdf(told: Told, path: Path) -> None:
    """Write the page as PDF, its texts as text.

    Raises CubeviewError if it cannot be written.
    """
    from PIL import Image
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    with whole_file(path) as out:
        # invariant: without the time of day and a random number in it.
        canvas = Canvas(out, pagesize=(WIDTH, HEIGHT), invariant=1)
        canvas.setTitle(f"CubeView report. {RESEARCH}")
        canvas.setAuthor(f"CubeView {__version__}")
        for item in page(told):
            if isinstance(item, Text):
                canvas.setFont("Helvetica", item.size)
                canvas.setFillColor(item.colour)
                canvas.drawString(item.x, HEIGHT - item.y, _plain(item.words))
            else:
                picture = ImageReader(Image.fromarray(item.colours))
                canvas.drawImage(picture, item.x, HEIGHT - item.y - item.side, item.side, item.side)
        canvas.showPage()
        canvas.save()


def picture(told: Told) -> np.ndarray:
    """Return the page as colours, shape (rows, columns, 3), uint8."""
    from PIL import Image, ImageDraw, ImageFont

    drawn = Image.new("RGB", (WIDTH * _SCALE, HEIGHT * _SCALE), "white")
    pen = ImageDraw.Draw(drawn)
    items = page(told)
    sizes = {item.size for item in items if isinstance(item, Text)}
    fonts = {size: ImageFont.load_default(size * _SCALE) for size in sizes}
    for item in items:
        place = (round(item.x * _SCALE), round(item.y * _SCALE))
        if isinstance(item, Text):
            font = fonts[item.size]
            pen.text(place, _plain(item.words), fill=item.colour, font=font, anchor="ls")
        else:
            side = round(item.side * _SCALE)
            shown = Image.fromarray(item.colours)
            drawn.paste(shown.resize((side, side), Image.Resampling.NEAREST), place)
    return np.asarray(drawn)


def write_capture(told: Told, path: Path) -> None:
    """Write the page as a DICOM secondary capture, which any archive shows.

    Raises CubeviewError if no scan of the case is DICOM, or it cannot be written.
    """
    from highdicom.sc import SCImage

    made = made_here()
    capture: Dataset = SCImage.from_ref_dataset(
        ref_dataset=next(iter(told.headers.values())),
        pixel_array=picture(told),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        series_number=903,
        patient_orientation=("L", "P"),
        series_instance_uid=made["series_instance_uid"],
        sop_instance_uid=made["sop_instance_uid"],
        instance_number=made["instance_number"],
        manufacturer=made["manufacturer"],
    )
    capture.ConversionType = "WSD"
    capture.BodyPartExamined = "HEART"
    capture.PatientOrientation = None  # a page, not a part of the body
    capture.ManufacturerModelName = made["manufacturer_model_name"]
    capture.SoftwareVersions = made["software_versions"]
    capture.DeviceSerialNumber = made["device_serial_number"]
    capture.SeriesDescription = f"CubeView report. {RESEARCH}"
    capture.ImageType = ["DERIVED", "SECONDARY"]
    capture.BurnedInAnnotation = "YES" if told.identified else "NO"
    capture.DerivationDescription = derived(told, "Page of a report")
    save(capture, path)


def _plain(text: str) -> str:
    """Return a text in the letters that the fonts of both kinds of page have."""
    return text.encode("cp1252", "replace").decode("cp1252")


def _lines(
    items: list[Text | Picture], texts: list[str], y: float, colour: str = "#000000"
) -> float:
    """Add lines, broken where they are too long; return where the next one would stand."""
    size = 9.0
    for text in texts:
        for line in textwrap.wrap(text, int((WIDTH - 2 * _MARGIN) * _LETTERS_A_POINT / size)):
            items.append(Text(_MARGIN, y, line, size, colour))
            y += 12
    return y


def _pictures(items: list[Text | Picture], told: Told, y: float) -> float:
    """Add for each scan the slices through the middle of its ventricle, its map and its disc."""
    side, gap = 96.0, 6.0
    for role, cube in told.case.cubes.items():
        items.append(Text(_MARGIN, y + 9, f"{role}: slices, the same with the map, wall flat", 9))
        y += 15
        counts, values = cube.pixels.read(), told.whole(role)
        shown = told.answer.ventricles.get(role)
        middle = (
            np.array(cube.shape) / 2 if shown is None else shown.centre / np.array(cube.spacing)
        )
        row = []
        for axis in (0, 1):
            index = int(np.clip(round(float(middle[axis])), 0, cube.shape[axis] - 1))
            near = _near(cube, shown, axis)
            plane, over = (np.take(a, index, axis=axis)[near] for a in (counts, values))
            row += [_gray(plane), _over(plane, over, told.overlay.peak)]
        if shown is not None:
            row.append(_disc(cube, counts, shown))
        for number, colours in enumerate(row):
            items.append(Picture(_MARGIN + number * (side + gap), y, side, _square(colours)))
        y += side + 8
    return y


def _near(cube: Cube, shown: Ventricle | None, axis: int) -> tuple[slice, slice]:
    """Return the part of a slice around a ventricle; all of it where none is known."""
    first, second = (other for other in range(3) if other != axis)
    if shown is None:
        return slice(None), slice(None)
    reach = _AROUND * float(shown.radii.max())
    parts = []
    for other in (first, second):
        low, high = (shown.centre[other] + sign * reach for sign in (-1, 1))
        step = cube.spacing[other]
        parts.append(slice(max(round(low / step), 0), max(round(high / step) + 1, 1)))
    return parts[0], parts[1]


def _disc(cube: Cube, counts: np.ndarray, shown: Ventricle) -> np.ndarray:
    """Return the wall rolled out: apex in the middle, anterior above, septum left."""
    z, y, x = (slice(0, n) for n in cube.shape)
    flat = wall_mean(counts, (z, y, x), wall_places(shown, cube.spacing))
    return _coloured(flat / (np.nanmax(flat) or 1.0), _WARM, 0.0, 1.0)


def _gray(plane: np.ndarray) -> np.ndarray:
    top = float(np.nanmax(plane)) or 1.0
    return _coloured(plane / top, _WARM, 0.0, 1.0)


def _over(plane: np.ndarray, values: np.ndarray, peak: float) -> np.ndarray:
    """Return a slice in gray with the map over it: red speaks for the class, blue against it."""
    top = float(np.nanmax(plane)) or 1.0
    gray = np.clip(np.nan_to_num(plane / top), 0, 1)[..., None] * 255.0
    share = np.clip(np.abs(values) / (peak or 1.0), 0, 1)[..., None]
    colours = np.where(values[..., None] > 0, _TURN[2], _TURN[0])
    mixed: np.ndarray = (gray * (1 - 0.7 * share) + colours * 0.7 * share).astype(np.uint8)
    return mixed


def _coloured(values: np.ndarray, table: np.ndarray, low: float, high: float) -> np.ndarray:
    place = np.clip((np.nan_to_num(values) - low) / (high - low), 0, 1) * (len(table) - 1)
    steps = np.arange(len(table))
    colours = np.stack([np.interp(place, steps, table[:, c]) for c in range(3)], axis=-1)
    colours[~np.isfinite(values)] = 255
    rounded: np.ndarray = colours.astype(np.uint8)
    return rounded


def _square(colours: np.ndarray) -> np.ndarray:
    """Return a picture with black around it, so that voxels keep their shape."""
    rows, columns = colours.shape[:2]
    side = max(rows, columns)
    square = np.zeros((side, side, 3), dtype=np.uint8)
    top, left = (side - rows) // 2, (side - columns) // 2
    square[top : top + rows, left : left + columns] = colours
    return square


def _column(number: int) -> float:
    """Return where a column of the table of segments begins; the first is that of their names."""
    return _MARGIN + (140 + 190 * (number - 1) if number else 0)


def _beside(texts: list[str]) -> list[str]:
    """Return texts as few lines, as many beside each other as fit."""
    lines: list[str] = []
    for text in texts:
        if lines and len(lines[-1]) + len(text) < _LETTERS:
            lines[-1] += f"  ·  {text}"
        else:
            lines.append(text)
    return lines


def _numbers(items: list[Text | Picture], told: Told, y: float) -> None:
    """Add the table of segments, and all other numbers."""
    numbers = told.numbers
    y = _lines(items, _beside([str(value) for value in numbers.values]), y)
    keys = [f"[{number}]" for number, _ in enumerate(told.readings, 1)]
    signed = zip(keys, told.readings, strict=True)
    y = _lines(items, [f"Scored {key} by {reading}" for key, reading in signed], y)
    roles = list(numbers.segments)
    if not roles:
        return
    own = " ".join(keys[:_COLUMNS])
    head = [f"{role}, % of its maximum (suggested) {own}".rstrip() for role in roles]
    for column, text in enumerate(["Segment", *head]):
        items.append(Text(_column(column), y + 4, text, 8))
    for number, (_, _, meaning) in enumerate(SEGMENTS):
        y_row = y + 15 + 10 * number
        name = meaning.removeprefix("left ventricle ").removesuffix(" segment")
        items.append(Text(_MARGIN, y_row, f"{number + 1} {name}", 8))
        for column, role in enumerate(roles, 1):
            text = f"{numbers.segments[role][number]:.0f}"
            if role in numbers.scores:
                text += f" ({numbers.scores[role][number]})"
            for reading in told.readings[:_COLUMNS]:
                said = reading.scores.states.get(role, (None,) * len(SEGMENTS))[number]
                text += f"   {'·' if said is None else said}"
            items.append(Text(_column(column), y_row, text, 8))
