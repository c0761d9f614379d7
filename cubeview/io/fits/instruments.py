"""What pipelines are known to do and do not write into their headers, an instrument a row."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import Note

_MEDIA: dict[str, tuple[Literal["air", "vacuum"], str]] = {
    # CALIFA data releases 1 to 3: wavelengths in air.
    "PMAS": ("air", "CALIFA"),
    # Law et al. 2016, AJ 152:83: wavelengths of MaNGA are in vacuum.
    "MANGA": ("vacuum", "MaNGA"),
}
"""Medium of wavelengths by INSTRUME in capitals, and who gives them so."""


def with_medium(axis: Axis, notes: Sequence[Note], instrument: str) -> tuple[Axis, list[Note]]:
    """Return an axis with the medium its pipeline is known for, where the header is silent.

    The guess about the medium gives way to what is known; the user may still say otherwise.

    Parameters
    ----------
    axis : Axis
    notes : sequence of Note
    instrument : str
        INSTRUME as written.
    """
    known = _MEDIA.get(instrument.strip().upper())
    if axis.name != "Wavelength" or axis.medium or known is None:
        return axis, list(notes)
    medium, who = known
    kept = [note for note in notes if note.about != "medium"]
    text = f"wavelengths are in {medium}, as {who} gives them"
    return replace(axis, medium=medium), [*kept, Note("info", text, "medium")]
