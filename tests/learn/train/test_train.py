"""Training: data sets, recipes, schedule, checkpoints, and that a small network learns."""

import json
from types import MappingProxyType

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits

from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import Cancelled, CubeviewError
from cubeview.learn.ask.predict import predict
from cubeview.learn.examples import dataset
from cubeview.learn.examples.dataset import DataConfig, Dataset, make_dataset
from cubeview.learn.examples.heart import as_registered, misplaced
from cubeview.learn.examples.source import Source
from cubeview.learn.heart.prepare import HeartConfig
from cubeview.learn.measure.measured import Measured, answers, figures, simulated, simulator_of
from cubeview.learn.models.card import read_card
from cubeview.learn.models.model import load_model
from cubeview.learn.models.strided import NetworkConfig, build
from cubeview.learn.train.fit import CHECKPOINT, fit, rate_at
from cubeview.learn.train.recipe import Schedule, read_recipe
from cubeview.learn.train.train import train
from cubeview.learn.train.variation import applied, draw
from cubeview.simulate.heart.pair import CLASSES, ROLES, simulate_pair, to_case

RECIPE = """
name = "small"
title = "Small"
kind = "heart"
data = "spect"
seed = 3
shard = 5
train = 20
calibrate = 5
test = 5
normal = "healthy"
defects = ["ischaemic", "infarcted", "mixed"]
artefact = "artefact"

[network]
widths = [4, 4, 8, 8]

[preprocess]
kind = "heart"
size = 16
voxel_mm = 10.0

[training]
epochs = 2
batch = 10
precision = "fp32"
"""


def config(split, count, seed, shard=10):
    settings = {"kind": "heart", "size": 12, "voxel_mm": 12.0}
    return DataConfig("spect", split, count, seed, settings, shard)


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(RECIPE)
    return path


def planted(n=40, size=16):
    """Two classes told apart by which channel has a bright block."""
    rng = np.random.default_rng(0)
    cubes = rng.normal(0.2, 0.05, (n, 2, size, size, size)).astype(np.float16)
    for k in range(n):
        cubes[k, k % 2, 5:10, 5:10, 5:10] += 0.6
    shards = tuple(cubes[first : first + 10] for first in range(0, n, 10))
    return Dataset(shards, n, 2)


def varied(cubes, schedule):
    return applied(cubes, draw(schedule, len(cubes), 2, np.random.default_rng(0)))


def small_network(classes=2, seed=0):
    torch.manual_seed(seed)
    return build(NetworkConfig(classes=classes, widths=(4, 4, 8, 8)))


def test_shipped_recipes_can_be_read_and_meet_the_least_size():
    recipe = read_recipe("spect-mpi")
    assert recipe.train >= 20_000
    assert recipe.normal in CLASSES
    assert set(recipe.defects) < set(CLASSES)
    HeartConfig.from_dict(recipe.preprocess)


def test_networks_are_compared_on_the_same_fifty_thousand_cases():
    recipes = [read_recipe(name) for name in ("compare-seed", "compare-norm")]
    for plan in recipes:
        assert (plan.train, plan.seed, plan.preprocess) == (50_000, 2026, recipes[0].preprocess)
    configs = [NetworkConfig.from_dict(dict(plan.network)) for plan in recipes]
    published = build(configs[0])
    assert sum(p.numel() for p in published.parameters()) == 464_613
    assert [config.batch_norm for config in configs] == [False, True]


def test_the_shipped_network_is_several_that_learn_from_both_simulators():
    plan = read_recipe("spect-mpi")
    assert plan.members > 1
    assert plan.data == "hearts"
    settings = {**plan.preprocess, "size": 16, "voxel_mm": 10.0}
    both = [dataset.SOURCES[name].example for name in ("spect", "ellipsoids")]
    for round_, made in enumerate(both):
        index = len(CLASSES) * round_ + 1  # of the second class, from either
        mixed = dataset.SOURCES["hearts"].example(3, 1, index, settings)
        np.testing.assert_array_equal(mixed, made(3, 1, index, settings))


def test_a_constant_rate_stays():
    schedule = Schedule(rate=0.01, course="constant")
    assert {rate_at(step, 100, schedule) for step in range(101)} == {0.01}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("epochs = 2|epochs = 0", "epochs"),
        ("epochs = 2|epoch = 2", "epoch"),
        ("train = 20|train = -1", "train"),
        ("seed = 3|seed = 'x'", "seed"),
        ("[network]|[network", "TOML"),
        ('precision = "fp32"|precision = "fp8"', "precision"),
        ("epochs = 2|course = 'zigzag'", "course"),
        ('kind = "heart"|kind = "hart"', "none of heart, sky"),
    ],
)
def test_a_bad_recipe_says_what_is_wrong(tmp_path, change, word):
    path = tmp_path / "bad.toml"
    path.write_text(RECIPE.replace(*change.split("|")))
    with pytest.raises(CubeviewError, match=word):
        read_recipe(path)


def test_a_recipe_that_is_not_there_lists_those_that_are():
    with pytest.raises(CubeviewError, match="spect-mpi"):
        read_recipe("nonsense")


def test_data_are_the_same_in_one_process_and_several(tmp_path):
    # Linear algebra rounds apart on one thread and on several, and those processes have one each.
    with threadpool_limits(1):
        alone = make_dataset(config("train", 6, 5, 4), tmp_path / "alone")
    seen = []
    shared = make_dataset(
        config("train", 6, 5, 4), tmp_path / "shared", workers=2, report=lambda f, t: seen.append(f)
    )
    every = np.arange(6)
    np.testing.assert_array_equal(alone.inputs(every), shared.inputs(every))
    np.testing.assert_array_equal(alone.labels(every), every % 5)
    assert seen[-1] == 1.0


def test_data_for_a_model_read_from_disk_are_made_in_other_processes(tmp_path):
    settings = MappingProxyType({"kind": "heart", "size": 12, "voxel_mm": 12.0})
    wanted = DataConfig("spect", "test", 2, 5, settings, 2)
    assert make_dataset(wanted, tmp_path / "data", workers=1).count == 2


def test_an_interrupted_data_set_is_completed_and_another_refused(tmp_path):
    def stop(fraction, text):
        raise Cancelled

    with pytest.raises(Cancelled):
        make_dataset(config("test", 6, 5, 3), tmp_path / "data", report=stop)
    assert [p.name for p in sorted((tmp_path / "data").glob("*.npy"))] == ["00000.npy"]
    first = (tmp_path / "data" / "00000.npy").stat().st_mtime_ns
    again = make_dataset(config("test", 6, 5, 3), tmp_path / "data")
    assert (tmp_path / "data" / "00000.npy").stat().st_mtime_ns == first
    whole = make_dataset(config("test", 6, 5, 3), tmp_path / "whole")
    np.testing.assert_array_equal(again.inputs(np.arange(6)), whole.inputs(np.arange(6)))
    with pytest.raises(CubeviewError, match="another kind"):
        make_dataset(config("test", 6, 6, 3), tmp_path / "data")


def test_splits_share_no_case(tmp_path):
    one, two = (
        make_dataset(config(split, 3, 5, 3), tmp_path / split) for split in ("train", "test")
    )
    assert np.abs(one.inputs(np.arange(3)) - two.inputs(np.arange(3))).max() > 0.1


def test_rest_is_left_near_to_where_stress_was_found():
    truth = {role: Ventricle(np.zeros(3), np.eye(3), np.full(3, 40.0)) for role in ROLES}
    error = np.array([4.0, -3.0, 2.0, 5.0, 0.0, 0.0, 0.1, 0.0, 0.0])
    off = []
    for seed in range(60):
        found = as_registered(truth, error, np.random.default_rng(seed))
        assert found["rest"].by == "user"  # so that it stays
        np.testing.assert_allclose(found["stress"].centre, error[:3])
        off.append(found["rest"].centre - found["stress"].centre)
    assert 0.5 < np.std(off) < 1.5


def test_a_misplaced_ventricle_lies_where_it_was_put():
    truth = simulate_pair("healthy", np.random.default_rng(0)).truth.ventricles["rest"]
    same = misplaced(truth, np.zeros(9))
    np.testing.assert_allclose(same.axes, truth.axes, atol=1e-12)
    error = np.array([2.0, -3.0, 1.0, 0.0, 5.0, 0.0, 0.1, 0.0, -0.1])
    moved = misplaced(truth, error)
    np.testing.assert_allclose(truth.axes @ (moved.centre - truth.centre), error[:3], atol=1e-9)
    angle = np.degrees(np.arccos(moved.axes[0] @ truth.axes[0]))
    assert angle == pytest.approx(5.0, abs=0.1)
    np.testing.assert_allclose(moved.axes @ moved.axes.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(np.log(moved.radii / truth.radii), error[6:])


def test_the_rate_rises_once_and_ends_at_zero():
    schedule = Schedule(rate=0.01, rise=0.25)
    rates = [rate_at(step, 100, schedule) for step in range(101)]
    assert np.argmax(rates) == 25
    assert max(rates) == pytest.approx(0.01)
    assert rates[100] == pytest.approx(0.0, abs=1e-12)
    assert np.all(np.diff(rates[:25]) > 0)
    assert np.all(np.diff(rates[25:]) < 0)


def test_displacement_moves_whole_voxels_and_lets_zeros_in():
    cubes = np.ones((30, 2, 8, 8, 8), dtype=np.float32)
    cubes[:, :, 4, 4, 4] = 9.0
    moved = varied(cubes, Schedule(shift=2, gain=0.0))
    places = np.array([np.argwhere(c[0] == 9.0)[0] for c in moved])
    assert set(np.unique(places - 4)) == {-2, -1, 0, 1, 2}
    for cube, place in zip(moved, places - 4, strict=True):
        assert (cube == 0).sum() == 2 * (512 - np.prod(8 - np.abs(place)))
    same = varied(cubes, Schedule(shift=0, gain=0.0))
    np.testing.assert_array_equal(same, cubes)


def test_a_small_network_learns_a_planted_difference():
    data = planted()
    network = small_network()
    fitted = fit(network, data, Schedule(epochs=12, batch=10, rate=0.02, precision="fp32"), 0)
    logits, labels = answers(network, data)
    assert (logits.argmax(axis=1) == labels).mean() == 1.0
    assert fitted.losses[-1] < 0.2 < fitted.losses[0]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path, precision):
    data = planted()
    schedule = Schedule(epochs=4, batch=10, rate=0.01, gain=0.05, precision=precision)
    whole = small_network()
    losses = fit(whole, data, schedule, 7).losses

    def stop(fraction, text):
        if fraction > 0.6:
            raise Cancelled

    path = tmp_path / CHECKPOINT
    broken = small_network()
    with pytest.raises(Cancelled):
        fit(broken, data, schedule, 7, checkpoint=path, digest="a", report=stop)
    again = small_network(seed=99)
    resumed = fit(again, data, schedule, 7, checkpoint=path, digest="a")
    assert resumed.losses == losses
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name
    with pytest.raises(CubeviewError, match="another recipe"):
        fit(small_network(), data, schedule, 7, checkpoint=path, digest="b")
    path.write_bytes(b"nonsense")
    with pytest.raises(CubeviewError, match="cannot be used"):
        fit(small_network(), data, schedule, 7, checkpoint=path, digest="a")


def test_a_recipe_becomes_a_model_folder(tmp_path, recipe):
    seen = []
    train(recipe, tmp_path / "model", report=lambda f, t: seen.append((f, t)))
    fractions = [f for f, _ in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    model = load_model(tmp_path / "model")
    card = read_card(tmp_path / "model")
    assert card.classes == CLASSES
    assert card.metrics["cases"] == 5
    assert 0.05 <= card.temperature <= 20
    assert card.training["cases"] == 20
    assert card.training["cases_per_second"] > 0
    assert len(card.training["revision"].rstrip("+")) in (0, 40)
    page = (tmp_path / "model" / "report" / "report.html").read_text()
    assert "Loss in training" in page
    assert f"{card.metrics['accuracy']:.3f}" in page
    json.dumps(dict(card.metrics), allow_nan=False)
    with simulated(simulator_of(card), 5, 4, card.preprocess) as (data, _):
        logits, labels = answers(model.network, data)
    found = figures(Measured(card, "five unseen cases", logits, labels))
    assert sum(map(sum, found["confusion"])) == 5
    case = to_case(simulate_pair("infarcted", np.random.default_rng(1)), "one")
    said = predict(model, case)
    assert said.answer in CLASSES
    assert sum(said.probabilities.values()) == pytest.approx(1.0, abs=1e-3)
    with pytest.raises(CubeviewError, match="already"):
        train(recipe, tmp_path / "model")
    work = tmp_path / "model.work"
    (work / CHECKPOINT).unlink()
    again = train(recipe, tmp_path / "again", work=work)
    assert again.card.weights_sha256 == card.weights_sha256
    assert again.card.metrics == card.metrics


def test_members_trained_apart_are_combined_and_seeds_share_their_cases(tmp_path, recipe):
    text = RECIPE.replace("shard = 5", "shard = 5\nmembers = 2")
    recipe.write_text(text)
    shared = tmp_path / "cases"
    both = train(recipe, tmp_path / "both", data=shared)
    assert both.network.config.groups == both.card.training["members"] == 2
    recipe.write_text(RECIPE)
    ones = [
        train(recipe, tmp_path / f"one{seed}", data=shared, seed=seed, report=fresh(shared))
        for seed in (3, 4)
    ]
    data = make_dataset(config("test", 5, 3), tmp_path / "look")
    x = torch.from_numpy(data.inputs(np.arange(5)))
    with torch.inference_mode():
        apart, together = (
            [model.network(x) - torch.tensor(model.card.training["shift"]) for model in models]
            for models in (ones, [both])
        )
    torch.testing.assert_close(together[0], torch.stack(apart).mean(dim=0), rtol=1e-3, atol=1e-4)
    assert ones[0].card.weights_sha256 != ones[1].card.weights_sha256
    assert [model.card.training["weights_seed"] for model in ones] == [3, 4]


def test_members_may_learn_from_different_simulators(tmp_path, recipe):
    few = RECIPE.replace("train = 20", "train = 10")
    recipe.write_text(
        few.replace("shard", 'members = 2\nlearn_from = ["spect", "ellipsoids"]\nshard')
    )
    both = train(recipe, tmp_path / "both", data=tmp_path / "spect")
    versions = [dataset.SOURCES[name].version for name in ("spect", "ellipsoids")]
    assert both.card.training["learnt_from"] == versions
    ones = []
    for seed, name in ((3, "spect"), (4, "ellipsoids")):
        recipe.write_text(few.replace('data = "spect"', f'data = "{name}"'))
        ones.append(train(recipe, tmp_path / f"one{seed}", data=tmp_path / name, seed=seed))
    x = torch.from_numpy(planted(5).inputs(np.arange(5)))
    with torch.inference_mode():
        apart, together = (
            [model.network(x) - torch.tensor(model.card.training["shift"]) for model in models]
            for models in (ones, [both])
        )
    torch.testing.assert_close(together[0], torch.stack(apart).mean(dim=0), rtol=1e-3, atol=1e-4)


def test_a_recipe_may_lean_to_a_class_after_calibration(tmp_path, recipe):
    lean = [2.0, 0.0, -1.0, -1.0, 0.0]
    shifts = []
    for name, text in (
        ("even", RECIPE),
        ("leaning", RECIPE.replace("shard", f"lean = {lean}\nshard")),
    ):
        recipe.write_text(text)
        model = train(recipe, tmp_path / name, data=tmp_path / "cases")
        shifts.append(model.card.training["shift"])
    np.testing.assert_allclose(np.subtract(shifts[1], shifts[0]), lean, atol=1e-5)
    recipe.write_text(RECIPE.replace("shard", "lean = [1.0]\nshard"))
    with pytest.raises(CubeviewError, match="5 numbers"):
        train(recipe, tmp_path / "refused")


def fresh(folder):
    """Return a report that fails when cases are simulated anew."""
    known = {path: path.stat().st_mtime_ns for path in folder.rglob("*.npy")}

    def check(fraction, text):
        assert {p: p.stat().st_mtime_ns for p in folder.rglob("*.npy")} == known

    return check


def test_a_simulator_that_is_not_there_is_named(tmp_path, recipe):
    recipe.write_text(RECIPE.replace('data = "spect"', 'data = "ifo"'))
    with pytest.raises(CubeviewError, match="ifo"):
        train(recipe, tmp_path / "model")


def test_sources_say_what_they_make():
    source = dataset.SOURCES["spect"]
    assert isinstance(source, Source)
    cube = source.example(1, 0, 2, {"kind": "heart", "size": 12, "voxel_mm": 12.0})
    assert cube.shape == (2, 12, 12, 12)
    assert cube.min() >= 0
    assert 1.0 <= cube.max() < 3.0
