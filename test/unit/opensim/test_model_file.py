import numpy as np
import pytest

from rehab_coach.errors import RehabCoachError
from rehab_coach.opensim.functions import cubic_spline
from rehab_coach.opensim.model_file import body_fixed, read_model

from .models import FUNCTIONS, every_kind, function, old_format  # isort: skip


def read(tmp_path, text):
    path = tmp_path / "model.osim"
    path.write_text(text)
    return read_model(str(path))


def test_everything_is_found(tmp_path):
    model = read(tmp_path, every_kind())
    assert model.name == "all" and len(model.bodies) == len(model.joints) == 17
    assert len(model.coordinates) == 6 + 15 + 14 + 4  # free, simple joints, seven custom joints that use two, coupled
    assert set(model.couplers) == {"c_turn", "c_chain", "c_shift"} and "c_off" in model.independent
    assert list(model.couplers).index("c_turn") < list(model.couplers).index("c_chain")
    assert model.couplers["c_shift"].body == "custom7" and model.couplers["c_turn"].body is None
    assert model.root.name == "root" and model.coordinates["free0"].is_rotation
    assert not model.coordinates["free3"].is_rotation and not model.coordinates["sliderjoint0"].is_rotation
    knee = model.coordinates["pinjoint0"]
    assert (knee.default, knee.lowest, knee.highest, knee.is_locked) == (0.1, -1.5, 1.5, False)
    seen = {"ground"}
    for joint in model.joints:
        assert joint.parent.body in seen
        seen.add(joint.child.body)


def test_a_frame_on_a_frame_is_where_both_say(tmp_path):
    marker = read(tmp_path, every_kind()).markers["second_pinjoint"]
    first = body_fixed(np.array([0.1, 0, 0.7]))
    second = first @ body_fixed(np.array([0, 1, 0]))
    expected = [0.1, 0.2, 0.3] + first @ [0.3, 0, 0.1] + second @ [0.03, 0.2, -0.1]
    np.testing.assert_allclose(marker.place.sum(axis=1), expected)


def test_old_files_are_read_with_the_digits_that_opensim_keeps(tmp_path):
    model = read(tmp_path, old_format())
    assert model.bodies == ("upper", "lower", "end") and set(model.markers) == {"m_upper", "m_end", "m_ground"}
    assert model.couplers["u1"].independent == "b0" and model.markers["m_ground"].body == "ground"
    assert model.joints[0].parent.place[0, 0] == 0.123457


def test_colons_in_names_of_elements_are_read(tmp_path):
    text = every_kind().replace("<Ground", '<Force::Set name="x" /><Ground')
    assert len(read(tmp_path, text).bodies) == 17


def test_scale_factors_are_made_by_name(tmp_path):
    model = read(tmp_path, every_kind())
    factors = model.scales(pinjoint=(1, 2, 3))
    assert factors[model.bodies.index("pinjoint")].tolist() == [1, 2, 3] and factors.sum() == 3 * 17 + 3
    with pytest.raises(RehabCoachError, match="no body shin"):
        model.scales(shin=(1, 1, 1))


def test_a_spline_goes_through_its_points_and_on_straight():
    x, y = np.array([-1.0, -0.4, 0.1, 0.7, 1.2]), np.array([0.2, -0.1, 0.3, 0.25, -0.2])
    spline = cubic_spline(x, y)
    np.testing.assert_allclose(spline(x), y, atol=1e-12)
    for end in (-1.0, 1.2):
        outside = spline(end + np.sign(end) * np.array([0.5, 1.0, 1.5]))
        assert np.diff(outside, 2) == pytest.approx([0], abs=1e-12)
    step = 1e-4  # no corner anywhere
    slopes = (spline(x + step) - spline(x)) / step, (spline(x) - spline(x - step)) / step
    np.testing.assert_allclose(*slopes, atol=1e-2)
    cubic = cubic_spline(x, x**3 - x)  # a cubic is its own spline
    np.testing.assert_allclose(
        cubic(np.linspace(-1, 1.2, 50)), np.linspace(-1, 1.2, 50) ** 3 - np.linspace(-1, 1.2, 50)
    )


PARENT = '<PhysicalOffsetFrame name="parent"><socket_parent>'


@pytest.mark.parametrize(
    "old, new, complaint",
    [
        ("PinJoint", "ScapulothoracicJoint", "j_pinjoint is a ScapulothoracicJoint, which is not supported"),
        (function(*FUNCTIONS[7]), "<Sine name='function' />", "function Sine is not known"),
        ("<coefficients>-0.5 0.1</coefficients>", "<coefficients>1 1 0</coefficients>", "several coordinates"),
        ("<y>0.1 -0.2 0.4</y>", "<y>0.1 -0.2</y>", "as many <y> as <x>"),
        ("<x>-1 0.2 1</x>", "<x>-1 0.2 0.1</x>", "increasing <x>"),
        ("<axis>1 0 0.1</axis>", "<axis>0 0 0</axis>", "three numbers, not all 0"),
        ("<axis>1 0 0.1</axis>", "<axis>1 x 0</axis>", "not a number"),
        ("<axis>1 0 0.1</axis>", "<axis>1 nan 0</axis>", "not finite"),
        ("<coordinates>c_off</coordinates>", "<coordinates>c_off c_turn</coordinates>", "several coordinates at once"),
        ("<coordinates>c_off</coordinates>", "<coordinates>gone</coordinates>", "does not have: gone"),
        ('name="planarjoint2"', 'name="pinjoint0"', "two coordinates have the name pinjoint0"),
        ("/bodyset/pinjoint</socket_parent>", "/bodyset/gone</socket_parent>", "hangs on a frame that is not there"),
        ("<socket_parent_frame>parent<", "<socket_parent_frame>gone<", "names a frame that is not there: gone"),
        ("<socket_parent_frame>parent</socket_parent_frame>", "", "does not say on which frame"),
        ("/bodyset/pinjoint/second<", "/bodyset/pinjoint/third<", "marker second_pinjoint sits on a frame"),
        ("CoordinateCouplerConstraint", "WeldConstraint", "is a WeldConstraint, which is not supported"),
        ("_names>free0</independent", "_names>free0 free1</independent", "not a function of one coordinate"),
        ("_names>free0</independent", "_names>gone</independent", "couples what is not there: gone"),
        ("_names>free0</independent", "_names>c_chain</independent", "in a circle"),
        ("<isEnforced>false</isEnforced>", "", "^((?!circle).)*$"),
        ('<Body name="custom3">', '<Body name="other" /><Body name="custom3">', "body other has 0 joints"),
        (PARENT + "/bodyset/sliderjoint", PARENT + "/bodyset/weldjoint", "not every body hangs on the ground"),
        ("<SpatialTransform>", "<SpatialTransforms>", "not XML"),
        ('Version="40000"', 'Version="30501"', "format 30501, which is not read"),
        ('Version="40000"', 'Version="10905"', "format 10905, which is not read"),
        ("<Model ", "<Scale ", "not XML"),
        ("BodySet", "BodySets", "no bodies"),
        ("<translation>0.1 -0.2 0.03</translation>", "<translation>0.1 -0.2</translation>", "must have three numbers"),
    ],
)
def test_what_is_not_supported_is_told_in_a_sentence(tmp_path, old, new, complaint):
    text = every_kind()
    assert old in text
    with pytest.raises(RehabCoachError, match=complaint):
        read(tmp_path, text.replace(old, new))
        raise RehabCoachError("read")


@pytest.mark.parametrize(
    "old, new, complaint",
    [
        ("<parent_body>upper", "<parent_body>gone", "hangs on a body that is not there: gone"),
        ("<reverse>false", "<reverse>true", "reversed"),
    ],
)
def test_old_files_are_told_too(tmp_path, old, new, complaint):
    with pytest.raises(RehabCoachError, match=complaint):
        read(tmp_path, old_format().replace(old, new))


def test_files_that_are_no_models_are_told(tmp_path):
    with pytest.raises(RehabCoachError, match="cannot read"):
        read_model(str(tmp_path / "gone.osim"))
    with pytest.raises(RehabCoachError, match="no <OpenSimDocument>"):
        read(tmp_path, "<x />")
    with pytest.raises(RehabCoachError, match="not XML"):
        read(tmp_path, "time\tknee")
