"""Numbers of a header, as files write them and not only as the standard asks (PS3.5 6.2, DS, IS).

Decimal commas, units behind the number, one text for several numbers and value types of another
kind are read; `misread` says of which that was so, and of which nothing could be read.
"""

import re
from collections.abc import Iterable

import numpy as np
from pydicom.dataset import Dataset

from cubeview.cubes.cube import Note

NAMES = {
    "PixelSpacing": "pixel size",
    "SliceThickness": "slice thickness",
    "SpacingBetweenSlices": "slice spacing",
    "ImagePositionPatient": "position of a slice",
    "ImageOrientationPatient": "orientation of a slice",
    "RescaleSlope": "scale of the values",
    "RescaleIntercept": "offset of the values",
    "RealWorldValueSlope": "scale of the values",
    "RealWorldValueIntercept": "offset of the values",
    "PixelPaddingValue": "value of empty pixels",
}
"""Attributes whose writing is told to the user, and what they are called."""

_SEVERAL = {"PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient"}
_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_WITH_UNIT = re.compile(r"([+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eEdD][+-]?\d+)?)\s*[a-zA-Zµ°/%]*")


def numbers(item: Dataset, keyword: str, count: int) -> np.ndarray | None:
    """Return an attribute as `count` finite numbers, shape (count,), or None.

    Parameters
    ----------
    item : Dataset
    keyword : str
    count : int
        One number that is to be two holds for both, as a pixel size does.
    """
    found = _values(item, keyword)
    if len(found) == 1 and count == 2:
        found = found * 2
    values = np.array(found, dtype=np.float64)
    return values if len(found) == count and np.isfinite(values).all() else None


def number(item: Dataset, keyword: str) -> float:
    """Return an attribute as a finite number, 0 where there is none.

    Several equal ones are one.
    """
    found = set(_values(item, keyword))
    value = found.pop() if len(found) == 1 else 0.0
    return value if np.isfinite(value) else 0.0


def integer(item: Dataset, keyword: str, default: int = 0) -> int:
    """Return an attribute as a whole number.

    Parameters
    ----------
    item : Dataset
    keyword : str
    default : int
        Returned where it is absent, empty or no whole number.
    """
    found = set(_values(item, keyword))
    value = found.pop() if len(found) == 1 else np.nan
    return int(value) if np.isfinite(value) and value == int(value) else default


def misread(items: Iterable[Dataset]) -> list[Note]:
    """Say which numbers of some items are not written as DICOM asks, each attribute once."""
    notes: dict[str, Note] = {}
    for item in items:
        for keyword, name in NAMES.items():
            raw = item.get(keyword)
            if name in notes or raw is None or raw == "":
                continue
            found = _values(item, keyword)
            shown = ", ".join(f"{value:g}" for value in found)
            if not (found and np.isfinite(found).all()):
                text = f"the {name} is written so that no number can be read from it"
                notes[name] = Note("info", text)
            elif keyword == "PixelSpacing" and len(found) == 1:
                text = f"the {name} is written as one number: {shown} mm both ways"
                notes[name] = Note("repair", text)
            elif keyword not in _SEVERAL and len(found) > 1:
                same = len(set(found)) == 1
                text = f"the {name} is written so that it is several numbers, "
                text += f"all of them {found[0]:g}" if same else "of which none is used"
                notes[name] = Note("repair" if same else "info", text)
            elif not _plain(raw):
                text = f"the {name} is written so that it is no number of DICOM: read as {shown}"
                notes[name] = Note("repair", text)
    return list(notes.values())


def is_there(item: Dataset, keyword: str) -> bool:
    """Tell whether an attribute has any value, whatever it is."""
    return item.get(keyword) not in (None, "", [])


def _plain(raw: object) -> bool:
    """Tell whether pydicom read a value as numbers."""
    if isinstance(raw, (str, bytes)):
        return False
    try:
        return all(not isinstance(part, (str, bytes)) for part in raw)  # type: ignore[attr-defined]
    except TypeError:
        return True


def _values(item: Dataset, keyword: str) -> list[float]:
    """Return the numbers of an attribute, NaN for a part that is none; empty where it is absent."""
    raw = item.get(keyword)
    if raw is None or raw == "":
        return []
    if isinstance(raw, bytes):
        raw = raw.decode("ascii", errors="replace")
    if isinstance(raw, str):
        return [value for part in raw.split("\\") for value in _parsed(part)]
    try:
        parts = list(raw)
    except TypeError:
        parts = [raw]
    found: list[float] = []
    for part in parts:
        try:
            found += _parsed(part) if isinstance(part, str) else [float(part)]
        except (TypeError, ValueError):
            found.append(np.nan)
    return found


def _parsed(text: str) -> list[float]:
    """Return the numbers of one part of a text: several where commas stand between them."""
    text = text.strip(" \0\t\r\n")
    try:
        return [float(text)]
    except ValueError:
        pass
    if _COMMA.fullmatch(text):
        return [float(text.replace(",", "."))]
    if text.count(",") and text.count(".") == text.count(",") + 1:
        return [value for part in text.split(",") for value in _parsed(part)]
    if found := _WITH_UNIT.fullmatch(text):
        return [float(re.sub("[dD]", "e", found[1].replace(",", ".")))]
    return [np.nan]
