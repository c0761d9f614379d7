"""The simulator that networks learn from: other physics, the same classes."""

import numpy as np
import pytest

from cubeview.cubes.ventricle import BASE_AT
from cubeview.simulate.heart.ellipsoids import SEVERITY, simulate_ellipsoids
from cubeview.simulate.heart.pair import CLASSES, ROLES, to_case


def pairs(label, count):
    return [simulate_ellipsoids(label, np.random.default_rng([5, k])) for k in range(count)]


def across(pair, role):
    """Voxels in heart axes, as shares of the ellipsoid's semi-axes, shape (3, n)."""
    ventricle, image = pair.ventricles[role], getattr(pair, role)
    places = np.indices(image.shape).reshape(3, -1).T * pair.voxel_mm
    return ((places - ventricle.centre) @ ventricle.axes.T / ventricle.radii).T


@pytest.mark.parametrize("label", CLASSES)
def test_the_same_seed_gives_the_same_pair(label):
    one, two = (simulate_ellipsoids(label, np.random.default_rng(3)) for _ in range(2))
    for role in ROLES:
        np.testing.assert_array_equal(getattr(one, role), getattr(two, role))


def test_the_bright_wall_lies_within_its_ellipsoid_and_opens_at_the_base():
    for pair in pairs("healthy", 6):
        for role in ROLES:
            own, values = across(pair, role), getattr(pair, role).ravel()
            near = np.sqrt((own**2).sum(axis=0)) < 1.3
            bright = near & (values > 0.6 * np.percentile(values[near], 99))
            reach = np.sqrt((own[:, bright] ** 2).sum(axis=0))
            assert np.mean(reach < 1.2) > 0.9
            assert -1.1 < own[0, bright].min() < -0.6
            assert own[0, bright].max() < BASE_AT + 0.3


def test_lesions_are_seen_at_stress_and_infarcts_at_rest_too():
    lost = {}
    for label in ("healthy", *SEVERITY):
        ratio = []
        for pair in pairs(label, 12):
            own = across(pair, "stress")
            wall = (np.abs(np.hypot(own[1], own[2]) - 0.75) < 0.2) & (np.abs(own[0]) < 0.5)
            ratio.append(
                [np.percentile(getattr(pair, role).ravel()[wall], 5) for role in ("rest", "stress")]
            )
        lost[label] = np.median(ratio, axis=0)
    assert lost["ischaemic"][1] < lost["ischaemic"][0]
    assert lost["infarcted"][1] < lost["healthy"][1]
    assert lost["infarcted"][1] == pytest.approx(lost["infarcted"][0], rel=0.15)


def test_a_pair_is_a_case_like_any_other():
    (pair,) = pairs("mixed", 1)
    case = to_case(pair, "one")
    assert case.roles == ("stress", "rest")
    assert case.cubes["rest"].spacing == pytest.approx((5.0,) * 3)
