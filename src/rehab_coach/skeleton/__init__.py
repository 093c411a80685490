"""Skeletons: which joints there are, sequences of them over time, files that hold them, drawing."""

from rehab_coach.skeleton.draw import draw_skeleton
from rehab_coach.skeleton.kinetics import read_kinetics, write_kinetics
from rehab_coach.skeleton.layout import BLAZEPOSE_33, COCO_18, Layout, get_layout, to_coco_18
from rehab_coach.skeleton.sequence import SkeletonSequence

__all__ = [
    "BLAZEPOSE_33",
    "COCO_18",
    "Layout",
    "SkeletonSequence",
    "draw_skeleton",
    "get_layout",
    "read_kinetics",
    "to_coco_18",
    "write_kinetics",
]
