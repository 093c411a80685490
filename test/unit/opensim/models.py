"""Model files that tests write themselves: every kind of joint, function and frame that is read."""

KINDS = {
    "SliderJoint": 1,
    "PinJoint": 1,
    "UniversalJoint": 2,
    "BallJoint": 3,
    "GimbalJoint": 3,
    "PlanarJoint": 3,
    "WeldJoint": 0,
}
POINTS = "<x>-1 -0.4 0.1 0.7 1.2</x><y>0.2 -0.1 0.3 0.25 -0.2</y>"
FUNCTIONS = (
    ("Constant", "<value>0.3</value>"),
    ("LinearFunction", "<coefficients>1 0</coefficients>"),
    ("LinearFunction", "<coefficients>-0.5 0.1</coefficients>"),
    ("PolynomialFunction", "<coefficients>0.1 -0.3 0.2 0.5 0.05</coefficients>"),
    ("SimmSpline", POINTS),
    ("SimmSpline", "<x>-1 0.2 1</x><y>0.1 -0.2 0.4</y>"),
    ("SimmSpline", "<x>-1 1</x><y>0.1 0.4</y>"),
    ("PiecewiseLinearFunction", POINTS),
)


def function(kind, content, name="function"):
    return '<%s name="%s">%s</%s>' % (kind, name, content, kind)


def multiplied(kind, content, scale=0.6):
    inner = "<function>%s</function>" % function(kind, content, "")
    return function("MultiplierFunction", inner + "<scale>%g</scale>" % scale)


def coordinate(name):
    values = "<default_value>0.1</default_value><range>-1.5 1.5</range><locked>false</locked>"
    return '<Coordinate name="%s">%s</Coordinate>' % (name, values)


def axis(name, direction, content="", coordinates=""):
    return '<TransformAxis name="%s"><coordinates>%s</coordinates><axis>%s</axis>%s</TransformAxis>' % (
        name,
        coordinates,
        direction,
        content,
    )


AXES = ("0.2 0.1 0.9", "1 0 0.1", "0 -2 0", "0 1 0.3", "1 0 0", "0 -0.6 0.8")
NAMES = ("rotation1", "rotation2", "rotation3", "translation1", "translation2", "translation3")


def spatial(functions, coordinates):
    """Six axes: for each one of `FUNCTIONS` wrapped as it comes, and a coordinate."""
    inside = (axis(*row) for row in zip(NAMES, AXES, functions, coordinates))
    return "<SpatialTransform>%s</SpatialTransform>" % "".join(inside)


def offset(name, parent, translation, orientation):
    return (
        '<PhysicalOffsetFrame name="%s"><socket_parent>%s</socket_parent><translation>%s</translation>'
        "<orientation>%s</orientation></PhysicalOffsetFrame>" % (name, parent, translation, orientation)
    )


def joint(kind, name, parent, child, coordinates=(), extra=""):
    frames = offset("parent", parent, "0.1 -0.2 0.03", "0.2 -0.3 0.4")
    frames += offset("child", "/bodyset/" + child, "-0.02 0.05 0.01", "-0.1 0.5 0.2")
    return (
        '<%s name="%s"><socket_parent_frame>parent</socket_parent_frame><socket_child_frame>child</socket_child_frame>'
        "<coordinates>%s</coordinates><frames>%s</frames>%s</%s>"
        % (kind, name, "".join(map(coordinate, coordinates)), frames, extra, kind)
    )


def body(name, components=""):
    return '<Body name="%s">%s<mass>1</mass><mass_center>0 0 0</mass_center><inertia>1 1 1 0 0 0</inertia></Body>' % (
        name,
        "<components>%s</components>" % components if components else "",
    )


def coupler(name, independent, dependent, content, enforced="true"):
    return (
        '<CoordinateCouplerConstraint name="%s"><isEnforced>%s</isEnforced><coupled_coordinates_function>%s'
        "</coupled_coordinates_function><independent_coordinate_names>%s</independent_coordinate_names>"
        "<dependent_coordinate_name>%s</dependent_coordinate_name><scale_factor>0.8</scale_factor>"
        "</CoordinateCouplerConstraint>" % (name, enforced, content, independent, dependent)
    )


def objects(tag, content):
    return '<%s name="%s"><objects>%s</objects></%s>' % (tag, tag.lower(), content, tag)


def document(content, version=40000):
    return (
        '<?xml version="1.0" encoding="UTF-8"?><OpenSimDocument Version="%d"><Model name="all">%s</Model>'
        % (
            version,
            content,
        )
        + "</OpenSimDocument>"
    )


def every_kind():
    """Text of a model (OpenSim 4): a free body, one joint of each kind in a row, custom joints with all functions."""
    bodies, joints, markers = [body("free")], [], []
    joints.append(joint("FreeJoint", "root", "/ground", "free", ["free%d" % number for number in range(6)]))
    last = "free"
    for kind, count in KINDS.items():
        name = kind.lower()
        nested = offset("first", "..", "0.1 0.2 0.3", "0.1 0 0.7") + offset("second", "../first", "0.3 0 0.1", "0 1 0")
        bodies.append(body(name, nested))
        joints.append(joint(kind, "j_" + name, "/bodyset/" + last, name, ["%s%d" % (name, n) for n in range(count)]))
        markers.append(("m_" + name, "/bodyset/" + name))
        markers.append(("second_" + name, "/bodyset/%s/second" % name))
        last = name
    # Custom joints: each function turns once and shifts once, plain and multiplied.
    for number in range(len(FUNCTIONS)):
        name = "custom%d" % number
        wraps = [function(*FUNCTIONS[(number + step) % len(FUNCTIONS)]) for step in range(6)]
        wraps[1] = multiplied(*FUNCTIONS[(number + 1) % len(FUNCTIONS)])
        wraps[5] = multiplied(*FUNCTIONS[(number + 5) % len(FUNCTIONS)])
        own = ["%s_%s" % (name, letter) for letter in "ab"]
        used = ["" if "<Constant" in wrap else own[step % 2] for step, wrap in enumerate(wraps)]
        bodies.append(body(name))
        parent = "/bodyset/free" if number % 2 else "/bodyset/" + last
        joints.append(joint("CustomJoint", "j_" + name, parent, name, own, spatial(wraps, used)))
        markers.append(("m_" + name, "/bodyset/" + name))
        last = name
    # Coupled: a rotation, a chain of two, and a translation which grows with its body; one that is switched off.
    bodies.append(body("coupled"))
    identity = function("LinearFunction", "<coefficients>1 0</coefficients>")
    own = ["c_turn", "c_chain", "c_shift", "c_off"]
    axes = (
        spatial([identity] * 6, ["c_turn", "c_chain", "c_off", "c_shift", "", ""])
        .replace(
            "<coordinates></coordinates><axis>1 0 0</axis>" + identity, "<coordinates></coordinates><axis>1 0 0</axis>"
        )
        .replace("<axis>0 -0.6 0.8</axis>" + identity, "<axis>0 0 1</axis>")
        .replace("0 1 0.3", "0 1 0")
    )
    joints.append(joint("CustomJoint", "j_coupled", "/bodyset/" + last, "coupled", own, axes))
    markers.append(("m_coupled", "/jointset/j_coupled/child"))
    couplers = coupler("turn", "free0", "c_turn", function("SimmSpline", POINTS))
    couplers += coupler("chain", "c_turn", "c_chain", function(*FUNCTIONS[3]))
    couplers += coupler("shift", "free1", "c_shift", function("SimmSpline", POINTS))
    couplers += coupler("off", "free1", "c_off", identity, "false")
    places = "".join(
        '<Marker name="%s"><socket_parent_frame>%s</socket_parent_frame><location>0.03 0.2 -0.1</location></Marker>'
        % one
        for one in markers
    )
    return document(
        '<Ground name="ground" />'
        + objects("BodySet", "".join(bodies))
        + objects("JointSet", "".join(joints))
        + objects("ConstraintSet", couplers)
        + objects("MarkerSet", places)
    )


OLD_JOINT = (
    "<parent_body>%s</parent_body><location_in_parent>0.1234567890 -0.2 0.03</location_in_parent>"
    "<orientation_in_parent>0.2 -0.31234567 0.4</orientation_in_parent><location>-0.02 0.05 0.01</location>"
    "<orientation>-0.1 0.5 0.2</orientation><CoordinateSet><objects>%s</objects></CoordinateSet>"
    "<reverse>false</reverse>%s"
)


def old_format():
    """Text of a model as OpenSim 3 wrote it: joints inside of bodies, functions inside of <function>."""
    custom = spatial(
        ["<function>%s</function>" % function(*FUNCTIONS[number], "") for number in (1, 4, 6, 1, 3, 4)],
        ["b0", "b1", "b1", "b2", "b1", "b0"],
    )
    rows = [
        ("upper", "CustomJoint", "ground", ("b0", "b1", "b2"), custom),
        ("lower", "PinJoint", "upper", ("p0",), ""),
        ("end", "UniversalJoint", "lower", ("u0", "u1"), ""),
    ]
    bodies = '<Body name="ground" />'
    for name, kind, parent, coordinates, extra in rows:
        inside = OLD_JOINT % (parent, "".join(map(coordinate, coordinates)), extra)
        inner = '<Joint><%s name="j_%s">%s</%s></Joint>' % (kind, name, inside, kind)
        bodies += body(name).replace("</Body>", inner + "</Body>")
    coupled = coupler("old", "b0", "u1", function("SimmSpline", POINTS, "")).replace(
        "<isEnforced>true</isEnforced>", "<isDisabled>false</isDisabled>"
    )
    markers = "".join(
        '<Marker name="m_%s"><body>%s</body><location>0.03 0.2 -0.1</location></Marker>' % (name, name)
        for name in ("upper", "end", "ground")
    )
    return document(
        objects("BodySet", bodies) + objects("ConstraintSet", coupled) + objects("MarkerSet", markers), 30000
    )
