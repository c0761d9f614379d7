"""Figures with known answers."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from cubeview.learn.metrics import (
    calibration_error,
    confusion,
    evidence,
    fit_temperature,
    negative_log_likelihood,
    roc_area,
    softmax,
    summarise,
)


def drawn(temperature, n=20000, seed=0):
    """Logits whose softmax at `temperature` is exactly how the labels were drawn."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (n, 4))
    chances = softmax(logits, temperature)
    labels = (chances.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return logits, labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_temperature_is_found_again(temperature):
    logits, labels = drawn(temperature)
    found = fit_temperature(logits, labels)
    assert found == pytest.approx(temperature, rel=0.03)
    assert negative_log_likelihood(logits, labels, found) <= negative_log_likelihood(
        logits, labels, 1.02 * found
    )


def test_the_right_temperature_calibrates():
    logits, labels = drawn(3.0)
    assert calibration_error(softmax(logits), labels) > 0.15
    assert calibration_error(softmax(logits, 3.0), labels) < 0.02


def test_calibration_error_of_a_known_case():
    chances = np.array([[0.8, 0.2]] * 10)
    labels = np.array([0] * 6 + [1] * 4)
    assert calibration_error(chances, labels) == pytest.approx(0.2)


def test_roc_area_agrees_with_scikit_learn_ties_included():
    rng = np.random.default_rng(1)
    scores, positive = rng.integers(0, 12, 500).astype(float), rng.random(500) < 0.3
    assert roc_area(scores, positive) == pytest.approx(roc_auc_score(positive, scores))
    assert roc_area(np.array([0.0, 1.0]), np.array([False, True])) == 1.0
    assert np.isnan(roc_area(np.array([0.0, 1.0]), np.array([True, True])))


def test_confusion_has_the_truth_in_rows():
    table = confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2)
    np.testing.assert_array_equal(table, [[1, 1], [0, 1]])


def test_evidence_leaves_the_artefact_out():
    logits = np.array([[1.0, 2.0, 0.5, 9.0]])
    expected = np.log(np.exp(2.0) + np.exp(0.5)) - 1.0
    assert evidence(logits, 0, [1, 2])[0] == pytest.approx(expected)
    far = np.array([[1000.0, -1000.0, -1000.0, 0.0]])
    assert np.isfinite(evidence(far, 0, [1, 2])).all()


def test_a_perfect_answer_has_perfect_figures():
    labels = np.arange(50) % 5
    logits = 20.0 * np.eye(5)[labels]
    figures = summarise(logits, labels, "abcde", normal="a", defects=("b", "c"))
    assert figures["accuracy"] == 1.0
    assert set(figures["recall"].values()) == {1.0}
    assert figures["auc_normal_against_rest"] == 1.0
    assert figures["auc_defect_against_normal"] == 1.0
    assert figures["calibration_error"] < 1e-3
