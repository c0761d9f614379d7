from dataclasses import replace

import numpy as np
import pytest

from cubeview.cubes.axes import plain_axis
from cubeview.cubes.case import Case, agreeing, differing, paired, same_cubes, taken_apart
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


def of(role, name, **whose):
    """A single scan of somebody; identifiers with blanks for underlines."""
    known = {key.replace("_", " "): value for key, value in whose.items()}
    return Case(name, "heart", {role: replace(cube(), whose=known)})


def test_a_pair_of_two_patients_says_so_wherever_it_goes():
    stress = of("stress", "Wren", patient_number="a", birth_date="b", sex="c")
    rest = of("rest", "Finch", patient_number="d", birth_date="e", sex="c")
    assert differing(stress.main, rest.main) == ("patient number", "birth date")
    assert agreeing(stress.main, rest.main) == ("sex",)
    pair = paired(stress, rest)
    assert pair.apart == "Not of one patient: patient number and birth date differ."
    assert pair.name == "Wren + Finch (two patients)"
    assert pair.swapped().apart == pair.apart
    again = taken_apart(pair.swapped())
    assert [(case.name, case.roles) for case in again] == [
        ("Wren", ("stress",)),
        ("Finch", ("rest",)),
    ]
    assert again[0].main is rest.main


def test_what_a_file_does_not_say_sets_nobody_apart():
    known, bare = of("stress", "Wren", patient_number="a", sex="f"), of("rest", "Finch", sex="f")
    assert paired(known, bare).apart == ""
    assert paired(known, bare).name == "Wren"
    assert paired(of("stress", "A"), of("rest", "B", sex="m")).apart == ""
    assert paired(known, of("rest", "B", sex="m")).apart == "Not of one patient: sex differs."
    (first, second) = taken_apart(paired(known, bare))
    assert (first.name, second.name) == ("Wren (stress)", "Wren (rest)")
    with pytest.raises(ValueError, match="only a rest/stress pair"):
        taken_apart(known)


def test_exchanged_twice_is_as_it_was():
    pair = case("stress", "rest")
    assert pair.swapped().evidence == ("rest and stress exchanged by the user",)
    assert pair.swapped().swapped().evidence == ()


def test_same_cubes_ignores_the_window_but_not_the_roles():
    pair = case("stress", "rest")
    window = (slice(0, 1), slice(0, 1), slice(0, 1))
    assert same_cubes(pair, replace(pair, window=window))
    assert not same_cubes(pair, pair.swapped())
    assert not same_cubes(pair, case("stress", "rest"))
