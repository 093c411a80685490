"""A model file scaled to a person by factors that are known, for OpenSim beside a motion."""

from typing import Mapping, Sequence, Tuple

from rehab_coach.errors import RehabCoachError
from rehab_coach.files import written_whole
from rehab_coach.opensim.packages import load_opensim


def write_scaled_model(
    path: str, out: str, factors: Mapping[str, Sequence[float]], ranges: Mapping[str, Tuple[float, float]]
) -> None:
    """Scale a model as OpenSim does and write it, whole or not at all; masses stay.

    Args:
        path: of the model file.
        out: of the scaled one.
        factors: for each body three.
        ranges: of coordinates, radians, instead of the model's own.

    Raises:
        RehabCoachError: OpenSim is not installed or refuses, or the file cannot be written.
    """
    opensim = load_opensim()
    try:
        model = opensim.Model(path)
        for name, (lowest, highest) in ranges.items():
            coordinate = model.updCoordinateSet().get(name)
            coordinate.setRangeMin(float(lowest))
            coordinate.setRangeMax(float(highest))
        scales = opensim.ScaleSet()
        for body, values in factors.items():
            scale = opensim.Scale()
            scale.setSegmentName(body)
            scale.setScaleFactors(opensim.Vec3(*map(float, values)))
            scale.setApply(True)
            scales.cloneAndAppend(scale)
        model.scale(model.initSystem(), scales, True)
        with written_whole(out) as temporary:
            model.printToXML(temporary)
    except RuntimeError as error:
        raise RehabCoachError("OpenSim cannot scale %s: %s" % (path, str(error).splitlines()[0])) from error
