"""Where the hips are, from markers on the pelvis."""

from typing import Dict, Mapping

import numpy as np


def hip_centres(places: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
    """Centres of the hips by Bell et al. 1990, in any right-handed axes.

    From the middle of the front iliac spines 22 % of their distance behind, 30 % below, 36 % to the side.

    Args:
        places: for RASI, LASI, RPSI and LPSI (T, 3).

    Returns:
        RHJC and LHJC, (T, 3) each.
    """
    front, back = (places["R" + name] + places["L" + name] for name in ("ASI", "PSI"))
    width = np.linalg.norm(places["RASI"] - places["LASI"], axis=1, keepdims=True)
    right = (places["RASI"] - places["LASI"]) / width
    forward = front - back - np.sum((front - back) * right, axis=1, keepdims=True) * right
    forward /= np.linalg.norm(forward, axis=1, keepdims=True)
    up = np.cross(right, forward)
    return {
        side + "HJC": front / 2 + width * (sign * 0.36 * right - 0.22 * forward - 0.30 * up)
        for side, sign in (("R", 1.0), ("L", -1.0))
    }
