"""Recognition: which exercise a skeleton sequence shows."""
