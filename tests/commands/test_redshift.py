"""``cubeview redshift`` prints what its help promises."""

import json

import numpy as np
from astropy.io import fits

from cubeview.cli import main
from tests.measure.sky.test_by_templates import SDSS, planted


def test_the_record_of_a_planted_galaxy(tmp_path, capsys):
    values, sigma = planted("galaxy", 5, 0.0873)
    columns = [("flux", "E", values), ("loglam", "E", np.log10(SDSS)),
               ("ivar", "E", sigma**-2)]  # fmt: skip
    given = [fits.Column(name, form, array=array) for name, form, array in columns]
    table = fits.BinTableHDU.from_columns(given, name="COADD")
    path = tmp_path / "spec.fits"
    primary = fits.PrimaryHDU()
    primary.header["VACUUM"] = True
    fits.HDUList([primary, table]).writeto(path)
    assert main(["redshift", str(path), "--json", "--between", "0", "0.3"]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert record["path"] == str(path)
    assert record["type"] == "galaxy"
    assert abs(record["z"] - 0.0873) < 3e-4
    assert record["low"] < record["z"] < record["high"]
    assert record["agree"] is None
    first = record["candidates"][0]
    assert set(first) == {"z", "type", "delta_chi2", "by"}
    assert (first["delta_chi2"], first["by"]) == (0, "templates")
    assert main(["redshift", str(path), "--between", "2", "1"]) == 2
    assert "lower first" in capsys.readouterr().err
