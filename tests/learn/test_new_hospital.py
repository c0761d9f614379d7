"""What a user gains by teaching the shipped models: new classes of the sky, another hospital."""

import numpy as np
import pytest

from cubeview.learn.entry import table_entries
from cubeview.learn.finetune import fine_tune
from cubeview.learn.model import load_model
from cubeview.learn.outcome import judge
from cubeview.learn.preprocess_sky import SkyConfig, prepare_window
from cubeview.learn.training_set import TrainingSet, gather
from cubeview.learn.tuning import FinetuneConfig
from cubeview.paths import resource
from cubeview.simulate.ifu import simulate_window
from cubeview.simulate.spect_variants import COARSE
from tests.helpers.hospitals import uncorrected, write_hospital

pytestmark = pytest.mark.slow

NEW = {"spectral feature": ("emission line", "absorption"), "smooth": ("continuum", "empty")}


def shipped(name):
    folder = resource("models") / name
    if not folder.is_dir():
        pytest.skip(f"the model {name} is not in resources/models")
    return load_model(folder)


def test_two_classes_of_the_users_own_are_learnt_from_forty_windows_each():
    base = shipped("sky-sources")
    config = SkyConfig.from_dict(base.card.preprocess)
    inputs, truth = [], []
    for number in range(80):
        rng = np.random.default_rng((77, number))
        kinds = list(NEW.values())[number % 2]
        window = simulate_window(kinds[number // 2 % 2], rng, config.size)
        inputs.append(prepare_window(window.flux, window.sigma, config)[0])
        truth.append(number % 2)
    names = tuple(f"window {n}" for n in range(80))
    cases = TrainingSet(np.stack(inputs), np.array(truth), tuple(NEW), names, names)
    outcome = judge(fine_tune(base, cases, FinetuneConfig()), cases, base.card)
    assert outcome.word == "new"
    assert outcome.tuned.auc.value >= 0.90


def taught(tmp_path, config, params=None, change=None):
    base = shipped("spect-mpi")
    table = write_hospital(tmp_path, 29, 901, params, change)
    cases = gather(table_entries(table), base.card, order=base.card.classes)
    assert len(cases) == 58
    outcome = judge(fine_tune(base, cases, config), cases, base.card)
    return outcome.tuned, outcome.base


def test_a_scanner_of_other_habits_is_learnt_without_loss(tmp_path):
    tuned, base = taught(tmp_path, FinetuneConfig(), change=uncorrected)
    assert tuned.auc.value >= 0.95
    assert tuned.auc.value >= base.auc.value - 0.01


def test_a_scanner_the_base_ranks_badly_gains(tmp_path):
    tuned, base = taught(tmp_path, FinetuneConfig(), COARSE)
    assert base.auc.value <= 0.85
    assert tuned.auc.value >= base.auc.value + 0.05
    assert tuned.balanced_accuracy >= base.balanced_accuracy + 0.10
