"""How far a network's kinematics are from the truth of people it has not seen, in tables.

MAE angle    mean absolute error of the angles, degrees
without offset   the same after each recording's mean difference of each angle is taken off
SD           standard deviation of the angles' errors, degrees
median, IQR  of the absolute errors of the angles, degrees: the middle one, and how wide the middle half is
MV           mean velocity of the errors, degrees per second: how much the answer trembles
range        mean absolute error of the range of motion in a recording, degrees
r            Pearson's correlation of answers and truth
MAE body     mean absolute error of the lengths that the scale factors make: between joints, millimetres
MPBLPE       mean per bony landmark position error: mean distance of joints and markers from where they are, both seen
             from the pelvis, millimetres
pelvis       mean angle between the pelvis's rotation and the true one, degrees
"""
