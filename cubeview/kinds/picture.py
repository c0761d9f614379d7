"""Pictures: flat images, cubes of one slice; each band or colour is a role."""

from cubeview.kinds.kind import Kind

PICTURE = Kind(
    key="picture",
    name="picture",
    one="a picture",
    many="pictures",
    subject="picture",
    judged="pictures",
    role="light",
    channels=("light",),
    flat=True,
    patient=False,
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
    variations=(
        ("flips", "Mirrored"),
        ("rotation", "Turned by quarter turns"),
        ("noise", "More noise"),
    ),
)
