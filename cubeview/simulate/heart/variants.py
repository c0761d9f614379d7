"""Hearts a network is trained on, and those of other hospitals, which it has never seen.

The older camera's blur alone lies within reach of training's further filters.

Ranges that can lie beyond the usual ones begin where those end, whatever those are.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from cubeview.simulate.heart.pair import SpectRange
from cubeview.simulate.heart.scan import ScanRange
from cubeview.simulate.heart.state import PoseRange

Range = tuple[float, float]


def _above(usual: Range, share: float) -> Range:
    """Return the range that begins where another ends, with a share of its width."""
    low, high = usual
    return high, high + share * (high - low)


def _below(usual: Range, share: float) -> Range:
    low, high = usual
    return max(0.0, low - share * (high - low)), low


_USUAL = SpectRange()
_SCAN = _USUAL.scan

LEARNT = replace(_USUAL, scan=replace(_SCAN, again_share=0.5))
"""What networks learn from: the usual ranges, half of the scans smoothed once more, since cameras
and filters beyond those simulated are in use. Networks are calibrated and asked without it."""

_POSE = replace(
    _USUAL.pose,
    tilt_deg=1.4 * _USUAL.pose.tilt_deg,
    offset_mm=1.4 * _USUAL.pose.offset_mm,
    rest_size=1.25 * _USUAL.pose.rest_size,
)
_SEGMENTS = replace(_USUAL.effects, corner=6.0)
_OTHER = replace(
    _SCAN,
    voxel_mm=_above(_SCAN.voxel_mm, 0.6),
    fine_share=0.0,
    order=_above(_SCAN.order, 0.5),
    background=_above(_SCAN.background, 0.2),
    mask_mm=_above(_SCAN.mask_mm, 0.2),
    counts=_below(_SCAN.counts, 0.3),
)
_OTHER_HEARTS = replace(_USUAL, pose=_POSE, effects=_SEGMENTS, shape=(34, 38, 38))
"""Hearts placed and sized more variously, with defects that have the corners of segments."""

SECOND = replace(
    _OTHER_HEARTS,
    scan=replace(
        _OTHER,
        fwhm_mm=_above(_SCAN.fwhm_mm, 0.15),
        cutoff_per_cm=_below(_SCAN.cutoff_per_cm, 0.1),
    ),
)
"""An older camera: coarser voxels, poorer resolution, smoother and steeper filters, fewer counts,
stronger background, a wider field of view."""

HALF_TIME = replace(
    _OTHER_HEARTS,
    scan=replace(
        _OTHER,
        fwhm_mm=_below(_SCAN.fwhm_mm, 0.25),
        cutoff_per_cm=_above(_SCAN.cutoff_per_cm, 0.3),
        noise=_above(_SCAN.noise, 0.15),
        rest_noise=_above(_SCAN.rest_noise, 0.2),
    ),
)
"""A newer camera in half the time: its resolution recovered, sharper filters, and more noise."""

COARSE = SpectRange(
    scan=ScanRange(
        voxel_mm=(7.0, 7.8),
        fine_share=0.0,
        fwhm_mm=(17.5, 20.0),
        cutoff_per_cm=(0.28, 0.34),
        noise=(0.055, 0.075),
        rest_noise=(1.8, 2.2),
        background=(0.20, 0.28),
        liver=(1.3, 1.6),
        masked_share=1.0,
        mask_mm=(84.0, 96.0),
        counts=(80.0, 200.0),
    ),
    pose=PoseRange(tilt_deg=9.0, offset_mm=12.0),
    shape=(32, 36, 36),
)
"""A hospital at the end of what can be read at all: coarser voxels, poor resolution, few counts,
strong background and liver, hearts turned and displaced more, always a masked field of view."""

VARIANTS: Mapping[str, SpectRange] = MappingProxyType(
    {"second": SECOND, "half-time": HALF_TIME, "coarse": COARSE}
)
