"""Catalogues as files: ECSV, VOTable or FITS table, with units and UCDs."""

import warnings
from pathlib import Path

import numpy as np
from astropy import units
from astropy.table import Table

import cubeview
from cubeview.cubes.catalogue import Catalogue
from cubeview.cubes.cube import Cube
from cubeview.cubes.sky import longitude_type
from cubeview.cubes.unit import unit_of
from cubeview.errors import CubeviewError, refusing
from cubeview.io.export.fits import sky_cards
from cubeview.paths import replacing

FORMATS = {
    ".ecsv": "ascii.ecsv",
    ".vot": "votable",
    ".xml": "votable",
    ".fits": "fits",
    ".fit": "fits",
}

_UCDS = {
    "number": "meta.id;meta.main",
    "class": "meta.code.class",
    "probability": "stat.probability",
    "sn": "stat.snr",
    "sky_extent": "phys.angSize",
}
_PLACES = {
    "RA": ("ra", "dec", "pos.eq.ra;meta.main", "pos.eq.dec;meta.main"),
    "GLON": ("glon", "glat", "pos.galactic.lon;meta.main", "pos.galactic.lat;meta.main"),
    "ELON": ("elon", "elat", "pos.ecliptic.lon;meta.main", "pos.ecliptic.lat;meta.main"),
    "SLON": (
        "sglon",
        "sglat",
        "pos.supergalactic.lon;meta.main",
        "pos.supergalactic.lat;meta.main",
    ),
    # UCD1+ has no word for offsets on the Sun; these are the ones of astropy and sunpy (APE 14).
    "HPLN": (
        "hpln",
        "hplt",
        "custom:pos.helioprojective.lon;meta.main",
        "custom:pos.helioprojective.lat;meta.main",
    ),
}
"""Names and UCDs of the columns of a position, by the type of its longitude."""
_SYSTEMS = {"ICRS": "ICRS", "FK5": "eq_FK5", "FK4": "eq_FK4", "FK4-NO-E": "eq_FK4"}
"""COOSYS of VOTable 1.4, by RADESYS."""
_OTHER_SYSTEMS = {"GLON": "galactic", "SLON": "supergalactic"}
_SPECTRAL_UCDS = {"length": "em.wl", "frequency": "em.freq", "energy": "em.energy"}


def catalogue_table(catalogue: Catalogue) -> Table:
    """Return a catalogue as an astropy table.

    Columns: number, class, probability, sn, strength, purity, position, spectral, z, y, x (voxels
    from 0), sky_extent, spectral_extent; own_class and own_probability where a model with other
    classes was asked; what made it stands in the table's ``meta``. A position
    is ra and dec, glon and glat, or what else the cube's sky has, in its own frame, which ``meta``
    names: FRAME, and RADESYS and EQUINOX where they apply.
    """
    found = catalogue.detections
    cube = catalogue.case.main
    spectral = _unit(catalogue.spectral_unit)
    sky = units.arcsec if cube.wcs is not None else None
    degrees = units.deg if cube.wcs is not None else None
    longitude, latitude, *ucds = _place(cube)
    table = Table()
    for name, values, unit in (
        ("number", np.array([d.number for d in found], np.int32), None),
        ("class", np.array([d.label for d in found], "U16"), None),
        ("probability", _floats([d.probability for d in found]), None),
        ("sn", _floats([d.sn for d in found]), None),
        ("strength", _floats([d.strength for d in found]), None),
        ("purity", _floats([d.purity for d in found]), None),
        (longitude, _floats([d.ra_deg for d in found]), degrees),
        (latitude, _floats([d.dec_deg for d in found]), degrees),
        ("spectral", _floats([d.spectral for d in found]), spectral),
        ("z", _floats([d.voxel[0] for d in found]), None),
        ("y", _floats([d.voxel[1] for d in found]), None),
        ("x", _floats([d.voxel[2] for d in found]), None),
        ("sky_extent", _floats([d.sky_extent for d in found]), sky),
        ("spectral_extent", _floats([d.spectral_extent for d in found]), spectral),
    ):
        table[name] = values
        table[name].unit = unit
        ucd = (_UCDS | dict(zip((longitude, latitude), ucds, strict=True))).get(name, "")
        if name == "spectral" and spectral is not None:
            ucd = _SPECTRAL_UCDS.get(str(spectral.physical_type).split("/")[0], "")
        if ucd:
            table[name].meta["ucd"] = ucd
    if any(d.own for d in found):
        table["own_class"] = np.array([d.own for d in found], "U64")
        table["own_probability"] = _floats([d.own_probability for d in found])
    table.meta = {
        "PROGRAM": f"CubeView {cubeview.__version__}",
        "MODEL": catalogue.model,
        "LEASTSN": round(catalogue.threshold, 4) if np.isfinite(catalogue.threshold) else "none",
        "FALSE": int(catalogue.false_peaks),
        "USE": "research use only",
    }
    if cube.wcs is not None:
        table.meta["FRAME"] = cube.axes[2].frame
    table.meta |= {key: value for key, value, _ in sky_cards(cube) if key in ("RADESYS", "EQUINOX")}
    for number, note in enumerate(catalogue.notes, 1):
        table.meta[f"NOTE{number}"] = note
    return table


def write_catalogue(catalogue: Catalogue, path: Path | str) -> None:
    """Write a catalogue; the name's ending says how: .ecsv, .vot or .xml, .fits.

    Raises CubeviewError if the ending is none of these, or the file cannot be written.
    """
    path = Path(path)
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise CubeviewError(
            f"{path}: catalogues are saved as .ecsv, .vot or .fits. Choose a name ending so."
        )
    table = catalogue_table(catalogue)
    with refusing(path, "cannot be written", "Choose another folder."), replacing(path) as part:
        if kind == "votable":
            _write_votable(table, part, catalogue.case.main)
        else:
            table.write(part, format=kind, overwrite=True)


def _place(cube: Cube) -> tuple[str, str, str, str]:
    """Return names and UCDs of the columns of a position."""
    kind = "RA" if cube.wcs is None else longitude_type(cube.wcs)
    other = (kind.lower(), f"{kind.lower()}_lat", "", "")
    return _PLACES.get(kind, other)


def _write_votable(table: Table, path: Path, cube: Cube) -> None:
    from astropy.io.votable import from_table
    from astropy.io.votable.tree import CooSys

    # VOTable writers are to say 0.1nm; readers all know Angstrom, and it is what the cube says.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", units.UnitsWarning)
        document = from_table(table)
        longitude, latitude, *_ = _place(cube)
        system = _system(cube)
        if system:
            equinox = table.meta.get("EQUINOX")
            letter = "B" if "FK4" in system else "J"
            year = f"{letter}{equinox:g}" if equinox else None
            place = CooSys(ID="sky", system=system, equinox=year)
            document.resources[0].coordinate_systems.append(place)
        for field in document.get_first_table().fields:
            field.ucd = table[field.name].meta.get("ucd")
            if system and field.name in (longitude, latitude):
                field.ref = "sky"
        document.to_xml(str(path))


def _system(cube: Cube) -> str:
    """Return the system of coordinates as VOTable names it; empty where it has no name for it."""
    if cube.wcs is None:
        return ""
    kind, frame = longitude_type(cube.wcs), str(cube.wcs.wcs.radesys)
    if kind == "ELON":
        return "ecl_FK4" if frame.startswith("FK4") else "ecl_FK5"
    return _SYSTEMS.get(frame, "") if kind == "RA" else _OTHER_SYSTEMS.get(kind, "")


def _floats(values: list[float]) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def _unit(text: str) -> units.UnitBase | None:
    """Return a unit, or None where there is none or astropy does not know it."""
    try:
        return unit_of(text) if text else None
    except ValueError:
        return None
