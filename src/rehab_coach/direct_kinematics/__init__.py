"""Joint angles straight from one camera: a network that knows the skeleton, after D3KE (docs/kinematics.md)."""
