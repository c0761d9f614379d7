"""A model with classes of its own names what the usual one finds."""

from dataclasses import replace

import pytest
from astropy.table import Table

from cubeview.errors import CubeviewError
from cubeview.io.export.catalogue import write_catalogue
from cubeview.learn.models.model import load_model
from cubeview.learn.search.named import search_named
from cubeview.learn.search.run import search
from cubeview.paths import resource
from cubeview.simulate.sky.field import simulate_field

OWN = {"emission line": "emitter", "continuum": "star", "artefact": "fault"}


@pytest.fixture(scope="module")
def usual():
    return load_model(resource("models", "sky-sources"))


@pytest.fixture(scope="module")
def field():
    return simulate_field(301, (48, 40, 40), counts={"continuum": 1, "emission line": 3},
                          sn=(12.0, 20.0))  # fmt: skip


def test_sources_keep_their_place_and_get_own_names(usual, field, tmp_path):
    classes = tuple(OWN.get(name, f"my {name}") for name in usual.card.classes)
    mine = replace(
        usual, card=replace(usual.card, classes=classes, codes={}, artefact="", title="Mine")
    )
    plain, named = search(usual, field.case), search_named(mine, field.case)
    assert [one.voxel for one in named.detections] == [one.voxel for one in plain.detections]
    assert all(one.own in classes and 0 < one.sure <= 1 for one in named.detections)
    lines = [one for one in named.detections if one.label == "emission line"]
    assert len(lines) >= 2
    assert {one.called for one in lines} == {"emitter"}
    assert "own classes by Mine" in named.notes[-1]
    write_catalogue(named, tmp_path / "found.ecsv")
    table = Table.read(tmp_path / "found.ecsv", format="ascii.ecsv")
    assert list(table["own_class"]) == [one.own for one in named.detections]
    assert search_named(usual, field.case).detections[0].own == ""


def test_a_model_of_hearts_is_refused(field):
    other = load_model(resource("models", "spect-mpi"))
    with pytest.raises(CubeviewError, match="does not tell sources"):
        search_named(other, field.case)
