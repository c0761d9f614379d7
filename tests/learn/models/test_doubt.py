"""What is unlike the training data is said to be, and what is like it is not."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from cubeview.cubes.axes import Axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.errors import CubeviewError
from cubeview.io import open_paths
from cubeview.learn.ask.predict import predict, prepare_case
from cubeview.learn.examples.dataset import Dataset
from cubeview.learn.measure.fit_doubt import fit_doubt
from cubeview.learn.models.card import DOUBT, read_card
from cubeview.learn.models.doubt import (
    RATE,
    doubt_bytes,
    doubt_of,
    keeps_features,
    strange,
)
from cubeview.learn.models.model import Model, add_doubt, load_model, save_model
from cubeview.learn.models.packs import export_model, import_model
from cubeview.paths import resource
from cubeview.simulate.heart.pair import CLASSES, simulate_pair, to_case
from tests.learn.toys import heart_case, toy_model, turned

pytestmark = pytest.mark.usefixtures("hearts_once")

SIDE = 16


def blocks(n, seed, size=SIDE):
    """Cases of two classes: a bright block in one channel or the other, and noise."""
    rng = np.random.default_rng(seed)
    cubes = rng.normal(0.2, 0.05, (n, 2, size, size, size)).astype(np.float16)
    for k in range(n):
        at = rng.integers(3, 6, 3)
        cubes[k, k % 2, at[0] : at[0] + 6, at[1] : at[1] + 6, at[2] : at[2] + 6] += 0.6
    return Dataset((cubes,), n, 2)


@pytest.fixture(scope="module")
def network():
    return toy_model().network


@pytest.fixture(scope="module")
def doubt(network):
    return fit_doubt(network, blocks(400, 1), blocks(400, 2))


def distances(network, doubt, inputs):
    with torch.inference_mode():
        return doubt.distances(network.early(torch.from_numpy(inputs)).numpy())


def test_unseen_cases_of_the_kind_are_flagged_at_about_the_stated_rate(network, doubt):
    unseen = blocks(1000, 3)
    flagged = (distances(network, doubt, unseen.inputs(np.arange(1000))) > 1).mean()
    assert flagged <= 3 * RATE


def test_other_things_lie_beyond_the_limit(network, doubt):
    rng = np.random.default_rng(4)
    others = np.stack(
        [
            rng.random((2, SIDE, SIDE, SIDE)),
            np.ones((2, SIDE, SIDE, SIDE)),
            np.zeros((2, SIDE, SIDE, SIDE)),
        ]
    ).astype(np.float32)
    assert (distances(network, doubt, others) > 1.5).all()


def test_too_few_cases_are_refused(network):
    with pytest.raises(CubeviewError, match="100"):
        fit_doubt(network, blocks(400, 1), blocks(20, 2))


def test_it_lies_beside_the_weights_and_is_checked(tmp_path, network, doubt):
    model = toy_model()
    saved = save_model(replace(model, doubt=doubt), tmp_path / "a")
    again = load_model(tmp_path / "a")
    np.testing.assert_array_equal(again.doubt.means, doubt.means)
    assert again.doubt.limit == doubt.limit
    assert saved.card.doubt_sha256 == again.card.doubt_sha256 != ""
    # An older model comes without, and can be given one.
    save_model(model, tmp_path / "b")
    plain = load_model(tmp_path / "b")
    assert plain.doubt is None
    given = add_doubt(plain, doubt)
    assert load_model(tmp_path / "b").card.weights_sha256 == plain.card.weights_sha256
    assert load_model(tmp_path / "b").doubt is not None
    assert given.card.doubt_sha256 == read_card(tmp_path / "b").doubt_sha256
    path = tmp_path / "b" / DOUBT
    whole = path.read_bytes()
    path.write_bytes(whole[:-8] + b"\0" * 8)
    with pytest.raises(CubeviewError, match="SHA-256"):
        load_model(tmp_path / "b")
    path.unlink()
    with pytest.raises(CubeviewError, match="cannot be read"):
        load_model(tmp_path / "b")


def test_nonsense_is_no_doubt(network, doubt):
    for data, words in (
        (b"nonsense", "cannot be read"),
        (doubt_bytes(replace(doubt, means=doubt.means[:, 1:])), "another network"),
        (doubt_bytes(replace(doubt, limit=-1.0)), "no sense"),
        (doubt_bytes(replace(doubt, precision=doubt.precision * np.nan)), "no sense"),
    ):
        with pytest.raises(ValueError, match=words):
            doubt_of(data, network)


def test_a_packed_model_keeps_it(tmp_path, doubt):
    save_model(replace(toy_model(), doubt=doubt), tmp_path / "a")
    ref = import_model(export_model(tmp_path / "a", tmp_path / "a.cubeview-model.zip"))
    assert load_model(ref.folder).doubt.limit == doubt.limit


def test_it_belongs_to_the_first_convolutions_only(network):
    other = toy_model().network
    assert keeps_features(network, other)
    with torch.no_grad():
        other.head.weight.add_(1.0)
        other.blocks[2].conv.weight.add_(1.0)
    assert keeps_features(network, other)
    with torch.no_grad():
        other.blocks[1].conv.weight.add_(1e-3)
    assert not keeps_features(network, other)


def test_reasons_are_told_apart():
    rng = np.random.default_rng(0)
    values = rng.random((2, 16, 16, 16)).astype(np.float32)
    assert strange(turned(values), None) == ""
    assert strange(turned(values), 0.9) == ""
    assert "2.5 times" in strange(turned(values), 2.5)
    same = np.stack([values[0], 1.7 * values[0]])
    assert "same scan" in strange(turned(same), None)


# --- the shipped heart model ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped():
    folder = resource("models") / "spect-mpi"
    if not folder.is_dir() or not read_card(folder).doubt_sha256:
        pytest.skip("the shipped heart model knows nothing of strange cases yet")
    return load_model(folder)


def cube(values, voxel_mm):
    axes = tuple(
        Axis(name=name, kind="space", unit="mm", values=np.arange(n) * voxel_mm)
        for name, n in zip(("Slice", "Row", "Column"), values.shape, strict=True)
    )
    return Cube(
        axes=axes,
        pixels=ArrayPixels(values.astype(np.float32)),
        kind="heart",
        view="short axis",
        affine=np.diag([voxel_mm, voxel_mm, voxel_mm, 1.0]),
    )


def chest_ct(rng):
    """Body, lungs, heart and spine in HU + 1000, without the counts of any nucleus."""
    z, y, x = np.meshgrid(*[np.arange(40) - 19.5] * 3, indexing="ij")
    body = ((x / 19) ** 2 + (y / 14) ** 2 < 1) * 1000.0
    for side in (-1, 1):
        body -= 750 * (((x - 9 * side) / 6.5) ** 2 + (y / 9) ** 2 + (z / 22) ** 2 < 1)
    body += 60 * (((x - 3) / 5) ** 2 + ((y + 3) / 5) ** 2 + (z / 8) ** 2 < 1)
    body += 600 * ((x / 2.2) ** 2 + ((y - 9) / 2.2) ** 2 < 1)
    return cube(np.maximum(body + rng.normal(0, 20, body.shape), 0), 8.0)


def datscan(rng):
    """Two striata in a head: the other brain-and-heart look of nuclear medicine."""
    z, y, x = np.meshgrid(*[np.arange(40) - 19.5] * 3, indexing="ij")
    head = ((x / 13) ** 2 + (y / 16) ** 2 + (z / 14) ** 2 < 1) * 60.0
    for side in (-1, 1):
        head += 240 * np.exp(-(((x - 3.5 * side) / 1.6) ** 2 + (y / 3.2) ** 2 + (z / 2) ** 2))
    return cube(rng.poisson(gaussian_filter(head, 1.1)), 4.8)


def noise(rng):
    return cube(rng.poisson(20, (40, 40, 40)), 6.4)


def smooth_noise(rng):
    values = gaussian_filter(rng.normal(0, 1, (40, 40, 40)), 1.2)
    return cube(400 * np.maximum(values, 0), 6.4)


@pytest.mark.parametrize("made", [chest_ct, datscan, noise, smooth_noise])
def test_what_is_no_heart_is_flagged_by_its_looks_alone(shipped, made):
    rng = np.random.default_rng(0)
    case = Case("odd", "heart", {"rest": made(rng), "stress": made(rng)})
    answer = predict(shipped, case)
    assert answer.unlike
    assert answer.distance > 1.2
    # Also where the user vouches for the ventricle.
    placed = {role: replace(v, by="user") for role, v in answer.ventricles.items()}
    assert predict(shipped, case, ventricles=placed).unlike


def test_a_rest_scan_given_twice_is_flagged(shipped):
    pair = to_case(simulate_pair("mixed", np.random.default_rng(8)), "pair")
    assert not predict(shipped, pair).unlike
    twice = replace(pair, cubes={"rest": pair.cubes["rest"], "stress": pair.cubes["rest"]})
    assert "same scan" in predict(shipped, twice).unlike


def test_the_eight_real_pairs_are_judged(shipped, shared_data):
    folder = shared_data / "spect_rest_stress"
    said = {}
    for path in sorted(folder.glob("*_rest.dcm")):
        both = [path, path.with_name(path.name.replace("rest", "stress"))]
        (case,) = open_paths(both).cases
        answer = predict(shipped, case)
        said[path.name] = answer.unlike
    assert len(said) == 8
    assert not any(said.values()), said


def test_physionet_scans_are_near_enough(shipped, shared_data):
    far = []
    for path in sorted((shared_data / "spect_physionet").glob("*.dcm")):
        scan = open_paths([path]).cases[0].main
        prepared = prepare_case(shipped.card, Case("p", "heart", {"rest": scan, "stress": scan}))
        shown = torch.from_numpy(prepared.input[None])
        with torch.inference_mode():
            early = shipped.network.early(shown).numpy()
        far.append(float(shipped.doubt.distances(early)[0]))
    assert len(far) >= 10
    assert sum(distance > 1 for distance in far) <= 1, far


@pytest.mark.slow
def test_unseen_simulated_pairs_are_seldom_flagged(shipped):
    """The whole chain, ventricle finder included, on cases of another seed."""
    flagged = 0
    for number in range(200):
        rng = np.random.default_rng((5, number))
        case = to_case(simulate_pair(CLASSES[number % 5], rng), "unseen")
        flagged += bool(predict(shipped, case).unlike)
    assert flagged <= 8  # 1 % stated; up to 4 % for the finder's own failures


def test_a_model_without_it_still_judges():
    case = heart_case(np.random.default_rng(1).random((2, 16, 16, 16)).astype(np.float32))
    model = toy_model()
    answer = predict(
        Model(model.network, model.card), case, prepared=turned(np.ones((2, 16, 16, 16)))
    )
    assert answer.distance is None
