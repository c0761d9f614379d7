"""Noise and masks by what they mean: names in any form, tables of bits, doubt where none helps."""

import numpy as np
import pytest
from astropy.io import fits

from cubeview.cubes.guesses import corrected, questions
from cubeview.io import open_path
from cubeview.io.names import said_by
from tests.io.fits.skies import header

SHAPE = (6, 4, 5)
RNG = np.random.default_rng(8)
FLUX = RNG.normal(size=SHAPE).astype(np.float32)
SIGMA = RNG.uniform(0.5, 2.0, SHAPE).astype(np.float32)
STORED = {"sigma": SIGMA, "variance": SIGMA**2, "inverse variance": SIGMA**-2.0,
          "inverse sigma": 1 / SIGMA}  # fmt: skip


def opened(folder, images, primary=None, **cards):
    """Write extensions, the first of them the flux, and open the file."""
    hdus = [fits.PrimaryHDU(header=fits.Header(list((primary or {}).items())))]
    for place, (title, data, *more) in enumerate(images):
        head = header(**cards) if place == 0 else None
        for extra in more:
            head = fits.Header(list({**dict(head or {}), **extra}.items()))
        hdus.append(fits.ImageHDU(data, head, name=title))
    path = folder / "cube.fits"
    fits.HDUList(hdus).writeto(path, overwrite=True)
    return open_path(path)


def flags(**places):
    made = np.zeros(SHAPE, np.int32)
    for value, place in places.items():
        made[place] = int(value[1:])
    return made


def notes(cube, level="guess"):
    return [note.text for note in cube.notes if note.level == level]


# --- Names.


@pytest.mark.parametrize(
    ("names", "meaning"),
    [
        *((("FLUX", name), "sigma") for name in
          ("SIG", "FLUXERR", "FLUX_ERR", "ERR_FLUX", "STDEV", "STD_DEV", "ERRORCUBE", "NOISEMAP",
           "RMSCUBE", "Uncertainty", "FLUX UNCERTAINTY", "E_FLUX", "SIGMA_CUBE")),
        *((("FLUX", name), "variance") for name in
          ("VARCUBE", "FLUXVAR", "FLUX.VARIANCE", "VAR_FLUX", "STAT_CUBE")),
        *((("FLUX", name), "inverse variance") for name in
          ("INVVAR", "INV_VAR", "INVERSE VARIANCE", "IVARCUBE", "FLUX_IVAR", "INVERSE_VARIANCE")),
        *((("FLUX", name), "inverse sigma") for name in ("INVSIGMA", "INV_ERR", "ISIG")),
    ],
)  # fmt: skip
def test_noise_is_found_in_a_name_of_any_form(names, meaning, tmp_path):
    (case,) = opened(tmp_path, [(names[0], FLUX), (names[1], STORED[meaning])])
    assert case.main.facts["uncertainty"] == meaning
    assert np.allclose(case.main.uncertainty.read(), SIGMA, rtol=1e-5)


@pytest.mark.parametrize(
    "name", ["STELLAR", "EMLINE", "MODEL", "SKY", "VARIABLE", "ERRANT", "SIGNAL", "MASKED_FLUXES"]
)
def test_other_names_are_no_noise(name):
    assert said_by(name).role == "flux"


@pytest.mark.parametrize(
    "name", ["ERRWEIGHT", "PSF_ERR", "COVERAGE", "COVAR", "EXPMAP", "LSF", "SNR", "FLUX_WEIGHT"]
)
def test_what_tells_of_the_observation_is_neither(name, tmp_path):
    (case,) = opened(tmp_path, [("FLUX", FLUX), (name, SIGMA)])
    assert case.main.uncertainty is None
    assert case.main.mask is None


@pytest.mark.parametrize(
    "pairs",
    [
        (("RED_DATA", "RED_IVAR"), ("RED_DATA_NOSS", "RED_IVAR_NOSS")),
        (("FLUX", "IVAR"), ("UNCORRECTED_FLUX", "UNCORRECTED_IVAR")),
        (("SCI1", "IVAR1"), ("SCI2", "IVAR2")),
        (("FLUX_BLUE", "IVAR_BLUE"), ("FLUX_RED", "IVAR_RED")),
        (("BLUEFLUX", "IVAR_BLUEFLUX"), ("REDFLUX", "IVAR_REDFLUX")),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_each_cube_has_its_own_noise(pairs, turned, tmp_path):
    images = [(flux, FLUX * n) for n, (flux, _) in enumerate(pairs, 1)]
    noise = [(name, (SIGMA * n) ** -2.0) for n, (_, name) in enumerate(pairs, 1)]
    cases = opened(tmp_path, [*images, *(noise[::-1] if turned else noise)])
    assert len(cases) == 2
    for case in cases:
        n = 1 + [flux for flux, _ in pairs].index(case.name.split("[")[1][:-1])
        assert np.allclose(case.main.pixels.read(), FLUX * n)
        assert np.allclose(case.main.uncertainty.read(), SIGMA * n, rtol=1e-5)


def test_herschel_and_pypeit(tmp_path):
    images = [("image", FLUX), ("error", SIGMA), ("coverage", SIGMA),
              ("flag", np.zeros(SHAPE, np.int32))]  # fmt: skip
    (case,) = opened(tmp_path, images)
    assert np.allclose(case.main.uncertainty.read(), SIGMA)
    images = [("FLUX", FLUX), ("SIG", SIGMA), ("BPM", flags(_1=(2, 1, 1)).astype(np.uint8))]
    (case,) = opened(tmp_path, images, FLUXUNIT="10^-17 erg/s/cm^2/Ang/arcsec^2")
    assert np.argwhere(case.main.mask.read()).tolist() == [[2, 1, 1]]
    assert case.main.quantity_unit.to_string() == "1e-17 erg / (Angstrom s arcsec2 cm2)"


# --- What the unit says.


@pytest.mark.parametrize(
    ("name", "unit", "meaning", "guess"),
    [
        ("VAR", "Jy", "variance", True),  # copied with everything else
        ("VAR", "Jy2", "variance", False),
        ("ERR", "Jy", "sigma", False),
        ("ERR", "Jy2", "variance", True),
        ("ERR", "Jy-2", "inverse variance", True),
        ("VAR", "Jy-2", "inverse variance", True),
        ("IVAR", "Jy", "inverse variance", False),
        ("STAT", "Jy", "variance", False),
        ("VARCUBE", "Jy", "variance", True),
    ],
)
def test_a_name_and_a_unit_that_disagree(name, unit, meaning, guess, tmp_path):
    images = [("FLUX", FLUX), (name, STORED[meaning], {"BUNIT": unit})]
    (case,) = opened(tmp_path, images, BUNIT="Jy")
    cube = case.main
    assert cube.facts["uncertainty"] == meaning
    assert np.allclose(cube.uncertainty.read(), SIGMA, rtol=1e-5)
    assert bool(notes(cube)) == guess
    said = corrected(cube, {"error meaning": "sigma"})
    assert np.allclose(said.uncertainty.read(), STORED[meaning], rtol=1e-4)


@pytest.mark.parametrize("noise", [FLUX * 0, FLUX * 0 - 1, FLUX * np.nan, SIGMA * 1e-17])
def test_what_cannot_be_noise_is_doubted(noise, tmp_path):
    (case,) = opened(tmp_path, [("FLUX", FLUX), ("ERR", noise.astype(np.float32))])
    assert any("can hardly be the noise" in text for text in notes(case.main))
    said = corrected(case.main, {"error meaning": "no noise"})
    assert said.uncertainty is None
    (case,) = opened(tmp_path, [("FLUX", FLUX), ("ERR", SIGMA)])
    assert not notes(case.main)


# --- Masks.

DAP = {"TELESCOP": "SDSS 2.5-M", "MASKNAME": "MANGA_DAPSPECMASK"}


@pytest.mark.parametrize(
    ("images", "primary", "out"),
    [
        # The DAP's bit 2 is an invalid flux; bit 6 a fit that failed, which says nothing of it.
        (("FLUX", "IVAR", "MASK", "WAVE"), DAP, ["_1", "_4"]),
        (("MODEL", "IVAR", "MODEL_MASK", "WAVE"), DAP, ["_1", "_4", "_64"]),
        (("FLUX", "IVAR", "MASK", "WAVE"), {"MASKNAME": "MANGA_DRP3PIXMASK"}, ["_1024"]),
        (("FLUX", "IVAR", "MASK", "WAVE"), {}, ["_1024"]),
        (("SCI", "ERR", "DQ", "WAVE"), {"TELESCOP": "JWST"}, ["_1"]),
        (("SCI", "ERR", "DQ", "WAVE"), {"TELESCOP": "Gemini"}, ["_1", "_4", "_64", "_1024"]),
        (("SCI", "ERR", "BADPIX", "WAVE"), {}, ["_1", "_4", "_64", "_1024"]),
        (("SCI", "ERR", "MASKCUBE", "WAVE"), {}, ["_1", "_4", "_64", "_1024"]),
        (("SCI", "ERR", "QUALITY", "WAVE"), {"INSTRUME": "OSIRIS"}, []),
        (("SCI", "ERR", "DQ", "WAVE"), {"INSTRUME": "OSIRIS"}, []),
        (("SCI", "ERR", "MASK", "WAVE"), {"INSTRUME": "OSIRIS  "}, []),
        (("SCI", "ERR", "FLAG", "WAVE"), {"INSTRUME": "SPIRE"}, []),
        (("SCI", "ERR", "QUAL_MAP", "WAVE"), {}, []),
    ],
)
def test_a_mask_means_what_its_survey_says(images, primary, out, tmp_path):
    places = {"_1": (0, 0, 0), "_4": (1, 1, 1), "_64": (2, 2, 2), "_1024": (3, 3, 3)}
    arrays = (FLUX, SIGMA**-2.0, flags(**places), 5000 + 2 * np.arange(6.0))
    (case,) = opened(tmp_path, list(zip(images, arrays, strict=True)), primary)
    found = [tuple(place) for place in np.argwhere(case.main.mask.read())]
    assert found == [places[bit] for bit in out]
    assert bool(notes(case.main)) == (not out)
    said = corrected(case.main, {"mask meaning": "any flag"})
    assert len(np.argwhere(said.mask.read())) == 4


def test_a_mask_of_the_good_and_one_that_leaves_nothing(tmp_path):
    good = np.ones(SHAPE, np.uint8)
    good[2, 2, 2] = 0
    for name, primary, place in (
        ("GOODPIX", {}, [[2, 2, 2]]),
        ("MASK", {}, []),  # one for good, or nothing were left
        ("QUALITY", {}, []),
    ):
        (case,) = opened(tmp_path, [("FLUX", FLUX), (name, good)], primary)
        assert np.argwhere(case.main.mask.read()).tolist() == place
        assert bool(notes(case.main)) == (not place)
        said = corrected(case.main, {"mask meaning": "zero"})
        assert np.argwhere(said.mask.read()).tolist() == [[2, 2, 2]]
        assert np.isnan(said.plane(0, 2)[2, 2])


def test_a_mask_that_declares_itself(tmp_path):
    one = np.ones(SHAPE, np.uint8)
    one[1, 1, 1] = 0
    declared = {"HDUCLASS": "ESO", "HDUCLAS2": "QUALITY", "HDUCLAS3": "MASKONE"}
    (case,) = opened(tmp_path, [("DATA", FLUX), ("QC", one, declared)])
    assert np.argwhere(case.main.mask.read()).tolist() == [[1, 1, 1]]
    declared["HDUCLAS3"] = "FLAG32BIT"
    (case,) = opened(tmp_path, [("DATA", FLUX), ("QC", 1 - one, declared)])
    assert np.argwhere(case.main.mask.read()).tolist() == [[1, 1, 1]]


def test_the_mask_goes_before_an_account_of_quality(tmp_path):
    bad = flags(_1=(0, 0, 0))
    images = [("FLUX", FLUX), ("FLAGS", flags(_9=(1, 1, 1))), ("MASK", bad)]
    (case,) = opened(tmp_path, images)
    assert np.array_equal(case.main.mask.read(), bad)


def test_what_a_mask_forbids_is_a_question(tmp_path):
    (case,) = opened(tmp_path, [("FLUX", FLUX), ("QUALITY", flags(_9=(1, 1, 1)))])
    (asked,) = [q for q in questions(case.main) if q.key == "mask meaning"]
    assert asked.now == "nothing"
    assert set(asked.choices) == {"nothing", "any flag", "zero"}
