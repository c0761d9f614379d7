"""Time training: cases a second of each network, and how busy an accelerator is; run as a script.

``python tests/benchmarks/bench_train.py [cases]``. On a GPU data in its own memory are compared
with data that come from the host, and the share of the time its kernels run is measured.
"""

import sys
import time
from unittest import mock

import numpy as np
import torch

from cubeview.learn.examples.dataset import Dataset
from cubeview.learn.models.strided import NetworkConfig, build
from cubeview.learn.train.recipe import Schedule
from cubeview.learn.train.train import fit as fitting

SIDE = 32
NETWORKS = {
    "published": NetworkConfig(batch_norm=False, padding="same"),
    "published, batch norm": NetworkConfig(),
    "half as wide, batch norm": NetworkConfig(widths=(16, 32, 64, 128)),
}


def say(text):
    sys.stdout.write(text + "\n")


def noise(count):
    rng = np.random.default_rng(0)
    shape = (256, 2, SIDE, SIDE, SIDE)
    shards = tuple(rng.random(shape, np.float32).astype(np.float16) for _ in range(count // 256))
    return Dataset(shards, 256 * len(shards), 5)


def speed(config, data, batch, *, resident=True):
    schedule = Schedule(epochs=1, batch=batch, gain=0.05, field=0.08)
    with mock.patch.object(fitting, "_MEMORY_SHARE", 0.6 if resident else 0.0):
        return fitting.fit(build(config), data, schedule, 0)


def busy_share(config, data, batch):
    """Return the share of the wall time that kernels run on the GPU."""
    activities = [torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=activities) as profile:
        begin = time.perf_counter()
        speed(config, data, batch)
        torch.cuda.synchronize()
        spent = time.perf_counter() - begin
    kernels = sum(event.self_device_time_total for event in profile.key_averages())
    return kernels / 1e6 / spent


def main():
    cuda = torch.cuda.is_available()
    count = int(sys.argv[1]) if len(sys.argv) > 1 else (51_200 if cuda else 1024)
    data = noise(max(count, 256))
    name = torch.cuda.get_device_name() if cuda else f"CPU, {torch.get_num_threads()} threads"
    say(f"{data.count} cases of {SIDE}^3 x 2 on {name}, torch {torch.__version__}")
    for label, config in NETWORKS.items():
        for batch in (64, 256, 1024) if cuda else (64,):
            speed(config, noise(256), min(batch, 256))  # loads the kernels
            fitted = speed(config, data, batch)
            line = f"{label}, batch {batch}: {fitted.cases_per_second:.0f} cases/s"
            if cuda:
                host = speed(config, data, batch, resident=False).cases_per_second
                busy = busy_share(config, data, batch)
                line += f" in {fitted.precision}, {host:.0f} from the host, busy {busy:.0%}"
                line += f", 50,000 x 30 in {1.5e6 / fitted.cases_per_second:.0f} s"
            say(line)


if __name__ == "__main__":
    main()
