"""The second look: what it learns comes back, and it does no harm to what it never saw."""

import numpy as np

from cubeview.learn.aftersight import second_look, signs
from cubeview.learn.wall import Fit, Wall
from tests.learn.make_aftersight import learn, size_of


def test_a_planted_law_is_learnt_and_outliers_do_not_count():
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(600, 4))
    law = rng.normal(size=(4, 6))
    wanted = seen @ law + rng.normal(0, 0.1, (600, 6)) + 1.0
    wanted[:30] += 20
    mean, spread, matrix = learn(seen, wanted, np.arange(600))
    rows = np.clip((seen - mean) / spread, -3, 3)
    left = wanted[30:] - (matrix[0] + rows @ matrix[1:])[30:, :6]
    assert np.sqrt((left**2).mean()) < 0.2 * wanted[30:].std()


def test_size_of_an_error_is_that_of_the_worst_part():
    base_only = np.array([[0, 17.0, 0, 0, 0, 0]])
    assert size_of(base_only) == 10.0
    assert size_of(np.array([[1.0, 1.0, 0, 0, 2.0, -3.0]])) == 3.0


def test_nonsense_gives_a_small_step():
    blank = Fit(Wall(np.zeros(3), np.eye(3)), 2.0, 0.0, np.full(14, 1e6))
    step = second_look(signs(blank, 1.0))
    parts = [step.apex, step.base, *step.across, *step.radii]
    assert np.isfinite([*parts, step.error_mm]).all()
    assert np.abs(parts).max() <= 12.0
