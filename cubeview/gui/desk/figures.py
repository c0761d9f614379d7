"""Channel maps of a cube as a figure, told in the units a reader wants."""

from typing import TYPE_CHECKING

import numpy as np

from cubeview.cubes.cube import Cube
from cubeview.cubes.sky import frame_words
from cubeview.gui.desk.units import digits, display_scale, unit_text
from cubeview.gui.widgets.figure import Figure

if TYPE_CHECKING:
    from cubeview.measure.sky.channel_maps import ChannelMaps

CONTOURS = (3.0, 6.0, 12.0, 24.0)
"""Standard deviations at which lines are drawn where nobody says otherwise."""


def figure_of(
    cube: Cube, made: "ChannelMaps", contours: list[float], columns: int, name: str
) -> Figure:
    """Return channel maps of a cube as a figure; as many columns as rows where none are asked."""
    axis = cube.axes[0]
    scale, unit = display_scale(axis)
    step = float(np.ptp(made.places)) / max(len(made.places) - 1, 1) or axis.step
    finite = made.planes[np.isfinite(made.planes)]
    low, high = np.percentile(finite, (1.0, 99.8)) if finite.size else (0.0, 1.0)
    sky = cube.wcs is not None
    turn = cube.wcs.pixel_scale_matrix if sky else np.eye(2)
    about = (name, axis.name, axis.convention, axis.frame, frame_words(cube.wcs) if sky else "")
    return Figure(
        made.planes,
        [f"{digits(place * scale, step * scale)} {unit}" for place in made.places],
        columns or int(np.ceil(np.sqrt(len(made.planes)))),
        (float(low), float(high if high > low else low + 1.0)),
        contours,
        (cube.spacing[1], cube.spacing[2]) if sky else (1.0, 1.0),
        turn,
        "arcsec" if sky else "pixel",
        cube.beam,
        unit_text(cube, cube.unit),
        ", ".join(filter(None, about)),
    )
