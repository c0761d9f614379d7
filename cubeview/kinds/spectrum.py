"""Spectra: one spectrum a case, looked at, labelled and given a redshift."""

from cubeview.kinds.kind import Kind

SPECTRUM = Kind(
    key="spectrum",
    name="spectrum",
    one="a spectrum",
    many="spectra",
    subject="spectrum",
    patient=False,
)
