"""Other volumes: looked at and labelled, judged by no shipped model."""

from cubeview.kinds.kind import Kind

VOLUME = Kind(
    key="volume",
    name="volume",
    one="neither heart nor sky cube",
    many="other volumes",
    subject="volume",
    colormaps=(
        "gray",
        "gray inverted",
        "viridis",
        "magma",
        "inferno",
        "cividis",
        "cool",
        "ten steps",
        "rainbow",
    ),
)
