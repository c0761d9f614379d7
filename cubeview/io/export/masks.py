"""Masks as files: NIfTI, FITS with coordinates, DICOM Segmentation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from pydicom.uid import generate_uid

import cubeview
from cubeview.cubes.mask import MOST_LABELS, Mask
from cubeview.errors import CubeviewError, refusing
from cubeview.io.dicom.nm import MANUFACTURER
from cubeview.io.export.fits import ascii_text, fact_cards, sky_cards, third_cards
from cubeview.io.export.maps import placed_header, volume_of, write_nifti
from cubeview.io.export.objects import concept, made_here, save
from cubeview.io.export.told import RESEARCH
from cubeview.paths import replacing

_STRUCTURE = ("123037004", "SCT", "Anatomical Structure")

ENDINGS = (".nii.gz", ".nii", ".fits", ".dcm")
"""Endings of names by which a mask is written."""


def refuse_mask(path: Path) -> None:
    """Raise CubeviewError if no mask is written under a name, or it is taken: before the work."""
    if not str(path).lower().endswith(ENDINGS):
        raise CubeviewError(
            f"{path}: masks are saved as {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]} (DICOM SEG). "
            "Choose a name ending so."
        )
    if path.exists():
        raise CubeviewError(
            f"{path}: is there already, and no mask replaces it. Choose a new name."
        )


def write_mask(
    mask: Mask, path: Path | str, history: Sequence[str] = (), header: Any = None
) -> None:
    """Write a mask; the ending of the name says how.

    NIfTI: label numbers, with names and colours in a comment behind the header. FITS: the numbers
    as an image with the cube's coordinates, names and colours in the table LABELS. DICOM: a
    Segmentation with a segment a label, which needs a place in the patient.

    Parameters
    ----------
    mask : Mask
    path : path
        A file of that name is replaced as a whole, or not at all.
    history : sequence of str
        How it was made.
    header : Dataset
        Of the DICOM image it lies on; needed for a Segmentation.

    Raises
    ------
    CubeviewError
        If the ending is none of `ENDINGS`, the mask cannot be told so, or it cannot be written.
    """
    path = Path(path)
    name = path.name.lower()
    if name.endswith((".nii", ".nii.gz")):
        said = ". ".join(("CubeView mask", *history))
        write_nifti(mask.values, mask.cube, path, said, comment=_comment(mask))
    elif name.endswith(".fits"):
        _write_fits(mask, path, history)
    elif name.endswith(".dcm"):
        _write_seg(mask, path, history, header)
    else:
        raise CubeviewError(f"{path}: masks are saved as {', '.join(ENDINGS)}. Choose such a name.")


def _comment(mask: Mask) -> str:
    rows = [[label.number, ascii_text(label.name), label.colour] for label in mask.labels]
    return json.dumps({"cubeview labels": rows})


def _write_fits(mask: Mask, path: Path, history: Sequence[str]) -> None:
    cube = mask.cube
    third, table = third_cards(cube)
    header = fits.Header()
    for keyword, value, comment in (*sky_cards(cube), *third):
        header[keyword] = (value, comment)
    for line in history:
        header.add_history(ascii_text(line))
    parts = fits.HDUList([fits.PrimaryHDU()])
    parts[0].header["ORIGIN"] = (f"CubeView {cubeview.__version__}", "research use only")
    for card in fact_cards(cube):
        parts[0].header[card[0]] = card[1:]
    values = mask.values
    stored = values if values.dtype == np.uint8 else values.astype(np.int32)
    parts.append(fits.ImageHDU(stored, header, name="SEGMENTS"))
    if table is not None:
        n = len(table)
        column = fits.Column("coordinate", f"{n}D", dim=f"(1,{n})", array=table.reshape(1, n, 1))
        parts.append(fits.BinTableHDU.from_columns([column], name="WCS-TABLE"))
    names = [ascii_text(label.name) for label in mask.labels]
    columns = [
        fits.Column("NUMBER", "J", array=[label.number for label in mask.labels]),
        fits.Column("NAME", "64A", array=names),
        fits.Column("COLOUR", "7A", array=[label.colour for label in mask.labels]),
        fits.Column("VOXELS", "K", array=[mask.voxels[label.number] for label in mask.labels]),
    ]
    parts.append(fits.BinTableHDU.from_columns(columns, name="LABELS"))
    advice = "Choose another folder or free some space."
    with refusing(path, "cannot be written", advice), replacing(path) as new:
        parts.writeto(new, overwrite=True, checksum=True)


def _write_seg(mask: Mask, path: Path, history: Sequence[str], header: Any) -> None:
    if find_spec("highdicom") is None:
        raise CubeviewError(f"{path}: this Python has no highdicom. Save the mask as .nii.gz.")
    if header is None:
        raise CubeviewError(
            f"{path}: a DICOM Segmentation refers to the one DICOM file it lies on, and this case "
            "has none. Save it as .nii.gz or .fits."
        )
    if not mask.values.any():
        raise CubeviewError(f"{path}: nothing is marked, and an empty Segmentation is none.")
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import Segmentation, SegmentDescription

    made_by = AlgorithmIdentificationSequence(
        name="CubeView masks",
        family=concept(("123109", "DCM", "Manual Processing")),
        version=cubeview.__version__,
        source=MANUFACTURER,
    )
    present = [label for label in mask.labels if mask.voxels[label.number]]
    # Segments are numbered from 1 without a gap (PS3.3 C.8.20.2).
    values = np.zeros(MOST_LABELS + 1, np.uint16)
    values[[label.number for label in present]] = np.arange(1, len(present) + 1)
    made = Segmentation(
        source_images=[placed_header(header, mask.cube)],
        pixel_array=volume_of(mask.cube, values[mask.values]),
        segmentation_type="BINARY",
        segment_descriptions=[
            SegmentDescription(
                segment_number=number,
                segment_label=label.name[:64],
                segmented_property_category=concept(_STRUCTURE),
                segmented_property_type=concept(_STRUCTURE),
                algorithm_type="SEMIAUTOMATIC",
                algorithm_identification=made_by,
                tracking_uid=generate_uid(),
                tracking_id=label.name[:64],
            )
            for number, label in enumerate(present, 1)
        ],
        series_number=903,
        **made_here(),
        content_description="Mask",
        content_label="MASK",
        series_description=f"Mask. {RESEARCH}"[:64],
    )
    made.DerivationDescription = ". ".join((*history, RESEARCH))[:1024]
    save(made, path)
