"""Draws docs/angles.svg: what the joint angles are and which way they count. Run: python3 docs/draw_angles.py"""

import os

import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import Arc, Circle

BODY, RIGHT, LEFT, GUIDE, ANGLE = "#555555", "#d1603d", "#2a6f97", "#aaaaaa", "#1b7a3d"


def way(degrees, length):
    """Forwards (to the right) and up, leaning forwards from the vertical."""
    return length * np.array([np.sin(np.radians(degrees)), np.cos(np.radians(degrees))])


def limb(axis, start, end, colour=BODY, width=9):
    axis.plot(*zip(start, end), color=colour, lw=width, solid_capstyle="round", zorder=2)


def guide(axis, start, end):
    axis.plot(*zip(start, end), color=GUIDE, lw=1.3, ls="--", zorder=1)


def direction(vector):
    return np.degrees(np.arctan2(vector[1], vector[0]))


def angle(axis, corner, first, second, size, text, place):
    """An arc from one direction to the other with an arrow head at its end, and its name."""
    start, end = direction(first), direction(second)
    turn = (end - start + 180) % 360 - 180
    low, high = (start, start + turn) if turn > 0 else (start + turn, start)
    axis.add_patch(Arc(corner, 2 * size, 2 * size, theta1=low, theta2=high, color=ANGLE, lw=1.8, zorder=3))
    tip = corner + size * np.array([np.cos(np.radians(start + turn)), np.sin(np.radians(start + turn))])
    back = np.radians(start + turn - np.sign(turn) * 12)
    tail = corner + size * np.array([np.cos(back), np.sin(back)])
    axis.annotate("", tip, tail, arrowprops={"arrowstyle": "-|>", "color": ANGLE, "lw": 1.8}, zorder=3)
    axis.text(*place, text, color=ANGLE, fontsize=10, zorder=4, va="center")


def side_view(axis):
    ankle = np.array([0.0, 0.08])
    knee = ankle + way(28, 0.42)
    hip = knee + way(-62, 0.42)
    pelvis_up = way(22, 1)
    loin = hip + 0.15 * pelvis_up
    neck = hip + way(34, 0.52)
    head = neck + way(48, 0.2)
    elbow = neck + way(115, 0.29)
    wrist = elbow + way(60, 0.26)
    heel, toes = ankle + [-0.06, -0.06], ankle + [0.2, -0.06]
    guide(axis, knee, knee + way(-62 + 180, 0.3))  # the thigh, straight on
    guide(axis, hip, hip - 0.34 * pelvis_up)
    guide(axis, hip, hip + [0, 0.42])
    guide(axis, neck, neck + way(34, 0.47))
    guide(axis, neck, neck + way(48, 0.47))
    guide(axis, neck, neck - way(34, 0.3))
    guide(axis, elbow, elbow + way(115, 0.2))
    square = ankle + 0.27 * np.array([np.cos(np.radians(-28)), np.sin(np.radians(-28))])
    guide(axis, ankle, square)
    for start, end in ((ankle, knee), (knee, hip), (heel, toes), (neck, elbow), (elbow, wrist)):
        limb(axis, start, end)
    limb(axis, ankle, heel, width=6)
    axis.plot(*zip(hip, loin, neck), color=BODY, lw=12, solid_capstyle="round", solid_joinstyle="round", zorder=2)
    limb(axis, neck, head, width=7)
    axis.add_patch(Circle(head + way(48, 0.06), 0.085, color=BODY, zorder=2))
    angle(axis, hip, -pelvis_up, knee - hip, 0.2, "hip_flexion +", hip + [-0.02, -0.26])
    angle(axis, knee, way(118, 1), ankle - knee, 0.14, "knee_angle +", knee + [0.03, -0.17])
    angle(axis, ankle, square - ankle, toes - heel, 0.22, "ankle_angle +", ankle + [0.24, -0.0])
    angle(axis, hip, np.array([0, 1]), neck - hip, 0.34, "trunk_lean +", hip + [-0.27, 0.42])
    angle(axis, neck, -way(34, 1), elbow - neck, 0.14, "arm_flex +", neck + [-0.03, -0.22])
    angle(axis, elbow, way(115, 1), wrist - elbow, 0.13, "elbow_flex +", elbow + [0.16, -0.02])
    angle(axis, neck, way(34, 1), head - neck, 0.42, "neck_flexion +", neck + [0.36, 0.33])
    axis.annotate(
        "lumbar_extension −",
        loin,
        loin + [-0.55, 0.1],
        color=ANGLE,
        fontsize=10,
        va="center",
        arrowprops={"arrowstyle": "-", "color": ANGLE, "lw": 1},
    )
    axis.annotate(
        "pelvis_tilt −",
        hip + 0.05 * pelvis_up,
        hip + [-0.48, 0.0],
        color=ANGLE,
        fontsize=10,
        va="center",
        arrowprops={"arrowstyle": "-", "color": ANGLE, "lw": 1},
    )
    axis.set_title("from the right: flexion is positive, 0 is standing upright", fontsize=11)
    axis.set_xlim(-0.85, 0.95)


def front_view(axis):
    hips, shoulders = 0.09, 0.19
    for sign, colour, name in ((-1, RIGHT, "right"), (1, LEFT, "left")):
        hip, shoulder = np.array([sign * hips, 0.9]), np.array([sign * shoulders, 1.4])
        thigh = way(sign * 167, 0.42)
        knee = hip + thigh
        ankle = knee + [sign * 0.0, -0.42]
        arm = way(sign * 110, 0.29)
        elbow = shoulder + arm
        for start, end in ((hip, knee), (knee, ankle), (shoulder, elbow), (elbow, elbow + way(sign * 100, 0.25))):
            limb(axis, start, end, colour)
        guide(axis, hip, hip + [0, -0.4])
        guide(axis, shoulder, shoulder + [0, -0.32])
        angle(
            axis,
            hip,
            np.array([0.0, -1]),
            thigh,
            0.3,
            "hip_adduction −",
            hip + [sign * 0.2 - (0.42 if sign < 0 else 0), -0.28],
        )
        angle(
            axis,
            shoulder,
            np.array([0.0, -1]),
            arm,
            0.2,
            "shoulder_elv +",
            shoulder + [sign * 0.2 - (0.36 if sign < 0 else 0), -0.22],
        )
        axis.text(ankle[0], -0.02, name, color=colour, fontsize=10, ha="center", va="top")
        limb(axis, np.array([0, 0.9]), hip, width=10)
        limb(axis, np.array([0, 1.4]), shoulder, width=10)
    limb(axis, np.array([0, 0.9]), np.array([0, 1.45]), width=14)
    axis.add_patch(Circle((0, 1.63), 0.1, color=BODY, zorder=2))
    axis.set_title("from the front: adduction is positive inwards", fontsize=11)
    axis.set_xlim(-0.85, 0.85)


def main():
    figure = Figure(figsize=(12, 6.6), layout="constrained")
    FigureCanvasSVG(figure)
    for axis, draw in zip(figure.subplots(1, 2), (side_view, front_view)):
        draw(axis)
        axis.set_aspect("equal")
        axis.set_ylim(-0.1, 1.8)
        axis.set_axis_off()
    folder = os.path.dirname(os.path.abspath(__file__))
    figure.savefig(os.path.join(folder, "angles.svg"))
    return figure


if __name__ == "__main__":
    main()
