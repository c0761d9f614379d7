"""All ways to ask a network where it looked, behind one call."""

from collections.abc import Callable

from cubeview.cubes.answer import METHODS, Overlay
from cubeview.cubes.case import Case
from cubeview.errors import CubeviewError, Report, nothing
from cubeview.learn.ask.predict import Ventricles
from cubeview.learn.explain.cam import OcclusionSettings, cam, occlusion
from cubeview.learn.explain.gradcam import grad_cam_pp, integrated_gradients
from cubeview.learn.models.model import Model
from cubeview.learn.models.prepared import Prepared

_PLAIN: dict[str, Callable[..., Overlay]] = {
    "CAM": cam,
    "Grad-CAM++": grad_cam_pp,
    "integrated gradients": integrated_gradients,
}


def make_map(
    model: Model,
    case: Case,
    target: str,
    method: str,
    settings: OcclusionSettings | None = None,
    *,
    ventricles: Ventricles = None,
    prepared: Prepared | None = None,
    report: Report = nothing,
    partial: Callable[[Overlay], None] | None = None,
) -> Overlay:
    """Make a map of where a network looked.

    Parameters
    ----------
    model : Model
    case : Case
    target : str
        One of the model's classes.
    method : {"CAM", "Grad-CAM++", "integrated gradients", "occlusion"}
    settings : OcclusionSettings, optional
        For occlusion only.
    ventricles : mapping of role to Ventricle, optional
    prepared : Prepared, optional
    report : Report
    partial : callable, optional
        Given coarse maps of an occlusion while it goes on.

    Returns
    -------
    Overlay

    Raises
    ------
    CubeviewError
        If there is no such method, or as the method says.
    """
    if method == "occlusion":
        return occlusion(
            model,
            case,
            target,
            settings,
            ventricles=ventricles,
            prepared=prepared,
            report=report,
            partial=partial,
        )
    if method not in _PLAIN:
        raise CubeviewError(f"Unknown method {method!r}: choose {', '.join(METHODS.values())}.")
    return _PLAIN[method](
        model, case, target, ventricles=ventricles, prepared=prepared, report=report
    )
