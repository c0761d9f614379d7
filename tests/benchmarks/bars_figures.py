"""How well bars are told: on simulated galaxies, with the bar hidden, and on real pictures.

Usage: ``python -m tests.benchmarks.bars_figures --model bars [--pack galaxyzoo_examples.zip
--pile choose|judge]``. The pack's pictures carry the answer in their names (question 2, answer 0 a
bar, 1 none); of those with a bar and of those without every second one, by name, is for choosing.
"""

import argparse
import io
import re
import zipfile

import numpy as np
import torch
from PIL import Image
from sklearn.metrics import roc_auc_score

from cubeview.learn.models.choose import named
from cubeview.learn.models.model import load_model
from cubeview.learn.picture.hidden import box_around, box_elsewhere, hide, site_of
from cubeview.learn.picture.prepare import PictureConfig, framed_alike, framed_picture, merged
from cubeview.measure.picture.fourier import bar_strength
from cubeview.simulate.picture.galaxy import CLASSES, simulate_galaxy

_NAME = re.compile(r"([a-z_]+)-2_a-([01])_\d+\.jpg$")


def real(pack, pile, config):
    """Return real pictures as network input, and which of them have a bar."""
    inputs, barred = [], []
    with zipfile.ZipFile(pack) as packed:
        names = sorted(name for name in packed.namelist() if _NAME.search(name))
        for answer in "01":
            mine = [name for name in names if _NAME.search(name)[2] == answer]
            for name in mine[{"choose": 0, "judge": 1}[pile] :: 2]:
                values = np.asarray(Image.open(io.BytesIO(packed.read(name))).convert("RGB"))
                bands = np.moveaxis(values.astype(float), -1, 0)
                inputs.append(framed_picture(merged(list(bands)), config).input)
                barred.append(answer == "0")
    return np.stack(inputs), np.array(barred)


def simulated(count, seed, config):
    """Return simulated galaxies as network input, which have a bar, and where it lies."""
    rng = np.random.default_rng(seed)
    galaxies = [simulate_galaxy(CLASSES[n % 2], rng) for n in range(count)]
    framed = [framed_picture(galaxy.light, config) for galaxy in galaxies]
    sites = [site_of(framed_alike(g.bar, f)) for g, f in zip(galaxies, framed, strict=True)]
    return np.stack([f.input for f in framed]), np.array([s.any() for s in sites]), sites


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="bars")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=99)
    parser.add_argument("--pack")
    parser.add_argument("--pile", choices=("choose", "judge"), default="choose")
    options = parser.parse_args()
    model = load_model(named(options.model).folder)
    config, row = PictureConfig.from_dict(model.card.preprocess), model.card.classes.index("barred")

    def asked(inputs):
        with torch.inference_mode():
            logits = model.network(torch.from_numpy(inputs)) / model.card.temperature
            return torch.softmax(logits, dim=1)[:, row].numpy()

    def told(words, inputs, barred):
        found, floor = asked(inputs), [bar_strength(one[0, 0]) for one in inputs]
        right = np.mean((found > 0.5) == barred)
        print(
            f"{words}: AUC {roc_auc_score(barred, found):.3f}, right {right:.3f} of {len(barred)}; "
            f"Fourier m = 2: AUC {roc_auc_score(barred, floor):.3f}"
        )
        return found

    inputs, barred, sites = simulated(options.count, options.seed, config)
    found = told("simulated", inputs, barred)
    rng, falls, elsewhere = np.random.default_rng(options.seed), [], []
    for number in np.flatnonzero(barred & (found > 0.5)):
        box = box_around(sites[number])
        falls.append(found[number] - asked(hide(inputs[number], box, 0.0)[None])[0])
        sides = [min(part.stop, config.size) - part.start for part in box]
        other = box_elsewhere(sites[number], (sides[0], sides[1]), rng)
        if other is not None:
            elsewhere.append(found[number] - asked(hide(inputs[number], other, 0.0)[None])[0])
    print(
        f"bar hidden: p falls by .5 and more in {np.mean(np.array(falls) >= 0.5):.3f} of "
        f"{len(falls)} hits; a box elsewhere: by .1 at most in "
        f"{np.mean(np.array(elsewhere) <= 0.1):.3f} of {len(elsewhere)}, "
        f"{np.median(elsewhere):.3f} in the middle"
    )
    if options.pack:
        told(f"real, to {options.pile}", *real(options.pack, options.pile, config))


if __name__ == "__main__":
    main()
