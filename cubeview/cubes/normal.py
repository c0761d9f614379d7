"""Factors of the normal distribution."""

import numpy as np

MAD_TO_SIGMA = 1.4826
"""From the median absolute deviation to the standard deviation: 1 / Φ⁻¹(3/4)."""
SIGMA_TO_FWHM = 2.0 * np.sqrt(2.0 * np.log(2.0))
"""From the standard deviation to the full width at half maximum."""
FWHM_TO_SIGMA = 1.0 / np.sqrt(8.0 * np.log(2.0))


def robust_sigma(values: np.ndarray) -> float:
    """Return the standard deviation of values from their median absolute deviation."""
    return float(MAD_TO_SIGMA * np.median(np.abs(values - np.median(values))))
