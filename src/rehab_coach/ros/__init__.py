"""The nodes: one class per node, and what they share. Nothing outside this folder imports rospy."""
