"""Time local occlusion against full passes, and the other questions; run as a script.

``python tests/benchmarks/bench_explain.py [rounds]``. Processor seconds of one thread, medians of
interleaved rounds; the other ways hide a share of the patches and are scaled up.
"""

import statistics
import sys
import time
from functools import partial
from itertools import product

import numpy as np
import torch

from cubeview.learn.network import NetworkConfig, build
from cubeview.learn.occlusion import Occluder
from cubeview.learn.receptive import place

SHARE = 200  # patches the slow ways are timed with
BATCHES = (16, 64)
HEART_VOXELS = 10.5  # mean radius of what is shown of a heart


def say(text):
    sys.stdout.write(text + "\n")


def patches(side, patch, stride):
    line = range(0, side - patch + 1, stride)
    return np.stack(np.meshgrid(line, line, line, indexing="ij"), -1).reshape(-1, 3)


def local(network, shown, hidden, starts, patch):
    for _ in Occluder(network, shown, hidden).drops(starts, (patch,) * 3):
        pass


def full_passes(network, shown, hidden, starts, patch, batch):
    for begin in range(0, len(starts), batch):
        inputs = []
        for d, h, w in starts[begin : begin + batch]:
            occluded = shown.clone()
            there = np.s_[:, d : d + patch, h : h + patch, w : w + patch]
            occluded[there] = hidden[there]
            inputs.append(occluded)
        network(torch.stack(inputs))


def captum(network, shown, patch, stride, batch):
    from captum.attr import Occlusion

    Occlusion(network).attribute(
        shown[None],
        sliding_window_shapes=(shown.shape[0], patch, patch, patch),
        strides=(shown.shape[0], stride, stride, stride),
        baselines=0,
        target=0,
        perturbations_per_eval=batch,
    )


def class_map(network, shown):
    features = network.features(shown[None])[0]
    values = torch.tensordot(network.head.weight[0], features, 1).numpy()
    return place(values, network.config, tuple(shown.shape[1:]))


def seconds(work):
    begin = time.process_time()
    work()
    return time.process_time() - begin


def main(rounds):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = build(NetworkConfig())
    network(torch.rand(4, 2, 32, 32, 32))
    network.eval()
    full = torch.rand(2, 32, 32, 32)
    hidden = torch.zeros_like(full)
    say(f"torch {torch.__version__}, one thread, {rounds} rounds, seconds of processor time")
    try:
        from captum import attr
    except ImportError:
        peers = ()
        say("Captum cannot be imported and is left out")
    else:
        peers = (1, 16) if attr else ()
    line = torch.arange(32.0) - 15.5
    distance = torch.stack(torch.meshgrid(line, line, line, indexing="ij")).norm(dim=0)
    inputs = {"counts everywhere": full, "inside an ellipsoid": full * (distance < HEART_VOXELS)}
    with torch.inference_mode():
        for (kind, shown), (patch, stride) in product(inputs.items(), ((8, 4), (8, 2), (4, 2))):
            starts = patches(32, patch, stride)
            some = starts[:: max(1, len(starts) // SHARE)]
            scale = len(starts) / len(some)
            times = {}
            for _ in range(rounds):
                ways = {"local": partial(local, network, shown, hidden, starts, patch)}
                for batch in BATCHES:
                    ways[f"full passes of {batch}"] = partial(
                        full_passes, network, shown, hidden, some, patch, batch
                    )
                for batch in peers if len(starts) < 1000 or rounds > 9 else ():
                    ways[f"Captum, {batch} per pass"] = partial(
                        captum, network, shown, patch, stride, batch
                    )
                for way, work in ways.items():
                    factor = scale if way.startswith("full") else 1.0
                    times.setdefault(way, []).append(seconds(work) * factor)
            ours = times.pop("local")
            say(f"{kind}: patch {patch}, stride {stride}, {len(starts)} patches")
            say(f"  local                {statistics.median(ours):7.3f}")
            for way, spent in times.items():
                ratio = statistics.median(a / b for a, b in zip(spent, ours, strict=True))
                say(f"  {way:20s} {statistics.median(spent):7.3f}   {ratio:.1f} times local")
        cam = [seconds(partial(class_map, network, full)) for _ in range(10 * rounds)]
        say(f"CAM on the input grid {1e3 * statistics.median(cam):.1f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
