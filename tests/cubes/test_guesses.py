"""Answers of the user change what the numbers of a file mean, never the numbers."""

import numpy as np
import pytest
from astropy.wcs import WCS

from cubeview.cubes.axes import Axis, plain_axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube, Note
from cubeview.cubes.guesses import corrected, corrected_case, questions
from cubeview.cubes.rearranged import TurnedPixels
from cubeview.errors import CubeviewError

VALUES = np.random.default_rng(1).normal(10, 1, (5, 4, 3)).astype(np.float32)


def cube(*about, first=None, level="guess", **changes):
    axis = first or Axis(
        "Wavelength", "spectral", "Angstrom", 5000 + 2.0 * np.arange(5), guessed=True
    )
    fields = {
        "axes": (axis, plain_axis(4, "y"), plain_axis(3, "x")),
        "pixels": ArrayPixels(VALUES),
        "kind": "sky",
        "notes": tuple(Note(level, f"why {key}", key) for key in about),
    }
    return Cube(**{**fields, **changes})


def scan(*about, sizes=(4.0, 5.0, 6.0), affine=True, **changes):
    axes = tuple(
        Axis(name, "space", "mm", size * np.arange(n)) if size else plain_axis(n, name)
        for name, size, n in zip(("Slice", "Row", "Column"), sizes, VALUES.shape, strict=True)
    )
    matrix = np.diag([1.0, 1.0, 1.0, 1.0])
    matrix[:3, :3] = np.array([[0, 0, 6], [0, 5, 0], [4, 0, 0]])
    fields = {"axes": axes, "kind": "volume", "affine": matrix if affine else None}
    return cube(*about, **{**fields, **changes})


def test_nothing_is_asked_of_a_cube_that_says_it_all():
    assert questions(cube()) == ()
    plain = cube()
    assert corrected(plain, {"spectral unit": "nm"}) is plain


def test_a_unit_changes_and_the_numbers_stay():
    made = corrected(cube("spectral unit"), {"spectral unit": "nm"})
    assert made.axes[0].unit == "nm"
    np.testing.assert_array_equal(made.axes[0].values, cube().axes[0].values)
    (question,) = questions(made)
    assert question.answered
    assert question.now == "nm"
    assert made.notes[0].level == "info"


def test_a_type_opens_the_questions_that_follow_from_it():
    made = corrected(cube("spectral type", "medium"), {"spectral type": "velocity"})
    assert made.axes[0].name == "Velocity"
    assert {q.key for q in questions(made)} == {
        "spectral type",
        "spectral unit",
        "velocity definition",
    }
    answers = {
        "spectral type": "velocity",
        "spectral unit": "m/s",
        "velocity definition": "optical",
    }
    made = corrected(made, answers)
    assert (made.axes[0].unit, made.axes[0].convention) == ("m/s", "optical")
    assert all(question.answered for question in questions(made))


def test_no_spectrum_makes_a_volume_and_a_spectrum_a_sky_cube():
    made = corrected(cube("spectral type"), {"spectral type": "no spectrum"})
    assert made.kind == "volume"
    assert made.axes[0].kind == "index"
    back = corrected(
        cube("spectral type", first=plain_axis(5, "z"), kind="volume"),
        {"spectral type": "frequency", "spectral unit": "MHz"},
    )
    assert (back.kind, back.axes[0].name, back.axes[0].unit) == ("sky", "Frequency", "MHz")


@pytest.mark.parametrize(("answer", "last"), [("4750.2 1.25", 4755.2), ("4750.2, -1.25", 4745.2)])
def test_start_and_step_of_either_sign(answer, last):
    made = corrected(
        cube("spectral values", first=plain_axis(5, "Wavelength")), {"spectral values": answer}
    )
    axis = made.axes[0]
    assert axis.values[0] == 4750.2
    assert axis.values[-1] == pytest.approx(last)
    assert (axis.kind, axis.unit) == ("spectral", "Angstrom")


def test_medium_and_definition_of_velocities():
    assert corrected(cube("medium"), {"medium": "air"}).axes[0].medium == "air"
    speed = Axis("Velocity", "spectral", "km/s", np.arange(5.0), convention="optical")
    made = corrected(cube("velocity definition", first=speed), {"velocity definition": "radio"})
    assert made.axes[0].convention == "radio"


def test_another_axis_comes_first_and_every_voxel_with_it():
    given = cube(
        "first axis",
        first=plain_axis(5, "z"),
        kind="volume",
        uncertainty=ArrayPixels(VALUES / 10),
        mask=ArrayPixels(VALUES > 10),
    )
    made = corrected(given, {"first axis": "axis 1 (3 voxels)"})
    assert made.shape == (3, 5, 4)
    turned = VALUES.transpose(2, 0, 1)
    np.testing.assert_array_equal(made.pixels.read(), turned)
    np.testing.assert_array_equal(made.uncertainty.read(), turned / 10)
    np.testing.assert_array_equal(made.mask.read(), turned > 10)
    made = corrected(given, {"first axis": "axis 2 (4 voxels)", "spectral type": "wavelength"})
    assert made.shape == (4, 5, 3)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2), (2, 1, 0), (0, 2, 1)])
def test_turned_pixels_are_numpys_transpose(order):
    turned, true = TurnedPixels(ArrayPixels(VALUES), order), VALUES.transpose(order)
    assert turned.shape == true.shape
    for axis in range(3):
        np.testing.assert_array_equal(turned.plane(axis, 1), true.take(1, axis))
    np.testing.assert_array_equal(turned.spectrum(1, 2), true[:, 1, 2])
    box = (slice(1, 3), slice(0, 2), slice(1, 3))
    np.testing.assert_array_equal(turned.box(box), true[box])


@pytest.mark.parametrize("was", ["sigma", "variance", "inverse variance", "inverse sigma"])
@pytest.mark.parametrize("means", ["sigma", "variance", "inverse variance", "inverse sigma"])
def test_noise_of_every_meaning_as_every_other(was, means):
    powers = {"sigma": 1, "variance": 0.5, "inverse variance": -0.5, "inverse sigma": -1}
    stored = VALUES.astype(np.float64)
    given = cube(
        "error meaning",
        uncertainty=ArrayPixels(stored ** powers[was]),
        facts={"uncertainty": was},
    )
    made = corrected(given, {"error meaning": means})
    np.testing.assert_allclose(made.uncertainty.read(), stored ** powers[means], rtol=1e-5)
    np.testing.assert_allclose(
        made.uncertainty.spectrum(1, 1), stored[:, 1, 1] ** powers[means], rtol=1e-5
    )
    assert made.facts["uncertainty"] == means


def test_a_unit_of_the_values():
    made = corrected(cube("value unit", level="info"), {"value unit": "1e-20 erg/s/cm2/Angstrom"})
    assert made.unit == "1e-20 erg/s/cm2/Angstrom"
    assert made.quantity_unit is not None
    assert corrected(made, {"value unit": "DN (corrected)"}).quantity_unit is None


def test_a_projection_about_the_same_reference_pixel():
    sky = WCS(naxis=2)
    sky.wcs.ctype, sky.wcs.crval, sky.wcs.crpix = ["RA", "DEC"], [150.0, 60.0], [2.0, 2.0]
    sky.wcs.cdelt = [-0.5, 0.5]
    made = corrected(cube("projection", wcs=sky), {"projection": "TAN"})
    assert list(made.wcs.wcs.ctype) == ["RA---TAN", "DEC--TAN"]
    true = WCS(naxis=2)
    true.wcs.ctype, true.wcs.crval, true.wcs.crpix = made.wcs.wcs.ctype, [150.0, 60.0], [2, 2]
    true.wcs.cdelt = [-0.5, 0.5]
    ra, dec = true.wcs_pix2world(2, 3, 0)
    assert made.world(0, 3, 2)[1:] == pytest.approx((float(dec), float(ra)))
    assert corrected(made, {"projection": "linear"}).world(0, 3, 2)[1:] == pytest.approx(
        (61.0, 149.5)
    )


def test_voxel_sizes_keep_the_directions():
    given = scan("pixel size", "slice spacing")
    made = corrected(given, {"pixel size": "2.5 3", "slice spacing": "7"})
    assert made.spacing == (7, 2.5, 3)
    np.testing.assert_allclose(made.affine[:3, :3], [[0, 0, 3], [0, 2.5, 0], [7, 0, 0]])
    one = corrected(scan("pixel size", sizes=(0, 0, 0), affine=False), {"pixel size": "4"})
    assert one.spacing[1:] == (4, 4)


@pytest.mark.parametrize(
    ("answer", "ends"),
    [
        ("transaxial, feet to head", (("F", "H"), ("A", "P"), ("R", "L"))),
        ("transaxial, head to feet", (("H", "F"), ("A", "P"), ("R", "L"))),
        ("coronal, front to back", (("A", "P"), ("H", "F"), ("R", "L"))),
        ("coronal, back to front", (("P", "A"), ("H", "F"), ("R", "L"))),
        ("sagittal, right to left", (("R", "L"), ("H", "F"), ("A", "P"))),
        ("sagittal, left to right", (("L", "R"), ("H", "F"), ("A", "P"))),
    ],
)
def test_an_orientation_gives_the_letters(answer, ends):
    from cubeview.cubes.orient import ends as letters

    made = corrected(scan("orientation", affine=False), {"orientation": answer})
    assert letters(made) == ends
    assert made.view == answer.split(",")[0]


def test_letters_need_sizes():
    with pytest.raises(CubeviewError, match="give the spacings"):
        corrected(
            scan("orientation", affine=False, sizes=(0, 0, 0)),
            {"orientation": "transaxial, feet to head"},
        )


def test_slices_the_other_way():
    given = scan("slice direction")
    made = corrected(given, {"slice direction": "the other way"})
    np.testing.assert_allclose(made.affine[:3, 0], -given.affine[:3, 0])
    assert made.axes[0].step == -given.axes[0].step
    np.testing.assert_array_equal(made.pixels.read(), VALUES)


def test_a_view_and_an_organ_change_the_kind_of_case():
    case = Case("x", "volume", {"flux": scan("organ", "view")})
    made = corrected_case(case, lambda cube: {"organ": "heart", "view": "short axis"})
    assert (made.kind, made.roles, made.main.view) == ("heart", ("heart",), "short axis")
    assert made.question
    back = corrected_case(made, lambda cube: {})
    assert (back.kind, back.roles) == ("volume", ("flux",))


def test_answers_are_forgotten_as_a_whole():
    given = cube("spectral unit", "medium")
    made = corrected(given, {"spectral unit": "nm", "medium": "air"})
    assert corrected(made, {}) is given
    assert corrected(made, {"medium": "air"}).axes[0].unit == "Angstrom"


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("spectral unit", "kg"),
        ("medium", "water"),
        ("spectral values", "1"),
        ("spectral values", "nan 1"),
        ("spectral values", "5000 0"),
        ("spectral type", "__import__('os')"),
        ("value unit", "x" * 100),
    ],
)
def test_an_answer_without_sense_is_refused(key, answer):
    with pytest.raises(CubeviewError):
        corrected(cube(key), {key: answer})


@pytest.mark.parametrize("answer", ["-4", "0", "4 4 4", "a", "1e9"])
def test_a_size_without_sense_is_refused(answer):
    with pytest.raises(CubeviewError):
        corrected(scan("pixel size"), {"pixel size": answer})
