"""The table of formats in the docs is what opening a file of each flavour gives.

Written anew by ``CUBEVIEW_WRITE_DOCS=1 pytest tests/io/test_formats_table.py``.
"""

import os
from pathlib import Path

import pytest

from cubeview.io import formats, open_paths
from tests.helpers.flavours import SIMULATED
from tests.helpers.sky_flavours import MORE
from tests.helpers.spectrum_flavours import SPECTRA

TABLE = Path(__file__).resolve().parents[2] / "docs" / "formats.md"
MADE = (*SIMULATED, *MORE, *SPECTRA)
REAL = (
    ("MUSE", "ifu/muse_udf_subcube.fits"),
    ("GMOS IFU", "ifu/gmos_ngc3081_cube.fits"),
    ("KCWI", "ifu/kcwi_sdss0958_icubes.fits"),
    ("IFSCube", "ifu/ifscube_example_cube.fits"),
    ("ALMA", "radio/alma_m17_swex_small.fits"),
    ("CARMA CO", "radio/co_carma_ngc4324.fits"),
    ("WSRT HI", "radio/hi_wsrt_ugc5079_ngc2903.fits"),
    ("GILDAS export", "radio/iras2a_example_cube.fits"),
    ("GILDAS file", "radio/iras2a_example_cube.lmv"),
    ("IRIS raster", "solar/iris_raster_r00000.fits"),
    ("FITS packed by compress (.Z), a picture", "fits_other/lzw.fits.Z"),
    ("NM RECON TOMO", "spect_rest_stress/P001_rest.dcm"),
    ("NM TOMO projections", "nm/rimd_cardiac_projections.dcm"),
    ("NM STATIC", "nm/static_2det_lungs_kidneys.dcm"),
    ("NM WHOLE BODY", "nm/NM1_UNC.dcm"),
    ("CT series", "dicom_series/rtutils_mock_data"),
    ("MR series", "dicom_other/mr_series"),
    ("PET slice", "dicom_other/PT_GE_jpegll_GH184.dcm"),
    ("Enhanced CT", "dicom_other/eCT_Supplemental.dcm"),
    ("Enhanced MR, gzipped", "dicom_other/philips_mprage.dcm.gz"),
    ("NIfTI-1", "volumes/anatomical.nii"),
    ("NIfTI-2, gzipped", "volumes/example_nifti2.nii.gz"),
    ("FITS picture, in tiles", "fits_other/m13_rice.fits"),
    ("SDSS spec", "spectra1d/sdss1.fits"),
    ("JWST x1d", "spectra1d/jw01243001001_01101_00001_nrca5_x1d.fits"),
    ("IRAF, logarithms, one row", "spectra1d/UM184_nF.fits"),
    ("IRAF, rows of two apertures", "spectra1d/IZW18_isis.fits"),
)


def row(flavour, source, path):
    opened = open_paths([path])
    if not opened.cases:
        reason = opened.refusals[0].reason.removeprefix(f"{path}: ")
        return f"| {flavour} | {source} | no | | | | {reason.split('. ')[0]} |"
    cube = opened.cases[0].main
    axes = ", ".join(f"{axis.name} {axis.unit}".strip() for axis in cube.axes)
    count = f"yes, {len(opened.cases)} cases" if len(opened.cases) > 1 else "yes"
    notes = "; ".join(f"{note.level}: {note.text}" for note in cube.notes)
    meaning = cube.facts.get("uncertainty", "")
    cells = (flavour, source, count, axes, cube.unit, meaning, notes)
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def test_the_table_in_the_docs_is_true(shared_data, tmp_path):
    rows = [row(flavour, "real", shared_data / name) for flavour, name in REAL]
    for number, (flavour, make) in enumerate(MADE):
        folder = tmp_path / str(number)
        folder.mkdir()
        rows.append(row(flavour, "made", make(folder)))
    text = (
        "# What CubeView opens\n\n"
        f"{formats('and')}, all but text and pictures also packed by gzip, and zip archives of "
        "them.\n\n"
        "Made by a test from one file of each flavour: real ones, and ones "
        "made as the pipelines write them.\nA note marked *guess* can be corrected: click the "
        "chip in the status line.\n\n"
        "| Flavour | File | Opened | Axes | Unit | Error means | Notes |\n"
        "|---|---|---|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )
    if os.environ.get("CUBEVIEW_WRITE_DOCS"):
        TABLE.write_text(text, encoding="utf-8")
    assert TABLE.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(("flavour", "make"), MADE, ids=[name for name, _ in MADE])
def test_each_flavour_opens(tmp_path, flavour, make):
    opened = open_paths([make(tmp_path)])
    assert opened.cases
    assert not opened.refusals
    for case in opened.cases:
        assert case.main.pixels.read().shape == case.main.shape
