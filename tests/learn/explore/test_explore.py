"""Planted neighbours, odd ones and groups are found, and a cloud without groups is called one."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.pairwise import cosine_similarity

from cubeview.learn.explore.alike import alike
from cubeview.learn.explore.groups import groups
from cubeview.learn.explore.odd import oddness, reordered
from cubeview.learn.explore.plane import places_of


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def clouds(rng, counts, apart=6.0, features=12):
    """Return features of clouds of so many cases, and the cloud of each."""
    middles = apart * np.eye(features)[: len(counts)]
    truth = np.repeat(np.arange(len(counts)), counts)
    return (middles[truth] + rng.normal(size=(len(truth), features))).astype(np.float32), truth


def test_the_most_alike_are_those_of_the_least_angle(rng):
    values = rng.normal(size=(300, 16)).astype(np.float32)
    which, cosine = alike(values, values[7] * 3, 20)
    expected = cosine_similarity(values[7:8], values)[0]
    assert which[0] == 7
    np.testing.assert_array_equal(which, np.argsort(-expected, kind="stable")[:20])
    np.testing.assert_allclose(cosine, expected[which], atol=1e-6)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_no_more_are_alike_than_there_are(rng, count):
    which, cosine = alike(rng.normal(size=(count, 4)), np.ones(4), 9)
    assert sorted(which) == list(range(count))
    assert len(cosine) == count


def test_nothing_is_like_a_case_without_features():
    which, cosine = alike(np.ones((3, 4)), np.zeros(4), 2)
    assert len(which) == 2
    assert not cosine.any()


def test_principal_axes_are_those_of_the_standardised_features(rng):
    values = rng.normal(size=(80, 9)) @ rng.normal(size=(9, 9))
    values[:, 4] = 2.0  # tells nothing
    found = places_of(values, 5)
    shown = np.delete(values, 4, axis=1)
    expected = PCA(5).fit_transform((shown - shown.mean(axis=0)) / shown.std(axis=0))
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-6)


def test_few_cases_have_few_axes(rng):
    assert places_of(rng.normal(size=(40, 30)), 20).shape == (40, 4)
    assert places_of(rng.normal(size=(4, 30)), 20).shape == (4, 2)
    assert len(places_of(np.ones((6, 5)), 3)) == 6


def test_what_lies_apart_is_odd_whatever_its_length(rng):
    values, _ = clouds(rng, [200])
    values[17] += 9.0 * np.array([1, -1] * 6)
    far = oddness(values)
    assert far.argmax() == 17
    assert 0.7 < np.median(far) < 1.3  # 1 is ordinary


def test_a_mark_of_interest_brings_its_kind_forward(rng):
    # Artefacts lie farther out than what is looked for: without marks they come first.
    values, truth = clouds(rng, [300, 12, 12])
    values[truth == 1] += 8.0 * rng.normal(size=(12, 12))
    sought = np.flatnonzero(truth == 2)
    first = np.argsort(-oddness(values))[:12]
    assert np.isin(first, sought).sum() <= 4
    marks = reordered(values, sought[:2].tolist(), first[truth[first] == 1].tolist())
    marks[sought[:2]] = -np.inf
    assert np.isin(np.argsort(-marks)[:10], sought).sum() >= 9


def test_what_is_like_an_ordinary_one_falls_back(rng):
    values, truth = clouds(rng, [200, 6], apart=9.0)
    outside = np.flatnonzero(truth == 1)
    before, after = oddness(values), reordered(values, [], [int(outside[0])])
    assert after[outside[0]] == 0.0
    assert (after[outside] < before[outside]).all()


def test_planted_groups_are_found_as_many_as_they_are(rng):
    values, truth = clouds(rng, [90, 60, 70], apart=12.0, features=6)
    found = groups(values)
    assert found.clear
    assert found.count == 3
    assert adjusted_rand_score(truth, found.of) > 0.95
    assert np.bincount(found.of).tolist() == sorted(np.bincount(found.of), reverse=True)


def test_one_cloud_has_no_clear_groups(rng):
    assert not groups(clouds(rng, [60])[0]).clear
