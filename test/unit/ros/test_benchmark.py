"""The coach is measured with other parameters than those of config/coach.yaml."""

import pytest

from rehab_coach.errors import RehabCoachError

pytest.importorskip("rospy")
pytest.importorskip("rehab_coach.msg", reason="the workspace is not sourced")

from rehab_coach.ros.benchmark import changed_configuration  # noqa: E402


def test_what_is_set_is_changed_and_nothing_else():
    plain = changed_configuration([])
    changed = changed_configuration(["recorder/following=false", "recorder/network=/data/two.yaml"])
    assert (changed["recorder"]["following"], changed["recorder"]["network"]) == (False, "/data/two.yaml")
    changed["recorder"].update(following=True, network="mobilenet_thin")
    assert changed == plain


@pytest.mark.parametrize(
    "change", ["recorder/speed=1", "robot/network=two", "recorder/network", "recorder", "recorder/threads={"]
)
def test_a_parameter_that_there_is_not_is_refused(change):
    with pytest.raises(RehabCoachError, match="--set %s: give NODE/PARAMETER=VALUE" % change):
        changed_configuration([change])
