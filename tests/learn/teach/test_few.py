"""What labels bring, on features with a planted difference and on some with none."""

import numpy as np
import pytest
from scipy.stats import kstest

from cubeview.learn.teach.few import Few, few_labels


def labelled(seed, count, apart):
    rng = np.random.default_rng(seed)
    truth = np.arange(count) % 2
    pooled = rng.normal(size=(count, 12))
    pooled[:, :4] += apart * truth[:, None]
    return pooled, truth, (np.arange(count) // 2) % 4


@pytest.fixture(scope="module")
def found():
    return few_labels(*labelled(1, 120, 1.4))


def test_the_score_grows_with_labels_and_lies_in_its_interval(found):
    rungs = found.rungs
    assert [rung.labels for rung in rungs] == [2, 6, 12, 24, 48, 90]
    assert [rung.way for rung in rungs] == ["similarity"] + ["regression"] * 5
    scores = [rung.score for rung in rungs]
    assert scores[-1] > scores[0] + 0.1
    assert scores[-1] > 0.85
    assert all(rung.low <= rung.score <= rung.high for rung in rungs)
    assert rungs[-1].high - rungs[-1].low < rungs[0].high - rungs[0].low
    assert found.more_low <= found.more <= found.more_high


def test_ten_more_bring_less_the_more_there_are(found):
    pooled, truth, folds = labelled(1, 120, 1.4)
    few = few_labels(pooled[:32], truth[:32], folds[:32])
    assert few.more > found.more > 0


def test_labels_that_tell_something_beat_those_given_at_random(found):
    assert found.chance <= 0.05
    assert found.words.startswith("The labels tell more than chance (p = 0.05)")


@pytest.mark.slow
def test_where_there_is_nothing_chance_is_uniform():
    chances = [few_labels(*labelled(seed, 32, 0.0)).chance for seed in range(100)]
    jitter = np.random.default_rng(0).uniform(-1 / 21, 0, 100)
    assert kstest(np.array(chances) + jitter, "uniform").pvalue > 0.05


def test_one_case_of_a_class_breaks_nothing():
    pooled, truth, folds = labelled(4, 12, 1.0)
    truth[truth == 1] = 0
    truth[0] = 1
    told = few_labels(pooled, truth, folds)
    assert isinstance(told, Few)
    assert np.isfinite([told.chance, told.more]).all()
    assert "would do as well" in told.words
