"""Sky cubes: two sky axes and a spectral one, judged window by window."""

from cubeview.kinds.kind import Kind, LabelClass

SKY = Kind(
    key="sky",
    name="sky cube",
    one="a sky cube",
    many="sky cubes",
    subject="sky window",
    judged="windows of sky cubes",
    channels=("flux", "noise"),
    label_set="sky sources",
    classes=(
        LabelClass("empty", "1", "#8b95a3"),
        LabelClass("continuum", "2", "#4aa3ff"),
        LabelClass("emission line", "3", "#5ac58e"),
        LabelClass("absorption", "4", "#b58cff"),
        LabelClass("artefact", "5", "#f0b429"),
        LabelClass("unsure", "U", "#d7dce3"),
    ),
    window_px=32,
    patient=False,
    map_suffix="fits",
    variations=(
        ("flips", "Mirrored on the sky"),
        ("rotation", "Turned by quarter turns on the sky"),
        ("noise", "More noise"),
    ),
)
