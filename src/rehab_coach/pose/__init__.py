"""Pose estimation: people in pictures, and which of them is the patient."""

from rehab_coach.pose.estimator import Pose, PoseEstimator
from rehab_coach.pose.registry import create_estimator
from rehab_coach.pose.tracking import PatientTracker, framing_problem
from rehab_coach.pose.video import estimate_video, sequence_of

__all__ = [
    "PatientTracker",
    "Pose",
    "PoseEstimator",
    "create_estimator",
    "estimate_video",
    "framing_problem",
    "sequence_of",
]
