"""The second look: what it learns comes back, and it does no harm to what it never saw."""

import numpy as np

from cubeview.learn.heart.fit import Fit
from cubeview.learn.heart.second_look import against, second_look, signs, standard, with_amounts
from cubeview.learn.heart.unexplained import SIGNS
from cubeview.learn.heart.wall import Wall
from tests.learn.heart.make_second_look import learn, size_of


def test_a_planted_law_is_learnt_and_outliers_do_not_count():
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(600, 4))
    law = rng.normal(size=(4, 6))
    wanted = seen @ law + rng.normal(0, 0.1, (600, 6)) + 1.0
    wanted[:30] += 20
    kept = learn(seen, wanted, np.ones(600), np.zeros(600), np.arange(600))
    left = wanted[30:] - (standard(seen, kept["mean"], kept["spread"]) @ kept["step"])[30:]
    assert np.sqrt((left**2).mean()) < 0.2 * wanted[30:].std()


def test_doubt_asks_where_errors_are_large_and_about_few_that_are_right():
    rng = np.random.default_rng(1)
    seen = rng.normal(size=(2000, 4))
    error = np.exp(0.4 * seen[:, 0] ** 2 + rng.normal(0, 0.2, 2000) - 1.0)
    steps = np.zeros((2000, 6))
    kept = learn(seen, steps, np.ones(2000), 10 * error, np.arange(2000))
    asks = with_amounts(standard(seen, kept["mean"], kept["spread"])) @ kept["doubt"] > 0
    assert 0.02 < asks[error < 1].mean() < 0.06
    assert asks[error > 1].mean() > 0.5
    deaf = learn(seen, steps, np.ones(2000), 10 * error, np.arange(2000), silent=(0,))["doubt"]
    assert deaf[1] == deaf[5] == 0
    assert (deaf[[2, 3, 4, 6, 7, 8]] != 0).all()


def test_size_of_an_error_is_that_of_the_worst_part():
    base_only = np.array([[0, 17.0, 0, 0, 0, 0]])
    assert size_of(base_only) == 10.0
    assert size_of(np.array([[1.0, 1.0, 0, 0, 2.0, -3.0]])) == 3.0


def test_nonsense_gives_a_small_step():
    blank = Fit(Wall(np.zeros(3), np.eye(3)), 2.0, 0.0, np.full(14, 1e6))
    own = [np.full(SIGNS, 1e6), against(blank, blank.wall), [1.0]]
    step = second_look(np.concatenate([signs(blank, 1.0), *own]))
    parts = [step.apex, step.base, *step.across, *step.radii]
    assert np.isfinite([*parts, step.doubt]).all()
    assert np.abs(parts).max() <= 12.0
