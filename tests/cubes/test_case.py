from dataclasses import replace

import numpy as np
import pytest

from cubeview.cubes.axes import plain_axis
from cubeview.cubes.case import Case, paired, same_cubes
from cubeview.cubes.cube import ArrayPixels, Cube


def cube():
    axes = (plain_axis(2, "Slice"), plain_axis(3, "Row"), plain_axis(4, "Column"))
    return Cube(axes, ArrayPixels(np.zeros((2, 3, 4))), "heart")


def case(*roles):
    return Case("Wren", "heart", {role: cube() for role in roles}, question="Which is it?")


def test_a_single_scan_is_called_rest_by_the_user():
    single = case("heart")
    named = single.named("rest")
    assert named.roles == ("rest",)
    assert named.main is single.main
    assert named.question == ""
    assert named.evidence[-1] == "called rest by the user"
    with pytest.raises(ValueError, match="only a single"):
        case("stress", "rest").named("rest")
    with pytest.raises(ValueError, match="only a single"):
        single.named("flux")


def test_two_scans_become_a_pair_with_stress_first():
    stress, rest = case("stress"), case("rest")
    pair = paired(stress, rest)
    assert pair.roles == ("stress", "rest")
    assert (pair.cubes["stress"], pair.cubes["rest"]) == (stress.main, rest.main)
    with pytest.raises(ValueError, match="one stress and one rest"):
        paired(rest, stress)


def test_same_cubes_ignores_the_window_but_not_the_roles():
    pair = case("stress", "rest")
    window = (slice(0, 1), slice(0, 1), slice(0, 1))
    assert same_cubes(pair, replace(pair, window=window))
    assert not same_cubes(pair, pair.swapped())
    assert not same_cubes(pair, case("stress", "rest"))
