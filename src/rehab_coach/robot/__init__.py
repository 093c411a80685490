"""What the robot asks, answers and does, without ROS: exercises, answers, motions, and their safety."""
