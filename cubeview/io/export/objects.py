"""What the DICOM objects of a report share: who made them, codes, numbers that fit, writing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.uid import generate_uid
from pydicom.valuerep import DSfloat

from cubeview import __version__
from cubeview.io.dicom.nm import MANUFACTURER
from cubeview.io.export.fits import whole_file
from cubeview.io.export.told import RESEARCH, Told
from cubeview.kinds.kind import Code


def concept(code: Code) -> Any:
    """Return a code as highdicom wants it."""
    from highdicom.sr import CodedConcept

    return CodedConcept(*code)


def made_here() -> dict[str, Any]:
    """Return what is the same in every image object of a report."""
    return {
        "series_instance_uid": generate_uid(),
        "sop_instance_uid": generate_uid(),
        "instance_number": 1,
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": MANUFACTURER,
        "software_versions": __version__,
        "device_serial_number": "none",
    }


def derived(told: Told, what: str) -> str:
    """Return what an object is, what made it and how far it can be trusted, where viewers show it.

    At most 1024 letters, as the standard allows.
    """
    return ". ".join((what, RESEARCH.rstrip("."), told.made_by, *told.cautions))[:1024]


def save(made: Dataset, path: Path) -> None:
    """Write an object, whole or not at all, its texts in UTF-8.

    Raises CubeviewError if it cannot be written.
    """
    made.SpecificCharacterSet = "ISO_IR 192"
    for element in made.iterall():
        if element.VR == "DS" and not element.is_empty:
            several = isinstance(element.value, MultiValue)
            # Longer than the 16 letters of PS3.5 6.2 as highdicom writes them.
            values = element.value if several else [element.value]
            fit = [DSfloat(float(value), auto_format=True) for value in values]
            element.value = fit if several else fit[0]
    with whole_file(path) as out:
        made.save_as(out, enforce_file_format=True)
