"""The shipped model of bars, on galaxies it has not seen, with the bar hidden or not."""

import numpy as np
import pytest
import torch

from cubeview.learn.models.model import load_model
from cubeview.learn.picture.hidden import box_around, box_elsewhere, hide, site_of
from cubeview.learn.picture.prepare import PictureConfig, framed_alike, framed_picture
from cubeview.paths import resource
from cubeview.simulate.picture.galaxy import CLASSES, simulate_galaxy


@pytest.fixture(scope="module")
def model():
    return load_model(resource("models", "bars"))


def barred(model, inputs):
    with torch.inference_mode():
        return torch.softmax(model.network(torch.from_numpy(np.stack(inputs))), dim=1)[:, 0].numpy()


def test_bars_are_seen_where_they_are(model):
    config = PictureConfig.from_dict(model.card.preprocess)
    rng, right, falls, elsewhere = np.random.default_rng(5), [], [], []
    for number in range(40):
        galaxy = simulate_galaxy(CLASSES[number % 2], rng)
        framed = framed_picture(galaxy.light, config)
        (found,) = barred(model, [framed.input])
        right.append((found > 0.5) == (galaxy.label == "barred"))
        if galaxy.label == "barred" and found > 0.5:
            site = site_of(framed_alike(galaxy.bar, framed))
            box = box_around(site)
            sides = [min(part.stop, config.size) - part.start for part in box]
            other = box_elsewhere(site, (sides[0], sides[1]), rng)
            hidden = [hide(framed.input, place, 0.0) for place in (box, other) if place]
            fell = found - barred(model, hidden)
            falls.append(fell[0])
            elsewhere += list(fell[1:])
    assert np.mean(right) >= 0.75
    assert np.median(falls) >= 0.5
    assert np.median(elsewhere) <= 0.1


def test_what_is_on_the_card(model):
    assert model.card.classes == CLASSES
    assert model.card.kind == "picture"
    assert model.card.metrics["calibration_error"] <= 0.05
    assert (resource("models", "bars") / "weights.safetensors").stat().st_size < 2_000_000
