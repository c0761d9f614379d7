"""What pictures bring to learning."""

from cubeview.learn.models.rooms import Asked, Room
from cubeview.learn.picture import augment, known
from cubeview.learn.picture.prepare import PictureConfig, prepare_picture

_UNSEEN = ("sets", "unseen")

ROOM = Room(
    config=PictureConfig.from_dict,
    prepare=prepare_picture,
    augment=augment.augmented,
    asked=(
        Asked("Accuracy on unseen pictures", (*_UNSEEN, "accuracy"), 0.85),
        Asked("Calibration error", (*_UNSEEN, "calibration_error"), 0.03, more=False),
    ),
    simulator=known.SIMULATOR,
)
