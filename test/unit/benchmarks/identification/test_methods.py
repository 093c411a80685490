"""The methods name people who differ."""

import pytest

from rehab_coach.benchmarks.identification.methods import dtw, judge, minirocket
from rehab_coach.benchmarks.identification.protocols import first_half
from rehab_coach.errors import RehabCoachError


@pytest.mark.parametrize("method", [minirocket, dtw])
def test_methods_name_people(cycles, method):
    outcome = judge(first_half(cycles), method, ("gyroscope",))
    assert outcome.rank_1 == 1 and len(outcome.done) == 9


def test_one_person_and_a_missing_sensor_are_refused(cycles):
    alone = [one for one in cycles if one.person == "s0"]
    with pytest.raises(RehabCoachError, match="two are needed"):
        judge(first_half(alone), dtw, ("gyroscope",))
    half = [one._replace(sensors=("accelerometer",), values=one.values[:4]) for one in cycles]
    with pytest.raises(RehabCoachError, match="has no gyroscope"):
        judge(first_half(half), dtw, ("gyroscope",))
