"""How often the templates find a redshift: unseen archetypes at several S/N, and real spectra.

``python tests/benchmarks/redshift_figures.py --pack redrock_templates_BSD3.npz --real FOLDER``
prints the tables of docs/redshifts.md. The window is that of Stivaktakis et al. 2020, IEEE Trans
Big Data 6:460: 448 channels from 12,500 to 18,500 Ångström, z from 1 to 1.8.
"""

import argparse
import importlib.util
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from cubeview.io import open_paths  # noqa: E402
from cubeview.measure.sky.by_templates import redshift_at, redshift_of  # noqa: E402

WAVE = 12_500.0 + 13.4 * np.arange(448)
LOW, HIGH = 1.0, 1.8


def archetypes(pack: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return wavelengths and spectra of the archetypes that no template was made of."""
    script = ROOT / "packaging" / "make_templates.py"
    spec = importlib.util.spec_from_file_location("make_templates", script)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    given = np.load(pack, allow_pickle=False)
    _, judging = made.split(len(given["galaxy_coeff"]))
    first, step = given["galaxy_wave0_step"]
    wave = first + step * np.arange(given["galaxy_basis"].shape[1])
    return wave, given["galaxy_coeff"][judging] @ given["galaxy_basis"]


def seen(wave, spectrum, z, signal, rng):
    """Return a spectrum as observed: mean over each channel, and white noise for this S/N."""
    edges = np.linspace(-6.7, 6.7, 9)
    values = np.mean([np.interp((WAVE + e) / (1 + z), wave, spectrum) for e in edges], axis=0)
    sigma = np.full(len(values), np.mean(np.abs(values)) / signal)
    return values + rng.normal(0.0, sigma), sigma


def simulated(pack: Path, count: int, low: float, high: float, between) -> str:
    """Return a row of the table of unseen archetypes."""
    rng = np.random.default_rng(23)
    wave, spectra = archetypes(pack)
    away, turned, inside, certain, spent = [], [], [], [], time.process_time()
    for _ in range(count):
        z = rng.uniform(LOW, HIGH)
        values, sigma = seen(wave, spectra[rng.integers(len(spectra))], z, rng.uniform(low, high),
                             rng)  # fmt: skip
        found = redshift_of(WAVE, values, sigma, between=between)
        away.append(abs(found.z - z))
        turned.append(away[-1] / (1 + z))
        inside.append(found.low <= z <= found.high)
        second = found.candidates[1].delta_chi2 if found.candidates[1:] else np.inf
        certain.append(second > 9.0 and not any("continuum" in c for c in found.cautions))
    away, certain = np.array(away), np.array(certain)
    near = away < 0.005
    seconds = (time.process_time() - spent) / count
    wrong = np.mean(~near[certain]) if certain.any() else 0.0
    return (
        f"| {low:g}–{high:g} | {between[0]:g}–{between[1]:g} | {np.mean(near):.3f} | "
        f"{np.mean(np.array(turned) > 0.05):.3f} | {np.mean(np.array(inside)[near]):.2f} | "
        f"{np.mean(certain):.2f} | {wrong:.3f} | {1e3 * seconds:.0f} |"
    )


def real(folder: Path) -> list[str]:
    """Return a row for every real spectrum whose file gives a redshift."""
    rows = []
    for case in open_paths([folder]).cases:
        known = case.main.facts.get("redshift")
        if case.kind != "spectrum" or known is None:
            continue
        z = float(known)
        found = redshift_at(case.main)
        speed = 299_792.458 * (found.z - z) / (1 + z)
        told = "; ".join(found.cautions) or "none"
        rows.append(
            f"| {case.main.source.path.name} | {case.main.facts.get('class', '')} {z:.5f} | "
            f"{found.type} {found.z:.5f} ({found.low:.5f}–{found.high:.5f}) | {speed:+.0f} | "
            f"{told} |"
        )
    return rows


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path)
    parser.add_argument("--real", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    options = parser.parse_args()
    if options.pack:
        print("| S/N | z tried | within .005 | > .05 (1+z) off | z in interval | sure | "
              "wrong of the sure | ms |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
        for between in ((LOW, HIGH), (0.0, 3.0)):
            for low, high in ((2.0, 20.0), (3.0, 3.0)):
                print(simulated(options.pack, options.count, low, high, between), flush=True)
    if options.real:
        print("| file | catalogue | found | km/s | cautions |\n|---|---|---|---|---|")
        print(*real(options.real), sep="\n")


if __name__ == "__main__":
    main()
