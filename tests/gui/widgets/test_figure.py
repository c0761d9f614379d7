"""Figures of maps: where light lands on the paper, and what is refused."""

import numpy as np
import pytest
from PyQt6.QtGui import QImage

from cubeview.cli import main
from cubeview.errors import CubeviewError
from cubeview.gui.widgets.figure import Figure, check_ending, write_figure
from cubeview.io.export.fits import write_cube
from tests.helpers.viewcases import sky_case


def figure(**changes):
    planes = np.zeros((4, 10, 10), np.float32)
    planes[3, 8, 2] = 1.0  # up and to the left in the last map
    given = {
        "planes": planes, "labels": ["1", "2", "3", "4"], "columns": 2, "levels": (0.0, 1.0),
        "contours": (0.5,), "size": (0.2, 0.2), "turn": np.array([[-1.0, 0], [0, 1.0]]),
        "offset_unit": "arcsec", "beam": (0.6, 0.4, 30.0), "unit": "Jy", "title": "planted",
        "colormap": "gray",
    }  # fmt: skip
    return Figure(**{**given, **changes})


def test_light_lands_where_it_is(qapp, tmp_path):
    write_figure(figure(), tmp_path / "maps.png")
    image = QImage(str(tmp_path / "maps.png"))
    assert image.dotsPerMeterX() == round(300 / 0.0254)
    scale = 300 / 72
    side = (180 / 25.4 * 72 - 38 - 52) / 2
    x = (38 + side + (2.5 / 10) * side) * scale
    y = (38 * 0.7 + side + (1.5 / 10) * side) * scale
    assert image.pixelColor(round(x), round(y)).lightness() > 250
    dark = image.pixelColor(round(x + 0.3 * side * scale), round(y + 0.3 * side * scale))
    assert dark.lightness() < 5


def test_pdf_is_written_whole_and_other_endings_refused(qapp, tmp_path):
    write_figure(figure(beam=None, contours=()), tmp_path / "maps.pdf")
    assert (tmp_path / "maps.pdf").read_bytes()[:5] == b"%PDF-"
    assert b"%%EOF" in (tmp_path / "maps.pdf").read_bytes()[-20:]
    with pytest.raises(CubeviewError, match=r"\.pdf or \.png"):
        check_ending(tmp_path / "maps.gif")
    assert [path.name for path in tmp_path.iterdir()] == ["maps.pdf"]


def test_the_command_says_what_it_drew(qapp, tmp_path, capsys):
    values = np.random.default_rng(1).normal(0, 0.5, (12, 20, 20))
    write_cube(sky_case((12, 20, 20), values).main, tmp_path / "cube.fits")
    words = ["channels", str(tmp_path / "cube.fits"), "--from", "5000", "--to", "5020"]
    assert main([*words, "--every", "4", "--out", str(tmp_path / "maps.png")]) == 0
    told = capsys.readouterr().out
    assert "3 maps from 5001.875 to 5011.875 Angstrom, each the mean of 4 channels" in told
    assert "noise 0.2" in told
    assert main([*words, "--every", "40", "--out", str(tmp_path / "b.png")]) == 2
    assert "cannot be made" in capsys.readouterr().err
