"""A heart measured, and compared with the user's own healthy ones where there are limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cubeview.cubes.case import Case
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError, Report
from cubeview.library.healthy import stated
from cubeview.measure.heart.measured import Measured, measurable, measure
from cubeview.measure.heart.normal import ABNORMAL, Deviation, Group, compared, read_limits
from cubeview.paths import data_dir

_NONE = (
    "There are no normal limits yet. None are shipped: cubeview normals makes them from healthy "
    "hearts of your own library."
)


@dataclass(frozen=True, eq=False)
class Read:
    """What is measured of a heart.

    Parameters
    ----------
    found : Measured
    deviations : mapping of role to Deviation
        Of the states for which there are limits.
    without : str
        Why a state has none; empty where all have.
    """

    found: Measured
    deviations: Mapping[str, Deviation] = field(default_factory=dict)
    without: str = ""

    @property
    def words(self) -> list[str]:
        """How much of the wall of each state is a defect, a line each."""
        lines = []
        for role, one in self.deviations.items():
            share, ml = one.defect
            lines.append(
                f"{role}: {share:.0f} % of the wall, {ml:.0f} ml, below {ABNORMAL:.1f} SD of "
                f"{one.cases} healthy hearts".replace("-", "−")
            )
        return lines


def read(case: Case, ventricles: Mapping[str, Ventricle], report: Report) -> Read:
    """Measure a heart in a lane; CubeviewError if it cannot be measured.

    Volumes of gated states are fitted beside the curve of the gates.
    """
    measurable(case)
    found = measure(case, ventricles, volumes=False, report=report)
    path = data_dir() / "normals.json"
    if not path.is_file():
        return Read(found, without=_NONE)
    deviations, without = {}, ""
    try:
        normals = read_limits(path)
        for role, polar in found.maps.items():
            deviations[role] = compared(polar, Group(role, *stated(case, role)), normals)
    except CubeviewError as error:
        without = f"Not compared with healthy hearts: {error}"
    return Read(found, deviations, without)
