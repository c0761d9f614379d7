"""Archives of tiny cubes whose answers are planted, and a network that gives them."""

from dataclasses import asdict

import numpy as np
from astropy.io import fits

SIZE = 8
CARDS = {
    **{"CTYPE1": "RA---TAN", "CUNIT1": "deg", "CRPIX1": 4.5, "CDELT1": -1e-4},
    **{"CTYPE2": "DEC--TAN", "CUNIT2": "deg", "CRPIX2": 4.5, "CDELT2": 1e-4},
    **{"CTYPE3": "WAVE", "CUNIT3": "Angstrom", "CRPIX3": 4.5, "CRVAL3": 6500.0, "CDELT3": 2.0},
}


def write_archive(folder, count, first=0):
    """Write cubes, every other one bright, each at a declination of its own; return the classes."""
    folder.mkdir(parents=True, exist_ok=True)
    said = {}
    for number in range(first, first + count):
        bright = number % 2 == 0
        rng = np.random.default_rng(number)
        values = rng.normal(3.0 if bright else -3.0, 0.1, (SIZE, SIZE, SIZE)).astype(np.float32)
        header = fits.Header({**CARDS, "CRVAL1": 150.0, "CRVAL2": number / 10})
        name = f"cube{number:04d}.fits"
        parts = [fits.PrimaryHDU(), fits.ImageHDU(values, header, name="DATA"),
                 fits.ImageHDU(np.ones_like(values), header, name="STAT")]  # fmt: skip
        fits.HDUList(parts).writeto(folder / name)
        said[name] = "emission line" if bright else "empty"
    return said


def save_judge(folder):
    """Save a model of windows that says emission line where there is light, and empty elsewhere."""
    import torch

    from cubeview.learn.models.card import Card
    from cubeview.learn.models.model import Model, save_model
    from cubeview.learn.models.strided import NetworkConfig, build
    from cubeview.learn.sky.prepare import SkyConfig

    config = NetworkConfig(
        widths=(2,), kernels=(2,), strides=(2,), padding="same", classes=2, batch_norm=False
    )
    network = build(config)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            weight.fill_(0.0 if "bias" in name else 0.1)
        network.head.weight[0] = 0.0
        network.head.bias[0] = 0.2
    card = Card("light", "sky", "Light", config.to_dict(), asdict(SkyConfig(size=SIZE)),
                ("flux", "noise"), classes=("empty", "emission line"))  # fmt: skip
    return save_model(Model(network.eval(), card), folder).folder
