"""What a scan is called: words of the study that are nobody's name, and a hash."""

import hashlib
import re

from pydicom.dataset import Dataset

from cubeview.io.dicom.state import words

MEDICAL = {
    *("spect", "pet", "ct", "mr", "mri", "nm", "tomo", "mpi", "mps", "mibi", "fdg", "wb"),
    *("myocardial", "myocardium", "perfusion", "cardiac", "heart", "herz", "myokard", "coeur"),
    *("corazon", "cuore", "gated", "viability", "ventricle"),
    *("bone", "brain", "head", "neck", "thorax", "chest", "abdomen", "pelvis", "spine", "liver"),
    *("lung", "lungs", "kidney", "kidneys", "renal", "thyroid", "knee", "hip", "shoulder", "skull"),
    *("whole", "body", "scan", "study", "dynamic", "static", "contrast", "native", "angiography"),
    *("attenuation", "corrected", "uncorrected", "short", "axis", "transaxial", "coronal"),
    *("sagittal", "flair", "dwi", "phantom", "ventilation", "gastric", "tumour", "tumor"),
    *("lymph", "parathyroid", "sentinel", "node", "dopamine", "datscan", "amyloid", "low", "dose"),
}
"""Words of descriptions that are nobody's name."""

_MOST_WORDS = 5


def own_words(header: Dataset) -> tuple[str, ...]:
    """Return what a study calls itself, else its series: the words of medicine among them.

    Others may be somebody's name, whatever the header calls the patient.
    """
    patient = words(str(header.get("PatientName") or ""))
    for keyword in ("StudyDescription", "SeriesDescription"):
        said = re.findall(r"[^\W\d_]+", str(header.get(keyword) or ""))
        known = {word.casefold(): word for word in said if word.casefold() in MEDICAL}
        found = [word for low, word in known.items() if low not in patient]
        if found:
            return tuple(found[:_MOST_WORDS])
    return ()


def named(said: tuple[str, ...], kind: str, seed: str) -> str:
    """Return what a scan is called.

    Parameters
    ----------
    said : tuple of str
        The study's own words.
    kind : str
        What it is called where there are none: "CT".
    seed : str
        What tells it from others; only a hash of it is shown.
    """
    return f"{' '.join(said) or kind} {hashlib.sha256(seed.encode()).hexdigest()[:8].upper()}"
