"""What the name of an extension says: what it is to a cube, and to which of several.

A name is cut into the words it is made of, wherever they stand and however they are joined:
``IFU.3.NOISE``, ``RED_IVAR_NOSS``, ``FLUXERR`` and ``VARCUBE`` all hold one word for noise.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

Meaning = Literal["variance", "sigma", "inverse variance", "inverse sigma"]
Role = Literal["flux", "noise", "mask", "aside"]

# What surveys call their extensions: MUSE DATA/STAT/DQ, GMOS SCI/ERR or VAR/DQ, JWST
# SCI/ERR/DQ/WMAP, MaNGA FLUX/IVAR/MASK, KCWI PRIMARY/UNCERT/MASK/FLAGS, KMOS IFU.n.DATA/NOISE,
# SAMI PRIMARY/VARIANCE/WEIGHT/COVAR, CALIFA PRIMARY/ERROR/ERRWEIGHT/BADPIX/FIBCOVER, PypeIt
# FLUX/SIG/BPM, WEAVE RED_DATA/RED_IVAR, Herschel image/error/coverage/flag.
FLUX = ("DATA", "SCI", "FLUX", "CUBE", "IMAGE", "SCIENCE", "SIGNAL", "PRIMARY", "INTENSITY")
_NOISE: dict[str, Meaning] = {
    **dict.fromkeys(("STAT", "VAR", "VARIANCE", "VARI"), "variance"),
    **dict.fromkeys(("IVAR", "INVVAR", "INVVARIANCE", "INVERSEVARIANCE", "INVAR"),
                    "inverse variance"),
    **dict.fromkeys(("ERR", "ERRS", "ERROR", "ERRORS", "NOISE", "SIGMA", "SIG", "STD", "STDDEV",
                     "STDEV", "RMS", "EFLUX", "UNC", "UNCERT", "UNCERTAINTY", "UNCERTAINTIES"),
                    "sigma"),
    **dict.fromkeys(("INVSIGMA", "INVERR", "ISIG", "ISIGMA"), "inverse sigma"),
}  # fmt: skip
MASK = ("DQ", "DQI", "MASK", "MASKS", "BADPIX", "BADPIXEL", "BADPIXELS", "BPM", "BPIX", "BAD",
        "QUAL", "QUALITY", "FLAG", "FLAGS", "GOOD", "GOODPIX", "GOODPIXELS", "VALID")  # fmt: skip
GOOD = ("GOOD", "GOODPIX", "GOODPIXELS", "VALID")
_INVERSE = ("INV", "INVERSE")
_NEUTRAL = ("MAP", "MAPS", "ARRAY", "IMG", "EXT", "SPECTRA")
# Never the light itself, whatever else the name says: ERRWEIGHT, PSF_ERR, FLUX_COVERAGE.
_ASIDE = ("WEIGHT", "WEIGHTS", "WHT", "WMAP", "COVAR", "COVARIANCE", "CORREL", "FIBCOVER", "EXPMAP",
          "EXPOSURE", "EXPTIME", "NEXP", "COVERAGE", "DISP", "PREDISP", "SPECRES", "SPECRESD",
          "PRESPECRES", "LSF", "LSFPRE", "LSFPOST", "PSF", "NOSKYSUB", "BINID", "SENSFUNC",
          "SNR")  # fmt: skip
_WORDS = tuple(
    sorted({*FLUX, *_NOISE, *MASK, *_ASIDE, *_INVERSE, *_NEUTRAL}, key=len, reverse=True)
)


@dataclass(frozen=True)
class Said:
    """What a name says."""

    role: Role
    meaning: Meaning | None  # of noise
    marks: Literal["bad", "good", ""]  # a mask, by its name
    rest: tuple[str, ...]  # words left over, which tell cubes of one file apart


@cache
def said_by(name: str) -> Said:
    """Return what the name of an extension says."""
    words = [part for word in re.split(r"[.\s_\-:/]+", name.upper()) if word
             for part in _parts(word)]  # fmt: skip
    words = ["EFLUX"] if words == ["E", "FLUX"] else words
    noise = next((word for word in words if word in _NOISE), None)
    meaning = _NOISE[noise] if noise else None
    if meaning and any(word in _INVERSE for word in words):
        meaning = "inverse sigma" if meaning == "sigma" else "inverse variance"
    known = {*FLUX, *_NOISE, *MASK, *_INVERSE, *_NEUTRAL}
    rest = tuple(word for word in words if word not in known)
    masks = [word for word in words if word in MASK]
    role: Role = "flux"
    if any(word in _ASIDE for word in words):
        role = "aside"
    elif masks:
        role = "mask"
    elif noise:
        role = "noise"
    marks: Literal["bad", "good", ""] = ""
    if any(word in GOOD for word in masks):
        marks = "good"
    elif any("BAD" in w or "MASK" in w or w in ("BPM", "BPIX", "DQ", "DQI") for w in masks):
        marks = "bad"
    return Said(role, meaning if role == "noise" else None, marks, rest)


def flux_rank(name: str) -> int:
    """Return how far back among the cubes of a file one of this name comes."""
    if not name:
        return FLUX.index("CUBE") + 1
    words = re.split(r"[.\s_\-:/]+", name.upper())
    ranks = [FLUX.index(part) for word in words for part in _parts(word) if part in FLUX]
    return min(ranks, default=len(FLUX))


def _parts(word: str) -> list[str]:
    """Cut a word into known ones where it is made of nothing else, digits aside; else leave it."""
    letters = re.sub(r"\d+$", "", word)
    cut = _cut(letters)
    if cut is None:
        return [word]
    return cut if letters == word else [*cut, word[len(letters) :]]


def _cut(word: str) -> list[str] | None:
    if not word:
        return []
    for known in _WORDS:
        if word.startswith(known):
            rest = _cut(word[len(known) :])
            if rest is not None:
                return [known, *rest]
    return None
