"""What a gated scan says of the beats it was taken over: PS3.3 C.8.4.11, NM Multi-gated."""

from pydicom.dataset import Dataset

from cubeview.cubes.gated import HEART_RATE, REJECTED, beats_left_out
from cubeview.io.dicom.numbers import number

_RATES = 20.0, 300.0  # beats a minute that a heart can have


def beat_facts(header: Dataset) -> dict[str, str]:
    """Return heart rate and rejected beats as facts, those that the header states.

    Files have them in the header, in the items of its gates or in those of their R-R intervals;
    beats are added up over the latter. The rate may also follow from the length of the beats.
    """
    gates = list(header.get("GatedInformationSequence") or [])
    windows = [item for gate in gates for item in gate.get("DataInformationSequence") or []]
    rate = max((number(item, "HeartRate") for item in (header, *gates, *windows)), default=0.0)
    if not rate:
        ends = [(number(item, "LowRRValue"), number(item, "HighRRValue")) for item in windows]
        rate = next((120_000.0 / (low + high) for low, high in ends if low > 0 and high > 0), 0.0)
    found = {}
    if _RATES[0] <= rate <= _RATES[1]:
        found[HEART_RATE] = f"{rate:.0f} /min"
    for items in (windows, gates, [header]):
        if any("IntervalsRejected" in item for item in items):
            kept, left = (
                sum(number(item, f"Intervals{what}") for item in items)
                for what in ("Acquired", "Rejected")
            )
            if said := beats_left_out(kept, left):
                found[REJECTED] = said
            break
    return found
