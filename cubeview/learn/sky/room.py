"""What the sky brings to learning."""

from cubeview.learn.models.rooms import Asked, Room
from cubeview.learn.sky import augment, known
from cubeview.learn.sky.prepare import SkyConfig, prepare_sky
from cubeview.learn.sky.trials import TRIALS

BRIGHT_SN = 7.0
"""Peak signal-to-noise from which a source is expected to be named rightly."""

_UNSEEN = ("sets", "unseen")

ROOM = Room(
    config=SkyConfig.from_dict,
    prepare=prepare_sky,
    augment=augment.augmented,
    asked=(
        Asked(
            f"Accuracy at peak S/N of {BRIGHT_SN:g} and more",
            (*_UNSEEN, "by_peak_sn", "bright_accuracy"),
            0.90,
        ),
        Asked("Calibration error", (*_UNSEEN, "calibration_error"), 0.03, more=False),
    ),
    simulator=known.SIMULATOR,
    trials=TRIALS,
)
