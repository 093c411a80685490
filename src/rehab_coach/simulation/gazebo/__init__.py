"""The patient in Gazebo: its skin, its motions as BVH files, its actor."""
