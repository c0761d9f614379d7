"""What a DICOM file is, in words: its kind when CubeView cannot open it, its facts when it can.

Only words from the tables here leave this module: header text may hold the patient's name.
"""

import re

from pydicom.dataset import Dataset
from pydicom.uid import UID

from cubeview.io.dicom.numbers import integer
from cubeview.io.dicom.state import words

NM_STORAGE = "1.2.840.10008.5.1.4.1.1.20"

MODALITIES = {
    "CR": "a plain X-ray picture (CR)",
    "CT": "a CT image",
    "DX": "a plain X-ray picture (DX)",
    "ECG": "an electrocardiogram",
    "ES": "an endoscopy picture",
    "IO": "a dental X-ray",
    "MG": "a mammogram",
    "MR": "an MR image",
    "NM": "a nuclear medicine image",
    "OT": "a picture of another kind (OT)",
    "PR": "a display setting for other images (PR)",
    "PT": "a PET image",
    "RF": "an X-ray film (RF)",
    "RTDOSE": "a radiotherapy dose",
    "RTIMAGE": "a radiotherapy image",
    "RTPLAN": "a radiotherapy plan",
    "RTSTRUCT": "radiotherapy contours",
    "SC": "a screen capture",
    "SEG": "a segmentation",
    "SM": "a microscope slide",
    "SR": "a written report (SR)",
    "US": "an ultrasound picture",
    "XA": "an angiogram",
}

NM_KINDS = {
    "STATIC": "planar (static) views",
    "WHOLE BODY": "a whole-body scan",
    "DYNAMIC": "a dynamic planar series",
    "GATED": "a gated planar series",
    "TOMO": "raw projections, before reconstruction",
    "GATED TOMO": "raw gated projections, before reconstruction",
}

_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_CAPTURES = {"MIP", "SCREEN SAVE", "SCREENSAVE", "SCREENSHOT", "SCREEN CAPTURE", "CAPTURE", "VRT"}
_PLACES = (
    "ImagePositionPatient",
    "DetectorInformationSequence",
    "PerFrameFunctionalGroupsSequence",
)
_ONE_TEXT = re.compile(r"[\\/,;]")

_CORRECTIONS = {
    "UNIF": "uniformity",
    "COR": "centre of rotation",
    "NCO": "non-circular orbit",
    "DECY": "decay",
    "ATTN": "attenuation",
    "SCAT": "scatter",
    "DTIM": "dead time",
    "NRGY": "energy",
    "LIN": "linearity",
    "MOTN": "motion",
    "CLN": "count loss",
}
_ISOTOPES = (
    ("Tc-99m", ("72454006", "C-163A8"), 140.5),
    ("Tl-201", ("60057003", "C-138A9"), 70.0),
    ("I-123", ("21572004", "C-114A4"), 159.0),
    ("In-111", ("56609000", "C-145A4"), 171.3),
    ("Ga-67", ("42728001", "C-131A1"), 93.3),
)
_TRACERS = {
    "sestamibi": "sestamibi",
    "mibi": "sestamibi",
    "cardiolite": "sestamibi",
    "tetrofosmin": "tetrofosmin",
    "myoview": "tetrofosmin",
    "thallous": "thallous chloride",
    "thallium": "thallous chloride",
    "mibg": "MIBG",
    "iobenguane": "MIBG",
    "pyrophosphate": "pyrophosphate",
}
_POSES = {
    "40199007": "supine",
    "F-10340": "supine",
    "1240000": "prone",
    "F-10310": "prone",
    "33586001": "sitting",
    "F-103A0": "sitting",
}
_POSITIONS = {"HFS": "supine", "FFS": "supine", "HFP": "prone", "FFP": "prone"}
_KERNELS = {"fbp": "FBP", "osem": "OSEM", "mlem": "MLEM", "oscg": "OSCG", "astonish": "Astonish"}


def what_it_is(header: Dataset) -> str:
    """Return what a data set is, as a phrase to follow "this is"."""
    sop = str(header.get("SOPClassUID") or header.file_meta.get("MediaStorageSOPClassUID") or "")
    modality = str(header.get("Modality") or "").strip().upper()
    if sop == NM_STORAGE or modality == "NM":
        kind = NM_KINDS.get(image_kind(header))
        return f"nuclear medicine: {kind}" if kind else MODALITIES["NM"]
    name = MODALITIES.get(modality)
    if name:
        enhanced = integer(header, "NumberOfFrames", 1) > 1
        return f"{name}, many frames in one file" if enhanced else name
    known = UID(sop).name if sop else ""
    if known and known != sop:
        return f"DICOM of the kind “{known}”"
    return "DICOM without a kind CubeView knows"


def is_directory(header: Dataset) -> bool:
    """Tell whether a data set is the index of a disc, which refers to files and holds none."""
    return "DirectoryRecordSequence" in header or "FileSetID" in header


def image_kind(header: Dataset) -> str:
    """Return value 3 of Image Type, upper case, empty when absent."""
    values = image_type(header)
    return values[2] if len(values) > 2 else ""


def image_type(header: Dataset) -> list[str]:
    """Return the values of Image Type, upper case; some programs write them as one text."""
    types = header.get("ImageType")
    values = _ONE_TEXT.split(types) if isinstance(types, str) else list(types or [])
    return [text for value in values if (text := str(value).strip(" []'\"").upper())]


def is_capture(header: Dataset) -> bool:
    """Tell whether an image is for looking at only: a secondary capture, a saved screen, a MIP.

    Some converters file what was measured as a secondary capture (PS3.3 A.8): a primary image with
    a place, or of a kind that only measurements have, is none.
    """
    filed = str(header.get("SOPClassUID") or "").startswith(_SECONDARY_CAPTURE)
    values, kind = image_type(header), image_kind(header)
    placed = any(keyword in header for keyword in _PLACES)
    if filed and "PRIMARY" in values[:2]:
        return not (placed or kind in NM_KINDS or "RECON" in kind)
    return filed or (not placed and not _CAPTURES.isdisjoint(values))


def corrections(header: Dataset) -> tuple[str, ...]:
    """Return the codes of Corrected Image (0028,0051) that the standard defines, each once."""
    stored = header.get("CorrectedImage")
    values = [stored] if isinstance(stored, str) else list(stored or [])
    return tuple(dict.fromkeys(c for v in values if (c := str(v).strip().upper()) in _CORRECTIONS))


def attenuation(header: Dataset) -> str:
    """Return ``"AC"``, ``"NC"`` or, where nothing says so, an empty string."""
    if "ATTN" in corrections(header):
        return "AC"
    said = words(f"{header.get('SeriesDescription') or ''} {header.get('ImageID') or ''}")
    for before, word in zip(["", *said], said, strict=False):
        if word in ("nc", "nac", "noac", "nonac", "irnc") or (
            word == "ac" and before in ("no", "non", "without")
        ):
            return "NC"
        if word in ("ac", "irac", "ctac", "acct"):
            return "AC"
    return "NC" if corrections(header) else ""


def pose(header: Dataset) -> str:
    """Return ``"supine"``, ``"prone"``, ``"sitting"`` or an empty string."""
    for item in header.get("PatientOrientationCodeSequence") or []:
        for code in item.get("PatientOrientationModifierCodeSequence") or []:
            found = _POSES.get(str(code.get("CodeValue")))
            if found:
                return found
    return _POSITIONS.get(str(header.get("PatientPosition") or "").strip().upper(), "")


def isotope(header: Dataset) -> str:
    """Return the isotope from its code, else from the energy window; empty if neither fits."""
    for item in header.get("RadiopharmaceuticalInformationSequence") or []:
        for code in item.get("RadionuclideCodeSequence") or []:
            for name, values, _ in _ISOTOPES:
                if str(code.get("CodeValue")) in values:
                    return name
    for window in header.get("EnergyWindowInformationSequence") or []:
        for limits in window.get("EnergyWindowRangeSequence") or []:
            low, high = limits.get("EnergyWindowLowerLimit"), limits.get("EnergyWindowUpperLimit")
            for name, _, peak in _ISOTOPES:
                if low and high and float(low) < peak < float(high):
                    return name
    return ""


def tracer(header: Dataset) -> str:
    """Return the tracer by its common name; empty if the header names none we know."""
    for item in header.get("RadiopharmaceuticalInformationSequence") or []:
        codes = item.get("RadiopharmaceuticalCodeSequence") or []
        texts = [item.get("Radiopharmaceutical"), *(code.get("CodeMeaning") for code in codes)]
        for text in texts:
            for word, name in _TRACERS.items():
                if word in str(text or "").casefold():
                    return name
    return ""


def reconstruction(header: Dataset) -> str:
    """Return the reconstruction method where the header uses one of its usual names."""
    kernel = header.get("ConvolutionKernel")
    parts = [kernel] if isinstance(kernel, str) else list(kernel or [])
    said = words(" ".join([*map(str, parts), str(header.get("SeriesDescription") or "")]))
    return next((name for word, name in _KERNELS.items() if word in said), "")


def facts(header: Dataset) -> dict[str, str]:
    """Return what is worth showing about an emission scan, nothing that names the patient."""
    camera = [str(header.get(k) or "").strip() for k in ("Manufacturer", "ManufacturerModelName")]
    found = {
        "Scan": image_kind(header).lower(),
        "Isotope": isotope(header),
        "Tracer": tracer(header),
        "Corrections": ", ".join(_CORRECTIONS[code] for code in corrections(header)),
        "Attenuation": {"AC": "corrected", "NC": "not corrected"}.get(attenuation(header), ""),
        "Reconstruction": reconstruction(header),
        "Pose": pose(header),
        "Camera": " ".join(filter(None, camera)),
    }
    return {name: value for name, value in found.items() if value}
