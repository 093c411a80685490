"""What a movement was like: joint angles, repetitions, form. All of it from a skeleton sequence, without ROS."""
