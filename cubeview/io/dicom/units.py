"""What the stored numbers of an image mean: scale, unit, and which of them are no image at all.

Scale and unit go together: a unit that a file claims without a scale for it is not shown. They are
looked for in the frame's own group, in the group all frames share, and at the top of the file; a
Real World Value Mapping (PS3.3 C.7.6.16.2.11) goes before a rescale (C.11.1).
"""

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from cubeview.cubes.cube import Note
from cubeview.cubes.unit import unit_of
from cubeview.io.dicom.numbers import is_there, number, numbers

UNITS = {
    "CNTS": "counts",
    "PROPCNTS": "counts (proportional)",
    "CPS": "counts/s",
    "PROPCPS": "counts/s (proportional)",
    "BQML": "Bq/ml",
    "MGMINML": "mg/min/ml",
    "UMOLMINML": "umol/min/ml",
    "MLMING": "ml/min/g",
    "MLMINML": "ml/min/ml",
    "MLG": "ml/g",
    "1CM": "1/cm",
    "UMOLML": "umol/ml",
    "PCNT": "%",
    "CM2ML": "cm2/ml",
    "GML": "g/ml",
    "STDDEV": "standard deviations",
    "NONE": "",
}
"""Units (0054,1001) of PET, PS3.3 C.8.9.1.1.3."""

_RESCALED = {"HU": "HU", "US": "", "OD": "OD", "MGML": "mg/ml"}
_SUV = {"BW": "SUV (g/ml)", "LBM": "SUV (lean body mass)", "LBMJANMA": "SUV (lean body mass)"}
_CODES = {
    "{counts}": "counts",
    "counts": "counts",
    "1": "",
    "no units": "",
    "[hnsf'u]": "HU",
    "bq/ml": "Bq/ml",
    "kbq/ml": "kBq/ml",
    "{propcounts}": "counts",
    "g/ml{suvbw}": "SUV (g/ml)",
}
"""Unit codes and names that are shown in other words, lower case."""

_UCUM = re.compile(r"[A-Za-z0-9%/.*^-]{1,16}")


@dataclass(frozen=True)
class Scale:
    """What makes values of stored numbers."""

    slope: float = 1.0
    intercept: float = 0.0
    unit: str = ""
    notes: tuple[Note, ...] = ()
    empty: tuple[float, float] | None = None  # stored numbers from and to that are no image

    def values(self, stored: np.ndarray) -> np.ndarray:
        """Return values, float64, NaN where the file says that there is no image."""
        values = stored * self.slope + self.intercept
        if self.empty is not None:
            low, high = self.empty
            values[(stored >= low) & (stored <= high)] = np.nan
        return values


def scale_of(header: Dataset, *groups: Dataset) -> Scale:
    """Return the scale of the stored numbers of an image or of one of its frames.

    Parameters
    ----------
    header : Dataset
    *groups : Dataset
        Functional groups of the frame, the one that goes first leading.
    """
    items = (*groups, header)
    if str(header.get("PhotometricInterpretation") or "").strip().upper() == "PALETTE COLOR":
        text = "the stored numbers are places in a table of colours: no measured values, no unit"
        return Scale(notes=(Note("info", text),))
    made = _mapped(items) or _rescaled(items, header)
    low, high = _padding(header)
    if low is None or (_modality(header) in ("NM", "PT") and low == 0.0):  # no count is a count
        return made
    ends = sorted((low, low if high is None else high))
    note = Note("info", "pixels that the file marks as no image (padding) are left empty")
    return replace(made, notes=(*made.notes, note), empty=(ends[0], ends[1]))


def parsed_unit(unit: str) -> Any:
    """Return a unit as astropy knows it, None where it does not."""
    from astropy import units

    if unit == "counts":
        return units.ct
    try:
        return unit_of(unit) if unit else None
    except ValueError:
        return None


def _mapped(items: tuple[Dataset, ...]) -> Scale | None:
    """Return the first of the real-world value mappings; None where there is none."""
    found = next((m for item in items if (m := item.get("RealWorldValueMappingSequence"))), None)
    if not found:
        return None
    mapping = found[0]
    slope = number(mapping, "RealWorldValueSlope")
    if not slope:
        if is_there(mapping, "RealWorldValueSlope"):
            return None
        return Scale(notes=(Note("info", "value table not applied: stored values are shown"),))
    notes = []
    if len(found) > 1:
        notes.append(Note("info", f"first of {len(found)} value scales is used"))
    codes = mapping.get("MeasurementUnitsCodeSequence") or [Dataset()]
    code = str(codes[0].get("CodeValue") or "").strip()
    unit = _CODES.get(code.casefold(), "")
    if code and code.casefold() not in _CODES:
        if _UCUM.fullmatch(code) and "UCUM" in str(codes[0].get("CodingSchemeDesignator") or ""):
            unit = code
        else:
            text = "the unit of the values is not one CubeView knows"
            notes.append(Note("info", text, "value unit"))
    return Scale(slope, number(mapping, "RealWorldValueIntercept"), unit, tuple(notes))


def _rescaled(items: tuple[Dataset, ...], header: Dataset) -> Scale:
    """Return the rescale, wherever it stands."""
    places = [
        place
        for item in items
        for place in (*(item.get("PixelValueTransformationSequence") or []), item)
    ]
    place = next((place for place in places if is_there(place, "RescaleSlope")), None)
    slope = 0.0 if place is None else number(place, "RescaleSlope")
    claimed = _claimed(header, place)
    if place is not None and slope:
        intercept = number(place, "RescaleIntercept")
        factor = _activity(header, items)
        if factor:
            text = "the scale to Bq/ml stands where Philips puts it: applied"
            notes = (Note("repair", text),)
            return Scale(slope * factor, intercept * factor, "Bq/ml", notes)
        return Scale(slope, intercept, claimed)
    if place is not None:
        text = "the value scale in the file is unusable: stored values are shown, without a unit"
        return Scale(notes=(Note("repair", text),))
    if _modality(header) == "NM":
        return Scale(unit="counts" if claimed == "counts" else "")
    if "ModalityLUTSequence" in header:
        text = "the file's table of values is not applied: stored values are shown, without a unit"
        return Scale(notes=(Note("info", text),))
    if claimed:
        text = f"the file gives no scale for values in {claimed}: stored values are shown, "
        return Scale(notes=(Note("info", f"{text}without a unit"),))
    return Scale()


def _claimed(header: Dataset, place: Dataset | None) -> str:
    """Return the unit that rescaled values have."""
    modality = _modality(header)
    if modality == "PT" or is_there(header, "Units"):
        code = str(header.get("Units") or "").strip().upper()
        kind = str(header.get("SUVType") or "BW").strip().upper()
        return _SUV.get(kind, UNITS[code]) if code == "GML" else UNITS.get(code, "")
    said = str((header if place is None else place).get("RescaleType") or "").strip()
    if modality == "NM":
        return _CODES.get((said or "counts").casefold(), "")
    return _RESCALED.get(said.upper() or "HU", "") if modality == "CT" else ""


def _activity(header: Dataset, items: tuple[Dataset, ...]) -> float:
    """Return Philips' factor from counts to Bq/ml, (7053,xx09) of its PET group; 0 for none."""
    if _modality(header) != "PT" or str(header.get("Units") or "").strip().upper() != "CNTS":
        return 0.0
    for item in items:
        try:
            found = item.private_block(0x7053, "Philips PET Private Group")[0x09]
            factor = float(found.value)
        except (KeyError, TypeError, ValueError):
            continue
        if np.isfinite(factor) and factor > 0:
            return factor
    return 0.0


def _padding(header: Dataset) -> tuple[float | None, float | None]:
    """Return the stored number, or the first and last, of pixels that are no image: C.7.5.1.1.2."""
    ends: list[float | None] = []
    for keyword in ("PixelPaddingValue", "PixelPaddingRangeLimit"):
        value = numbers(header, keyword, 1)
        end = None if value is None else float(value[0])
        # Some files write it with the other sign than the pixels have.
        bits = int(number(header, "BitsAllocated")) or 16
        if end is not None and number(header, "PixelRepresentation"):
            end = end - 2**bits if end >= 2 ** (bits - 1) else end
        elif end is not None:
            end = end % 2**bits
        ends.append(end)
    return ends[0], ends[1]


def _modality(header: Dataset) -> str:
    return str(header.get("Modality") or "").strip().upper()
