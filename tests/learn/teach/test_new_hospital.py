"""What a user gains by teaching the shipped models: another hospital, new classes of the sky.

Everything goes through the command line, from files and a table of labels. The seeds took no part
in choosing the fine-tuner's defaults.
"""

import csv
import json

import numpy as np
import pytest

from cubeview.cli import main
from cubeview.paths import resource
from cubeview.simulate.heart.pair import SpectRange, simulate_pair
from tests.helpers.hospitals import CHEST, COARSE, CZT, USUAL
from tests.helpers.skywindows import OWN, write_windows

SEEDS = (2601, 2602, 2603)


@pytest.fixture
def teach(capsys, tmp_path):
    """Return a function that fine-tunes from a table, and gives the document and stderr."""

    def run(base, table, *more):
        if not (resource("models") / base).is_dir():
            pytest.skip(f"the model {base} is not in resources/models")
        out = tmp_path / f"kept{len(list(tmp_path.iterdir()))}"
        asked = ["finetune", "--labels", table, "--base", base, "--out", out, "--json", *more]
        status = main([str(argument) for argument in asked])
        told = capsys.readouterr()
        assert status == 0, told.err
        assert (out / "card.json").is_file()
        return json.loads(told.out), told.err

    return run


@pytest.mark.parametrize(
    "hospital", [USUAL, CHEST, CZT, COARSE], ids=["usual", "chest", "czt", "coarse"]
)
def test_the_shipped_models_never_saw_such_scans(hospital):
    """Ranges of a camera or a body lie wholly outside those of training; scatters are wider."""
    for name, (theirs, here) in hospital.differences().items():
        if name in ("fine_share", "masked_share", "iterative_share"):
            continue
        if isinstance(here, tuple):
            assert here[0] >= theirs[1] or here[1] <= theirs[0], name
        else:
            assert here > theirs, name
    # With no share of fine voxels the only ones are those of `voxel_mm`.
    assert hospital.params.scan.fine_share == 0
    low, high = hospital.params.scan.voxel_mm
    assert high < SpectRange().scan.fine_voxel_mm[0] or low > SpectRange().scan.voxel_mm[1]


@pytest.mark.parametrize("hospital", [USUAL, CZT], ids=["usual", "czt"])
def test_a_scan_on_the_back_loses_counts_below_the_heart(hospital):
    """As many as the habit says, below the ventricle only, and at stress only."""
    pair = simulate_pair("healthy", np.random.default_rng(4), hospital.params)
    low, high = hospital.change.keywords["loss"] if hospital is USUAL else (0.35, 0.60)
    changed = [hospital.change(pair, np.random.default_rng(seed)) for seed in range(20)]
    assert all(np.array_equal(one.rest, pair.rest) for one in changed)
    ventricle = pair.truth.ventricles["stress"]
    middle, radius = (np.array([ventricle.centre[1], ventricle.radii[1]]) / pair.voxel_mm).round()
    above, below = (
        np.array([one.stress[:, row].sum() / pair.stress[:, row].sum() for one in changed])
        for row in (int(middle - radius), int(middle + radius))
    )
    np.testing.assert_allclose(above, 1, atol=0.02)
    lost = 1 - below
    assert low - 0.02 <= lost.min() <= lost.max() <= high + 0.02
    assert lost.mean() == pytest.approx((low + high) / 2, abs=0.08)


def test_the_chest_wall_shades_the_lateral_side_alike_in_both_states():
    pair = simulate_pair("healthy", np.random.default_rng(4), CHEST.params)
    lost = []
    for seed in range(20):
        changed = CHEST.change(pair, np.random.default_rng(seed))
        both = []
        for role in ("rest", "stress"):
            before, after = getattr(pair, role), getattr(changed, role)
            ventricle = pair.truth.ventricles[role]
            middle, side = (
                (ventricle.centre + far * ventricle.radii[2] * ventricle.axes[2]) / pair.voxel_mm
                for far in (-0.8, 0.8)
            )
            septal, lateral = (
                after[box].sum() / before[box].sum()
                for box in (
                    tuple(slice(int(c) - 2, int(c) + 3) for c in place) for place in (middle, side)
                )
            )
            assert septal > 0.95
            both.append(1 - lateral)
        assert both[0] == pytest.approx(both[1], abs=0.15)
        lost += both
    assert min(lost) < 0.35
    assert 0.6 < max(lost) < 0.9


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_another_hospital_is_learnt_without_loss(teach, tmp_path, seed):
    told, _ = teach("spect-mpi", USUAL.write(tmp_path / "scans", 29, seed))
    assert np.sum(told["confusion"]) == 58
    assert told["auc"]["mean"] >= 0.95
    assert told["auc"]["mean"] >= told["base"]["auc"]["mean"] - 0.01


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_scanner_the_base_ranks_badly_gains(teach, tmp_path, seed):
    told, _ = teach("spect-mpi", CHEST.write(tmp_path / "scans", 29, seed))
    assert told["base"]["auc"]["mean"] <= 0.85
    assert told["auc"]["mean"] >= told["base"]["auc"]["mean"] + 0.05


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_threshold_that_is_off_is_put_right(teach, tmp_path, seed):
    told, _ = teach("spect-mpi", CZT.write(tmp_path / "scans", 29, seed))
    base = told["base"]
    assert told["balanced_accuracy"] >= base["balanced_accuracy"] + 0.10
    # At one of the seeds one fold of five goes on from the base, and loses 0.013 in their mean.
    assert told["auc"]["mean"] >= base["auc"]["mean"] - 0.02
    if told["auc"]["mean"] < base["auc"]["mean"] - 0.01:
        assert told["verdict"]["word"] != "better", "so the base stays what is asked"


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_where_labels_cannot_help_the_base_stays(teach, tmp_path, seed):
    """Its hearts have lost what a reader would need: nothing may be lost on top of that."""
    told, _ = teach("spect-mpi", COARSE.write(tmp_path / "scans", 29, seed))
    assert told["auc"]["mean"] >= told["base"]["auc"]["mean"] - 0.01


@pytest.mark.slow
def test_two_classes_of_the_sky_are_learnt_from_forty_windows_each(teach, tmp_path):
    table = write_windows(tmp_path / "windows", 40, seed=77)
    predictions = tmp_path / "out-of-fold.csv"
    asked = ("--folds", 5, "--seed", 3, "--positive", "spectral feature")
    told, stderr = teach("sky-sources", table, *asked, "--predictions", predictions)
    assert set(told) >= {"folds", "auc", "accuracy", "confusion", "ece", "base", "baseline"}
    assert set(told["auc"]) >= {"mean", "low", "high", "per_fold"}
    assert told["auc"]["mean"] >= 0.90
    assert told["auc"]["low"] < told["auc"]["mean"] <= told["auc"]["high"]
    assert len(told["auc"]["per_fold"]) == told["folds"] == 5
    assert told["base"] is None
    assert told["verdict"]["word"] == "new"
    assert told["positive"] == ["spectral feature"]
    lines = [json.loads(line) for line in stderr.splitlines()]
    going = [line["fraction"] for line in lines if "fraction" in line]
    assert going == sorted(going)
    assert going[-1] == 1
    assert any("fold 2 of 5" in line.get("text", "") for line in lines)

    rows = list(csv.DictReader(predictions.open(newline="")))
    assert len(rows) == 80
    right = 0
    for row in rows:
        chances = {name: float(row[f"p_{name}"]) for name in OWN}
        assert sum(chances.values()) == pytest.approx(1, abs=1e-5)
        right += max(chances, key=chances.get) == row["class"]
    assert right / 80 == pytest.approx(told["accuracy"])
    assert {row["fold"] for row in rows} == {"0", "1", "2", "3", "4"}

    again, _ = teach("sky-sources", table, *asked)
    for name in ("auc", "accuracy", "confusion", "ece", "baseline", "verdict"):
        assert again[name] == told[name], "the same seed gives the same numbers"
