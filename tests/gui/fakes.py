"""Small cubes, and a network that answers at once."""

import threading
from pathlib import Path

import numpy as np

from cubeview.cubes.answer import Overlay, Prediction
from cubeview.cubes.axes import Axis, plain_axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube, Note, Source
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError
from cubeview.gui.desk.questions import Questions
from cubeview.learn.models.card import Card, ModelRef

HEART_CLASSES = ("healthy", "ischaemic", "infarcted", "mixed", "artefact")
SKY_CLASSES = ("empty", "emission line")
HEART_WEIGHTS, SKY_WEIGHTS = "4ea27" * 12 + "4ea2", "5c1" * 21 + "5"


def make_heart(name="Wren", roles=("stress", "rest"), question=""):
    rng = np.random.default_rng(1)
    cubes = {}
    for role in roles:
        axes = tuple(
            Axis(axis, "space", "mm", np.arange(n) * 4.0 - 20)
            for axis, n in (("Slice", 8), ("Row", 12), ("Column", 12))
        )
        cubes[role] = Cube(
            axes,
            ArrayPixels(rng.uniform(0, 100, (8, 12, 12))),
            "heart",
            "counts",
            view="short axis",
            facts={"Matrix": "12 × 12"},
            notes=(Note("guess", f"{role} from the file name", "rest or stress"),),
            source=Source(Path(f"/scans/{name}/{role}.dcm")),
        )
    return Case(name, "heart", cubes, evidence=("from the description",), question=question)


def make_sky(name="field"):
    spectral = Axis("Wavelength", "spectral", "Angstrom", 6000 + 1.25 * np.arange(40), medium="air")
    axes = (spectral, plain_axis(36, "Dec"), plain_axis(34, "RA"))
    values = np.random.default_rng(2).normal(0, 1, (40, 36, 34))
    sigma = ArrayPixels(np.full(values.shape, 0.5))
    return Case(
        name, "sky", {"flux": Cube(axes, ArrayPixels(values), "sky", "Jy", uncertainty=sigma)}
    )


def make_ref(kind, classes, roles, **extra):
    card = Card(
        name=f"{kind}-net",
        kind=kind,
        title=f"{kind.capitalize()} network",
        network={"classes": len(classes), "channels_in": len(roles)},
        preprocess={"kind": kind, "size": 32},
        channels=roles,
        classes=classes,
        temperature=1.3,
        weights_sha256=SKY_WEIGHTS if kind == "sky" else HEART_WEIGHTS,
        **extra,
    )
    return ModelRef(card.name, Path("/models") / card.name, card)


class FakeQuestions(Questions):
    """Networks that answer at once, unless a test holds `go` back."""

    def __init__(self):
        self.go = threading.Event()
        self.reset()

    def reset(self):
        """Forget what a test did."""
        self.go.set()
        self.asked = []
        self.error = None
        defects, flags = HEART_CLASSES[1:4], {"normal": "healthy", "artefact": "artefact"}
        roles = ("rest", "stress")
        vars(self).pop("found_in", None)
        self.known = [
            make_ref("heart", HEART_CLASSES, roles, defects=defects, **flags),
            make_ref("sky", SKY_CLASSES, ("flux", "noise")),
        ]
        self.place = lambda case: {
            role: Ventricle((14, 22, 22), np.eye(3), (12, 10, 10)) for role in case.cubes
        }

    def models(self):
        return tuple(self.known)

    def find(self, case, *, report):
        return self.place(case)

    def answer(self, folder, opened, case, ventricles, *, report):
        self.asked.append(case)
        while not self.go.wait(0.01):
            report(0.5, "thinking")
        if self.error is not None:
            raise self.error
        if case.kind == "sky":
            odds = {"empty": 0.1, "emission line": 0.9}
            return Prediction(
                case, "sky-net", odds, None, device="CPU", seconds=0.04, weights=SKY_WEIGHTS
            )
        odds = dict(zip(HEART_CLASSES, (0.04, 0.81, 0.01, 0.11, 0.03), strict=True))
        cautions = ("the ventricle is doubtful",)
        return Prediction(
            case,
            "heart-net",
            odds,
            0.93,
            device="CPU",
            seconds=0.04,
            cautions=cautions,
            weights=HEART_WEIGHTS,
        )

    def explanation(
        self, folder, opened, case, target, ventricles, *, method, settings, report, partial=None
    ):
        self.asked.append((method, target, vars(settings) if settings else None))
        roles = case.roles
        boxes = {role: tuple(slice(0, n) for n in case.cubes[role].shape) for role in roles}
        values = {r: np.full(case.cubes[r].shape, 0.5, np.float32) for r in roles}

        def overlay(complete):
            return Overlay(
                case, values, boxes, method, target, "net", "logit", {}, complete=complete
            )

        if partial is not None and method == "occlusion":
            partial(overlay(False))
        while not self.go.wait(0.01):
            report(0.5, "hiding")
        if self.error is not None:
            raise self.error
        return overlay(True)


GONE = CubeviewError("field.fits: the file has gone. Open it again.")
