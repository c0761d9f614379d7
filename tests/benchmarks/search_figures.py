"""Blind search against the matched filter of LSDCat on the same simulated fields, as tables.

``python -m tests.benchmarks.search_figures [--fields 60] [--fainter 2.5]``

Each method's threshold is the lowest at which, on the true catalogue of all fields of a flavour,
nine in ten of its detections are real. A detection is real when a line's centre is within 6 voxels
on the sky and 8 channels; a second one at the same line counts neither for nor against. The peer
knows the point-spread function, the search does not. Extended discs are bright in sum where single
voxels are as bright as those of a point: ``--fainter 2.5`` shows those that are not found by all.
"""

import argparse
import json
import time
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from cubeview.learn.models.model import load_model
from cubeview.learn.search.catalogue import FLOOR
from cubeview.learn.search.run import search
from cubeview.paths import resource
from cubeview.simulate.sky.field import simulate_field
from cubeview.simulate.sky.settings import SETTINGS
from cubeview.simulate.sky.sources import psf
from tests.benchmarks.table import row, say
from tests.learn.search import lsdcat

SHAPE = (120, 64, 64)
COUNTS = {"continuum": 4, "emission line": 6, "absorption": 1, "artefact": 2}
PEAK_SN = {"ifu": (0.8, 8.0), "radio": (2.0, 16.0)}
EDGES = (3.0, 5.0, 6.5, 8.0, 10.0, 14.0, 20.0, 1000.0)
"""Integrated S/N the completeness is told for; of interferometers, counted once in a beam."""

KINDS = ("point", "rotating disc", "double peaked", "galaxy", "broad")
PURITY = 0.9
OURS = "network search"
PEERS = {
    "LSDCat, one width, propagated noise": ((4.0,), False),
    "LSDCat, one width, effective noise": ((4.0,), True),
    "LSDCat, five widths, effective noise": ((2.5, 3.5, 5.0, 7.5, 11.0), True),
}


@dataclass
class Found:
    """What one method found: the score of every detection, and the best of every line."""

    real: list[float] = field(default_factory=list)
    false: list[float] = field(default_factory=list)
    best: list[float] = field(default_factory=list)
    seconds: float = 0.0
    chosen: list[int] = field(default_factory=lambda: [0, 0, 0])
    """Lines found, detections and false ones above the threshold chosen field by field."""

    def add(self, scored, truth):
        """Take the detections of one field, (score, voxel)."""
        best = [-np.inf] * len(truth)
        for score, voxel in scored:
            near = [number for number, line in enumerate(truth) if is_near(voxel, line)]
            if not near:
                self.false.append(score)
                continue
            for number in near[:1]:
                best[number] = max(best[number], score)
        self.real += [score for score in best if np.isfinite(score)]
        self.best += best

    def choose(self, scored, truth, least):
        """Count the detections of one field above the threshold its method chose itself."""
        kept = [voxel for score, voxel in scored if score >= least]
        real = sum(any(is_near(voxel, line) for line in truth) for voxel in kept)
        hit = sum(any(is_near(voxel, line) for voxel in kept) for line in truth)
        for place, count in enumerate((hit, len(kept), len(kept) - real)):
            self.chosen[place] += count

    def threshold(self):
        """Return the lowest score at which the purity is reached."""
        values = np.unique(self.real)
        real = np.array([(np.array(self.real) >= v).sum() for v in values])
        false = np.array([(np.array(self.false) >= v).sum() for v in values])
        good = values[real / (real + false) >= PURITY]
        return float(good[0]) if len(good) else np.inf


def is_near(voxel, line):
    """Tell whether a detection lies on a true line."""
    away = np.subtract(voxel, line.voxel)
    return np.hypot(away[1], away[2]) <= 6 and abs(away[0]) <= 8


def observed(flavour, fwhm_px):
    """Return the instrument of a flavour, with another point-spread function if one is given."""
    setting = SETTINGS[flavour]
    if fwhm_px:
        setting = replace(setting, optics=replace(setting.optics, fwhm_px=fwhm_px))
    return setting


def blind_field(seed, setting, counts, fainter=1.0):
    """Return a simulated cube and its lines that lie where there are data."""
    sn = tuple(peak / fainter for peak in PEAK_SN[setting.flavour])
    made = simulate_field(seed, SHAPE, counts=counts, sn=sn, setting=setting)
    flux = made.case.main.pixels.array
    lines = [
        source
        for source in made.catalogue
        if source.label == "emission line" and np.isfinite(flux[tuple(map(round, source.voxel))])
    ]
    return made, lines


def compare(model, flavour, seeds, fwhm_px=0.0, counts=COUNTS, fainter=1.0, peers=PEERS):
    """Run all methods on the fields of one flavour; return them and the true lines."""
    setting = observed(flavour, fwhm_px)
    optics = setting.optics
    half = int(np.ceil(3 * optics.fwhm_px * optics.ratio))
    image = psf(optics, (2 * half + 1, 2 * half + 1), half, half)
    image /= image.sum()
    beams = (image**2).sum() / image.max() ** 2 if optics.beta is None else 1.0
    methods = {name: Found() for name in (OURS, *peers)}
    truth = []
    for seed in seeds:
        made, lines = blind_field(seed, setting, counts, fainter)
        truth += [replace(line, total_sn=line.total_sn / np.sqrt(beams)) for line in lines]
        cube = made.case.main
        flux, sigma = cube.pixels.array, cube.uncertainty.array
        begin = time.process_time()
        catalogue = search(model, made.case, threshold=FLOOR)
        methods[OURS].seconds += time.process_time() - begin
        ours = [d for d in catalogue.detections if d.label == "emission line"]
        scored = [(score_of(d), d.voxel) for d in ours]
        methods[OURS].add(scored, lines)
        pure = catalogue.purity_sn[catalogue.purity >= PURITY]
        methods[OURS].choose(scored, lines, pure.min(initial=np.inf))
        begin = time.process_time()
        line = lsdcat.without_continuum(np.where(np.isfinite(sigma), flux, np.nan))
        shared = time.process_time() - begin
        for name, (widths, effective) in peers.items():
            begin = time.process_time() - shared
            sn = lsdcat.signal_to_noise(flux, sigma, image, widths, effective=effective, line=line)
            found = lsdcat.find(sn, FLOOR - 0.5, optics.fwhm_px, np.median(widths))
            methods[name].seconds += time.process_time() - begin
            methods[name].add(found, lines)
    return methods, truth


def score_of(detection):
    """Return what detections are ordered by."""
    return detection.strength


def share(hits):
    """Return a share and how many of how many, as text."""
    return f"{hits.mean():.3f} ({hits.sum()}/{len(hits)})" if len(hits) else "-"


def tell(title, methods, truth):
    """Print the tables of one flavour; return its figures."""
    total = np.array([line.total_sn for line in truth])
    kind = np.array([line.kind for line in truth])
    hits = {name: np.array(found.best) >= found.threshold() for name, found in methods.items()}
    peer = max([*methods][1:], key=lambda name: hits[name].sum(), default="none")
    say(f"\n{title}: {len(truth)} lines; best peer: {peer}\n")
    say("| completeness at purity 0.9 | " + " | ".join(methods) + " |")
    say("|---" * (len(methods) + 1) + "|")
    say("| threshold | " + " | ".join(f"{f.threshold():.2f}" for f in methods.values()) + " |")
    say("| CPU s | " + " | ".join(f"{f.seconds:.1f}" for f in methods.values()) + " |")
    groups = {"all": total > 0}
    for low, high in pairwise(EDGES):
        groups[f"integrated S/N {low:g} to {high:g}"] = (total >= low) & (total < high)
    for name in KINDS:
        groups[name] = kind == name
        for low, high in ((3.0, 8.0), (8.0, 14.0), (14.0, 1000.0)):
            inside = (kind == name) & (total >= low) & (total < high)
            groups[f"{name}, S/N {low:g} to {high:g}"] = inside
    document = {"lines": len(truth), "peer": peer, "groups": {}}
    for name, inside in groups.items():
        say(f"| {name} | " + " | ".join(share(hits[m][inside]) for m in methods) + " |")
        if inside.any():
            document["groups"][name] = {
                "lines": int(inside.sum()),
                **{m: round(float(hits[m][inside].mean()), 4) for m in methods},
            }
    hit, kept, false = methods[OURS].chosen
    say(f"\nBy its own thresholds: {hit} lines, {kept} detections, {false} of them false\n")
    for name in groups:
        if "," in name or len(methods) == 1:
            continue
        inside = groups[name]
        ours, theirs = hits[OURS][inside], hits[peer][inside]
        if not len(ours):
            continue
        more = 0.10 if name == "rotating disc" else 0.0
        bar = f"≥ {theirs.mean() * (1 + more):.3f}"
        only = f"{(ours & ~theirs).sum()} only ours, {(theirs & ~ours).sum()} only theirs"
        row(f"{title}, {name}", f"{ours.mean():.3f} ({only})", bar,
            bool(ours.mean() >= theirs.mean() * (1 + more)))  # fmt: skip
    return document


def run():
    """Do what the command line asks."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fields", type=int, default=60)
    parser.add_argument("--first", type=int, default=5000, help="seed of the first field")
    parser.add_argument("--model", type=Path, default=resource("models", "sky-sources"))
    parser.add_argument("--flavours", nargs="*", default=list(SETTINGS), choices=SETTINGS)
    parser.add_argument("--fwhm", type=float, default=0.0, help="another PSF, in voxels")
    parser.add_argument("--fainter", type=float, default=1.0, help="all peaks by this factor")
    parser.add_argument("--alone", action="store_true", help="the search without its peers")
    parser.add_argument("--faultless", action="store_true", help="fields without artefacts")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    model = load_model(asked.model)
    counts = {**COUNTS, "artefact": 0} if asked.faultless else COUNTS
    document = {}
    for flavour in asked.flavours:
        seeds = range(asked.first, asked.first + asked.fields)
        peers = {} if asked.alone else PEERS
        methods, truth = compare(model, flavour, seeds, asked.fwhm, counts, asked.fainter, peers)
        document[flavour] = tell(flavour, methods, truth)
    if asked.json:
        asked.json.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    run()
