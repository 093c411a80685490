"""Sets of labelled skeletons: files, formats, subsets, splits, and how they are made from videos.

No ROS, no network to train.
"""

from rehab_coach.dataset.labels import Entry, read_labels, read_summary
from rehab_coach.dataset.sets import LabelledClip, SkeletonSet, open_set
from rehab_coach.dataset.writing import FORMATS, SetWriter, convert

__all__ = [
    "FORMATS",
    "Entry",
    "LabelledClip",
    "SetWriter",
    "SkeletonSet",
    "convert",
    "open_set",
    "read_labels",
    "read_summary",
]
