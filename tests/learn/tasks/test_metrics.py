"""Figures of merit against scikit-learn and worked examples."""

import numpy as np
import pytest

from cubeview.learn.tasks import metrics
from cubeview.learn.tasks.calibrate import calibrate

sklearn_metrics = pytest.importorskip("sklearn.metrics")


@pytest.fixture
def scored():
    rng = np.random.default_rng(1)
    positive = rng.random(200) < 0.4
    return np.round(rng.normal(positive * 1.0), 1), positive


def test_auc_and_roc_with_ties_as_scikit_learn_has_them(scored):
    scores, positive = scored
    assert metrics.auc(scores, positive) == pytest.approx(
        sklearn_metrics.roc_auc_score(positive, scores)
    )
    ours = metrics.roc(scores, positive)
    theirs = sklearn_metrics.roc_curve(positive, scores, drop_intermediate=False)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b)
    assert np.trapezoid(ours[1], ours[0]) == pytest.approx(metrics.auc(scores, positive))


def test_the_interval_holds_the_value_and_narrows_with_cases(scored):
    scores, positive = scored
    few = metrics.auc_interval(scores[:40], positive[:40], rounds=300)
    many = metrics.auc_interval(scores, positive, rounds=300)
    assert few.low <= few.value <= few.high
    assert many.high - many.low < few.high - few.low


def test_a_gain_is_paired(scored):
    scores, positive = scored
    rng = np.random.default_rng(2)
    gain = metrics.auc_gain(scores, scores + rng.normal(size=200) * 3, positive, rounds=300)
    assert gain.low > 0
    same = metrics.auc_gain(scores, scores, positive, rounds=50)
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_with_folds_scores_of_two_networks_are_never_compared(scored):
    scores, positive = scored
    folds = np.arange(len(scores)) % 4
    found = metrics.auc_interval(scores + 100 * folds, positive, folds, rounds=300)
    each = [metrics.auc(scores[folds == f], positive[folds == f]) for f in range(4)]
    assert found.value == pytest.approx(np.mean(each))
    assert found.low < found.value < found.high
    nobody = metrics.auc_interval(scores, np.zeros_like(positive), rounds=10)
    assert np.isnan([nobody.value, nobody.low, nobody.high]).all()


def test_confusion_and_recalls():
    counts = metrics.confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 3)
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
    np.testing.assert_array_equal(metrics.recalls(counts), [0.5, 1.0, np.nan])


def test_shift_and_temperature_recover_those_planted():
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(20000, 4)) * 2
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (chances.cumsum(axis=1) < rng.random((20000, 1))).sum(axis=1)
    planted = np.array([1.0, -0.5, 0.0, -0.5])
    shift, temperature = calibrate(logits * 2.5 - planted, truth, 1.0)
    np.testing.assert_allclose(shift, planted, atol=0.15)
    assert temperature == pytest.approx(2.5, rel=0.05)
    assert metrics.calibration_error(chances, truth) < 0.02
    sharp = chances**4 / (chances**4).sum(axis=1, keepdims=True)
    assert metrics.calibration_error(sharp, truth) > 0.1


def test_calibration_error_of_a_known_case():
    chances = np.array([[0.8, 0.2]] * 10)
    labels = np.array([0] * 6 + [1] * 4)
    assert metrics.calibration_error(chances, labels) == pytest.approx(0.2)


def test_evidence_leaves_the_artefact_out():
    logits = np.array([[1.0, 2.0, 0.5, 9.0]])
    expected = np.log(np.exp(2.0) + np.exp(0.5)) - 1.0
    assert metrics.evidence(logits, 0, [1, 2])[0] == pytest.approx(expected)
    far = np.array([[1000.0, -1000.0, -1000.0, 0.0]])
    assert np.isfinite(metrics.evidence(far, 0, [1, 2])).all()


def test_a_perfect_answer_has_perfect_figures():
    labels = np.arange(50) % 5
    logits = 20.0 * np.eye(5)[labels]
    figures = metrics.summarise(logits, labels, "abcde", normal="a", defects=("b", "c"))
    assert figures["accuracy"] == 1.0
    assert set(figures["recall"].values()) == {1.0}
    assert figures["auc_normal_against_rest"] == 1.0
    assert figures["auc_defect_against_normal"] == 1.0
    assert figures["calibration_error"] < 1e-3
