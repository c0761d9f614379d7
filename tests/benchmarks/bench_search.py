"""How fast a whole cube is searched, in voxels a second, and what part is spent where.

Run: ``python tests/benchmarks/bench_search.py [SIDE] [CHANNELS]``; the full size of a MUSE cube is
3681 channels of 320 × 320.
"""

import sys
import time

import torch

from cubeview.learn.models.device import best_device
from cubeview.learn.models.model import load_model
from cubeview.learn.search.continuum import find_continuum
from cubeview.learn.search.filters import best_of
from cubeview.learn.search.run import search
from cubeview.learn.search.tiles import tiles
from cubeview.paths import resource
from cubeview.simulate.sky.field import simulate_field

MUSE = 3681 * 320 * 320


def say(text: str) -> None:
    """Write a line."""
    sys.stdout.write(text + "\n")


def main() -> None:
    """Search one simulated cube and print what it took."""
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 128
    channels = int(sys.argv[2]) if len(sys.argv) > 2 else 128
    model = load_model(resource("models", "sky-sources"))
    case = simulate_field(1, (channels, side, side)).case
    cube = case.main
    voxels = channels * side * side
    say(f"{best_device()[1]}, {torch.get_num_threads()} threads, {channels} x {side} x {side}")
    begin = time.perf_counter()
    find_continuum(cube)
    say(f"continuum  {time.perf_counter() - begin:6.2f} s")
    begin = time.perf_counter()
    for tile in tiles(cube):
        best_of(tile.flux / tile.sigma)
    say(f"filters    {time.perf_counter() - begin:6.2f} s")
    begin, busy = time.perf_counter(), time.process_time()
    catalogue = search(model, case)
    spent, busy = time.perf_counter() - begin, time.process_time() - busy
    say(
        f"search     {spent:6.2f} s, {busy:.2f} s of processor, {len(catalogue.detections)} sources"
    )
    say(f"{voxels / busy / 1e6:.3f} Mvoxel a second of one core")
    say(f"{voxels / spent / 1e6:.3f} Mvoxel/s; a MUSE cube: {MUSE / voxels * spent / 60:.0f} min")


if __name__ == "__main__":
    main()
