"""A training recipe: one small TOML file that says all there is to say about a training run."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from cubeview.errors import CubeviewError
from cubeview.kinds import KINDS
from cubeview.learn.tasks import TASKS

RECIPES = Path(__file__).with_name("recipes")


@dataclass(frozen=True)
class Schedule:
    """How the network is trained; the table ``[training]``.

    Parameters
    ----------
    epochs, batch : int
    rate : float
        Highest learning rate of one cycle that rises over `rise` of the steps and falls to zero
        (Smith & Topin 2017, arXiv:1708.07120, with cosine flanks).
    rise : float
    weight_decay : float
        Of AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101).
    shift : int
        Inputs are displaced at random by up to this many voxels along each axis.
    gain : float
        Each channel is scaled at random by up to this share: the myocardium's own level is not
        known better.
    contrast : float
        Inputs are raised to a random power, the logarithm of the exponent up to this: the levels
        of blood and background, and the filters, are not known better.
    flip : bool
        Inputs are mirrored at random along each axis: the sky has no handedness.
    field : float
        Standard deviation of a smooth random gain (its logarithm), made of waves down to a third
        of the input's side, the same for all channels; each channel has a quarter as much of its
        own. It stands for the attenuation and filtering that no simulation has quite right.
    course : {"cycle", "constant"}
        Of the rate.
    precision : {"bf16", "fp32"}
        Of the convolutions; fp32 where the processor has no bf16.
    """

    epochs: int = 12
    batch: int = 64
    rate: float = 3e-3
    rise: float = 0.25
    weight_decay: float = 1e-3
    shift: int = 2
    gain: float = 0.0
    contrast: float = 0.0
    flip: bool = False
    field: float = 0.0
    course: Literal["cycle", "constant"] = "cycle"
    precision: Literal["bf16", "fp32"] = "bf16"

    def __post_init__(self) -> None:
        varied = min(self.shift, self.gain, self.contrast, self.weight_decay, self.field)
        if min(self.epochs, self.batch) < 1 or varied < 0:
            raise ValueError("epochs and batch must be positive, all that varies not negative")
        if not (0 < self.rate < 1 and 0 < self.rise < 1):
            raise ValueError("rate and rise must lie between 0 and 1")
        if self.course not in ("cycle", "constant"):
            raise ValueError(f"course is {self.course!r}, neither cycle nor constant")
        if self.precision not in ("bf16", "fp32"):
            raise ValueError(f"precision is {self.precision!r}, neither bf16 nor fp32")


@dataclass(frozen=True)
class Recipe:
    """A training run.

    Parameters
    ----------
    name, title, kind : str
        Of the model, as in `Card`.
    data : str
        Which simulator: a key of `cubeview.learn.examples.dataset.SOURCES`.
    seed : int
        Of data, weights, order and displacements.
    train, calibrate, test : int
        Numbers of simulated cases.
    shard : int
        Cases in one file of data.
    members : int
        Networks trained one after another from different weights, and combined into one that
        answers with the mean of their logits.
    learn_from : tuple of str
        Simulators that the members learn from, in turn; `data`, with which the whole is calibrated
        and asked, where there are none. They have its classes and channels.
    normal, defects, artefact, task, quantity, unit
        As in `Card`.
    lean : tuple of float
        Added to the classes' logits once they are calibrated: which way to err when in doubt.
    network, preprocess : mapping
        Entries of the network's and of the preparation's config that differ from the default; the
        network's ``name`` is a key of `cubeview.learn.models.model.NETWORKS`.
    training : Schedule
    digest : str
        SHA-256 of the recipe's text.
    """

    name: str
    title: str
    kind: str
    data: str
    seed: int
    train: int
    calibrate: int
    test: int
    shard: int = 256
    members: int = 1
    learn_from: tuple[str, ...] = ()
    normal: str = ""
    defects: tuple[str, ...] = ()
    artefact: str = ""
    task: str = "classify"
    quantity: str = ""
    unit: str = ""
    lean: tuple[float, ...] = ()
    network: Mapping[str, Any] = field(default_factory=dict)
    preprocess: Mapping[str, Any] = field(default_factory=dict)
    training: Schedule = field(default_factory=Schedule)
    digest: str = ""


def read_recipe(recipe: Path | str) -> Recipe:
    """Read a recipe: a TOML file, or the name of one in the package.

    Raises
    ------
    CubeviewError
        If it is missing, no TOML, or has an entry that is unknown, absent or of the wrong kind.
    """
    places = (Path(recipe), RECIPES / f"{recipe}.toml")
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        names = ", ".join(sorted(path.stem for path in RECIPES.glob("*.toml")))
        raise CubeviewError(f"{recipe}: no such recipe. Give a TOML file, or one of: {names}.")
    try:
        text = path.read_bytes()
        data = tomllib.loads(text.decode("utf-8"))
    except OSError as error:
        raise CubeviewError(f"{path}: cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise CubeviewError(f"{path}: not a recipe in TOML ({error}).") from error
    try:
        data["training"] = Schedule(**_known(Schedule, data.get("training", {})))
        data["defects"] = tuple(data.get("defects", ()))
        data["learn_from"] = tuple(data.get("learn_from", ()))
        data["lean"] = tuple(float(logit) for logit in data.get("lean", ()))
        values = _known(Recipe, data)
        values["digest"] = hashlib.sha256(text).hexdigest()
        made = Recipe(**values)
        for name in ("seed", "train", "calibrate", "test", "shard", "members"):
            number = getattr(made, name)
            if type(number) is not int or number < (0 if name == "seed" else 1):
                raise ValueError(f"{name!r} is not a positive whole number")
        if made.kind not in (judged := [kind.key for kind in KINDS.values() if kind.judged]):
            raise ValueError(f"'kind' is {made.kind!r}, none of {', '.join(judged)}")
        if made.task not in TASKS:
            raise ValueError(f"'task' is {made.task!r}, none of {', '.join(TASKS)}")
    except (TypeError, ValueError) as error:
        raise CubeviewError(f"{path}: the recipe cannot be used: {error}.") from error
    return made


def _known(kind: type, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of a table, or raise ValueError for one nobody knows."""
    names = {entry.name for entry in fields(kind)} - {"digest"}
    if unknown := sorted(set(data) - names):
        raise ValueError(f"unknown entry {unknown[0]!r}")
    return dict(data)
