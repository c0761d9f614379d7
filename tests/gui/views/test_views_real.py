import numpy as np
import pytest
from PyQt6.QtWidgets import QApplication

from cubeview.gui.desk.session import Session
from cubeview.gui.views.ortho import OrthoView
from cubeview.io import open_paths

FILES = (
    ("spect_rest_stress/P001_stress.dcm", "spect_rest_stress/P001_rest.dcm"),
    ("nm/NM-MONO2-16-13x-heart",),
    ("ifu/muse_a478_full_spectrum_crop.fits",),
    ("ifu/dysmalpy_lensed_cube.fits.gz",),
    ("ifu/ifscube_example_cube.fits",),
    ("ifu/gmos_ngc3081_cube.fits",),
    ("ifu/kcwi_bias_icube_rot90.fits",),
    ("radio/n2hp_g035.fits",),
    ("radio/casa_degenerate_stokes.fits",),
    ("radio/ppp_dendro_3d1.fits",),
    ("radio/hi_wsrt_ugc5079_ngc2903.fits",),
)


@pytest.mark.parametrize("names", FILES, ids=lambda names: names[0].split("/")[-1])
def test_real_cubes_are_drawn(qtbot, shared_data, names):
    opened = open_paths([shared_data / name for name in names])
    assert opened.cases, opened.refusals
    session = Session()
    ortho = OrthoView(session)
    qtbot.addWidget(ortho)
    ortho.resize(900, 760)
    session.set_case(opened.cases[0])
    ortho.show()
    QApplication.processEvents()
    session.set_cursor(0, 0, 0)
    session.set_cursor(*(n - 1 for n in session.case.main.shape))
    ortho.follow_now()
    session.set_cursor(*(n // 2 for n in session.case.main.shape))
    ortho.follow_now()
    qtbot.waitUntil(lambda: not ortho.jobs.running(), timeout=10_000)
    ortho.grab()
    for view in ortho.slices:
        assert view.canvas.image.image is not None
        assert view.index == session.cursor_in(view.role)[view.axis]
    steps = np.unique(np.concatenate([v.canvas.image.image.ravel() for v in ortho.slices]))
    assert len(steps) > 1
    ortho.stop()
