"""``cubeview kinematics`` and ``predict --model kinematics`` print what their help promises."""

import json

from astropy.io import fits

from cubeview.cli import main
from tests.measure.sky.test_kinematics import ring


def write(path, kind="VRAD"):
    values, velocities = ring(30.0)
    hdu = fits.PrimaryHDU(values.astype("f4"))
    hdu.header["CTYPE3"], hdu.header["CUNIT3"] = kind, "km/s"
    hdu.header["CRVAL3"], hdu.header["CRPIX3"], hdu.header["CDELT3"] = velocities[0], 1, 20.0
    hdu.writeto(path)
    return path


def test_the_record_by_both_doors(tmp_path, capsys):
    path = write(tmp_path / "a.fits")
    said = []
    for words in (["kinematics", str(path)], ["predict", str(path), "--model", "kinematics"]):
        assert main([*words, "--json"]) == 0
        (record,) = json.loads(capsys.readouterr().out)
        said.append(record)
    assert said[0] == said[1]
    assert (record["class"], record["model"]) == ("rotator", "kinematics")
    assert set(record["probabilities"]) == {"rotator", "dispersion", "merger"}
    assert abs(record["position_angle_deg"] - 30) < 3
    assert record["doubt"] == {"unlike_training": False, "why": ""}
    assert main(["kinematics", str(path)]) == 0
    assert "rotator" in capsys.readouterr().out


def test_a_cube_without_velocities_says_what_is_missing(tmp_path, capsys):
    fits.PrimaryHDU(ring(0.0)[0].astype("f4")).writeto(tmp_path / "a.fits")
    assert main(["kinematics", str(tmp_path / "a.fits")]) == 2
    assert "--rest" in capsys.readouterr().err
