"""Make resources/redshift/templates.npz from the pack of redrock templates.

``python packaging/make_templates.py PACK`` where PACK is redrock_templates_BSD3.npz: eigenspectra
and coefficients out of desihub/redrock-templates. Of galaxies 600 of the 750 archetypes are taken,
chosen by a fixed seed; the 150 others are what docs/redshifts.md is measured on.
"""

import sys
from pathlib import Path

import numpy as np

STEP = 1e-4
"""Of the decimal logarithm of wavelength, as SDSS has it."""

SEED, TRAINING = 0, 600
"""Seed of the split, and how many archetypes of galaxies are learned from."""

FOREST = 30849
"""Channel of Lyman alpha: before it lies the forest, different in every quasar."""

STARS = 60
"""Single stars kept of each class: those nearest to the middles of as many clusters."""

OUT = Path(__file__).resolve().parent.parent / "resources" / "redshift" / "templates.npz"


def split(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the archetypes that are learned from, and of those that judge."""
    order = np.random.default_rng(SEED).permutation(count)
    return order[:TRAINING], order[TRAINING:]


def on_log_grid(basis: np.ndarray, first: float, step: float) -> tuple[int, np.ndarray]:
    """Return spectra of even steps in wavelength on the log grid, and its first number."""
    wave = first + step * np.arange(basis.shape[1])
    places = np.arange(np.ceil(np.log10(wave[0]) / STEP), np.floor(np.log10(wave[-1]) / STEP) + 1)
    return int(places[0]), np.array([np.interp(10 ** (places * STEP), wave, row) for row in basis])


def compact(coefficients: np.ndarray, basis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the principal components of spectra of one size, and what each is in them."""
    size = np.mean(np.abs(coefficients @ basis), axis=1, keepdims=True)
    across, within = np.linalg.qr(basis.T)
    inside = (coefficients / size) @ within.T
    _, _, turned = np.linalg.svd(inside, full_matrices=False)
    return turned @ across.T, inside @ turned.T


def stored(basis: np.ndarray) -> np.ndarray:
    """Return spectra as 16-bit whole numbers, each over its own range."""
    return np.round(basis / np.abs(basis).max(axis=1, keepdims=True) * 32767).astype(np.int16)


def main(pack: Path) -> None:
    """Write the file."""
    from scipy.cluster.vq import kmeans2

    given = np.load(pack, allow_pickle=False)
    out: dict[str, np.ndarray] = {}

    def keep(name: str, first: int, basis: np.ndarray, single: np.ndarray | None) -> None:
        scale = np.abs(basis).max(axis=1)
        out[f"{name}.first"] = np.array(first)
        out[f"{name}.basis"] = stored(basis)
        if single is not None:
            out[f"{name}.single"] = (single * scale).astype(np.float32)

    first, basis = on_log_grid(given["galaxy_basis"], *given["galaxy_wave0_step"])
    training, _ = split(len(given["galaxy_coeff"]))
    keep("galaxy", first, *compact(given["galaxy_coeff"][training], basis))
    for name in ("LOZ", "HIZ"):
        start = round(given[f"qso_{name}_loglam0_step"][0] / STEP)
        cut = max(0, FOREST - start)
        keep(f"quasar.{name}", start + cut, given[f"qso_{name}_basis"][:, cut:], None)
    for name in "BAFGKM":
        first, basis = on_log_grid(given[f"star_{name}_basis"], *given["star_wave0_step"])
        keep(f"star.{name}", first, *_few(basis, given[f"star_{name}_coeff"], kmeans2))
    first, basis = on_log_grid(given["star_WD_basis"], *given["star_wave0_step"])
    keep("star.WD", first, *_few(basis, given["star_WD_coeff"], kmeans2))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(OUT, **out)
    print(f"{OUT}: {OUT.stat().st_size:,} bytes")


def _few(basis, coefficients, kmeans2):  # type: ignore[no-untyped-def]
    """Return components and a few single stars that stand for all."""
    good = np.mean(coefficients @ basis, axis=1) > 0
    components, single = compact(coefficients[good], basis)
    middles, _ = kmeans2(single.astype(np.float64), STARS, minit="++", seed=SEED)
    nearest = [int(np.square(single - middle).sum(axis=1).argmin()) for middle in middles]
    return components, single[sorted(set(nearest))]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
