"""The cases shipped with the program."""

from dataclasses import dataclass
from pathlib import Path

from cubeview.paths import resource


@dataclass(frozen=True)
class Sample:
    """A sample case: what the button says, and its files."""

    title: str
    paths: tuple[Path, ...]


_SHIPPED = (
    ("Heart: rest and stress", ("heart_rest.dcm", "heart_stress.dcm")),
    ("Sky: spectral cube", ("sky.fits",)),
)


def samples() -> tuple[Sample, ...]:
    """Return the samples whose files are there."""
    found = (
        Sample(title, tuple(resource("samples", name) for name in names))
        for title, names in _SHIPPED
    )
    return tuple(sample for sample in found if all(path.is_file() for path in sample.paths))
