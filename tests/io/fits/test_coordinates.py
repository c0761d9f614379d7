"""Coordinates of odd headers: each says the right thing, and what was guessed can be changed."""

import numpy as np
import pytest
from astropy.io import fits

from cubeview.cubes.guesses import corrected
from cubeview.cubes.plane import sky_turn
from cubeview.cubes.region import placed
from cubeview.io import open_path
from cubeview.io.export.fits import write_cube
from tests.io.fits.odd import LINEAR, SHAPE, SKY, WAVE, asked, guesses, opened, third

# --- Longitude is a circle.


@pytest.mark.parametrize(
    ("cards", "places"),
    [
        # Longitude runs from 0 to 355.5 over 80 columns.
        ({"CRVAL1": 0.0, "CRPIX1": 1.0, "CDELT1": 4.5, "CRPIX2": 2.0}, {0: 0.0, 60: 270.0}),
        # The reference lies more than half a turn off the picture.
        (
            {"CRVAL1": 0.0, "CRPIX1": 30977.0, "CDELT1": -0.00625, "CRPIX2": 2.0},
            {0: 193.6, 22: 193.4625},
        ),
        # The same about another longitude, to the other side.
        ({"CRVAL1": 100.0, "CRPIX1": -500.0, "CDELT1": 0.5, "CRPIX2": 2.0}, {0: 350.5, 40: 10.5}),
        # A whole turn and a half off.
        ({"CRVAL1": 0.0, "CRPIX1": -5399.0, "CDELT1": 0.1, "CRPIX2": 2.0}, {0: 180.0, 40: 184.0}),
        # Equal areas, rotated reference.
        ({"CRVAL1": -60.0, "CRPIX1": 1.0, "CDELT1": 0.125, "CRPIX2": 2.0}, {0: 300.0, 8: 301.0}),
    ],
)
@pytest.mark.parametrize("projection", ["CAR", "CEA", "MER"])
def test_longitude_goes_round_a_cylinder(cards, places, projection, tmp_path):
    names = {"CTYPE1": f"GLON-{projection}", "CTYPE2": f"GLAT-{projection}", "CRVAL2": 0.0}
    sky = SKY | names | cards | {"CDELT2": abs(cards["CDELT1"])}
    cube = opened(tmp_path, sky, WAVE, shape=(6, 4, 80))
    for x, longitude in places.items():
        assert cube.world(0, 1, x)[1:] == pytest.approx((0.0, longitude))
        assert cube.axes[2].values[x] % 360 == pytest.approx(longitude, abs=1e-6)
        assert cube.index(4750.0, 0.0, longitude)[2] == pytest.approx(x, abs=1e-6)
        assert cube.index(4750.0, 0.0, longitude - 360)[2] == pytest.approx(x, abs=1e-6)
    assert np.isfinite(cube.axes[2].values).all()
    assert np.allclose(np.diff(cube.axes[2].values), sky["CDELT1"], rtol=1e-6)
    assert np.cos(np.radians(sky_turn(cube)[1])) * sky["CDELT1"] > 0


def test_a_cylinder_about_another_latitude_goes_round_too(tmp_path):
    cards = {"CTYPE1": "RA---CAR", "CTYPE2": "DEC--CAR", "CRVAL2": 30.0}
    here = opened(tmp_path, SKY | cards | {"CDELT1": -0.1, "CDELT2": 0.1}, WAVE).world(0, 1, 2)
    away = SKY | cards | {"CRPIX1": 3.0 - 3600, "CDELT1": -0.1, "CDELT2": 0.1}
    assert opened(tmp_path, away, WAVE).world(0, 1, 2) == pytest.approx(here)


@pytest.mark.parametrize("projection", ["SFL", "GLS", "PAR", "SIN", "CAR"])
def test_beyond_the_edge_of_a_projection_there_is_no_place_and_it_is_said(projection, tmp_path):
    """Half a turn from its reference an oval map ends; a cylinder goes on, see above."""
    names = {"CTYPE1": f"GLON-{projection}", "CTYPE2": f"GLAT-{projection}", "CRVAL1": 0.0}
    far = {"CRVAL2": 0.0, "CRPIX1": 2.5, "CRPIX2": 2.0, "CDELT1": -30.0, "CDELT2": 20.0}
    far |= {"CRPIX1": 9.5} if projection != "SIN" else {}
    cube = opened(tmp_path, SKY | names | far, WAVE)
    ends = ["edge of the projection" in note.text for note in cube.notes]
    if projection == "CAR":
        assert np.isfinite(cube.axes[2].values).all()
        assert not any(ends)
        return
    assert any(ends)
    places = [cube.world(0, y, x)[2] for y in range(4) for x in range(5)]
    assert 0 < np.isnan(places).sum() < 20
    near = opened(tmp_path, SKY | names, WAVE)
    assert not any("edge of the projection" in note.text for note in near.notes)


@pytest.mark.parametrize("projection", ["SIN", "TAN", "CAR", ""])
def test_a_negative_longitude_is_the_same_place(projection, tmp_path):
    names = {"CTYPE1": f"RA---{projection}", "CTYPE2": f"DEC--{projection}"}
    names = names if projection else {"CTYPE1": "RA", "CTYPE2": "DEC"}
    cube = opened(tmp_path, SKY | names | {"CRVAL1": -155.017}, WAVE)
    assert cube.world(0, 1, 2) == pytest.approx((4750.0, 2.0, 204.983))
    assert cube.axes[2].values[2] == pytest.approx(204.983)
    for longitude in (204.983, -155.017, 564.983):
        assert cube.index(4750.0, 2.0, longitude) == pytest.approx((0, 1, 2), abs=1e-6)


def test_a_place_is_found_by_either_longitude(tmp_path):
    opened(tmp_path, SKY | {"CRVAL1": -155.017}, WAVE)
    (case,) = open_path(tmp_path / "cube.fits")
    boxes = {placed(case, (4750.0, 2.0, ra)).window[2].stop for ra in (204.983, -155.017)}
    assert len(boxes) == 1


def test_offsets_on_the_sun_keep_their_sign(tmp_path):
    names = {"CTYPE1": "HPLN-TAN", "CTYPE2": "HPLT-TAN", "CUNIT1": "arcsec", "CUNIT2": "arcsec"}
    sky = SKY | names | {"CRVAL1": -300.0, "CRVAL2": 100.0, "CDELT1": 1.0, "CDELT2": 1.0}
    cube = opened(tmp_path, sky, WAVE)
    assert 3600 * np.array(cube.world(0, 1, 2)[1:]) == pytest.approx([100.0, -300.0])
    bare = opened(tmp_path, sky | {"CUNIT1": None, "CUNIT2": None}, WAVE)
    assert bare.world(0, 1, 2) == pytest.approx(cube.world(0, 1, 2))
    assert any("arcsec guessed" in note.text for note in bare.notes)


# --- Frames are named.


@pytest.mark.parametrize(
    ("cards", "frame"),
    [
        ({}, "ICRS"),
        ({"EQUINOX": 2000.0}, "FK5"),
        ({"EQUINOX": "J2000.0"}, "FK5"),
        ({"EPOCH": 1950.0}, "FK4 B1950"),
        ({"EQUINOX": "B1950"}, "FK4 B1950"),
        ({"RADECSYS": "FK4", "EQUINOX": 1975.0}, "FK4 B1975"),
        ({"RADESYS": "fk5", "EQUINOX": 1975.0}, "FK5 J1975"),
        ({"RADESYS": "J2000"}, "FK5"),
        ({"RADESYS": "FK5 (J2000)"}, "FK5"),
        ({"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN"}, "Galactic"),
        ({"CTYPE1": "ELON-TAN", "CTYPE2": "ELAT-TAN"}, "Ecliptic"),
        ({"CTYPE1": "HPLN-TAN", "CTYPE2": "HPLT-TAN", "CRVAL1": 0.1, "CRVAL2": 0.1},
         "Helioprojective"),
    ],
)  # fmt: skip
def test_the_frame_has_its_name(cards, frame, tmp_path):
    cube = opened(tmp_path, SKY | cards, WAVE)
    assert {axis.frame for axis in cube.axes[1:]} == {frame}
    write_cube(cube, tmp_path / "out.fits")
    again = open_path(tmp_path / "out.fits")[0].main
    assert again.axes[2].frame == frame
    assert again.world(2, 1, 1) == pytest.approx(cube.world(2, 1, 1))


# --- Types of the sky that are misspelt.


@pytest.mark.parametrize(
    "names",
    [("RA-TAN", "DEC-TAN"), ("ra---tan", "dec--tan"), ("RA--TAN", "DEC-TAN"), ("RA_TAN", "DEC_TAN"),
     ("RA---TAN-SIP", "DEC--TAN-SIP"), ("RA---TAN", "DEC"), ("RA TAN", "DEC TAN")],
)  # fmt: skip
def test_the_sky_is_found_by_a_misspelt_type(names, tmp_path):
    cards = {"CTYPE1": names[0], "CTYPE2": names[1], "CRVAL2": 60.0, "CDELT1": -0.005}
    cube = opened(tmp_path, SKY | cards | {"CDELT2": 0.005}, WAVE)
    # A degree along RA is half as long at declination 60.
    assert cube.world(0, 1, 4)[2] == pytest.approx(150.0 - 0.02, abs=1e-5)
    assert cube.axes[2].name == "RA"
    assert cube.wcs is not None
    assert any("read as RA---TAN" in n.text or names[0] == "RA---TAN" for n in cube.notes) or (
        names[0].upper() == "RA---TAN"
    )


@pytest.mark.parametrize("code", ["FLT", "XYZ", "LIN"])
def test_an_unknown_projection_is_a_guess_that_keeps_the_sky(code, tmp_path):
    names = {"CTYPE1": f"GLON-{code}", "CTYPE2": f"GLAT-{code}", "CRVAL1": 120.0, "CRVAL2": 0.0}
    cube = opened(tmp_path, SKY | names, third("VELO-LSR", -60000.0, -824.46))
    assert cube.world(0, 1, 4)[1:] == pytest.approx((0.0, 120.0 - 1e-4))
    assert cube.axes[2].frame == "Galactic"
    assert "projection" in guesses(cube)
    assert corrected(cube, {"projection": "TAN"}).wcs.wcs.ctype[0] == "GLON-TAN"


@pytest.mark.parametrize("names", [("GLON", "GLAT"), ("RA", "DEC"), ("ELON", "ELAT")])
def test_a_sky_without_a_projection_is_one(names, tmp_path):
    cube = opened(tmp_path, SKY | {"CTYPE1": names[0], "CTYPE2": names[1]}, WAVE)
    assert cube.world(0, 1, 2)[1:] == pytest.approx((2.0, 150.0))
    assert "projection" in guesses(cube)


# --- One bad card costs one axis at most.


@pytest.mark.parametrize(
    "cards",
    [
        third("VRAD-LSRK", 4750.0, 1.25, "km/s"),
        third("WAVE-XYZ", 4750.0, 1.25, "Angstrom"),
        third("FREQ-LSRK", 4750.0, 1.25, "Hz"),
        third("WAVE-TAB", 4750.0, 1.25, "Angstrom"),
        third("VOPT-F2W", 4750.0, 1.25, "m/s"),  # no rest value
    ],
)
def test_a_bad_spectral_card_leaves_the_sky(cards, tmp_path):
    cube = opened(tmp_path, SKY, cards)
    assert cube.world(0, 1, 2) == pytest.approx((4750.0, 2.0, 150.0))
    assert cube.axes[0].kind == "spectral"
    assert cube.axes[0].values == pytest.approx(LINEAR, rel=1e-4)


@pytest.mark.parametrize(
    "cards",
    [{"CDELT1": 0.0}, {"CRVAL2": 95.0}, {"CTYPE2": "GLAT-TAN"}, {"CRVAL1": "north"},
     {"CUNIT1": "km"}, {"LONPOLE": "up"}],
)  # fmt: skip
def test_a_bad_sky_card_leaves_the_spectrum(cards, tmp_path):
    cube = opened(tmp_path, SKY | cards, WAVE)
    assert cube.axes[0].values == pytest.approx(LINEAR)
    assert (cube.axes[0].medium, cube.kind) == ("vacuum", "sky")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("CTYPE3", ("Frequency", 1.42e9)),
        ("CUNIT3", ("Frequency", 1.42e9)),
        ("CRPIX3", ("Frequency", 1.42e9 + 1e4)),  # the standard's default is 0
        ("CDELT3", ("Frequency", 0.0)),
        ("CRVAL3", ("Frequency", 0.0)),
        ("RESTFRQ", ("Frequency", 1.42e9)),
        ("SPECSYS", ("Frequency", 1.42e9)),
        ("CRVAL4", ("Frequency", 1.42e9)),
        ("CTYPE4", ("Frequency", 1.42e9)),
        ("BMAJ", ("Frequency", 1.42e9)),
        ("OBJECT", ("Frequency", 1.42e9)),
        ("EXTVER", ("Frequency", 1.42e9)),
        ("EQUINOX", ("Frequency", 1.42e9)),
    ],
)
def test_a_card_without_a_value_is_as_if_it_were_not_there(key, expected, tmp_path):
    radio = third("FREQ", 1.42e9, 1e4, "Hz") | {"RESTFRQ": 1.42040575e9, "SPECSYS": "LSRK"}
    stokes = {"CTYPE4": "STOKES", "CRVAL4": 1.0, "CRPIX4": 1.0, "CDELT4": 1.0}
    more = {"BMAJ": 1e-3, "BMIN": 1e-3, "OBJECT": "X", "EQUINOX": 2000.0, "EXTVER": 1}
    header = fits.Header()
    for name, value in {**SKY, **radio, **stokes, **more}.items():
        header[name] = value
    header[key] = fits.card.Undefined()
    path = tmp_path / "cube.fits"
    fits.PrimaryHDU(np.ones((1, *SHAPE), np.float32), header).writeto(path)
    cube = open_path(path)[0].main
    assert (cube.axes[0].name, cube.axes[0].values[0]) == expected
    assert cube.wcs is not None
    assert ("spectral values" in guesses(cube)) == (key in ("CDELT3", "CRVAL3"))
    assert not any("None" in note.text for note in cube.notes)


# --- Older spellings.


def test_matrices_are_read_as_they_were_spelt_once(tmp_path):
    turned = {"PC1_1": 0.0, "PC1_2": 1.0, "PC2_1": 1.0, "PC2_2": 0.0}
    old = {"PC001001": 0.0, "PC001002": 1.0, "PC002001": 1.0, "PC002002": 0.0}
    new = opened(tmp_path, SKY | turned, WAVE).world(0, 3, 3)
    assert opened(tmp_path, SKY | old, WAVE).world(0, 3, 3) == pytest.approx(new, abs=1e-12)
    plain = opened(tmp_path, SKY, WAVE).world(0, 3, 3)[2]
    assert new[2] != pytest.approx(plain, abs=1e-7)
    steps = {"CDELT1": None, "CDELT2": None, "CDELT3": None}
    matrix = {"CD001001": -5e-5, "CD002002": 5e-5, "CD003003": 1.25}
    cube = opened(tmp_path, SKY, WAVE, steps, matrix)
    assert cube.world(3, 1, 4) == pytest.approx(opened(tmp_path, SKY, WAVE).world(3, 1, 4))
    assert any("CD001001 read as CD1_1" in note.text for note in cube.notes)


def test_the_pole_is_read_as_it_was_spelt_once(tmp_path):
    new, old = (opened(tmp_path, SKY | {key: 90.0}, WAVE) for key in ("LONPOLE", "LONGPOLE"))
    assert old.world(0, 3, 3) == pytest.approx(new.world(0, 3, 3), abs=1e-12)
    plain = opened(tmp_path, SKY, WAVE).world(0, 3, 3)[2]
    assert new.world(0, 3, 3)[2] != pytest.approx(plain, abs=1e-7)


@pytest.mark.parametrize(
    ("cards", "history", "beam"),
    [
        ({}, ["AIPS   CLEAN BMAJ=  3.8158E-03 BMIN=  3.4928E-03 BPA= -40.24"],
         (13.73688, 12.57408, -40.24)),
        ({}, ["BMAJ= 1.0D-03 BMIN= 5.0D-04 BPA= 10", "AIPS CLEAN BMAJ=2.0E-03 BMIN=1.0E-03 BPA=5"],
         (7.2, 3.6, 5.0)),
        ({"BMAJ": 1e-3, "BMIN": 5e-4, "BPA": 7.0}, ["CLEAN BMAJ= 9.0 BMIN= 9.0 BPA= 9.0"],
         (3.6, 1.8, 7.0)),
        ({"CLEANBMJ": 1e-3, "CLEANBMN": 5e-4, "CLEANBPA": 7.0}, [], (3.6, 1.8, 7.0)),
        ({"BMAJ": 1e-3}, [], (3.6, 3.6, None)),
    ],
)  # fmt: skip
def test_the_beam_is_found_where_it_stands(cards, history, beam, tmp_path):
    header = fits.Header(list({**SKY, **WAVE, **cards}.items()))
    for line in history:
        header.add_history(line)
    path = tmp_path / "cube.fits"
    fits.PrimaryHDU(np.ones(SHAPE, np.float32), header).writeto(path)
    found = open_path(path)[0].main.beam
    assert found[:2] == pytest.approx(beam[:2])
    assert np.isnan(found[2]) if beam[2] is None else found[2] == beam[2]


# --- Two statements that disagree.


@pytest.mark.parametrize("other", [1.0, 2.0, 1.3])
def test_two_steps_of_the_spectrum_are_a_question(other, tmp_path):
    matrix = {"CD1_1": -5e-5, "CD2_2": 5e-5, "CD3_3": 1.25}
    cube = opened(tmp_path, SKY, WAVE, matrix, {"CDELT3": other})
    assert cube.axes[0].values == pytest.approx(LINEAR)
    assert "spectral values" in guesses(cube)
    said = corrected(cube, {"spectral values": f"4750 {other}"})
    assert said.axes[0].step == pytest.approx(other)
    assert "spectral values" not in guesses(opened(tmp_path, SKY, WAVE, matrix))


def test_two_sizes_of_a_spaxel_are_a_question(tmp_path):
    matrix = {"CD1_1": -5e-5, "CD2_2": 5e-5, "CD3_3": 1.25, "CDELT1": -2e-4, "CDELT2": 2e-4}
    cube = opened(tmp_path, SKY, WAVE, matrix)
    assert cube.spacing[1:] == pytest.approx((0.18, 0.18))
    assert "sky scale" in guesses(cube)
    said = corrected(cube, {"sky scale": "0.72 0.36"})
    assert said.spacing[1:] == pytest.approx((0.36, 0.72))
    assert said.world(0, 1, 2) == pytest.approx(cube.world(0, 1, 2))


def test_two_rest_frequencies_are_told(tmp_path):
    cube = opened(tmp_path, SKY, third("FREQ", 1.42e9, 1e4, "Hz"),
                  {"RESTFRQ": 1.420405752e9, "RESTFREQ": 1.66e9})  # fmt: skip
    assert cube.axes[0].rest == 1.420405752e9
    assert any("disagree" in note.text and note.level == "guess" for note in cube.notes)


def test_two_frames_of_velocity_are_told(tmp_path):
    cube = opened(tmp_path, SKY, third("VRAD-LSRK", 1e3, 1e3, "m/s"), {"SPECSYS": "BARYCENT"})
    assert cube.axes[0].frame == "BARYCENT"
    assert any("LSRK" in note.text and note.level == "guess" for note in cube.notes)


def test_a_table_that_disagrees_with_the_header_is_a_question(tmp_path):
    table = np.array([4750, 4752, 4755, 4760, 4766, 4773.0])
    image = fits.ImageHDU(table, name="WAVE")
    cube = opened(tmp_path, SKY, WAVE, beside=[image])
    assert cube.axes[0].values == pytest.approx(table)
    assert "spectral values" in guesses(cube)
    (said,) = [n.text for n in cube.notes if n.about == "spectral values"]
    assert all(number in said for number in ("4750", "4756.25", "4773"))
    back = corrected(cube, {"spectral values": "4750 1.25"})
    assert back.axes[0].values == pytest.approx(LINEAR)


@pytest.mark.parametrize("factor", [1.0, 0.1, 1e-4])
def test_a_table_that_agrees_says_nothing_whatever_its_unit(factor, tmp_path):
    cube = opened(tmp_path, SKY, WAVE, beside=[fits.ImageHDU(LINEAR * factor, name="WAVE")])
    assert cube.axes[0].values == pytest.approx(LINEAR)
    assert "spectral values" not in asked(cube)
