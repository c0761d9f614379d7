"""What the first axis measures, in which unit: by name, by unit, by table, as logarithms."""

import tracemalloc

import numpy as np
import pytest
from astropy.io import fits

from cubeview.io import open_path
from cubeview.io.export.fits import write_cube
from tests.io.fits.odd import LINEAR, SHAPE, SKY, WAVE, asked, column, guesses, opened, third

# --- Values of planes in tables.

ENERGIES = np.geomspace(50, 50000, 6)


@pytest.mark.parametrize(
    ("beside", "name", "unit", "values"),
    [
        (column("Energy", ENERGIES, "MeV", "ENERGIES"), "Energy", "MeV", ENERGIES),
        (column("Wavelength", LINEAR / 1e4, "um", "WAVELENGTH"), "Wavelength", "um", LINEAR / 1e4),
        (column("DATA", ENERGIES, "GHz", "FREQUENCIES"), "Frequency", "GHz", ENERGIES),
        (column("LOGLAM", np.log10(LINEAR), None, "SPEC"), "Wavelength", "Angstrom", LINEAR),
        (
            fits.BinTableHDU.from_columns(
                [
                    fits.Column("CHANNEL", "I", array=np.arange(6)),
                    fits.Column("E_MIN", "E", unit="keV", array=np.arange(1, 7.0) ** 2),
                    fits.Column("E_MAX", "E", unit="keV", array=np.arange(2, 8.0) ** 2),
                ],
                name="EBOUNDS",
            ),
            "Energy", "keV", np.arange(1, 7) * np.arange(2, 8.0),
        ),
        (
            fits.BinTableHDU.from_columns(
                [fits.Column("wavelength", "6D", unit="nm", array=[LINEAR / 10])], name="WCS-TAB"
            ),
            "Wavelength", "nm", LINEAR / 10,
        ),
        (fits.ImageHDU(LINEAR, name="RED_WAVE"), "Wavelength", "Angstrom", LINEAR),
    ],
    ids=["energies", "wavelength", "named by its table", "logarithms", "bounds", "one row", "arm"],
)  # fmt: skip
def test_a_table_gives_the_planes_their_values(beside, name, unit, values, tmp_path):
    cube = opened(tmp_path, SKY, beside=[beside])
    axis = cube.axes[0]
    assert (axis.name, axis.kind, axis.unit) == (name, "spectral", unit)
    assert axis.values == pytest.approx(values, rel=1e-6)


def test_tables_of_other_things_are_left_alone(tmp_path):
    times = column("TIME", ENERGIES, "s", "GTI")
    long = column("Energy", np.arange(9.0), "MeV", "ENERGIES")
    back = column("Energy", np.array([1, 3, 2, 4, 5, 6.0]), "MeV", "ENERGIES")
    cube = opened(tmp_path, SKY, WAVE, beside=[times, long, back])
    assert cube.axes[0].values == pytest.approx(LINEAR)


WAVE_TAB = {"CTYPE3": "WAVE-TAB", "CUNIT3": "um", "PS3_0": "WAVES", "PS3_1": "WAVELENGTH",
            "CRVAL3": 1.0, "CRPIX3": 1.0, "CDELT3": 1.0}  # fmt: skip


@pytest.mark.parametrize(
    ("cards", "title", "kind"),
    [(WAVE, "WAVELENGTH", "D"), (WAVE_TAB, "WAVES", "D"), (WAVE | {"CASAMBM": True}, "BEAMS", "E"),
     (WAVE, "LOGLAM", "J"), (WAVE, "EVENTS", "K")],
)  # fmt: skip
def test_a_table_of_endless_rows_is_not_read(cards, title, kind, tmp_path):
    """A column may repeat its values as often as its header says."""
    cube = opened(tmp_path, SKY, cards)
    path = cube.source.path
    size = 400_000_000
    table = fits.BinTableHDU.from_columns([column("WAVELENGTH", LINEAR).columns[0]], name=title)
    head = table.header
    head.update(NAXIS1=size, NAXIS2=1, TFORM1=f"{size // (4 if kind in 'EJ' else 8)}{kind}")
    with path.open("ab") as file:
        file.write(head.tostring().encode())
        file.truncate(file.tell() + size)
    tracemalloc.start()
    (case,) = open_path(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6
    assert any("too large" in note.text for note in case.main.notes)
    if cards is not WAVE_TAB:
        assert case.main.axes[0].values == pytest.approx(LINEAR)


# --- A unit outranks a name.


@pytest.mark.parametrize(
    ("kind", "unit", "name", "guess"),
    [
        ("XYZ", "Hz", "Frequency", True),
        ("pixel", "Angstrom", "Wavelength", True),
        ("Frequency&", "GHz", "Frequency", False),
        ("WAVENUMBER", "cm-1", "Wavenumber", False),
        ("WAVN", "1/cm", "Wavenumber", False),
        ("VELOCITY-LSR", "km/s", "Velocity", False),
        ("VLSR", "km/s", "Velocity", False),
        ("VHEL", "km/s", "Velocity", False),
        ("V_BARY", "km/s", "Velocity", False),
        ("RADIAL VELOCITY", "km/s", "Velocity", False),
        ("LAMBDA (A)", "Angstrom", "Wavelength", False),
        ("Air wavelength", "nm", "Wavelength", False),
        ("photon energy", "MeV", "Energy", False),
        ("Energy [keV]", None, "Energy", False),
        ("WAVE", "GHz", "Frequency", True),
        ("FREQ", "km/s", "Velocity", True),
        ("VELOCITY", "um", "Wavelength", True),
        ("channel", "keV", "Energy", True),
    ],
)
def test_a_spectral_axis_by_name_or_unit(kind, unit, name, guess, tmp_path):
    cube = opened(tmp_path, SKY, third(kind, 4750.0, 1.25, unit))
    axis = cube.axes[0]
    assert (axis.name, axis.kind, cube.kind) == (name, "spectral", "sky")
    assert axis.values == pytest.approx(LINEAR)
    assert axis.unit in (unit, "cm-1", "keV")
    assert ("spectral type" in guesses(cube), axis.guessed) == (guess, guess)
    assert cube.wcs is not None


@pytest.mark.parametrize(
    ("kind", "frame"),
    [("VELOCITY-LSR", "LSRK"), ("VLSR", "LSRK"), ("VHEL", "BARYCENT"), ("V_BARY", "BARYCENT"),
     ("VRAD-LSRK", "LSRK"), ("VRAD-TOPO", "TOPOCENT"), ("VELO-LSRK", "LSRK"),
     ("VELO-HELIO", "BARYCENT"), ("VOPT_GEO", "GEOCENTR")],
)  # fmt: skip
def test_a_frame_that_stands_in_the_type(kind, frame, tmp_path):
    assert opened(tmp_path, SKY, third(kind, 1.0, 0.5, "km/s")).axes[0].frame == frame


def test_words_say_what_the_medium_is(tmp_path):
    for words, medium in (("Air wavelength", "air"), ("WAVELENGTH (VAC)", "vacuum")):
        cube = opened(tmp_path, SKY, third(words, 4750.0, 1.25, "Angstrom"))
        assert cube.axes[0].medium == medium
        assert "medium" not in guesses(cube)


def test_a_unit_in_brackets_is_the_unit(tmp_path):
    for kind, unit in (
        ("WAVELENGTH(A)", "Angstrom"),
        ("LAMBDA [um]", "um"),
        ("VEL (KM/S)", "km/s"),
    ):
        axis = opened(tmp_path, SKY, third(kind, 4750.0, 1.25)).axes[0]
        assert (axis.unit, axis.guessed) == (unit, False)


def test_rooms_are_no_spectra(tmp_path):
    """Three lengths are a room; parsecs are no wavelengths."""
    for unit in ("pc", "mm"):
        cards = {}
        for n, letter in enumerate("XYZ", 1):
            cards |= {f"CTYPE{n}": letter, f"CRVAL{n}": 0.0, f"CDELT{n}": 2.0, f"CUNIT{n}": unit}
        assert opened(tmp_path, cards).kind == "volume"


def test_an_axis_of_another_quantity_keeps_its_fractions_and_its_unit(tmp_path):
    cube = opened(tmp_path, SKY, third("FDEP", -2.5, 0.25, "rad/m^2"))
    axis = cube.axes[0]
    assert (axis.name, axis.kind, axis.unit, axis.counted) == ("FDEP", "index", "rad/m^2", False)
    write_cube(cube, tmp_path / "out.fits")
    again = open_path(tmp_path / "out.fits")[0].main.axes[0]
    assert (again.name, again.unit) == ("FDEP", "rad/m^2")
    assert again.values == pytest.approx(axis.values)


# --- Logarithms.


@pytest.mark.parametrize(
    "cards",
    [
        third("LINEAR", 3.5563, 1e-4) | {"DC-FLAG": 1, "WAT3_001": "wtype=linear units=Angstroms"},
        third("LINEAR", 3.5563, 1e-4, "Angstrom") | {"DC-FLAG": 1},
        third("LINEAR", 3.5563, 1e-4) | {"DC-FLAG": 1},
        third("WAVE", 3.5563, 1e-4, "log(Angstrom)"),
        third("WAVE", 3.5563, 1e-4, "log10(A)"),
        third("WAVE", 3.5563, 1e-4, "dex(AA)"),
        third("LOGLAM", 3.5563, 1e-4),
        third("LOG(LAMBDA)", 3.5563, 1e-4, "Angstrom"),
        third("WAVE-LOG", 3.5563, 1e-4, "Angstrom"),
        third("WAVE", 3.5563 * np.log(10), 1e-4 * np.log(10), "ln(Angstrom)"),
        third("WAVE", 3.5563 * np.log(10), 1e-4 * np.log(10), "log(Angstrom)"),
    ],
    ids=["IRAF", "IRAF with unit", "IRAF without",
         "log", "log10", "dex", "LOGLAM", "LOG()", "WAVE-LOG", "ln",
         "log that is ln"],
)  # fmt: skip
def test_logarithms_are_undone(cards, tmp_path):
    axis = opened(tmp_path, SKY, cards).axes[0]
    assert (axis.name, axis.unit) == ("Wavelength", "Angstrom")
    assert axis.values == pytest.approx(10 ** (3.5563 + 1e-4 * np.arange(6)))


def test_numbers_too_large_for_logarithms_are_taken_as_they_stand(tmp_path):
    cube = opened(tmp_path, SKY, third("AWAV", 4200.0, 1.0, "log(Angstrom)"))
    values = cube.axes[0].values
    assert values == pytest.approx(4200.0 + np.arange(len(values)))
    assert any("too large to be logarithms" in note.text for note in cube.notes)


# --- The standard's unit, where it is plausible.


@pytest.mark.parametrize(
    ("kind", "value", "step", "unit", "guess"),
    [
        ("VELO-LSR", -47.13829, 0.65019, "km/s", True),
        ("VRAD", 1500.0, 5.2, "km/s", True),
        ("VOPT", -250.0, -1.3, "km/s", True),
        ("VELO-LSR", -47138.29, 650.19, "m/s", False),
        ("VRAD", 1.5e6, 5200.0, "m/s", False),
        ("FREQ", 1.42e9, 1e4, "Hz", False),
        ("FREQ", 1420.4, 0.01, "MHz", True),
        ("WAVN", 14700.0, 3.0, "cm-1", True),
        ("WAVN", 1.47e6, 300.0, "m-1", False),
        ("WAVE", 4.75e-7, 1e-10, "m", False),
        ("WAVE", 0.475, 1e-4, "um", True),
    ],
)
def test_the_unit_of_the_standard_is_doubted(kind, value, step, unit, guess, tmp_path):
    cube = opened(tmp_path, SKY, third(kind, value, step))
    axis = cube.axes[0]
    assert (axis.unit, axis.guessed) == (unit, guess)
    assert axis.values[0] == pytest.approx(value)
    assert ("spectral unit" in guesses(cube)) == guess
    assert "spectral unit" in asked(cube)


@pytest.mark.parametrize(
    ("rest", "hertz"), [(1420.405752, 1.420405752e9), (115.2712, 1.152712e11), (1.42e9, 1.42e9)]
)
def test_a_rest_frequency_is_no_few_hertz(rest, hertz, tmp_path):
    cube = opened(tmp_path, SKY, third("VRAD", 1e3, 500.0, "m/s"), {"RESTFRQ": rest})
    assert cube.axes[0].rest == pytest.approx(hertz)
    assert any("cannot be in Hz" in note.text for note in cube.notes) == (rest != hertz)


# --- Polarisation.


@pytest.mark.parametrize("step", [{"CDELT4": 1.0}, {"CDELT4": None}, {"PC4_4": 1.0}])
def test_planes_of_polarisation_have_their_names(step, tmp_path):
    stokes = {"CTYPE4": "Stokes", "CRVAL4": 1.0, "CRPIX4": 1.0, **step}
    opened(tmp_path, SKY, WAVE, stokes, shape=(4, *SHAPE))
    names = [case.name for case in open_path(tmp_path / "cube.fits")]
    assert names == [f"cube [Stokes {letter}]" for letter in "IQUV"]
