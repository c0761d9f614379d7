"""What the stored numbers of a CT, MR or PET image mean: scale and unit."""

import re
from typing import Any

from pydicom.dataset import Dataset

from cubeview.cubes.unit import unit_of
from cubeview.io.dicom.geometry import number

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
_UCUM = re.compile(r"[A-Za-z0-9%/.*^-]{1,16}")


def scale_of(item: Dataset, mapping: Dataset, header: Dataset) -> tuple[float, float, str]:
    """Return slope, intercept (1 and 0 where there are none) and shown unit of the stored values.

    Parameters
    ----------
    item : Dataset
        Where the rescale values stand: the slice's header, or the frame's own group. Each slice
        of a PET series has its own slope.
    mapping : Dataset
        Item of a Real World Value Mapping, which goes before; empty for none.
    header : Dataset
        Where modality and unit stand.
    """
    slope = number(mapping, "RealWorldValueSlope")
    if slope:
        codes = mapping.get("MeasurementUnitsCodeSequence") or [Dataset()]
        code = str(codes[0].get("CodeValue") or "")
        return slope, number(mapping, "RealWorldValueIntercept"), _ucum(code)
    slope = number(item, "RescaleSlope")
    modality = str(header.get("Modality") or "").strip().upper()
    unit = ""
    if modality == "PT":
        code = str(header.get("Units") or "").strip().upper()
        kind = str(header.get("SUVType") or "BW").strip().upper()
        unit = _SUV.get(kind, UNITS[code]) if code == "GML" else UNITS.get(code, "")
    elif modality == "CT" and slope:
        unit = _RESCALED.get(str(item.get("RescaleType") or "HU").strip().upper(), "")
    if not slope:
        return 1.0, 0.0, unit
    return slope, number(item, "RescaleIntercept"), unit


def _ucum(code: str) -> str:
    """Return a unit code of UCUM for display; empty when it is none, since it is free text."""
    if code in ("1", "[hnsf'U]"):
        return "" if code == "1" else "HU"
    return code if _UCUM.fullmatch(code) else ""


def parsed_unit(unit: str) -> Any:
    """Return a unit as astropy knows it, None where it does not."""
    from astropy import units

    if unit == "counts":
        return units.ct
    try:
        return unit_of(unit) if unit else None
    except ValueError:
        return None
