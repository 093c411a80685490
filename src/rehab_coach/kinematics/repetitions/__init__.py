"""Repetitions, in a whole recording and live."""
