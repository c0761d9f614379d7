"""What a report tells of a heart, from what a network said and what was measured."""

from collections.abc import Mapping, Sequence

from cubeview.cubes.answer import Overlay, Prediction
from cubeview.cubes.case import Case
from cubeview.cubes.scores import Reading
from cubeview.cubes.ventricle import Ventricle, wall_mask
from cubeview.io.export.told import SCHEME, Numbers, Told, Value
from cubeview.measure.heart.ejection import PHANTOMS_ONLY
from cubeview.measure.heart.measured import TID_SPREAD, Measured


def told_of(
    case: Case,
    answer: Prediction,
    overlay: Overlay,
    ventricles: Mapping[str, Ventricle],
    found: Measured,
    *,
    readings: Sequence[Reading] = (),
    identified: bool = False,
) -> Told:
    """Gather what a report tells.

    Parameters
    ----------
    case : Case
    answer : Prediction
    overlay : Overlay
        Where the network looked.
    ventricles : mapping of role to Ventricle
    found : Measured
    readings : sequence of Reading
    identified : bool
        The files name the patient as the scans do.
    """
    masks = {
        role: wall_mask(ventricle, case.cubes[role].pixels.read(), case.cubes[role].spacing)
        for role, ventricle in ventricles.items()
    }
    return Told(
        case,
        answer=answer,
        overlay=overlay,
        masks=masks,
        numbers=numbers_of(found),
        readings=tuple(readings),
        identified=identified,
    )


def numbers_of(found: Measured) -> Numbers:
    """Return what is measured of a heart as a report tells it."""
    sums = (
        ("SSS", found.scores.sss, "Summed stress score suggested from relative uptake"),
        ("SRS", found.scores.srs, "Summed rest score suggested from relative uptake"),
        ("SDS", found.scores.sds, "Summed difference score suggested from relative uptake"),
    )
    values = [
        Value(f"{name}, suggested", total, (name, SCHEME, meaning))
        for name, total, meaning in sums
        if total is not None
    ]
    if found.tid is not None:
        code = ("428832008", "SCT", "Transient ischemic dilatation ratio")
        spread = found.tid - TID_SPREAD, found.tid + TID_SPREAD
        values.append(Value("TID", found.tid, code, interval=spread))
    for role, beat in found.ejections.items():
        told = (
            ("EDV", beat.edv, ("8821-1", "LN", "Left Ventricular ED Volume"), "ml"),
            ("ESV", beat.esv, ("8823-7", "LN", "Left Ventricular ES Volume"), "ml"),
            ("EF", beat.ef, ("70822001", "SCT", "Cardiac ejection fraction"), "%"),
        )
        for (name, value, code, unit), one in zip(told, beat.spreads, strict=True):
            around = value - one, value + one
            values.append(Value(f"{name}, {role}", value, code, unit, interval=around))
    for role, volume in found.wall_ml.items():
        code = ("WALL", SCHEME, "Volume of the left ventricular wall by counts")
        values.append(Value(f"Wall, {role}", volume, code, "ml"))
    scores = {
        role: tuple(score for score in given if score is not None)
        for role, given in found.scores.states.items()
    }
    cautions = [f"{role}: {why}" for role, beat in found.ejections.items() for why in beat.cautions]
    if found.ejections:
        cautions.append(f"{PHANTOMS_ONLY}: volumes and ejection fraction.")
    return Numbers(found.segments, scores, tuple(values), tuple(cautions))
