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
    # Without the one skies open with: a picture follows a sky cube in grey.
    colormaps=("gray", "gray inverted", "magma", "inferno", "cividis", "cool", "ten steps"),
    variations=(
        ("flips", "Mirrored"),
        ("rotation", "Turned by quarter turns"),
        ("noise", "More noise"),
    ),
)
