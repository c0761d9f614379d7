"""Local occlusion against MONAI's and Captum's, and the class activation map; run as a script.

``python tests/benchmarks/bench_explain.py [ROUNDS]``. The bundled network, one thread, seconds of
processor time, rounds interleaved, medians of the ratios. The peers hide the patches of a coarser
stride, 343 or 512 of them, and are scaled to the number asked for: each costs them one full pass.
"""

import statistics
import sys
import time
import warnings
from contextlib import suppress
from functools import partial

import numpy as np
import torch
from table import at_least, at_most, row, say

from cubeview.errors import Cancelled
from cubeview.io import open_paths
from cubeview.learn.ask.predict import prepare_case
from cubeview.learn.explain.methods import make_map
from cubeview.learn.explain.occluder import Occluder
from cubeview.learn.explain.question import OcclusionSettings
from cubeview.learn.models.device import has_bfloat16
from cubeview.learn.models.model import load_model
from cubeview.paths import resource

CPU = torch.device("cpu")
BATCHES = (4, 16, 64)
COARSER = {8: 4, 4: 4}  # stride the peers are timed with, by patch
SCAN = ("heart_rest.dcm", "heart_stress.dcm")


def patches(side, patch, stride):
    line = range(0, side - patch + 1, stride)
    return np.stack(np.meshgrid(line, line, line, indexing="ij"), -1).reshape(-1, 3)


def local(network, shown, starts, patch, dtype=torch.float32):
    found = np.zeros((len(starts), network.config.classes), np.float32)
    occluder = Occluder(network, shown, torch.zeros_like(shown), dtype)
    for which, drops in occluder.drops(starts, (patch,) * 3):
        found[which] = drops
    return found


def naive(network, shown, starts, patch, batch=16):
    """One full pass a patch: what the numbers have to equal."""
    inputs = shown.repeat(batch, 1, 1, 1, 1)
    found = []
    for begin in range(0, len(starts), batch):
        some = starts[begin : begin + batch]
        inputs[:] = shown
        for one, (d, h, w) in zip(inputs, some, strict=False):
            one[:, d : d + patch, h : h + patch, w : w + patch] = 0
        found.append(network(inputs[: len(some)]))
    return (network(shown[None]) - torch.cat(found)).numpy()


def monai_way(network, shown, patch, stride, batch):
    from monai.visualize import OcclusionSensitivity

    return OcclusionSensitivity(
        network,
        mask_size=patch,
        n_batch=batch,
        mode=0.0,
        overlap=1 - stride / patch,
        activate=False,
        verbose=False,
    )(shown[None])


def captum_way(network, shown, patch, stride, batch):
    from captum.attr import Occlusion

    return Occlusion(network).attribute(
        shown[None],
        sliding_window_shapes=(shown.shape[0], patch, patch, patch),
        strides=(shown.shape[0], stride, stride, stride),
        baselines=0,
        target=0,
        perturbations_per_eval=batch,
    )


def installed():
    """Return the peers that are there."""
    found = {}
    for name, module, way, bar in (
        ("MONAI", "monai.visualize", monai_way, 4),
        ("Captum", "captum.attr", captum_way, 6),
    ):
        try:
            __import__(module)
        except ImportError as error:
            row(f"{name} OcclusionSensitivity / Occlusion", f"not installed ({error})")
        else:
            found[name] = way, bar
    return found


def seconds(work):
    begin = time.process_time()
    work()
    return time.process_time() - begin


def against_peers(network, shown, kind, patch, stride, rounds, bars):
    starts = patches(shown.shape[1], patch, stride)
    coarser = COARSER[patch]
    scale = len(starts) / len(patches(shown.shape[1], patch, coarser))
    best = {}
    for name, (way, bar) in installed().items():
        tried = {
            batch: seconds(partial(way, network, shown, patch, coarser, batch)) for batch in BATCHES
        }
        best[name] = way, bar, min(tried, key=tried.get)
    ours, half, theirs = [], [], {name: [] for name in best}
    for _ in range(rounds):
        ours.append(seconds(partial(local, network, shown, starts, patch)))
        for name, (way, _, batch) in best.items():
            spent = seconds(partial(way, network, shown, patch, coarser, batch))
            theirs[name].append(spent * scale)
        if has_bfloat16(CPU):
            half.append(seconds(partial(local, network, shown, starts, patch, torch.bfloat16)))
    for name, (_, bar, batch) in best.items():
        for mode, times, wanted in (
            ("float32", ours, bar),
            ("bfloat16", half, 6 if name == "MONAI" else None),
        ):
            if not times:
                continue
            ratio = statistics.median(a / b for a, b in zip(theirs[name], times, strict=True))
            at_least(
                f"occlusion {patch}³ stride {stride}, {kind}, {mode}, against {name}",
                ratio,
                wanted if bars else None,
                f"{statistics.median(times):.2f} s, {name} {statistics.median(theirs[name]):.1f} s"
                f" in batches of {batch}",
            )


def equality(network, shown):
    starts = patches(shown.shape[1], 8, 4)
    wanted = naive(network, shown, starts, 8)
    differs = np.abs(local(network, shown, starts, 8) - wanted).max()
    largest = np.abs(wanted).max()
    row(
        "largest difference of a drop in logit from one full pass a patch",
        f"{differs:.1e} of {largest:.2g}",
        "≤ 1e-05",
        bool(differs <= 1e-5),
    )
    if not has_bfloat16(CPU):
        row("bfloat16", "this processor has none")
        return
    bfloat = np.abs(local(network, shown, starts, 8, torch.bfloat16) - wanted).max()
    row("the same in bfloat16", f"{bfloat:.1e} of {largest:.2g}")


def first_map(model, case, target, prepared):
    def told(overlay):
        raise Cancelled

    settings = OcclusionSettings(8, 1)
    with suppress(Cancelled):
        make_map(model, case, target, "occlusion", settings, prepared=prepared, partial=told)


def main(rounds):
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    model = load_model(resource("models", "spect-mpi"))
    network = model.network.eval()
    case = open_paths([resource("samples", name) for name in SCAN]).cases[0]
    prepared = prepare_case(model.card, case)
    scan = torch.tensor(prepared.input)
    widths = "/".join(map(str, network.config.widths))
    say(f"bundled network {widths}, torch {torch.__version__}, one thread, {rounds} rounds")
    torch.manual_seed(0)
    everywhere = torch.rand_like(scan)
    with torch.inference_mode():
        equality(network, scan)
        for kind, shown, bars in (
            ("bundled scan", scan, True),
            ("counts everywhere", everywhere, True),
        ):
            for patch, stride in ((8, 2), (4, 2)):
                against_peers(network, shown, kind, patch, stride, rounds, bars)
    target = model.card.classes[0]
    asked = partial(make_map, model, case, target, "cam", prepared=prepared)
    times = [seconds(asked) for _ in range(20)]
    at_most("class activation map on the scan's voxels", 1e3 * statistics.median(times), "ms", 10)
    firsts = [
        seconds(partial(first_map, model, case, target, prepared)) for _ in range(max(rounds, 5))
    ]
    at_most("first coarse map of an occlusion", 1e3 * statistics.median(firsts), "ms", 100)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
