"""Joint angles from one camera, with their uncertainty."""
