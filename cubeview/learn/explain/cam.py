"""Where a network looked: class activation maps and occlusion sensitivity on a cube's own voxels.

Both are signed and speak in logits of the class asked about: positive where a place speaks for
it, negative where it speaks against it.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from cubeview.cubes.answer import Overlay
from cubeview.cubes.case import Case
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.kinds import kind_of
from cubeview.learn.ask.predict import Ventricles, check_input, input_tensor, prepare_case
from cubeview.learn.explain.occluder import Occluder
from cubeview.learn.explain.overlay import on_cubes, row_of, visible_in
from cubeview.learn.models.device import on_best_device
from cubeview.learn.models.model import Model
from cubeview.learn.models.network import pooled_head
from cubeview.learn.models.prepared import Prepared
from cubeview.learn.models.receptive import place

FILLS = ("zero", "wall", "mean")
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}

_PARTIAL_S = 0.5


@dataclass(frozen=True)
class OcclusionSettings:
    """What is hidden, and how finely.

    Parameters
    ----------
    patch : int
        Side of the hidden cube, in input voxels.
    stride : int
        Input voxels from patch to patch, at most `patch`.
    fill : {"zero", "wall", "mean"}
        What the patch shows instead: nothing, which imitates a defect; the level of a healthy
        wall (hearts only); the mean of what the network sees. Places that were never shown to
        the network stay empty.
    channel : str
        ``"both"``, or the role of the one channel that is hidden.
    precision : {"float32", "bfloat16"}
        float32 gives the numbers of one full pass a patch; bfloat16 is faster and errs by about
        a hundredth of a drop.
    """

    patch: int = 8
    stride: int = 4
    fill: Literal["zero", "wall", "mean"] = "zero"
    channel: str = "both"
    precision: Literal["float32", "bfloat16"] = "float32"


def cam(
    model: Model,
    case: Case,
    target: str,
    *,
    ventricles: Ventricles = None,
    prepared: Prepared | None = None,
    report: Report = nothing,
) -> Overlay:
    """Make the class activation map of a class.

    Parameters
    ----------
    model : Model
    case : Case
    target : str
        One of the model's classes.
    ventricles : mapping of role to Ventricle, optional
    prepared : Prepared, optional
        The case's input where it is at hand; else it is made.
    report : Report

    Returns
    -------
    Overlay
        In logits: the mean over the last map's grid is the class' logit less its bias.

    Raises
    ------
    CubeviewError
        If the model has no such class or cannot judge the case.

    Source: Zhou et al. 2016, arXiv:1512.04150, eq. 2; placed by receptive field.
    """
    row = row_of(model, target)
    if prepared is None:
        prepared = prepare_case(model.card, case, ventricles=ventricles, report=report)
    check_input(model, prepared)
    values = evidence(model, prepared, row)
    report(1.0, "map ready")
    return on_cubes(model, prepared, values, "CAM", target, "logit")


def evidence(model: Model, prepared: Prepared, row: int) -> np.ndarray:
    """Return the class activation map of one logit on the input grid, shape (d, h, w)."""
    network = model.network

    def work(device: torch.device) -> np.ndarray:
        features = network.features(input_tensor(prepared, device))[0]  # (C, d', h', w')
        weights = pooled_head(network).weight[row]
        found: np.ndarray = torch.tensordot(weights, features, dims=1).cpu().numpy()
        return found

    weighted, _ = on_best_device(network, work)
    return place(weighted, network.layout(), prepared.input.shape[1:])


def occlusion(
    model: Model,
    case: Case,
    target: str,
    settings: OcclusionSettings | None = None,
    *,
    ventricles: Ventricles = None,
    prepared: Prepared | None = None,
    report: Report = nothing,
    partial: Callable[[Overlay], None] | None = None,
) -> Overlay:
    """Hide one patch after another and map how far the logit of a class falls.

    Each voxel gets the mean over all patches that cover it. Patches lie every `stride` voxels
    and once more at the far end, so that every voxel is covered. The numbers are those of one
    full pass per patch, see `cubeview.learn.explain.occluder`.

    Parameters
    ----------
    model : Model
    case : Case
    target : str
        One of the model's classes.
    settings : OcclusionSettings, optional
    ventricles : mapping of role to Ventricle, optional
    prepared : Prepared, optional
        The case's input where it is at hand; else it is made.
    report : Report
        Called after each batch of patches; may raise Cancelled.
    partial : callable, optional
        Given a first map at a coarse stride, and finer ones while the work goes on.

    Returns
    -------
    Overlay
        In drop of logit; only for the role that was hidden, where it was one.

    Raises
    ------
    CubeviewError
        If the model has no such class, the settings make no sense or it cannot judge the case.

    Source: Zeiler & Fergus 2014, arXiv:1311.2901, section 4.2.
    """
    settings = settings or OcclusionSettings()
    row = row_of(model, target)
    if prepared is None:
        prepared = prepare_case(model.card, case, ventricles=ventricles, report=report)
    check_input(model, prepared)
    _check(settings, model, prepared)

    def overlay(falls: Falls, complete: bool) -> Overlay:
        words = {name: str(value) for name, value in vars(settings).items()}
        words["stride"] = str(falls.stride)  # a coarse map is one of its own stride
        return on_cubes(
            model,
            prepared,
            falls.mean(row),
            "occlusion",
            target,
            "drop in logit",
            words=words,
            roles=(settings.channel,) if settings.channel in prepared.grids else None,
            complete=complete,
        )

    def told(falls: Falls) -> None:
        if partial is not None:
            partial(overlay(falls, False))

    falls = hide(model, prepared, settings, report=report, partial=told if partial else None)
    return overlay(falls, True)


def hide(
    model: Model,
    prepared: Prepared,
    settings: OcclusionSettings,
    *,
    report: Report = nothing,
    partial: Callable[["Falls"], None] | None = None,
) -> "Falls":
    """Hide one patch after another; the drops of all classes cost no more than those of one.

    Parameters
    ----------
    model : Model
    prepared : Prepared
    settings : OcclusionSettings
    report : Report
        Called after each batch of patches; may raise Cancelled.
    partial : callable, optional
        Given what there is, which goes on growing: after the coarsest stride, then every half
        second and after each finer stride but the last.
    """
    visible = visible_in(prepared)
    hidden = _hidden(model, prepared, settings, visible)

    def work(device: torch.device) -> Falls:
        shown = input_tensor(prepared, device)[0]
        occluder = Occluder(
            model.network,
            shown,
            torch.from_numpy(hidden).to(device),
            PRECISIONS[settings.precision],
        )
        levels = list(_levels(prepared.input.shape[1:], settings))
        count, done = sum(len(starts) for _, starts in levels), 0
        falls = Falls(visible.shape, settings.patch, len(model.card.classes))
        latest = time.monotonic()
        for level, (stride, starts) in enumerate(levels):
            for which, drops in occluder.drops(starts, (settings.patch,) * 3):
                falls.add(starts[which], drops)
                done += len(which)
                report(done / count, f"occlusion, patch {done} of {count}")
                if partial and level and time.monotonic() - latest > _PARTIAL_S:
                    partial(falls)
                    latest = time.monotonic()
            falls.stride = stride
            if partial and level + 1 < len(levels):
                partial(falls)
                latest = time.monotonic()
        return falls

    falls, _ = on_best_device(model.network, work)
    return falls


class Falls:
    """Drops in logit by first voxel of the patch, and their mean at each voxel.

    Attributes
    ----------
    stride : int
        Of what is there as a whole.
    """

    def __init__(self, shape: tuple[int, ...], patch: int, classes: int) -> None:
        self._patch = patch
        places = [n - patch + 1 for n in shape]
        self._drops = np.zeros([classes, *places], np.float32)
        self._counts = np.zeros(places)
        self.stride = patch

    def add(self, starts: np.ndarray, drops: np.ndarray) -> None:
        """Take in patches (n, 3) and their drops (n, classes) that were not there yet."""
        self._drops[:, *starts.T] = drops.T
        self._counts[*starts.T] = 1

    def mean(self, row: int) -> np.ndarray:
        """Return one class: the mean over the patches that cover a voxel, 0 for none yet."""
        margin = self._patch - 1
        sums, counts = (
            _box_sum(np.pad(values, margin), self._patch)
            for values in (self._drops[row], self._counts)
        )
        means: np.ndarray = (sums / np.maximum(counts, 0.5)).astype(np.float32)
        return means


def _box_sum(values: np.ndarray, side: int) -> np.ndarray:
    """Sum over the cube of `side` voxels that begins at each voxel, where it fits."""
    sums: np.ndarray = values.astype(np.float64)
    for axis in range(3):
        cumulated = np.cumsum(sums, axis=axis)
        cumulated = np.insert(cumulated, 0, 0.0, axis=axis)
        count = cumulated.shape[axis] - side
        ends = cumulated.take(range(side, side + count), axis=axis)
        sums = ends - cumulated.take(range(count), axis=axis)
    return sums


def _levels(
    shape: tuple[int, ...], settings: OcclusionSettings
) -> Iterator[tuple[int, np.ndarray]]:
    """Stride and first voxels (n, 3) of the patches new in it, from the coarsest to that wanted."""
    strides = [settings.stride]
    while strides[0] * 2 <= settings.patch:
        strides.insert(0, strides[0] * 2)
    fresh = np.ones([n - settings.patch + 1 for n in shape], dtype=bool)
    for stride in strides:
        chosen = np.zeros_like(fresh)
        lines = [np.union1d(np.arange(0, n, stride), [n - 1]) for n in fresh.shape]
        chosen[np.ix_(*lines)] = True
        yield stride, np.argwhere(chosen & fresh)
        fresh &= ~chosen


def _hidden(
    model: Model, prepared: Prepared, settings: OcclusionSettings, visible: np.ndarray
) -> np.ndarray:
    """The input as it would be with everything hidden, shape (channel, d, h, w)."""
    hidden = prepared.input.copy()
    for role, channel in zip(model.card.channels, hidden, strict=True):
        if settings.channel not in ("both", role):
            continue
        level = 0.0
        if settings.fill == "mean":
            level = float(channel[visible].mean())
        elif settings.fill == "wall":
            level = float(channel[channel >= channel.max() / 2].mean())
        channel[visible] = level
    return hidden


def _check(settings: OcclusionSettings, model: Model, prepared: Prepared) -> None:
    side = min(prepared.input.shape[1:])
    if not 1 <= settings.patch <= side:
        raise CubeviewError(f"The patch must have 1 to {side} voxels, not {settings.patch}.")
    if not 1 <= settings.stride <= settings.patch:
        raise CubeviewError(
            f"A stride of {settings.stride} with a patch of {settings.patch} leaves gaps: choose "
            f"1 to {settings.patch}."
        )
    if settings.fill not in FILLS:
        raise CubeviewError(f"Unknown fill {settings.fill!r}: choose {', '.join(FILLS)}.")
    if settings.fill == "wall" and not kind_of(prepared.case).ventricle:
        raise CubeviewError("Only hearts have a wall: choose zero or mean as fill.")
    if settings.precision not in PRECISIONS:
        raise CubeviewError(
            f"Unknown precision {settings.precision!r}: choose {', '.join(PRECISIONS)}."
        )
    if settings.channel not in ("both", *model.card.channels):
        choices = ", ".join(("both", *model.card.channels))
        raise CubeviewError(f"Unknown channel {settings.channel!r}: choose {choices}.")
