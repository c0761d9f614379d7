"""What hearts bring to learning."""

from cubeview.learn.heart import augment, known
from cubeview.learn.heart.prepare import HeartConfig, prepare_heart
from cubeview.learn.heart.trials import TRIALS
from cubeview.learn.models.rooms import Asked, Room

_UNSEEN = ("sets", "unseen")

ROOM = Room(
    config=HeartConfig.from_dict,
    prepare=prepare_heart,
    augment=augment.augmented,
    asked=(
        Asked("Accuracy on unseen cases", (*_UNSEEN, "accuracy"), 0.92),
        Asked("Lowest accuracy of a class", (*_UNSEEN, "recall"), 0.85),
        Asked("AUC, healthy against ill", (*_UNSEEN, "auc_defect_against_normal"), 0.99),
        Asked("Calibration error", (*_UNSEEN, "calibration_error"), 0.03, more=False),
        Asked("Accuracy in another hospital", ("sets", "second", "accuracy"), 0.80),
        Asked("Milliseconds on one core", ("milliseconds",), 100.0, more=False),
    ),
    simulator=known.SIMULATOR,
    trials=TRIALS,
)
