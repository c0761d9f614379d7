"""Hearts: a rest and a stress scan of one patient.

Codes: DICOM PS3.16 CID 3121 (morphology), CID 3120 (normal, equivocal), CID 3113 (false positive).
"""

from cubeview.kinds.kind import Kind, LabelClass

HEART = Kind(
    key="heart",
    name="heart",
    one="a heart",
    many="hearts",
    subject="heart",
    judged="hearts (rest and stress)",
    role="heart",
    states=("stress", "rest"),
    channels=("rest", "stress"),
    label_set="SPECT perfusion",
    classes=(
        LabelClass("healthy", "1", "#5ac58e", ("301121007", "SCT", "Myocardial perfusion normal")),
        LabelClass("ischaemic", "2", "#4aa3ff", ("414795007", "SCT", "Myocardial ischemia")),
        LabelClass("infarcted", "3", "#ef6f6c", ("22298006", "SCT", "Myocardial infarction")),
        LabelClass("mixed", "4", "#b58cff", ("428196007", "SCT", "Mixed ischemia and infarction")),
        LabelClass("artefact", "5", "#f0b429", ("122748", "DCM", "False positive defect finding")),
        LabelClass("unsure", "U", "#8b95a3", ("42425007", "SCT", "Equivocal")),
    ),
    ventricle=True,
    colormaps=("warm", "gray", "gray inverted", "cool", "ten steps"),
    variations=(
        ("shift", "Moved by up to a voxel"),
        ("rotation", "Turned a little"),
        ("counts", "More noise, as from fewer counts"),
        ("blur", "A little less sharp"),
    ),
)
