"""Limits of a search are where false peaks leave off, and a line is no source of continuum."""

import math
from dataclasses import replace

import numpy as np
import pytest

from cubeview.cubes.cube import ArrayPixels
from cubeview.learn.search.catalogue import (
    FLOOR,
    PURITY,
    WHITE_FLOOR,
    Found,
    Peak,
    catalogue_of,
    cautious_curve,
    limit,
)
from cubeview.learn.search.continuum import without_lines
from cubeview.learn.search.measure import Shape
from cubeview.simulate.sky.field import simulate_field

FALSE = [4.1, 4.2, 4.4, 4.9]


@pytest.fixture(scope="module")
def case():
    return simulate_field(1, (60, 24, 24), counts={}).case


def peak(label, strength, probability=1.0):
    return Peak(label, strength, strength, probability, Shape((30.0, 12.0, 12.0), 3.0, 4.0))


def test_a_limit_does_not_follow_the_faintest_line():
    limits = {bright: limit([bright], FALSE, PURITY) for bright in (8.0, 24.3, 300.0)}
    assert len(set(limits.values())) == 1
    assert 5.0 < limits[24.3] < 7.0
    assert limit([24.3], [*FALSE, 9.0], PURITY) > 9.0


def test_it_lets_through_what_the_curve_does():
    rng = np.random.default_rng(3)
    for _ in range(100):
        real = [*rng.uniform(4, 12, rng.integers(1, 12))]
        false = [*(4 + rng.exponential(0.4, rng.integers(0, 9)))]
        thresholds, purity = cautious_curve(real, false)
        good = thresholds[purity >= PURITY]
        by_curve = sum(value >= good[0] for value in real) if len(good) else 0
        assert sum(value >= limit(real, false, PURITY) for value in real) == by_curve


def test_nothing_found_has_a_limit_too():
    assert FLOOR < limit([], FALSE, PURITY) < 7.0
    assert WHITE_FLOOR < limit([], [], PURITY, WHITE_FLOOR) < FLOOR + 0.5


def test_an_absorption_line_does_not_wait_for_emission(case):
    peaks = [peak("emission line", 24.3), peak("absorption", 12.0), peak("absorption", 4.2)]
    catalogue = catalogue_of(case, "m", Found(peaks, FALSE, [], [], 1), None, PURITY)
    kept = [(found.label, found.sn) for found in catalogue.detections]
    assert kept == [("emission line", 24.3), ("absorption", 12.0)]
    assert 5.0 < catalogue.threshold < 7.0


def test_lines_too_faint_are_counted(case):
    peaks = [peak("emission line", 4.6), peak("emission line", 4.7)]
    catalogue = catalogue_of(case, "m", Found(peaks, FALSE, [], [], 1), None, PURITY)
    assert not catalogue.detections
    assert math.isfinite(catalogue.threshold)
    assert any("2 peaks below" in note for note in catalogue.notes)


def test_a_few_peaks_of_white_light_are_not_sure_of_themselves(case):
    peaks = [peak("continuum", 3.6, 0.0), peak("continuum", 9.0)]
    catalogue = catalogue_of(case, "m", Found(peaks, [], [], [], 1), None, PURITY)
    purity = {found.sn: found.purity for found in catalogue.detections}
    assert purity[3.6] < 0.7
    assert purity[9.0] > 0.99


@pytest.mark.parametrize(("star", "left"), [(0.0, 0.0), (1.0, 0.35), (10.0, 0.8)])
def test_the_light_of_a_line_is_no_continuum(star, left, case):
    cube = case.main
    z, y, x = np.indices(cube.shape)
    image = np.exp(-((y - 12.0) ** 2 + (x - 12.0) ** 2) / 4)
    line = 40 * np.exp(-((z - 30.0) ** 2) / 5)
    bright = replace(cube, pixels=ArrayPixels((star + line) * image), mask=None)
    place, shape = np.array([0, 12, 12]), Shape((30.0, 12.0, 12.0), 3.0, 4.0)
    assert without_lines(bright, place, [shape]) == pytest.approx(left, abs=0.15)
    assert without_lines(bright, place, []) == pytest.approx(1.0)
