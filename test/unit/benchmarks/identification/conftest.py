"""People whose cycles differ by a phase."""

import numpy as np
import pytest

from rehab_coach.identification.sets import Cycle


@pytest.fixture
def cycles():
    """Three people x 6 sessions x 2 movements of one cycle each."""
    draw = np.random.default_rng(0)
    moments = np.linspace(0, 2 * np.pi, 100)
    made = []
    for session in range(1, 7):
        for person in range(3):
            for number, movement in enumerate(("up", "down")):
                axes = np.stack([np.sin((1 + number + k) * moments + 0.7 * person * k) for k in range(3)])
                axes = axes + draw.normal(0, 0.1, (3, 100))
                values = np.vstack([axes, np.linalg.norm(axes, axis=0)])
                both = np.vstack([9.8 + values, values]).astype(np.float32)
                name = "s%d" % person
                made.append(
                    Cycle(name, "%02d" % session, "phone", movement, "", session, both, ("accelerometer", "gyroscope"))
                )
    return made
