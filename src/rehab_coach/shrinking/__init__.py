"""Smaller pose networks: mobilenet_thin cut after an earlier stage, retrained by distillation, in eight bits."""
