"""Cubes of formats that are not opened: told by name, with the way to one that is."""

from pathlib import Path

_HDF5 = b"\x89HDF\r\n\x1a\n"
_FOLDERS = (
    # Casacore tables and MIRIAD data sets are folders that hold at least these.
    (("table.dat", "table.info"), "a CASA image", "exportfits(imagename, 'cube.fits') in CASA"),
    (("header", "image", "history"), "a MIRIAD image", "MIRIAD's fits in=FOLDER op=xyout"),
    ((".zgroup",), "a Zarr store", "the program that wrote it"),
    (("zarr.json",), "a Zarr store", "the program that wrote it"),
)


def folder(path: Path) -> str:
    """Say why a folder that is itself a cube cannot be opened; empty for any other folder."""
    if not path.is_dir():
        return ""
    for inside, what, way in _FOLDERS:
        if all((path / name).is_file() for name in inside):
            return f"{path}: {what}, which CubeView does not read. Make FITS of it with {way}."
    return ""


def file(head: bytes, path: Path) -> str:
    """Say why a file of another format cannot be opened; empty where that is not known."""
    if head.startswith(_HDF5):
        return (
            f"{path}: an HDF5 file, which CubeView does not read. Make FITS of it with the program "
            "that wrote it; CARTA's cubes come from a FITS file that fits2idia was given."
        )
    return folder(path.parent) if path.name.startswith("table.") else ""
